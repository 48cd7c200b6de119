"""Whether there is room for what a client announces: its quotas, and the disk."""

from __future__ import annotations

from sqlalchemy.orm import Session

from review import quota, uploads
from review.errors import InvalidInput, NotAllowed
from review.models import Account
from review.policy import SUBMITTERS
from review.quota import MB, Limit, Limits
from storage_config.settings import Settings
from webapp.deps import deps
from webapp.errors import WebError
from webapp.uploads.announce import Announced
from webapp.uploads.places import parts_of


def limits_of(settings: Settings) -> Limits:
    return Limits(
        account=Limit(settings.quota_account_mb * MB, settings.quota_account_clips),
        group=Limit(settings.quota_class_mb * MB, settings.quota_class_clips),
        school=Limit(settings.quota_school_mb * MB, settings.quota_school_clips),
    )


def reserve(session: Session, account: Account, told: Announced) -> int:
    """The bytes that are kept free for this upload; of a deferred length, as many as there may be.

    Raises :class:`QuotaReached`; 413 for pieces that are too much together; 507 for a full disk.
    """
    if account.role not in SUBMITTERS:
        raise NotAllowed(f"a {account.role} does not submit clips")
    settings = deps().settings
    limits = limits_of(settings)
    if told.pieces:
        length = _joined_length(session, account, told)
        quota.check(session, account, limits, 0, told.clip_id)  # the pieces' bytes are counted
    elif told.length is None:
        room = quota.check(session, account, limits, 1, told.clip_id)
        left = settings.max_bytes if room.bytes_left is None else room.bytes_left
        length = min(settings.max_bytes, left)
    else:
        length = told.length
        quota.check(session, account, limits, length, told.clip_id)
    if not parts_of(deps()).has_room(uploads.announced(session), length):
        raise WebError("no_room", 507)
    return length


def _joined_length(session: Session, account: Account, told: Announced) -> int:
    try:
        found = uploads.pieces(session, told.pieces, account.id)
    except InvalidInput:
        raise WebError("upload_concat") from None
    length = sum(piece.length for piece in found)
    if length > deps().settings.max_bytes:
        raise WebError("upload_too_large", 413)
    return length
