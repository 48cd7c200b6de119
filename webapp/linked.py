"""People who came by a private link: they are the clip's owner, on that clip's pages and nowhere
else. Everywhere else they are who they were before, or nobody."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

from flask import request, session
from flask_login import current_user

from review import accounts, links
from review.keys import is_id
from review.models import Account, ClipLink, Upload
from review.states import Action
from webapp.deps import deps

KEY = "links"  # in the session: clip's id -> the secret of a session that opens it
MOST = 6  # clips that one browser follows by links; a cookie holds no more
# What the link opens. A page that is not named here does not know who came by one.
_PAGES = frozenset(
    {
        "clips.show",
        "clips.progress",
        "clips.withdraw",
        "clips.retry",
        "answers.save",
        "library.clip",
        "media.file",
    }
)
_UPLOADS = frozenset({"uploads.head", "uploads.append", "uploads.terminate"})
# What the upload page's script asks beside: which clip's page it is stands in the address.
_ASKS = frozenset({"submit.me", "uploads.room"})
_ACTIONS = frozenset({Action.RESUBMIT, Action.WITHDRAW, Action.RETRY})
_ANNOUNCED = re.compile(r"(?:^|,)\s*clip +([A-Za-z0-9+/=]+)")


def remember(link: ClipLink, secret: str) -> None:
    """The browser may open the link's clip from now on."""
    kept = {k: v for k, v in _kept().items() if k != link.clip_id}
    session[KEY] = dict([*kept.items(), (link.clip_id, secret)][-MOST:])
    session.permanent = True


def _kept() -> dict[str, str]:
    found = session.get(KEY)
    return found if isinstance(found, dict) else {}


def close_all() -> None:
    """End the sessions of this browser's links, in the database too."""
    if not _kept():
        return
    with deps().database.write() as rows:
        for secret in _kept().values():
            accounts.close_session(rows, secret)


def visitor() -> tuple[Account, str] | None:
    """(owner, clip's id) where this request is about a clip that the browser has a link to."""
    if not _kept():
        return None
    clip_id = _clip_asked_for()
    secret = _kept().get(clip_id or "")
    if clip_id is None or secret is None:
        return None
    with deps().database.read() as rows:
        owner = links.session_owner(rows, secret, clip_id)
    return None if owner is None else (owner, clip_id)


def _clip_asked_for() -> str | None:
    named = request.view_args or {}
    if request.endpoint in _PAGES:
        return named.get("clip_id")
    if request.endpoint in _ASKS:
        return request.args.get("clip")
    if request.endpoint == "uploads.create":
        return _announced_clip()
    if request.endpoint in _UPLOADS and is_id(named.get("upload_id", "")):
        with deps().database.read() as rows:
            upload = rows.get(Upload, named["upload_id"])
        return upload.clip_id if upload is not None else None
    return None


def _announced_clip() -> str | None:
    """The clip that a new upload is for, as its metadata says."""
    found = _ANNOUNCED.findall(request.headers.get("Upload-Metadata", ""))
    try:
        return base64.b64decode(found[0], validate=True).decode() if len(found) == 1 else None
    except (binascii.Error, UnicodeDecodeError):
        return None


def by_link() -> bool:
    """Whether the one who asks is here by a private link."""
    return clip_by_link() is not None


def clip_by_link() -> str | None:
    """The clip whose private link brought here the one who asks."""
    found: str | None = getattr(current_user, "by_link", None)
    return found


def trimmed(context: Mapping[str, Any]) -> dict[str, Any]:
    """A clip's page without what a link does not open."""
    if not by_link():
        return dict(context)
    rest: dict[str, Any] = {"pictures": [], "same_file": None, "may_record": False}
    if "buttons" in context:
        rest["buttons"] = [b for b in context["buttons"] if b in _ACTIONS]
    return {**context, **rest}
