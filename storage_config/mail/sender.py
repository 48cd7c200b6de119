"""Who a mail comes from: the installation, whoever it is about."""

from __future__ import annotations

from copy import deepcopy
from email.message import EmailMessage


def with_sender(message: EmailMessage, sender: str) -> EmailMessage:
    """The mail with its ``From``; the one that was given stays as it is."""
    sent = deepcopy(message)
    sent["From"] = sender
    return sent
