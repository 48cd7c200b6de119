"""From a move to a mailbox, with a real server: later, never, and killed in between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage

import pytest
from sqlalchemy import select

from review.models import Job
from review.policy import Role
from review.ports import Mailer
from review.states import Action, State
from storage_config.mail import FileMailer, SmtpMailer
from tests.services.smtp import Mailbox, mailbox
from tests.workers.office import Office
from workers.pipeline import work_once
from workers.sweep import Sweeper

ADDRESS = "ten@truong.example.vn"


class Killed(BaseException):
    """What no program catches: the end of the process."""


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as found:
        yield found


@pytest.fixture
def sending(office: Office, box: Mailbox) -> Office:
    """An office whose teacher reads mail, with a mail server."""
    office.world.people[Role.TEACHER] = office.world.account(Role.TEACHER, email=ADDRESS)
    return with_mailer(office, SmtpMailer("127.0.0.1", box.port, "lantoa@phong.example.vn"))


def with_mailer(office: Office, mailer: Mailer) -> Office:
    office.deps = replace(office.deps, mailer=mailer)
    return office


def send(office: Office) -> bool:
    return work_once(office.deps, "w", ["mail"])


def mail_jobs(office: Office) -> list[tuple[str, int, str | None]]:
    with office.deps.database.read() as session:
        rows = session.scalars(select(Job).where(Job.kind == "mail").order_by(Job.id))
        return [(j.state, j.attempts, j.problem) for j in rows]


def test_each_notice_is_one_mail(sending: Office, box: Mailbox) -> None:
    sending.world.clip(State.CHANGES_REQUESTED)
    while send(sending):
        pass
    assert [m["Subject"] for m in box.mails] == [
        "Một clip đã kiểm tra xong và đang chờ duyệt · Lan Tỏa",
        "Một clip cần sửa rồi nộp lại · Lan Tỏa",
    ]
    assert [to for _, to, _ in box.taken] == [[ADDRESS]] * 2
    assert mail_jobs(sending) == [("done", 1, None)] * 2
    assert sending.scratch() == []


@pytest.mark.parametrize("verb", ["RCPT", "END"])
def test_later_is_tried_again_and_arrives_once(sending: Office, box: Mailbox, verb: str) -> None:
    sending.world.clip(State.REFUSED)
    box.answers = {verb: ["451 greylisted"] * 4}
    for _ in range(4):  # more often than a job that crashes may
        assert send(sending)
        assert mail_jobs(sending) == [("queued", 0, "mail_delayed")]
        assert not send(sending)
        sending.make_due()
    assert send(sending)
    assert mail_jobs(sending)[0][0] == "done"
    assert len(box.taken) == 1


def test_never_is_given_up_at_once(sending: Office, box: Mailbox) -> None:
    sending.world.clip(State.REFUSED)
    box.answers = {"RCPT": ["550 no such mailbox"]}
    assert send(sending)
    assert mail_jobs(sending) == [("failed", 1, "mail_refused")]
    sending.make_due()
    assert not send(sending)


def test_a_server_that_is_away_costs_nobody_anything(sending: Office) -> None:
    with_mailer(sending, SmtpMailer("127.0.0.1", 1, "lantoa@phong.example.vn"))
    clip_id = sending.world.clip(State.REFUSED)
    assert send(sending)
    assert mail_jobs(sending) == [("queued", 0, "mail_delayed")]
    assert sending.clip(clip_id).state == "refused"


class Dying:
    """Sends, and then the process is gone before anything is written."""

    def __init__(self, real: Mailer) -> None:
        self.real = real

    def send(self, message: EmailMessage) -> None:
        self.real.send(message)
        raise Killed

    def tidy(self) -> int:
        return 0


def test_killed_between_sending_and_writing_the_copy_can_be_known(
    sending: Office, box: Mailbox
) -> None:
    sending.world.clip(State.REFUSED)
    alive = sending.deps.mailer
    with_mailer(sending, Dying(alive))
    with pytest.raises(Killed):
        send(sending)
    assert mail_jobs(sending) == [("running", 1, None)]
    sending.make_due()
    with_mailer(sending, alive)
    assert send(sending)
    assert mail_jobs(sending) == [("done", 2, None)]
    first, second = box.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert box.taken[0] == box.taken[1]
    assert not send(sending)


def test_as_files_a_mail_is_there_once_whatever_is_killed(sending: Office) -> None:
    files = FileMailer(sending.data / "mail", "lantoa@localhost")
    sending.world.clip(State.REFUSED)
    with_mailer(sending, Dying(files))
    for _ in range(3):
        with pytest.raises(Killed):
            send(sending)
        sending.make_due()
    with_mailer(sending, files)
    assert not send(sending)  # three deaths are enough: the sweep gives it up
    assert Sweeper(sending.deps).give_up_exhausted() == 1
    assert mail_jobs(sending) == [("failed", 3, "worker_lost")]
    assert len(list((sending.data / "mail").iterdir())) == 1


def test_a_hold_reaches_the_officers_mailbox_and_no_other(sending: Office, box: Mailbox) -> None:
    world = sending.world
    for role in (Role.MODERATOR, Role.ADMIN, Role.REVIEWER):
        world.people[role] = world.account(role, email=f"{role}@phong.example.vn")
    world.people[Role.SAFEGUARDING] = world.account(
        Role.SAFEGUARDING, email="bao-ve@phong.example.vn"
    )
    clip_id = world.clip(State.IN_REVIEW, title="Tên của một bạn")
    while send(sending):
        pass
    before = len(box.taken)
    world.decide(clip_id, Action.ESCALATE, Role.REVIEWER)
    while send(sending):
        pass
    (mail,) = box.mails[before:]
    assert (mail["To"], mail["Subject"]) == (
        "bao-ve@phong.example.vn",
        "Có một việc mới chờ bạn · Lan Tỏa",
    )
    text = mail.get_content().lower()
    assert [w for w in ("clip", "trẻ", "nguy", clip_id, "tên của") if w in text] == []


def test_the_sweep_writes_the_days_digests(sending: Office, box: Mailbox) -> None:
    world = sending.world
    world.people[Role.REVIEWER] = world.account(Role.REVIEWER, email="duyet@truong.example.vn")
    world.clip(State.IN_REVIEW, owner=world.person(Role.PUPIL))
    settings = replace(sending.settings, digest_hour=0)
    sending.deps = replace(sending.deps, settings=settings)
    for _ in range(2):
        Sweeper(sending.deps).send_digests()
    while send(sending):
        pass
    assert [m["To"] for m in box.mails] == ["duyet@truong.example.vn"]
    assert box.mails[0]["Subject"] == "Có clip đang chờ bạn duyệt · Lan Tỏa"
