"""The queue: tabs, filters that can be kept, and taking the next clip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from flask import flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from review import lookalikes, queries, savedfilters, taking
from review.details import LEVEL_WORDS, TOPICS
from review.errors import InvalidInput
from review.models import Campaign, School
from review.policy import REVIEWER_ROLES, Actor, Role
from review.queries import Filters
from review.queries.filters import DAYS, SCOPES
from review.queueplaces import SIGNS
from webapp.auth import require_actor, roles
from webapp.deps import deps
from webapp.i18n import translated
from webapp.pages.desk import blueprint

# Names in a list of choices; where there are more, the newest, and the first by name.
MAX_CHOICES = 500
_NAMES = tuple(f.name for f in fields(Filters))
_KEPT = "queue"  # in the cookie: what "next" goes on with


@blueprint.get("/review")
@roles(*REVIEWER_ROLES)
def queue() -> str:
    """What waits for this person, by turns."""
    actor = require_actor()
    with deps().database.read() as rows:
        filters = _asked(rows, actor)
        page = queries.review_queue(rows, actor, request.args.get("cursor"), filters=filters)
        counts = {s: queries.count(rows, actor, filters.within(s)) for s in SCOPES}
        free = queries.next_in_queue(rows, actor, filters=filters)
        marks = lookalikes.marks(rows, actor, [row.clip for row in page.items])
        kept = savedfilters.saved(rows, actor)
        choices = _choices(rows, actor)
    session[_KEPT] = filters.to_text()
    return render_template(
        "queue.html",
        page=page,
        free=free,
        marks=marks,
        filters=filters,
        asked={"scope": filters.scope, **filters.to_dict()},
        counts=counts,
        tabs=_tabs(actor),
        kept=kept,
        kept_here=next((k for k in kept if k.filters == filters.to_text()), None),
        choices=choices,
        told=_told(filters, choices),
        sign_words=choices["sign"],
        filter_words=_filter_words(),
    )


def _asked(rows: Session, actor: Actor) -> Filters:
    """Of the address; where it says nothing, the person's own default."""
    if any(name in request.args for name in _NAMES):
        return Filters.parse(request.args)
    return savedfilters.default(rows, actor) or Filters()


def _tabs(actor: Actor) -> dict[str, str]:
    if actor.role is Role.REVIEWER:
        due, everything = _("Chờ trường duyệt"), _("Cả trường")
    else:
        due, everything = _("Chờ Phòng duyệt"), _("Tất cả")
    return {"due": due, "mine": _("Của tôi"), "all": everything}


def _sign_words() -> dict[str, str]:
    words = {
        "flashing": _("nhấp nháy mạnh"),
        "returns": _("giống clip từng bị gỡ, bị từ chối"),
        "consent": _("thiếu sự đồng ý"),
        "gps": _("tệp gốc có vị trí GPS"),
    }
    return {sign: words[sign] for sign in SIGNS}


def _choices(rows: Session, actor: Actor) -> dict[str, dict[str, str]]:
    """Filter -> value -> words, in the order in which the form has them."""
    campaigns = select(Campaign.id, Campaign.title).order_by(Campaign.id.desc()).limit(MAX_CHOICES)
    found = {"campaign": {row.id: row.title for row in rows.execute(campaigns)}}
    if actor.role is not Role.REVIEWER:
        schools = select(School.id, School.name).order_by(School.name).limit(MAX_CHOICES)
        found["school"] = {row.id: row.name for row in rows.execute(schools)}
        found["level"] = {code: translated(words) for code, words in LEVEL_WORDS.items()}
    return found | {
        "topic": {code: translated(words) for code, words in TOPICS.items()},
        "language": {"vi": _("Tiếng Việt"), "en": _("Tiếng Anh")},
        "sign": _sign_words(),
        "days": {str(n): _("Chờ hơn %(num)d ngày", num=n) for n in DAYS},
    }


def _told(filters: Filters, choices: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Each thing that narrows the list, in words."""
    asked = filters.to_dict()
    return {n: words.get(asked[n], asked[n]) for n, words in choices.items() if n in asked}


def _filter_words() -> dict[str, str]:
    return {
        "campaign": _("Cuộc vận động"),
        "school": _("Trường"),
        "level": _("Cấp học"),
        "topic": _("Chủ đề"),
        "language": _("Ngôn ngữ"),
        "sign": _("Dấu hiệu cần chú ý"),
        "days": _("Thời gian chờ"),
    }


@blueprint.route("/review/next", methods=["GET", "POST"])
@roles(*REVIEWER_ROLES)
def next_clip() -> Response:
    """Take the next one that nobody else has, as the queue was last filtered, and open its desk.
    Opening a desk takes the claim too: there is nothing that only a POST does. But a link on
    another site takes nothing: it leads to the queue, and to its button."""
    actor = require_actor()
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        return redirect(url_for("desk.queue"))
    with deps().database.write() as rows:
        filters = _going_on(rows, actor)
        found = taking.take_next(rows, actor, request.values.get("after"), filters)
    if found is not None:
        return redirect(url_for("desk.clip", clip_id=found))
    if filters.narrows:
        flash(_("Không còn clip nào hợp với bộ lọc."))
        return _queue_of(filters)
    flash(_("Không còn clip nào chờ bạn duyệt."))
    return redirect(url_for("desk.queue"))


def _queue_of(filters: Filters) -> Response:
    asked: dict[str, Any] = {"scope": filters.scope, **filters.to_dict()}
    return redirect(url_for("desk.queue", **asked))


def _going_on(rows: Session, actor: Actor) -> Filters:
    kept = session.get(_KEPT)
    if kept is None or any(name in request.values for name in _NAMES):
        return _asked(rows, actor)
    try:
        return Filters.from_text(kept)
    except InvalidInput:  # of an older program
        return Filters()


@blueprint.post("/review/filters")
@roles(*REVIEWER_ROLES)
def save_filter() -> Response:
    actor, filters = require_actor(), Filters.parse(request.form)
    name, is_default = request.form.get("name", ""), "default" in request.form
    with deps().database.write() as rows:
        kept = savedfilters.save(rows, actor, name, filters, is_default=is_default)
    flash(_("Đã lưu bộ lọc «%(name)s».", name=kept.name))
    return _queue_of(filters)


@blueprint.post("/review/filters/<filter_id>/delete")
@roles(*REVIEWER_ROLES)
def forget_filter(filter_id: str) -> Response:
    actor = require_actor()
    with deps().database.write() as rows:
        savedfilters.forget(rows, actor, filter_id)
    flash(_("Đã xóa bộ lọc."))
    return redirect(url_for("desk.queue", scope="due"))


@blueprint.post("/review/filters/default")
@roles(*REVIEWER_ROLES)
def choose_filter() -> Response:
    """The queue opens with this filter from now on; without one, with everything."""
    actor = require_actor()
    with deps().database.write() as rows:
        savedfilters.choose_default(rows, actor, request.form.get("filter") or None)
    flash(_("Hàng chờ sẽ mở như vậy từ nay."))
    return redirect(url_for("desk.queue"))
