"""Reports of published clips by anybody who watches one: what each does, and a moderator's word.

Who reports is not asked. A network counts once a clip, as a hash that is forgotten after a week.
See docs/decisions/0007.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from review import clock, feed
from review.consent import FEED_SCOPES, missing
from review.errors import ConsentMissing, InvalidInput, NoSuchClip, StaleClip, TooManyReports
from review.lifecycle import check_version, load, load_visible, move
from review.models import Clip, Report
from review.notices import telling
from review.policy import SYSTEM, Actor, move_for
from review.publication import in_feed, record
from review.queries.reported import networks, open_reports
from review.queries.visibility import in_scope
from review.reportreasons import BY_CODE, SHOWN, ReportReason, Way, codes
from review.states import Action, State
from review.text import clean

MAX_TEXT = 500
ONE_NETWORK = 3  # clips that one network hides in a day by single reports
MAX_A_DAY = 40  # reports of one network; worries are not among them
FORGET_WHO = timedelta(days=7)
KEPT = timedelta(days=180)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Limits:
    """``to_hide``: networks whose reports hide a clip. ``alone_a_day``: clips that single reports
    hide in a day, ``counted_a_day``: that several together do; what comes after waits for a
    moderator. A worry about a child never waits."""

    to_hide: int
    alone_a_day: int
    counted_a_day: int


class Outcome(StrEnum):
    SENT = "sent"
    AGAIN = "again"  # this network has told us before
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
    """Take one report. ``who``: a keyed hash of the network that it comes from.

    A clip that was withdrawn and one that is held answer alike. Raises :class:`NoSuchClip`,
    :class:`InvalidInput`, :class:`TooManyReports`.
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
    if chosen.way is not Way.CASE:
        if _is_repeated(session, clip, chosen, who):
            return Outcome.AGAIN
        _check_day(session, who)
    report = _store(session, clip, chosen, text, who)
    if chosen.way is Way.CASE:
        _hide(session, clip, Action.ESCALATE, report)
    else:
        _weigh(session, clip, chosen, report, limits)
    return Outcome.SENT


def _check_day(session: Session, who: str) -> None:
    """By the rows themselves: a web server that starts anew gives nobody a new day."""
    today = Report.who == who, Report.at > clock.now(session) - _DAY
    if (session.scalar(select(func.count()).where(*today)) or 0) >= MAX_A_DAY:
        raise TooManyReports("this network has reported enough for a day")


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
    rows = open_reports(session, [clip.id])[clip.id]
    if clip.state == State.PUBLISHED and (
        _is_enough_alone(session, clip, chosen, report, limits)
        or (networks(rows) >= limits.to_hide and _may_hide_together(session, limits))
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
    hid = [who for who, reason in _hid_today(session) if reason in codes(Way.ALONE)]
    return len(hid) < limits.alone_a_day and hid.count(report.who) < ONE_NETWORK


def _may_hide_together(session: Session, limits: Limits) -> bool:
    """Whether reports that were counted together have not hidden many today. Of those that hide
    alone, what is over their own limit was counted too."""
    hid = _hid_today(session)
    alone = sum(reason in codes(Way.ALONE) for _who, reason in hid)
    return len(hid) - min(alone, limits.alone_a_day) < limits.counted_a_day


def _hid_today(session: Session) -> list[tuple[str | None, str]]:
    """(who, reason) of the reports that have hidden a clip within a day."""
    today = Report.hid, Report.at > clock.now(session) - _DAY
    return [
        (r.who, r.reason) for r in session.execute(select(Report.who, Report.reason).where(*today))
    ]


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
    rows = open_reports(session, [clip.id])[clip.id]
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
