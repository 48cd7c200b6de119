"""Reports of published clips by anybody who watches one: what each does, and a moderator's word.

Who reports is not asked. An address counts once a clip, as a hash that is forgotten after a week.
See docs/decisions/0007.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from review import clock, feed
from review.consent import FEED_SCOPES, missing
from review.errors import ConsentMissing, InvalidInput, NoSuchClip, StaleClip
from review.lifecycle import check_version, load, load_visible, move
from review.models import Clip, Report
from review.notices import telling
from review.policy import SYSTEM, Actor, move_for
from review.publication import in_feed, record
from review.queries.reported import is_open
from review.queries.visibility import in_scope
from review.reportreasons import BY_CODE, SHOWN, ReportReason, Way, codes
from review.states import Action, State
from review.text import clean

MAX_TEXT = 500
ONE_ADDRESS = 3  # clips that one address hides in a day by single reports
FORGET_WHO = timedelta(days=7)
KEPT = timedelta(days=180)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Limits:
    """``to_hide``: addresses whose reports hide a clip. ``alone_a_day``: clips that single reports
    hide in a day; what comes after waits for a moderator. A worry about a child never waits."""

    to_hide: int
    alone_a_day: int


class Outcome(StrEnum):
    SENT = "sent"
    AGAIN = "again"  # this address has told us before
    GONE = "gone"  # the clip is not public any more


def send(
    session: Session,
    clip_id: str,
    viewer: Actor | None,
    *,
    reason: str,
    text: str,
    who: str,
    limits: Limits,
) -> Outcome:
    """Take one report. ``who``: a keyed hash of the address that it comes from.

    A clip that was withdrawn and one that is held answer alike. Raises :class:`NoSuchClip`,
    :class:`InvalidInput`.
    """
    clip = load(session, clip_id)
    if clip.published_at is None or not in_scope(viewer, clip):
        raise NoSuchClip(f"there is no clip {clip_id!r}")
    chosen = BY_CODE.get(reason)
    if chosen is None:
        raise InvalidInput(reason="Hãy chọn một điều bạn muốn báo.")
    if clip.state not in SHOWN:
        if chosen.way is Way.CASE and clip.case_open:
            _store(session, clip, chosen, text, who)
            telling.more_worry(session, clip)
        return Outcome.GONE
    if chosen.way is not Way.CASE and _is_repeated(session, clip, chosen, who):
        return Outcome.AGAIN
    report = _store(session, clip, chosen, text, who)
    if chosen.way is Way.CASE:
        _hide(session, clip, Action.ESCALATE, report)
    else:
        _weigh(session, clip, chosen, report, limits)
    return Outcome.SENT


def _is_repeated(session: Session, clip: Clip, chosen: ReportReason, who: str) -> bool:
    """Another at the same address may be in the clip: that is no repetition of "it is wrong"."""
    same = Report.clip_id == clip.id, Report.who == who, Report.reason.in_(codes(chosen.way))
    return session.scalar(select(Report.id).where(*same).limit(1)) is not None


def _store(session: Session, clip: Clip, chosen: ReportReason, text: str, who: str) -> Report:
    now = clock.now(session)
    is_case = chosen.way is Way.CASE
    # A worry may come twice from one house: nobody there is told of the first.
    report = Report(
        clip_id=clip.id,
        reason=chosen.code,
        text=clean(text, limit=MAX_TEXT, multiline=True),
        at=now,
        who=None if is_case else who,
        closed_at=now if is_case else None,
    )
    session.add(report)
    session.flush()
    return report


def _weigh(
    session: Session, clip: Clip, chosen: ReportReason, report: Report, limits: Limits
) -> None:
    """Hide the clip if this is enough, and tell the moderators of what is new to them."""
    mine = select(Report).join(Clip, Clip.id == Report.clip_id).where(Clip.id == clip.id)
    rows = session.scalars(mine.where(is_open())).all()
    if clip.state == State.PUBLISHED and (
        _is_enough_alone(session, clip, chosen, report, limits)
        or len({row.who or row.id for row in rows}) >= limits.to_hide
    ):
        report.hid = True
        _hide(session, clip, Action.SUSPEND, report)
    if report.hid or len(rows) == 1:
        telling.reported(session, clip)


def _is_enough_alone(
    session: Session, clip: Clip, chosen: ReportReason, report: Report, limits: Limits
) -> bool:
    """Not where a moderator has looked at such a report and kept the clip, and not when strangers
    have hidden many in a day."""
    if chosen.way is not Way.ALONE:
        return False
    kept = select(Report.id).where(
        Report.clip_id == clip.id, Report.reason == chosen.code, Report.closed_at.is_not(None)
    )
    if session.scalar(kept.limit(1)) is not None:
        return False
    today = select(Report.who).where(
        Report.hid, Report.reason.in_(codes(Way.ALONE)), Report.at > clock.now(session) - _DAY
    )
    hid = list(session.scalars(today))
    return len(hid) < limits.alone_a_day and hid.count(report.who) < ONE_ADDRESS


def _hide(session: Session, clip: Clip, action: Action, report: Report) -> None:
    """Gone for the public and the libraries, for the reason that says the least."""
    was_in_feed = in_feed(session, clip)
    move(session, clip, action, SYSTEM, detail={"report": report.id})
    if was_in_feed:
        feed.append(session, clip, "withdrawn", reason="office")


def keep(session: Session, clip_id: str, actor: Actor, version: int, seen: int) -> Clip:
    """A moderator has looked: the clip stays, or is there again. ``seen``: how many open reports
    the page showed; with another one meanwhile the clip is not as seen."""
    clip = load_visible(session, clip_id, actor)
    check_version(session, clip, version, actor)
    move_for(actor, Action.KEEP, clip)
    mine = select(Report).join(Clip, Clip.id == Report.clip_id).where(Clip.id == clip.id)
    rows = session.scalars(mine.where(is_open())).all()
    if len(rows) != seen:
        raise StaleClip(clip.id, clip.version, [])
    was_hidden = clip.state == State.SUSPENDED
    if was_hidden and (labels := missing(session, clip)):
        raise ConsentMissing("a consent has ended meanwhile", people=labels)
    move(session, clip, Action.KEEP, actor, seen_version=version, detail={"reports": len(rows)})
    session.execute(
        update(Report)
        .where(Report.id.in_([row.id for row in rows]))
        .values(closed_at=clock.now(session))
        .execution_options(synchronize_session=False)
    )
    if was_hidden and clip.scope in FEED_SCOPES:
        feed.append(session, clip, "published", record=record(session, clip))
    return clip


def forget_old(session: Session) -> None:
    """Addresses are not kept, not even hashed; nor is what was said, half a year later, unless it
    belongs to an open case."""
    now = clock.now(session)
    session.execute(
        update(Report)
        .where(Report.at < now - FORGET_WHO, Report.who.is_not(None))
        .values(who=None)
        .execution_options(synchronize_session=False)
    )
    of_case = select(Clip.id).where(Clip.id == Report.clip_id, Clip.case_open)
    session.execute(delete(Report).where(Report.at < now - KEPT, ~of_case.exists()))
