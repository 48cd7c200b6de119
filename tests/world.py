"""An invented district for tests: short calls that make schools, people, and clips in any state.

Everything goes through the rules of `review`, as the programs do it: no row is written that the
rules could not have written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from review import (
    accounts,
    campaigns,
    decisions,
    jobs,
    processing,
    publication,
    reports,
    submission,
)
from review.campaigns import Plan
from review.consent import GivenConsent, Person, Scope
from review.decisions import NoteInput, Verdict
from review.details import Details
from review.keys import derived, new_id, original
from review.models import Account, Campaign, Clip, Library, School, SchoolClass
from review.policy import Actor, Role
from review.processing import Output, Rendered
from review.reports import Limits
from review.stages import Stage
from review.states import Action, State
from review.uploads import register_upload
from storage_config.database import Database

TITLE = "Không chia sẻ mật khẩu"
PASSWORD = "mat-khau-de-thu"
LIMITS = Limits(to_hide=3, alone_a_day=1000, counted_a_day=1000)
FACTS: dict[str, Any] = {"duration_s": 12.5, "width": 640, "height": 360, "tags_removed": ["gps"]}


def consented(label: str = "bạn áo đỏ", scope: Scope = Scope.PUBLIC, **more: Any) -> Person:
    """A child of seven or more with both consents."""
    given = tuple(GivenConsent(kind, scope, **more) for kind in ("guardian", "own"))
    return Person(label, consents=given)


@dataclass
class World:
    """One database with a school. Every call is one transaction of its own."""

    database: Database
    school: School = field(init=False)
    group: SchoolClass = field(init=False)
    people: dict[Role, Account] = field(default_factory=dict)

    def __post_init__(self) -> None:
        with self.database.write() as session:
            self.school = accounts.add_school(session, f"Trường THCS {new_id()}")
            self.group = accounts.add_class(session, self.school.id, "Lớp 7A")

    @contextmanager
    def write(self) -> Iterator[Session]:
        with self.database.write() as session:
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        with self.database.read() as session:
            yield session

    def account(self, role: Role, *, school: School | None = None, **more: Any) -> Account:
        """A new person of this role, of this world's school unless told otherwise."""
        with self.write() as session:
            if role is Role.PUPIL:
                return accounts.join_class(session, self.group.code)
            return accounts.add_account(
                session,
                username=f"{role}-{new_id()[-8:]}",
                password=PASSWORD,
                role=role,
                label=str(role),
                school_id=(school or self.school).id,
                class_id=self.group.id if role is Role.TEACHER and school is None else None,
                **more,
            )

    def person(self, role: Role) -> Account:
        """The one person of this role that this world knows by default."""
        if role not in self.people:
            self.people[role] = self.account(role)
        return self.people[role]

    def actor(self, role: Role) -> Actor:
        return accounts.actor_of(self.person(role))

    def another_school(self) -> School:
        with self.write() as session:
            return accounts.add_school(session, f"Trường THCS {new_id()}")

    def token(self, role: Role) -> str:
        account_id = self.person(role).id
        with self.write() as session:
            return accounts.add_token(session, label="test", account_id=account_id)

    def library(self) -> tuple[Library, str]:
        """A library and its token."""
        with self.write() as session:
            row = accounts.add_library(session, f"Thư viện {new_id()}")
            return row, accounts.add_token(session, label="test", library_id=row.id)

    def upload(self, owner: Account | None = None, content: bytes = b"bytes of the clip") -> str:
        """Id of a complete upload (its row only: no bytes are stored)."""
        owner = owner or self.person(Role.TEACHER)
        with self.write() as session:
            row = register_upload(session, owner, len(content), "clip.mp4", hours=1, clip_id=None)
            key, sha256 = original(row.id), hashlib.sha256(content).hexdigest()
            return submission.complete_upload(session, row.id, key=key, sha256=sha256).id

    def clip(
        self,
        state: State = State.IN_REVIEW,
        *,
        stage: int = 0,
        owner: Account | None = None,
        title: str = TITLE,
        scope: Scope | None = None,
        people: tuple[Person, ...] = (),
        campaign: str | None = None,
        content: bytes | None = None,
    ) -> str:
        """Id of a clip that came to ``state`` (and ``stage`` of the review) the ordinary way."""
        owner = owner or self.person(Role.TEACHER)
        with self.write() as session:
            details = Details(title=title, scope=scope, campaign=campaign)
            clip_id = submission.create_draft(session, owner, details, people).id
        if state is not State.DRAFT:
            upload = self.upload(owner) if content is None else self.upload(owner, content)
            with self.write() as session:
                submission.submit(session, clip_id, upload, accounts.actor_of(owner))
            self._bring(clip_id, state, stage, owner)
        return clip_id

    def again(self, *, owner: Account | None = None) -> str:
        """Id of a clip that was sent back and handed in again: its second revision is in review."""
        owner = owner or self.person(Role.TEACHER)
        clip_id = self.clip(State.CHANGES_REQUESTED, owner=owner)
        self.resubmit(clip_id, owner)
        return clip_id

    def resubmit(self, clip_id: str, owner: Account) -> None:
        upload = self.upload(owner, b"bytes of another file")
        with self.write() as session:
            submission.resubmit(session, clip_id, upload, accounts.actor_of(owner))
        self.examine(clip_id)

    def _bring(self, clip_id: str, state: State, stage: int, owner: Account) -> None:
        if state is State.PROCESSING:
            return None
        if state is State.REFUSED:
            return self.refuse(clip_id)
        if state is State.FAILED:
            return self.give_up(clip_id)
        self.examine(clip_id)
        if state is State.IN_REVIEW:
            if stage == 1:
                self.decide(clip_id, Action.APPROVE, Role.REVIEWER)
            return None
        if state is State.CHANGES_REQUESTED:
            return self.decide(clip_id, Action.REQUEST_CHANGES, Role.REVIEWER)
        if state is State.REJECTED:
            return self.decide(clip_id, Action.REJECT, Role.REVIEWER)
        if state is State.HELD:
            return self.decide(clip_id, Action.ESCALATE, Role.REVIEWER)
        if state is State.WITHDRAWN:
            self.approve(clip_id, ladder=True)
            return self.withdraw(clip_id)
        self.approve(clip_id, ladder=state in (State.PUBLISHED, State.SUSPENDED))
        if state is State.SUSPENDED:
            assert self.report(clip_id) == "sent"
        return None

    def campaign(self, *stages: Stage, **more: Any) -> Campaign:
        """A campaign whose clips are reviewed in ``stages`` (none: the default policy)."""
        keeper = self.actor(Role.MODERATOR)
        plan = Plan(**{"title": "Tuần lễ an toàn", "stages": stages, **more})
        with self.write() as session:
            return campaigns.add(session, f"an-toan-{new_id()[-8:]}", plan, keeper)

    def get(self, clip_id: str) -> Clip:
        with self.read() as session:
            return session.get_one(Clip, clip_id)

    def claim_job(self, clip_id: str, kind: str) -> jobs.Claim:
        """Claim this clip's job of ``kind``, whatever else is due."""
        with self.write() as session:
            for _ in range(1000):
                claim = jobs.claim(session, "test-worker", [kind])
                assert claim is not None, f"no {kind} job is due"
                if claim.clip_id == clip_id:
                    break
                jobs.retry_later(session, claim, "storage", counted=False)
            return claim

    def examine(self, clip_id: str) -> None:
        claim = self.claim_job(clip_id, "examine")
        base = derived(clip_id, self.get(clip_id).revision, claim.attempt_name)
        sha256 = hashlib.sha256(claim.attempt_name.encode()).hexdigest()
        outputs = [
            Output("proxy.mp4", f"{base}/proxy.mp4", 9, sha256, "video/mp4"),
            Output("poster.jpg", f"{base}/poster.jpg", 4, sha256, "image/jpeg"),
        ]
        with self.write() as session:
            processing.examined(
                session,
                claim,
                facts=FACTS,
                outputs=outputs,
                watched_sha256=sha256,
                signals={"preview_s": FACTS["duration_s"]},
            )

    def ladder(self, clip_id: str) -> None:
        claim = self.claim_job(clip_id, "ladder")
        base = derived(clip_id, self.get(clip_id).revision, claim.attempt_name)
        sha256 = hashlib.sha256(claim.attempt_name.encode()).hexdigest()
        mime = {"hls/master.m3u8": "application/vnd.apple.mpegurl", "mp4/360p.mp4": "video/mp4"}
        outputs = [Output(w, f"{base}/{w}", 9, sha256, m) for w, m in mime.items()]
        renditions = [
            Rendered("hls", "hls/master.m3u8", 640, 360, 9, sha256, mime["hls/master.m3u8"]),
            Rendered("mp4", "mp4/360p.mp4", 640, 360, 9, sha256, mime["mp4/360p.mp4"]),
        ]
        with self.write() as session:
            processing.laddered(session, claim, outputs=outputs, renditions=renditions)

    def refuse(self, clip_id: str, code: str = "not_a_video") -> None:
        claim = self.claim_job(clip_id, "examine")
        with self.write() as session:
            processing.refused(session, claim, code)

    def give_up(self, clip_id: str, code: str = "tool_crashed") -> None:
        claim = self.claim_job(clip_id, "examine")
        with self.write() as session:
            processing.gave_up(session, claim, code)

    def decide(self, clip_id: str, action: Action, role: Role) -> None:
        clip = self.get(clip_id)
        notes = [NoteInput(1.5, "name_visible", "bảng tên ở áo")]
        verdict = Verdict(action, clip.revision, clip.version, notes, watched=True)
        actor = self.actor(role)
        with self.write() as session:
            decisions.decide(session, clip_id, actor, verdict)

    def approve(self, clip_id: str, *, ladder: bool) -> None:
        """Both stages; with its ladder an approved clip whose consents cover it is published."""
        self.decide(clip_id, Action.APPROVE, Role.REVIEWER)
        self.decide(clip_id, Action.APPROVE, Role.MODERATOR)
        if ladder:
            self.ladder(clip_id)

    def report(
        self,
        clip_id: str,
        reason: str = "in_it",
        *,
        who: str | None = None,
        text: str = "",
        limits: Limits = LIMITS,
    ) -> str:
        """What somebody (a new one each time, unless named) is told who reports this clip."""
        said = {"reason": reason, "text": text, "who": who or new_id()}
        with self.write() as session:
            return reports.send(session, clip_id, None, **said, limits=limits)

    def withdraw(self, clip_id: str, reason: str = "office") -> None:
        moderator = self.actor(Role.MODERATOR)
        with self.write() as session:
            publication.withdraw(session, clip_id, moderator, reason)
