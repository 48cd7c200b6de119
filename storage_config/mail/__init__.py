"""Mail: by SMTP, or as files where no server is set. One shape, and two errors for both."""

from __future__ import annotations

from storage_config.mail.files import FileMailer
from storage_config.mail.smtp import MailDelayed, MailRefused, SmtpMailer
from storage_config.settings import Settings

__all__ = ["FileMailer", "MailDelayed", "MailRefused", "SmtpMailer", "check", "mailer"]


def mailer(settings: Settings) -> FileMailer | SmtpMailer:
    """What the settings name. Nothing is connected to before the first mail."""
    if settings.smtp_url:
        return SmtpMailer.at(settings.smtp_url, settings.mail_from)
    return FileMailer(settings.data / "mail", settings.mail_from)


def check(settings: Settings) -> str:
    """Where mail goes, after a try; raises :class:`MailDelayed` or ``OSError`` with what is wrong.
    Nothing is sent."""
    found = mailer(settings)
    found.check()
    return str(found)
