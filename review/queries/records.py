"""What belongs to one clip (revisions, files, people, decisions, notes), and the jobs."""

from __future__ import annotations

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from review.consent import consents_of
from review.models import (
    Account,
    AuditRow,
    Clip,
    ClipPerson,
    Consent,
    Decision,
    Job,
    Note,
    OutputFile,
    Rendition,
    Revision,
)
from review.policy import Role
from review.problems import REFUSALS
from review.queries.paging import Page, paged


def revisions(session: Session, clip: Clip) -> list[Revision]:
    return list(
        session.scalars(
            select(Revision).where(Revision.clip_id == clip.id).order_by(Revision.number)
        )
    )


def output_files(session: Session, clip: Clip) -> dict[str, OutputFile]:
    """What -> file, of the current revision's current attempts: all that may be served."""
    rows = session.scalars(
        select(OutputFile)
        .join(Revision, Revision.id == OutputFile.revision_id)
        .where(
            Revision.clip_id == clip.id,
            Revision.number == clip.revision,
            OutputFile.attempt.in_((Revision.examine_attempt, Revision.ladder_attempt)),
        )
    )
    return {row.what: row for row in rows}


def output_file(session: Session, clip: Clip, what: str) -> OutputFile | None:
    return session.scalar(
        select(OutputFile)
        .join(Revision, Revision.id == OutputFile.revision_id)
        .where(
            Revision.clip_id == clip.id,
            Revision.number == clip.revision,
            OutputFile.attempt.in_((Revision.examine_attempt, Revision.ladder_attempt)),
            OutputFile.what == what,
        )
    )


def renditions(session: Session, clip: Clip) -> list[Rendition]:
    """What can be played of the current revision, once its ladder is complete."""
    return list(
        session.scalars(
            select(Rendition)
            .join(Revision, Revision.id == Rendition.revision_id)
            .where(
                Revision.clip_id == clip.id,
                Revision.number == clip.revision,
                Rendition.attempt == Revision.ladder_attempt,
            )
            .order_by(Rendition.kind, Rendition.height, Rendition.what)
        )
    )


def people(session: Session, clip: Clip) -> list[tuple[ClipPerson, list[Consent]]]:
    return list(consents_of(session, clip).values())


def history(session: Session, clip_id: str) -> list[AuditRow]:
    return list(
        session.scalars(select(AuditRow).where(AuditRow.clip_id == clip_id).order_by(AuditRow.seq))
    )


def decisions(session: Session, clip_id: str) -> list[tuple[Decision, str]]:
    """(decision, label of who took it), oldest first: for staff, never for the feed. Without a
    label where an officer took it: a name would tell that the clip was held."""
    rows = session.execute(
        select(Decision, Account.label, Account.role)
        .join(Account, Account.id == Decision.actor_id)
        .where(Decision.clip_id == clip_id)
        .order_by(Decision.at, Decision.id)
    )
    return [(row.Decision, "" if row.role == Role.SAFEGUARDING else row.label) for row in rows]


def notes(
    session: Session, clip_id: str, revision: int | None = None, *, untold: bool = False
) -> list[Note]:
    """Notes that the owner may read: those of a hold stay with the safeguarding officer.
    ``untold``: for reviewers, those of decisions that are not announced too."""
    query = (
        select(Note)
        .join(Decision, Decision.id == Note.decision_id)
        .where(Note.clip_id == clip_id, Decision.action != "escalate")
    )
    if revision is not None:
        query = query.where(Note.revision == revision)
    if not untold:
        query = query.where(Decision.announced_at.is_not(None))
    return list(session.scalars(query.order_by(Note.revision, Decision.at, Note.position)))


def hold_notes(session: Session, clip_id: str) -> list[Note]:
    """What was written when the clip was escalated: for the safeguarding officer only."""
    return list(
        session.scalars(
            select(Note)
            .join(Decision, Decision.id == Note.decision_id)
            .where(Note.clip_id == clip_id, Decision.action == "escalate")
            .order_by(Decision.at, Note.position)
        )
    )


def job_list(
    session: Session,
    state: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
    *,
    refusals: bool = True,
) -> Page[Job]:
    """Jobs for the operator, newest first; without ``refusals`` those whose source was at fault
    are left out, since nobody here can mend them."""
    query = select(Job).where(Job.confidential.is_(False))
    if not refusals:
        query = query.where(or_(Job.problem.is_(None), Job.problem.not_in(REFUSALS)))
    if state is not None:
        query = query.where(Job.state == state)
    return paged(
        session,
        query,
        Job.created_at,
        Job.id,
        cursor,
        limit,
        newest_first=True,
        key_of=lambda j: (j.created_at, j.id),
    )
