"""What a browser may keep for a person: whose it is, and the key that seals it.

Both come from the account and the installation's secret, so they are the same on every device and
after every sign-in, and nobody without a session of the account learns them. Whoever came by a
clip's private link has a pair of that clip's: others follow other clips of the same account.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from review.models import Account
from webapp.deps import deps
from webapp.linked import clip_by_link


def _derived(purpose: str, account: Account) -> bytes:
    secret = deps().settings.secret_key.encode()
    clip_id = clip_by_link()
    whose = account.id if clip_id is None else f"{account.id} {clip_id}"
    return hmac.digest(secret, f"browser {purpose} {whose}".encode(), hashlib.sha256)


def owner_tag(account: Account | None) -> str:
    """A name for the account that says nothing of it; "" for nobody."""
    return _derived("owner", account).hex()[:24] if account is not None else ""


def seal_key(account: Account) -> str:
    """32 bytes for AES-GCM, in base64."""
    return base64.b64encode(_derived("key", account)).decode()
