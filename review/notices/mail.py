"""A notice as a mail, and how its job ends.

A mail says the kind of the notice, leads to the sign-in page, and names the office: nothing that
whoever reads along could learn about a person or a clip.
"""

from __future__ import annotations

import re
from datetime import timedelta
from email.header import Header
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from review import clock, jobs
from review.errors import InvalidInput
from review.jobs import Claim
from review.models import Account, Job, Notice
from review.notices import reading
from review.notices.kinds import CHOICES, KINDS
from review.notices.telling import wants_mail
from review.policy import Role
from review.text import one_of

SOONEST = timedelta(minutes=1)
GIVE_UP = timedelta(days=2)  # later the news is old, and the page has it anyway
# ASCII only, and nothing that could end a header or begin a second address.
_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@([A-Za-z0-9](-*[A-Za-z0-9])*\.)+[A-Za-z]{2,63}"
)


class _Policy(EmailPolicy):
    """Where the usual one folds a subject between two encoded words it loses the space."""

    def fold(self, name: str, value: Any) -> str:
        if name.lower() == "subject":
            encoded = Header(str(value), "utf-8", header_name=name).encode(linesep=self.linesep)
            return f"{name}: {encoded}{self.linesep}"
        return str(super().fold(name, value))

    def fold_binary(self, name: str, value: Any) -> bytes:
        if name.lower() == "subject":
            return self.fold(name, value).encode("ascii")
        return bytes(super().fold_binary(name, value))


POLICY = _Policy()


def address(text: str) -> str | None:
    """The address as it was typed, or None for an empty one; raises :class:`InvalidInput`."""
    found = text.strip()
    if not found:
        return None
    if len(found) > 254 or not _ADDRESS.fullmatch(found):
        raise InvalidInput(email="Địa chỉ thư chưa đúng, ví dụ: ten@truong.example.vn.")
    return found


def choose(session: Session, account_id: str, email: str, mail: str, locale: str) -> Account:
    """How this person wants to be told. Pupils have no address here."""
    account = session.get_one(Account, account_id)
    if mail not in CHOICES:
        raise InvalidInput(mail=one_of(CHOICES))
    if locale not in ("vi", "en"):
        raise InvalidInput(locale=one_of(("vi", "en")))
    account.email = None if account.role == Role.PUPIL else address(email)
    account.mail, account.locale = mail, locale
    session.flush()
    return account


def of_job(
    session: Session, claim: Claim, *, public_url: str, office: str, language: str
) -> EmailMessage | None:
    """The mail to send; None when nobody is to have it any more. The same each time it is asked:
    a second copy, sent because a crash hid the first, can be known by its Message-ID.

    ``language``: of those who have not chosen one.
    """
    notice = session.get(Notice, claim.notice_id)
    if notice is None:
        return None
    account = session.get_one(Account, notice.account_id)
    if not wants_mail(account, notice.kind) or not reading.is_shown(session, notice, account):
        return None
    return compose(notice, account, public_url, office, account.locale or language)


def compose(
    notice: Notice, account: Account, public_url: str, office: str, language: str
) -> EmailMessage:
    sentence = KINDS[notice.kind].sentence(language)
    message = EmailMessage(POLICY)
    message["Subject"] = f"{sentence} · Lan Tỏa"
    message["To"] = account.email
    message["Date"] = format_datetime(notice.at)
    message["Message-ID"] = f"<{notice.id}@{urlsplit(public_url).hostname or 'localhost'}>"
    message["Auto-Submitted"] = "auto-generated"  # no holiday answers
    message["Content-Language"] = language
    links = f"{public_url}/notices/{notice.id}", f"{public_url}/notices"
    text = _BODIES[language].format(sentence, *links, office)
    message.set_content(text, cte="quoted-printable")  # any server takes seven bits
    return message


_BODIES = {
    "vi": (
        "{0}.\n\nXem trên trang (cần đăng nhập):\n{1}\n\n{3}\n\n"
        "Thư này do máy gửi, xin đừng trả lời. Đổi hoặc thôi nhận thư:\n{2}\n"
    ),
    "en": (
        "{0}.\n\nSee it on the site (you have to sign in):\n{1}\n\n{3}\n\n"
        "A machine sent this mail; please do not answer. To change or end these mails:\n{2}\n"
    ),
}


def delayed(session: Session, claim: Claim, code: str) -> None:
    """The server asks to come later, or does not answer: so long again as the mail has waited."""
    waited = clock.now(session) - jobs.get(session, claim.job_id).created_at
    if waited > GIVE_UP:
        return jobs.fail(session, claim, code)
    wait = min(jobs.LONGEST_WAIT, max(SOONEST, waited))
    jobs.retry_later(session, claim, code, counted=False, wait=wait)
    return None


def lost_mail(session: Session, account_id: str) -> bool:
    """Whether the last mail about a case did not come through: its officer is told, nobody else."""
    last = (
        select(Job)
        .join(Notice, Notice.id == Job.notice_id)
        .where(
            Notice.account_id == account_id,
            Job.confidential,
            Job.state.in_(("done", "failed")),
        )
        .order_by(Job.finished_at.desc())
    )
    found = session.scalars(last.limit(1)).first()
    return found is not None and found.state == "failed"
