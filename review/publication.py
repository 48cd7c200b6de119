"""From `approved` to the feed, and back out of it: publish, edit, lower the scope, withdraw."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from review import clock, feed, jobs, looks, retention, revisions
from review.captions import reading as captions
from review.consent import FEED_SCOPES, Scope, consents_of, lower_to_consents, missing
from review.details import Details
from review.errors import (
    BytesGone,
    ConsentMissing,
    InvalidInput,
    NotAllowed,
    ScopeTooWide,
    WrongState,
)
from review.lifecycle import check_version, load_visible, move
from review.models import Campaign, Clip, Rendition, Revision
from review.policy import SYSTEM, Actor, move_for
from review.queries.records import output_files
from review.states import Action, Party, State
from review.text import one_of

REASONS = ("owner", "guardian", "consent_expired", "office", "error")
_REASONS_OF = {
    Party.OWNER: ("owner", "guardian", "error"),
    Party.TEACHER: ("guardian", "error"),
    Party.MODERATOR: REASONS,
    Party.SAFEGUARDING: ("guardian", "office", "error"),
    Party.SYSTEM: ("consent_expired", "guardian"),
}
# Withdrawn for one of these, a clip only comes back with a consent given since.
_NEEDS_CONSENT = ("guardian", "consent_expired")


def blockers(session: Session, clip: Clip) -> list[str]:
    """Why an approved clip is not published yet: "renditions", "consents", "announcement"."""
    found = []
    revision = revisions.find(session, clip)
    if revision is None or revision.ladder_attempt is None:
        found.append("renditions")
    if missing(session, clip):
        found.append("consents")
    if clip.unannounced:
        found.append("announcement")
    return found


def try_publish(session: Session, clip: Clip) -> bool:
    """Publish if approved, rendered and consented; False while something is missing."""
    if clip.state != State.APPROVED or blockers(session, clip):
        return False
    move(session, clip, Action.PUBLISH, SYSTEM, changes={"published_at": clock.now(session)})
    if clip.scope in FEED_SCOPES:
        feed.append(session, clip, "published", record=record(session, clip))
    return True


def record(session: Session, clip: Clip) -> dict[str, Any]:
    """What the feed says of a clip: no person's name, no upload's name. Places of files are
    paths below ``/media/<clip>/``; the HTTP layer makes URLs of them."""
    revision = revisions.current(session, clip)
    assert clip.published_at is not None
    campaign = session.get(Campaign, clip.campaign_id) if clip.campaign_id else None
    files = output_files(session, clip)
    cost = looks.view_bytes({what: file.bytes for what, file in files.items()})
    playable = _renditions(session, revision)
    return {
        "id": clip.id,
        "revision": clip.revision,
        "title": clip.title,
        "summary": clip.summary,
        "language": clip.language,
        "level": clip.level,
        "topics": clip.topics,
        "campaign": campaign.slug if campaign else None,
        "credit": clip.credit,
        "licence": clip.licence,
        "scope": clip.scope,
        "reenactment": clip.reenactment,
        "published_at": clock.iso(clip.published_at),
        "duration_s": looks.duration_s(revision),
        "poster": looks.poster(revision, files),
        "sprite": looks.SPRITES[0] if looks.SPRITES[0] in files else None,
        "captions": captions.records(session, clip),
        "renditions": captions.with_master(
            session, clip, [r for r in playable if r["kind"] != "audio"]
        ),
        "audio": next((_sound(r) for r in playable if r["kind"] == "audio"), None),
        "view_bytes": cost.to_dict() if cost else None,
    }


def _sound(rendition: dict[str, Any]) -> dict[str, Any]:
    """The sound alone: it has no kind and no size of a picture."""
    return {name: rendition[name] for name in ("what", "bytes", "sha256", "mime")}


def _renditions(session: Session, revision: Revision) -> list[dict[str, Any]]:
    rows = session.scalars(
        select(Rendition)
        .where(Rendition.revision_id == revision.id, Rendition.attempt == revision.ladder_attempt)
        .order_by(Rendition.kind, Rendition.height, Rendition.what)
    )
    return [
        {
            "kind": r.kind,
            "what": r.what,
            "width": r.width,
            "height": r.height,
            "bytes": r.bytes,
            "sha256": r.sha256,
            "mime": r.mime,
        }
        for r in rows
    ]


def in_feed(session: Session, clip: Clip) -> bool:
    entry = feed.current(session, clip.id)
    return entry is not None and entry.kind != "withdrawn"


def reasons_for(actor: Actor, clip: Clip) -> tuple[str, ...]:
    """The reasons for withdrawal that are this person's to give; none when there is no right."""
    try:
        _, party = move_for(actor, Action.WITHDRAW, clip)
    except NotAllowed:
        return ()
    return _REASONS_OF[party]


def withdraw(
    session: Session, clip_id: str, actor: Actor, reason: str, version: int | None = None
) -> Clip:
    """Take the clip back: hidden at once, its tombstone in the same transaction.

    Withdrawing a withdrawn clip again changes nothing and is no error.
    Raises :class:`InvalidInput` for a reason that is not this person's to give.
    """
    clip = load_visible(session, clip_id, actor)
    if clip.state == State.WITHDRAWN:
        return clip
    check_version(session, clip, version, actor)
    _, party = move_for(actor, Action.WITHDRAW, clip)
    if reason not in _REASONS_OF[party]:
        raise InvalidInput(reason=one_of(_REASONS_OF[party]))
    move(
        session,
        clip,
        Action.WITHDRAW,
        actor,
        seen_version=version,
        changes={"withdrawn_at": clock.now(session), "withdrawn_reason": reason},
        detail={"reason": reason},
    )
    jobs.cancel_for(session, clip.id)
    if in_feed(session, clip):
        feed.append(session, clip, "withdrawn", reason=reason)
    return clip


def restore(session: Session, clip_id: str, actor: Actor, version: int) -> Clip:
    """Bring a withdrawn clip back into review; needs consents recorded since it was withdrawn, and
    gets no wider scope than they have."""
    clip = load_visible(session, clip_id, actor)
    check_version(session, clip, version, actor)
    move_for(actor, Action.RESTORE, clip)
    revision = revisions.find(session, clip)
    if revision is None or revision.examine_attempt is None:
        raise WrongState("this clip was never prepared: its owner has to send it again")
    _require_no_case(session, clip)
    if not retention.has_bytes(session, revision):
        raise BytesGone(f"the files of clip {clip.id} were removed")
    lower_to_consents(session, clip, since=clip.withdrawn_at)
    _require_fresh_consent(session, clip)
    move(
        session,
        clip,
        Action.RESTORE,
        actor,
        seen_version=version,
        changes={
            "stage": 0,
            "withdrawn_at": None,
            "withdrawn_reason": None,
            "published_at": None,
            "submitted_at": clock.now(session),
        },
    )
    ensure_ladder(session, clip)
    return clip


def ensure_ladder(session: Session, clip: Clip) -> None:
    """Queue the ladder again for a clip that came back to review without one."""
    revision = revisions.current(session, clip)
    if revision.ladder_attempt is None and not jobs.is_open(session, revision.id, "ladder"):
        jobs.enqueue(session, "ladder", clip, revision)


def _require_no_case(session: Session, clip: Clip) -> None:
    """A clip that was withdrawn while it was held waits for its officer's word. To the moderator
    it is one whose guardians have not consented again: that says nothing of a hold."""
    if clip.case_open:
        labels = [person.label for person, _ in consents_of(session, clip).values()]
        raise _consent_missing(labels or ["?"])


def _consent_missing(labels: list[str]) -> ConsentMissing:
    return ConsentMissing("consents given since the withdrawal are missing", people=labels)


def _require_fresh_consent(session: Session, clip: Clip) -> None:
    labels = missing(session, clip, since=clip.withdrawn_at)
    if not labels and clip.withdrawn_reason in _NEEDS_CONSENT:
        labels = [] if consents_of(session, clip) else ["?"]
    if labels:
        raise _consent_missing(labels)


def edit_details(
    session: Session, clip_id: str, actor: Actor, details: Details, version: int
) -> Clip:
    """Correct what a published clip says of itself; its scope stays. A new feed entry."""
    clip = load_visible(session, clip_id, actor)
    move(
        session,
        clip,
        Action.EDIT_DETAILS,
        actor,
        seen_version=version,
        changes={
            "title": details.title,
            "summary": details.summary,
            "language": details.language,
            "level": details.level,
            "topics": list(details.topics),
            "credit": clip.credit if details.credit is None else details.credit,
            "licence": details.licence,
        },
    )
    if in_feed(session, clip):
        feed.append(session, clip, "updated", record=record(session, clip))
    return clip


def lower_scope(session: Session, clip_id: str, actor: Actor, scope: Scope, version: int) -> Clip:
    """Narrow who may watch. To a library outside the new scope it looks like a withdrawal."""
    clip = load_visible(session, clip_id, actor)
    check_version(session, clip, version, actor)
    move_for(actor, Action.LOWER_SCOPE, clip)
    if scope.width >= Scope(clip.scope).width:
        raise ScopeTooWide(f"{scope} is not narrower than {clip.scope}")
    was_in_feed = in_feed(session, clip)
    move(
        session,
        clip,
        Action.LOWER_SCOPE,
        actor,
        seen_version=version,
        changes={"scope": scope},
        detail={"scope": scope},
    )
    if was_in_feed and scope in FEED_SCOPES:
        feed.append(session, clip, "updated", record=record(session, clip))
    elif was_in_feed:
        feed.append(session, clip, "withdrawn", reason="scope_lowered")
    return clip
