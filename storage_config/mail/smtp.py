"""Mail through a server: one connection a mail, and every answer told as one of two errors."""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from storage_config.mail.sender import with_sender

TIMEOUT = 10.0  # seconds for each answer: a worker waits for it


class MailRefused(Exception):
    """The server will not take this mail, now or later."""


class MailDelayed(Exception):
    """The server is away, or asks to come again later."""


@dataclass(frozen=True, slots=True)
class SmtpMailer:
    host: str
    port: int
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)
    tls: str = "none"  # none | starttls | whole
    timeout: float = TIMEOUT

    @classmethod
    def at(cls, url: str, sender: str) -> SmtpMailer:
        parts = urlsplit(url)
        tls = _tls(parts)
        port = parts.port or {"whole": 465, "starttls": 587, "none": 25}[tls]
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        return cls(parts.hostname or "", port, sender, user, password, tls)

    def send(self, message: EmailMessage) -> None:
        """Raises :class:`MailRefused` or :class:`MailDelayed`."""
        with self._connected() as server:
            try:
                sent = with_sender(message, self.sender)
                server.send_message(sent, self.sender, [str(message["To"])])
            except smtplib.SMTPRecipientsRefused as error:
                raise _told(next(iter(error.recipients.values()))[0], "the recipient") from None
            except smtplib.SMTPSenderRefused as error:
                raise _told(error.smtp_code, "the sender") from None
            except smtplib.SMTPDataError as error:
                raise _told(error.smtp_code, "the mail") from None

    @contextlib.contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        try:
            server = self._open()
            try:
                yield server
            finally:
                # Once the mail is taken, nothing that goes wrong may have it sent again.
                with contextlib.suppress(smtplib.SMTPException, OSError):
                    server.quit()
        except (smtplib.SMTPException, OSError) as error:
            # The server's words may hold addresses: its kind of answer is enough.
            code = getattr(error, "smtp_code", None)
            raise MailDelayed(f"{type(error).__name__} {code or ''}".strip()) from None

    def _open(self) -> smtplib.SMTP:
        # Without a name it would ask the DNS for its own.
        name = self.sender.rpartition("@")[2]
        # Said: without one of ours Python looks at no certificate, and signs in to anybody.
        trusted = ssl.create_default_context()
        place: Any = {"host": self.host, "port": self.port}
        place |= {"local_hostname": name, "timeout": self.timeout}
        if self.tls == "whole":
            server: smtplib.SMTP = smtplib.SMTP_SSL(**place, context=trusted)
        else:
            server = smtplib.SMTP(**place)
        try:
            if self.tls == "starttls":
                server.starttls(context=trusted)
            if self.user:
                server.login(self.user, self.password)
        except BaseException:
            server.close()
            raise
        return server

    def check(self) -> None:
        """Connect and sign in, as for a mail; raises :class:`MailDelayed`."""
        with self._connected() as server:
            server.noop()

    def tidy(self) -> int:
        return 0

    def __str__(self) -> str:
        return f"mail goes to {self.host}:{self.port}"


def _tls(parts: SplitResult) -> str:
    if parts.scheme == "smtps":
        return "whole"
    return "starttls" if parse_qs(parts.query).get("starttls") == ["1"] else "none"


def _told(code: int, what: str) -> MailRefused | MailDelayed:
    kind = MailRefused if code >= 500 else MailDelayed
    return kind(f"the server answered {code} to {what}")
