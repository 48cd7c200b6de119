"""What can go wrong in the life of a clip, in the domain's own words.

Every error has a stable ``code``; entry points map it to an HTTP status or an exit status.
The sentences that people read are in :mod:`review.problems`, under the same codes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class ReviewError(Exception):
    """Base of all refusals by the rules. ``detail`` is for programs, never personal data."""

    code = "review_error"

    def __init__(self, message: str = "", **detail: Any) -> None:
        super().__init__(message or self.code)
        self.detail: Mapping[str, Any] = detail


class NoSuchClip(ReviewError):
    """There is none, or this person may not know that there is one."""

    code = "no_such_clip"


class NoSuchThing(ReviewError):
    """A job, upload, account, class or library that is not there or not theirs."""

    code = "not_found"


class NotAllowed(ReviewError):
    """The table of moves or the policy does not let this person do this now."""

    code = "not_allowed"


class WrongState(NotAllowed):
    """The table has no such move from the clip's state."""

    code = "wrong_state"


class OwnClip(NotAllowed):
    """Nobody decides on an own clip."""

    code = "own_clip"


class OwnSchool(NotAllowed):
    """Nobody takes the last decision on a clip of the own school."""

    code = "own_school"


class SamePerson(NotAllowed):
    """Each stage is approved by another person."""

    code = "same_person"


class StaleClip(ReviewError):
    """Somebody changed the clip since it was read. ``since``: what happened meanwhile.

    ``version``: the clip's now, or None for one who is told neither."""

    code = "stale_clip"

    def __init__(
        self, clip_id: str, version: int | None, since: Sequence[Mapping[str, Any]]
    ) -> None:
        detail = {} if version is None else {"version": version}
        super().__init__(f"clip {clip_id} has changed", **detail)
        self.since = list(since)


class StaleCaptions(ReviewError):
    """Somebody saved these captions since they were read. ``version`` and ``text`` (WebVTT, empty
    when they were removed): what stands now; ``revision``: of which revision of the clip."""

    code = "stale_captions"


class StaleCampaign(ReviewError):
    """Somebody changed the campaign since it was read."""

    code = "stale_campaign"


class ClaimHeld(ReviewError):
    """Another reviewer holds the claim until ``until`` (ISO 8601, UTC)."""

    code = "claim_held"


class NotWatched(ReviewError):
    """Approval needs the whole clip to have been watched."""

    code = "not_watched"


class NotesMissing(ReviewError):
    """Asking for changes or rejecting needs at least one note with a reason."""

    code = "notes_missing"


class ConsentMissing(ReviewError):
    """A consent is missing, expired, revoked or too narrow. ``people``: their labels."""

    code = "consent_missing"


class ScopeTooWide(ReviewError):
    """A published clip's scope can only be lowered."""

    code = "scope_too_wide"


class InvalidInput(ReviewError):
    """A field is wrong. ``errors``: {field: sentence}."""

    code = "invalid"

    def __init__(self, **errors: str) -> None:
        super().__init__("; ".join(f"{k}: {v}" for k, v in errors.items()), errors=errors)
        self.errors = errors


class BytesGone(ReviewError):
    """The clip's files were removed when their time was over: nothing can be made of them."""

    code = "bytes_gone"


class UploadIncomplete(ReviewError):
    """The upload named is not complete yet."""

    code = "upload_incomplete"


class UploadUsed(ReviewError):
    """The upload named already belongs to another submission."""

    code = "upload_used"


class LeaseLost(ReviewError):
    """The job was taken over: this worker's result must be thrown away."""

    code = "lease_lost"


class WrongPassword(ReviewError):
    """User name or password is wrong, or the account is switched off: never says which."""

    code = "wrong_password"


class WrongClassCode(ReviewError):
    """There is no such class code (any more)."""

    code = "wrong_class_code"


class QuotaReached(ReviewError):
    """There is no room for this upload. ``by``: account, class or school; ``what``: bytes or
    clips, of which ``left`` are left."""

    def __init__(self, by: str, what: str, left: int) -> None:
        super().__init__(f"the {by}'s quota of {what} is reached", by=by, left=left)
        self.code = f"quota_{by}_{what}"
        self.left = left


class ClassCodeEnded(WrongClassCode):
    """Its last day is over."""

    code = "class_code_ended"


class ClassCodeStopped(WrongClassCode):
    """The teacher has stopped it."""

    code = "class_code_stopped"


class ClassCodeFull(WrongClassCode):
    """As many pupils came in by it as the teacher allows."""

    code = "class_code_full"


class ClassClipsFull(ReviewError):
    """As many clips came in by the class code as the teacher allows."""

    code = "class_clips_full"


class WrongLink(ReviewError):
    """There is no such private link."""

    code = "wrong_link"


class LinkRevoked(ReviewError):
    """The private link was revoked, or another has taken its place."""

    code = "link_revoked"


class TooManyGuesses(ReviewError):
    """Too many wrong guesses came from this network. ``retry_after``: seconds."""

    code = "too_many_guesses"


class TooManyReports(ReviewError):
    """This network has reported as much as one does in a day."""

    code = "too_many_reports"
