"""The numbers of the review: charts with their tables, and the same as CSV."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from flask import Blueprint, Response, render_template, request
from flask_babel import format_date, format_decimal, format_percent
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from review.errors import InvalidInput
from review.queries.numbers import PERIODS, READERS, WEEKLY, Numbers, Tally, Waited, numbers
from review.spreadsheet import csv_text
from review.states import Action, Party
from webapp import charts
from webapp.auth import require_actor, roles
from webapp.deps import deps
from webapp.reasons import word as reason_word

blueprint = Blueprint("numbers", __name__, url_prefix="/numbers")
HOUR_S, DAY_S = 3600.0, 86400.0


@dataclass(frozen=True, slots=True)
class Table:
    """One table as the page and the CSV have it: heads and rows of words."""

    name: str
    title: str
    heads: list[str]
    rows: list[list[str]]


@blueprint.get("")
@roles(*READERS)
def page() -> str:
    """Waiting, decisions, agreement and reasons of a period."""
    weeks = _weeks()
    with deps().database.read() as session:
        found = numbers(session, require_actor(), weeks)
    return render_template(
        "numbers.html",
        weeks=weeks,
        periods=_periods(),
        found=found,
        office=found.waited.get(Party.MODERATOR),
        school=found.waited.get(Party.REVIEWER),
        tables={table.name: table for table in _tables(found, weeks)},
        decided=_decided_chart(found),
        waited=_waited_chart(found),
        words=action_words(),
    )


@blueprint.get("/<name>.csv")
@roles(*READERS)
def as_csv(name: str) -> Response:
    """One table, for a spreadsheet; its numbers are plain, its times in hours."""
    weeks = _weeks()
    with deps().database.read() as session:
        found = numbers(session, require_actor(), weeks)
    table = next((t for t in _tables(found, weeks, plain=True) if t.name == name), None)
    if table is None:
        raise NotFound
    answer = Response(csv_text([table.heads, *table.rows]), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="lantoa-{name}-{weeks}.csv"'
    return answer


def _weeks() -> int:
    text = request.args.get("weeks", "4")
    if text not in map(str, PERIODS):
        raise InvalidInput(weeks="Hãy chọn một mục trong danh sách.")
    return int(text)


def _periods() -> dict[int, str]:
    words = (_("Tuần này"), _("4 tuần"), _("3 tháng"), _("12 tháng"))
    return dict(zip(PERIODS, words, strict=True))


def action_words() -> dict[str, str]:
    return {
        Action.APPROVE: _("Duyệt"),
        Action.REQUEST_CHANGES: _("Trả lại để sửa"),
        Action.REJECT: _("Không duyệt"),
    }


@blueprint.app_template_filter()
def waiting_text(seconds: float | None) -> str:
    """A waiting time, in the largest unit that fits."""
    if seconds is None:
        return "–"
    if seconds < HOUR_S:
        return _("%(n)s phút", n=format_decimal(round(seconds / 60)))
    if seconds < 2 * DAY_S:
        return _("%(n)s giờ", n=format_decimal(round(seconds / HOUR_S, 1)))
    return _("%(n)s ngày", n=format_decimal(round(seconds / DAY_S, 1)))


@blueprint.app_template_filter()
def share_text(share: float | None) -> str:
    return "–" if share is None else format_percent(round(share, 2))


def _hours(seconds: float | None) -> str:
    return "" if seconds is None else str(format_decimal(seconds / HOUR_S, format="0.##"))


def _decided_chart(found: Numbers) -> charts.Chart:
    return charts.stacked(
        [
            (
                f"{_short(day)}: {tally.decided}",
                [(action, tally.by_action[action]) for action in action_words()],
            )
            for day, tally, _waited in found.days
        ]
    )


def _waited_chart(found: Numbers) -> charts.Chart:
    """In hours: the whole bar is what nine tenths waited at most, its foot what half did."""
    return charts.stacked(
        [
            (
                f"{_short(day)}: {waiting_text(waited.median)}",
                [
                    ("median", (waited.median or 0) / HOUR_S),
                    ("long", ((waited.long or 0) - (waited.median or 0)) / HOUR_S),
                ],
            )
            for day, _tally, waited in found.days
        ]
    )


@blueprint.app_template_filter("short_day")
def _short(day: date) -> str:
    return str(format_date(day, "dd/MM"))


def _tables(found: Numbers, weeks: int, *, plain: bool = False) -> Iterable[Table]:
    """``plain``: for a spreadsheet, which reckons with what it reads."""
    actions = action_words()
    kinds = list(actions.values())

    def tally(of: Tally) -> list[str]:
        return [str(of.by_action[action]) for action in actions]

    def waited(of: Waited) -> list[str]:
        times = (of.median, of.long)
        return [_hours(t) for t in times] if plain else [waiting_text(t) for t in times]

    def share(of: Tally) -> str:
        if not plain:
            return share_text(of.agreement)
        return "" if of.agreement is None else str(round(100 * of.agreement))

    half, most = _("Một nửa chờ dưới"), _("9/10 chờ dưới")
    if plain:
        half, most = _("Một nửa chờ dưới (giờ)"), _("9/10 chờ dưới (giờ)")
    agreed = _("Phòng đồng ý (%)") if plain else _("Phòng đồng ý")
    form = "yyyy-MM-dd" if plain else "dd/MM/yyyy"
    yield Table(
        "days",
        _("Theo tuần") if weeks >= WEEKLY else _("Theo ngày"),
        [_("Tuần bắt đầu") if weeks >= WEEKLY else _("Ngày"), *kinds, half, most],
        [[format_date(d, form), *tally(t), *waited(w)] for d, t, w in found.days],
    )
    yield Table(
        "schools",
        _("Theo trường"),
        [_("Trường"), *kinds, half, most, agreed],
        [[name or "–", *tally(t), *waited(w), share(t)] for name, t, w in found.schools],
    )
    yield Table(
        "people",
        _("Theo người duyệt"),
        [_("Người duyệt"), _("Trường"), *kinds, agreed],
        [
            [label or _("Phòng Giáo dục"), school or "–", *tally(t), share(t)]
            for label, school, t in found.people
        ],
    )
    yield Table(
        "reasons",
        _("Lý do đã ghi"),
        [_("Lý do"), _("Số lần")],
        [[reason_word(code), str(given)] for code, given in found.reasons],
    )
