"""What a mail says, who gets one, and when a server's "later" ends."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from sqlalchemy import select

from review import clock, jobs, queries, submission
from review.errors import InvalidInput, NoSuchThing
from review.models import Account, Job, Notice
from review.notices import mail
from review.notices.kinds import KINDS
from review.policy import Role
from review.states import Action, State
from tests.world import World

ADDRESS = "ten@truong.example.vn"
OFFICE = "Phòng Giáo dục và Đào tạo"


def reading_mail(world: World, role: Role = Role.TEACHER, choice: str = "each") -> Account:
    account = world.account(role, email=ADDRESS)
    world.people[role] = account
    with world.write() as session:
        session.get_one(Account, account.id).mail = choice
    return account


def queued(world: World) -> list[Job]:
    with world.read() as session:
        return list(session.scalars(select(Job).where(Job.kind == "mail").order_by(Job.id)))


def message(world: World, claim: jobs.Claim) -> EmailMessage | None:
    with world.read() as session:
        return mail.of_job(
            session, claim, public_url="https://lantoa.example.vn", office=OFFICE, language="vi"
        )


def claim(world: World) -> jobs.Claim:
    with world.write() as session:
        found = jobs.claim(session, "w", ["mail"])
    assert found is not None
    return found


def test_a_mail_says_the_kind_a_link_and_the_office(any_world: World) -> None:
    world = any_world
    account = reading_mail(world)
    clip_id = world.clip(State.REFUSED, title="Tên của một bạn")
    found = message(world, claim(world))
    assert found is not None
    with world.read() as session:
        notice = session.scalars(select(Notice)).one()
    assert found["Message-ID"] == f"<{notice.id}@lantoa.example.vn>"
    assert (found["To"], found["Subject"]) == (ADDRESS, f"{KINDS['refused'].vi} · Lan Tỏa")
    assert found.get_content() == (
        "Tệp của một clip chưa dùng được.\n\n"
        "Xem trên trang (cần đăng nhập):\n"
        f"https://lantoa.example.vn/notices/{notice.id}\n\n"
        f"{OFFICE}\n\n"
        "Thư này do máy gửi, xin đừng trả lời. Đổi hoặc thôi nhận thư:\n"
        "https://lantoa.example.vn/notices\n"
    )
    for private in ("Tên của một bạn", clip_id, account.id, account.username, account.label):
        assert str(private) not in found.get_content()


@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_subject_is_read_as_it_was_written_wherever_it_is_folded(
    world: World, language: str
) -> None:
    account = reading_mail(world)
    with world.read() as session:
        now = clock.now(session)
    for kind in KINDS:
        notice = Notice(id="1", account_id=account.id, kind=kind, at=now)
        made = mail.compose(notice, account, "https://lantoa.example.vn", OFFICE, language)
        subject = f"{KINDS[kind].sentence(language)} · Lan Tỏa"
        sent = made.as_bytes(policy=made.policy.clone(linesep="\r\n"))
        assert message_from_bytes(sent, policy=policy.default)["Subject"] == subject
        assert max(map(len, sent.partition(b"\r\n\r\n")[0].split(b"\r\n"))) <= 78


def test_a_second_copy_is_the_same_to_the_byte(world: World) -> None:
    reading_mail(world)
    world.clip(State.REFUSED)
    one = claim(world)
    assert bytes(message(world, one) or b"") == bytes(message(world, one) or b"")


def test_in_the_readers_language(world: World) -> None:
    account = reading_mail(world)
    with world.write() as session:
        mail.choose(session, account.id, ADDRESS, "each", "en")
    world.clip(State.REFUSED)
    found = message(world, claim(world))
    assert found is not None
    assert found["Subject"] == "The file of a clip cannot be used · Lan Tỏa"
    assert "sign in" in found.get_content()


@pytest.mark.parametrize(("choice", "count"), [("each", 1), ("daily", 0), ("none", 0)])
def test_as_the_person_chose(world: World, choice: str, count: int) -> None:
    reading_mail(world, choice=choice)
    world.clip(State.REFUSED)
    assert len(queued(world)) == count


@pytest.mark.parametrize(("choice", "count"), [("each", 1), ("daily", 1), ("none", 0)])
def test_a_case_does_not_wait_for_a_day(world: World, choice: str, count: int) -> None:
    reading_mail(world, Role.SAFEGUARDING, choice)
    world.clip(State.HELD)
    found = queued(world)
    assert [(j.clip_id, j.confidential) for j in found] == [(None, True)] * count


def test_what_changed_meanwhile_counts(world: World) -> None:
    """Switched off, no address any more, or a clip that is now held: no mail leaves."""
    account = reading_mail(world)
    clip_id = world.clip(State.REFUSED, owner=world.person(Role.PUPIL))
    one = claim(world)
    assert message(world, one) is not None
    with world.write() as session:
        session.get_one(Account, account.id).email = None
    assert message(world, one) is None
    with world.write() as session:
        session.get_one(Account, account.id).email = ADDRESS
        session.get_one(type(world.get(clip_id)), clip_id).state = "held"
    assert message(world, one) is None


HOSTILE = [
    "ten@truong.example.vn\r\nBcc: khac@example.vn",
    "ten@truong.example.vn, khac@example.vn",
    "Tên <ten@truong.example.vn>",
    "ten@truong",
    "ten truong@example.vn",
    "tên@truong.example.vn",
    "ten@truong.example.vn\x00",
    "@example.vn",
    f"{'a' * 250}@example.vn",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_an_address_is_one_address_and_nothing_else(world: World, text: str) -> None:
    with pytest.raises(InvalidInput):
        mail.address(text)
    teacher = world.person(Role.TEACHER)
    with world.write() as session, pytest.raises(InvalidInput):
        mail.choose(session, teacher.id, text, "each", "vi")


def test_hostile_names_reach_no_mail(world: World) -> None:
    """A label or a title with line breaks is nowhere in a mail, so it can not end a header."""
    account = reading_mail(world)
    with world.write() as session:
        session.get_one(Account, account.id).label = "A\r\nBcc: khac@example.vn"
    world.clip(State.REFUSED, title="B\r\nSubject: khac")
    found = message(world, claim(world))
    assert found is not None
    assert b"khac" not in bytes(found)


def test_a_pupil_has_no_address(world: World) -> None:
    pupil = world.person(Role.PUPIL)
    with world.write() as session:
        mail.choose(session, pupil.id, ADDRESS, "each", "vi")
    world.clip(State.REFUSED, owner=pupil)
    with world.read() as session:
        assert session.get_one(Account, pupil.id).email is None
    assert queued(world) == []


def test_later_is_longer_each_time_and_ends_after_two_days(any_world: World) -> None:
    world = any_world
    reading_mail(world)
    world.clip(State.REFUSED)
    waits = []
    for hours in (0.0, 0.5, 3, 30, 49):
        with world.write() as session:
            job = session.scalars(select(Job).where(Job.kind == "mail")).one()
            now = mail.clock.now(session)
            job.created_at, job.next_attempt_at = now - timedelta(hours=hours), now
        one = claim(world)
        with world.write() as session:
            mail.delayed(session, one, "mail_delayed")
        (job,) = queued(world)
        waits.append(
            job.problem
            if job.state == "failed"
            else round((job.next_attempt_at - now).total_seconds() / 60)
        )
        with world.write() as session:
            assert jobs.claim(session, "w", ["mail"]) is None  # not before its time
    assert waits == [1, 30, 180, 240, "mail_delayed"]


def failed_mail(world: World) -> str:
    one = claim(world)
    with world.write() as session:
        jobs.fail(session, one, "mail_refused")
    return one.job_id


def test_the_operator_sees_a_mail_that_was_refused_and_starts_it_again(world: World) -> None:
    reading_mail(world)
    world.clip(State.REFUSED)
    job_id = failed_mail(world)
    with world.read() as session:
        page = queries.job_list(session, "failed", refusals=False)
    assert [(j.id, j.clip_id, j.problem) for j in page.items] == [(job_id, None, "mail_refused")]
    moderator, admin = world.actor(Role.MODERATOR), world.actor(Role.ADMIN)
    with world.write() as session:
        with pytest.raises(NoSuchThing):
            submission.retry_job(session, job_id, moderator)
        assert submission.retry_job(session, job_id, admin) == job_id
    assert [j.state for j in queued(world)] == ["queued"]


def test_a_cases_mail_is_in_nobodys_list_and_its_officer_is_told(world: World) -> None:
    officer, admin = reading_mail(world, Role.SAFEGUARDING), world.actor(Role.ADMIN)
    clip_id = world.clip()
    with world.read() as session:
        before = [j.id for j in queries.job_list(session).items]
    world.decide(clip_id, Action.ESCALATE, Role.REVIEWER)
    job_id = failed_mail(world)
    with world.read() as session:
        assert [j.id for j in queries.job_list(session).items] == before
        assert mail.lost_mail(session, officer.id)
        assert not mail.lost_mail(session, admin.id or "")
    with world.write() as session, pytest.raises(NoSuchThing):
        submission.retry_job(session, job_id, admin)


def test_withdrawing_a_clip_leaves_the_mail_about_it(world: World) -> None:
    reading_mail(world)
    clip_id = world.clip(State.PUBLISHED)
    before = len(queued(world))
    world.withdraw(clip_id)
    assert [j.state for j in queued(world)] == ["queued"] * (before + 1)
