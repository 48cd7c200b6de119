"""What strangers reported: for moderators, and of a case for its officer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from review.models import Clip, Report, School
from review.policy import Actor, Role
from review.queries.paging import MAX_PAGE, Page, decode_cursor, encode_cursor
from review.reportreasons import SHOWN, Way, codes
from review.states import State

COUNT_CAP = 100


@dataclass(frozen=True, slots=True)
class Reported:
    """One clip with its open reports, the newest first."""

    clip: Clip
    school_name: str
    reports: Sequence[Report]

    @property
    def counts(self) -> list[tuple[str, int]]:
        """(reason, how often), the most frequent first."""
        return Counter(report.reason for report in self.reports).most_common()

    @property
    def words(self) -> list[Report]:
        return [report for report in self.reports if report.text]

    @property
    def hidden_since(self) -> datetime | None:
        if self.clip.state != State.SUSPENDED:
            return None
        return next((report.at for report in self.reports if report.hid), None)

    @property
    def urgent(self) -> bool:
        """Somebody says that they are in it, and it still shows."""
        asked = any(report.reason in codes(Way.ALONE) for report in self.reports)
        return asked and self.clip.state == State.PUBLISHED

    def waits(self, to_hide: int) -> bool:
        """Enough have reported it, on a day when reports had hidden many, and it still shows."""
        return self.clip.state == State.PUBLISHED and networks(self.reports) >= to_hide


def networks(reports: Iterable[Report]) -> int:
    """From how many networks they came. After some days that is forgotten: then each is one."""
    return len({report.who or report.id for report in reports})


def is_open() -> ColumnElement[bool]:
    """Of a report beside its clip: no moderator has looked at it, in this life of the clip."""
    this_time = and_(Clip.state.in_(SHOWN), Report.at >= Clip.published_at)
    return and_(Report.closed_at.is_(None), Report.reason.not_in(codes(Way.CASE)), this_time)


def reported(
    session: Session, actor: Actor, cursor: str | None = None, limit: int = 30
) -> Page[Reported]:
    """Clips with open reports, the last reported first."""
    if actor.role != Role.MODERATOR:
        return Page([], None)
    limit = max(1, min(limit, MAX_PAGE))
    newest = (
        select(Report.clip_id, func.max(Report.at).label("at"))
        .join(Clip, Clip.id == Report.clip_id)
        .where(is_open())
        .group_by(Report.clip_id)
        .subquery()
    )
    query = (
        select(Clip, School.name, newest.c.at)
        .join(newest, newest.c.clip_id == Clip.id)
        .outerjoin(School, School.id == Clip.school_id)
    )
    if cursor:
        at, clip_id = decode_cursor(cursor)
        query = query.where(or_(newest.c.at < at, and_(newest.c.at == at, Clip.id < clip_id)))
    found = session.execute(query.order_by(newest.c.at.desc(), Clip.id.desc()).limit(limit + 1))
    rows = found.all()
    told = open_reports(session, [row.Clip.id for row in rows[:limit]])
    items = [Reported(row.Clip, row.name or "", told[row.Clip.id]) for row in rows[:limit]]
    more = len(rows) > limit
    last = rows[limit - 1] if more else None
    return Page(items, encode_cursor(last.at, last.Clip.id) if last else None)


def open_reports(session: Session, clip_ids: Sequence[str]) -> dict[str, list[Report]]:
    """Clip -> its open reports, the newest first."""
    rows = session.scalars(
        select(Report)
        .join(Clip, Clip.id == Report.clip_id)
        .where(Report.clip_id.in_(clip_ids), is_open())
        .order_by(Report.at.desc(), Report.id.desc())
    )
    found: dict[str, list[Report]] = {clip_id: [] for clip_id in clip_ids}
    for row in rows:
        found[row.clip_id].append(row)
    return found


def reported_count(session: Session, actor: Actor) -> int:
    """How many clips wait for a look at what was reported, counted up to 100."""
    if actor.role != Role.MODERATOR:
        return 0
    clips = select(Report.clip_id).join(Clip, Clip.id == Report.clip_id).where(is_open())
    rows = clips.distinct().limit(COUNT_CAP).subquery()
    return session.scalar(select(func.count()).select_from(rows)) or 0


def worries(session: Session, clip_id: str) -> list[Report]:
    """What strangers fear for a child in the clip: for its officer alone."""
    mine = select(Report).where(Report.clip_id == clip_id, Report.reason.in_(codes(Way.CASE)))
    return list(session.scalars(mine.order_by(Report.at, Report.id)))
