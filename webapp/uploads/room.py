"""Whether there is room for what a client announces: its quotas, and the disk."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy.orm import Session

from review import quota, uploads
from review.errors import InvalidInput, NotAllowed
from review.models import Account, Upload
from review.policy import SUBMITTERS, Role
from review.quota import MB, Limit, Limits
from storage_config.settings import Settings
from webapp.deps import deps
from webapp.errors import WebError
from webapp.linked import clip_by_link
from webapp.uploads.announce import Announced
from webapp.uploads.places import parts_of

MAX_OPEN = 50  # unfinished uploads of one account
# Of a pupil, who needs no name to come in: those that hold room before their first byte.
MAX_SILENT = 6
MAX_BY_LINK = 3  # unfinished uploads of a clip: whoever has its link leaves the owner's others room


def limits_of(settings: Settings) -> Limits:
    return Limits(
        account=Limit(settings.quota_account_mb * MB, settings.quota_account_clips),
        group=Limit(settings.quota_class_mb * MB, settings.quota_class_clips),
        school=Limit(settings.quota_school_mb * MB, settings.quota_school_clips),
    )


def silent() -> frozenset[str]:
    """Uploads that were announced a while ago, and have no byte: they hold no room.

    Looked up before the transaction that counts: whose byte comes meanwhile says so in its row.
    """
    with deps().database.read() as session:
        quiet = uploads.quiet(session)
    return frozenset(parts_of(deps()).silent(quiet))


def begun(account: Account) -> frozenset[str]:
    """A pupil's new uploads that have a byte; looked up before the transaction, as above."""
    if account.role != Role.PUPIL:
        return frozenset()
    with deps().database.read() as session:
        found = uploads.fresh(session, account.id)
    return frozenset(found) - parts_of(deps()).silent(found)


def check_link(told: Announced) -> None:
    """A private link opens its clip alone. A piece is for no clip yet, so it could be for any."""
    clip_id = clip_by_link()
    if clip_id is not None and (told.concat is not None or told.clip_id != clip_id):
        raise NotAllowed("a private link takes one whole file for its clip")


def check_open(session: Session, account: Account, sent: Collection[str]) -> None:
    """Whether one more may be announced; ``sent``: :func:`begun`. Raises 429."""
    clip_id = clip_by_link()
    if clip_id is not None and uploads.open_count(session, account.id, clip_id) >= MAX_BY_LINK:
        raise WebError("too_many_uploads", 429)
    if uploads.open_count(session, account.id) >= MAX_OPEN:
        raise WebError("too_many_uploads", 429)
    if account.role == Role.PUPIL:
        unsent = set(uploads.fresh(session, account.id)) - set(sent)
        if len(unsent) >= MAX_SILENT:
            raise WebError("too_many_unsent", 429, {"Retry-After": str(quota.QUIET.seconds)})


def wake(upload: Upload) -> None:
    """Before the first byte of an upload: after a long silence it is asked for its room again.

    Raises :class:`QuotaReached`; 507 for a full disk.
    """
    with deps().database.read() as session:
        if not uploads.is_quiet(session, upload):
            return
    still = silent()
    if upload.id not in still:
        return  # it holds its room: asked for once more it would count twice
    with deps().database.write() as session:
        quota.enter(session)
        account, limits = session.get_one(Account, upload.account_id), limits_of(deps().settings)
        quota.check(session, account, limits, upload.length, upload.clip_id, still)
        _check_disk(session, upload.length, still)
        uploads.hold_again(session, upload.id)


def reserve(session: Session, account: Account, told: Announced, silent: Collection[str]) -> int:
    """The bytes that are kept free for this upload; of a deferred length, as many as there may be.

    Raises :class:`QuotaReached`; 413 for pieces that are too much together; 507 for a full disk.
    """
    if account.role not in SUBMITTERS:
        raise NotAllowed(f"a {account.role} does not submit clips")
    settings = deps().settings
    limits = limits_of(settings)
    if told.pieces:
        length = _joined_length(session, account, told)
        # The pieces' bytes are counted.
        quota.check(session, account, limits, 0, told.clip_id, silent)
    elif told.length is None:
        room = quota.check(session, account, limits, 1, told.clip_id, silent)
        left = settings.max_bytes if room.bytes_left is None else room.bytes_left
        length = min(settings.max_bytes, left)
    else:
        length = told.length
        quota.check(session, account, limits, length, told.clip_id, silent)
    _check_disk(session, length, silent)
    return length


def _check_disk(session: Session, length: int, silent: Collection[str]) -> None:
    if not parts_of(deps()).has_room(uploads.announced(session, silent), length):
        raise WebError("no_room", 507)


def _joined_length(session: Session, account: Account, told: Announced) -> int:
    try:
        found = uploads.pieces(session, told.pieces, account.id)
    except InvalidInput:
        raise WebError("upload_concat") from None
    if any(piece.key is None for piece in found):
        raise WebError("upload_gone", 410)  # they are in another whole
    length = sum(piece.length for piece in found)
    if length > deps().settings.max_bytes:
        raise WebError("upload_too_large", 413)
    return length
