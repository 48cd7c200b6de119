"""The audit as a whole: a page with filters, and the same as CSV and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict

from flask import Blueprint, Response, render_template, request, stream_with_context
from flask_babel import gettext as _

from review import lifecycle
from review.campaigns import OF_A_CAMPAIGN
from review.clock import VIETNAM, iso
from review.errors import InvalidInput
from review.policy import Actor
from review.queries.paging import Page
from review.queries.trail import READERS, Filter, Line, batch, trail
from review.spreadsheet import csv_text
from review.states import Action, Party
from webapp.auth import require_actor, roles
from webapp.deps import deps
from webapp.pages.shared import action_word, refusal, role_word, state_word

blueprint = Blueprint("audit", __name__, url_prefix="/admin/audit")

_OF_A_CLIP = (
    "create",
    *map(str, Action),
    lifecycle.CHOOSE_POSTER,
    lifecycle.ANSWER_NOTES,
    lifecycle.ASSIGN,
    lifecycle.FREE_CLAIM,
    "delete",
)
ACTIONS = tuple(
    action for action in _OF_A_CLIP + OF_A_CAMPAIGN if action not in lifecycle.HOLD_ACTIONS
)


@blueprint.get("")
@roles(*READERS)
def index() -> str | tuple[str, int]:
    actor, which = require_actor(), _filter()
    try:
        with deps().database.read() as session:
            page = trail(session, actor, which, request.args.get("cursor"))
    except InvalidInput as error:
        return _rendered(Page([], None), which, refusal(error)), 422
    return _rendered(page, which)


def _rendered(page: Page[Line], which: Filter, trouble: str = "") -> str:
    chosen = {name: value for name, value in asdict(which).items() if value}
    return render_template(
        "audit.html",
        page=page,
        which=which,
        chosen=chosen,
        trouble=trouble,
        actions=ACTIONS,
        party_word=party_word,
    )


def _filter() -> Filter:
    asked = request.args
    action = asked.get("action", "")
    return Filter(
        clip=asked.get("clip", "").strip(),
        person=asked.get("person", "").strip(),
        action=action if action in ACTIONS else "",
        from_day=asked.get("from_day", ""),
        to_day=asked.get("to_day", ""),
    )


def party_word(party: str) -> str:
    words = {Party.OWNER: _("Người gửi"), Party.WORKER: _("Máy xử lý"), Party.SYSTEM: _("Hệ thống")}
    return words[Party(party)] if party in words else role_word(party)


@blueprint.get("/export.csv")
@roles(*READERS)
def as_csv() -> Response:
    """For a spreadsheet: UTF-8 with BOM, and no cell that it would run."""
    head = [
        _("Lúc"),
        _("Clip"),
        _("Việc"),
        _("Người làm"),
        _("Với tư cách"),
        _("Từ trạng thái"),
        _("Sang trạng thái"),
        _("Lần nộp"),
        _("Chi tiết"),
    ]

    def cells(line: Line) -> list[str]:
        before = state_word(line.from_state) if line.from_state else ""
        detail = json.dumps(line.detail, ensure_ascii=False) if line.detail else ""
        at = line.at.astimezone(VIETNAM).isoformat(sep=" ", timespec="seconds")
        who = [line.clip_id, action_word(line.action), line.person, party_word(line.party)]
        return [at, *who, before, state_word(line.to_state), str(line.revision), detail]

    def part(lines: list[Line], first: bool) -> str:
        return csv_text([*([head] if first else []), *map(cells, lines)], bom=first)

    return _download(part, "text/csv", "audit.csv")


@blueprint.get("/export.json")
@roles(*READERS)
def as_json() -> Response:
    def part(lines: list[Line], first: bool) -> str:
        rows = [json.dumps({**asdict(x), "at": iso(x.at)}, ensure_ascii=False) for x in lines]
        return ("" if first or not rows else ",\n") + ",\n".join(rows)

    return _download(part, "application/json", "audit.json", ('{"items": [\n', "\n]}\n"))


def _download(
    part: Callable[[list[Line], bool], str],
    mimetype: str,
    name: str,
    around: tuple[str, str] = ("", ""),
) -> Response:
    """Sent a thousand lines at a time, however long it gets. The first are read before anything
    is sent: a wrong filter is still an answer of its own."""
    actor, which = require_actor(), _filter()
    first, place = _read(actor, which, None)

    def parts() -> Iterator[str]:
        yield around[0] + part(first, True)
        before = place
        while before is not None:
            lines, before = _read(actor, which, before)
            yield part(lines, False)
        yield around[1]

    response = Response(stream_with_context(parts()), mimetype=mimetype)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _read(actor: Actor, which: Filter, before: int | None) -> tuple[list[Line], int | None]:
    with deps().database.read() as session:
        return batch(session, actor, which, before)
