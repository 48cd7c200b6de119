"""Every state, action and person: what the table of the design allows works, and nothing else.

The table below was written from the design's words, not from `review.states`: the two must agree.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from review import (
    accounts,
    audit,
    decisions,
    jobs,
    lifecycle,
    publication,
    redacting,
    reports,
    submission,
)
from review.captions import keeping
from review.captions.cues import Cue
from review.captions.keeping import Seen
from review.consent import Scope
from review.decisions import NoteInput, Verdict
from review.details import Details
from review.errors import (
    NoSuchClip,
    NoSuchThing,
    NotAllowed,
    OwnClip,
    OwnSchool,
    ReviewError,
    SamePerson,
    WrongState,
)
from review.keys import new_id
from review.models import Account, AuditRow, ChainHead, Clip
from review.policy import SYSTEM, WORKER, Actor, Role, buttons, move_for
from review.stages import DEFAULT, Policy
from review.states import MOVES, Action, State, next_state
from storage_config.database import Database
from tests import redactions
from tests.rows import everything
from tests.world import World

# Who stands before the clip, each under a short name.
OWNER, TEACHER_OWNER = "owner (pupil)", "owner (teacher)"
PUPIL, TEACHER, REVIEWER = "pupil", "teacher", "reviewer"
FAR_PUPIL, FAR_TEACHER, FAR_REVIEWER = "pupil elsewhere", "teacher elsewhere", "reviewer elsewhere"
MODERATOR, SAFEGUARDING, ADMIN = "moderator", "safeguarding", "admin"
LOCAL_MODERATOR = "moderator of the school"
PROGRAM_WORKER, PROGRAM_SYSTEM = "worker", "system"
OWNERS = {OWNER, TEACHER_OWNER}
NEAR_STAFF = {TEACHER, TEACHER_OWNER, REVIEWER, MODERATOR, LOCAL_MODERATOR, SAFEGUARDING, ADMIN}
MODERATORS = {MODERATOR, LOCAL_MODERATOR}
EVERYONE = {
    *OWNERS,
    *NEAR_STAFF,
    PUPIL,
    FAR_PUPIL,
    FAR_TEACHER,
    FAR_REVIEWER,
    PROGRAM_WORKER,
    PROGRAM_SYSTEM,
}

S, A = State, Action
# Where a clip can stand: approving depends on the stage, the rest does not.
PLACES = [(s, 0) for s in State] + [(S.IN_REVIEW, 1)]

DECIDERS = {REVIEWER, *MODERATORS}
WITHDRAWERS = {*OWNERS, TEACHER, *MODERATORS, PROGRAM_SYSTEM}

# (state, action) -> (the state after it, who may).
TABLE: dict[tuple[State, Action], tuple[State, set[str]]] = {
    (S.DRAFT, A.SUBMIT): (S.PROCESSING, OWNERS),
    (S.PROCESSING, A.EXAMINED): (S.IN_REVIEW, {PROGRAM_WORKER}),
    (S.PROCESSING, A.REFUSE): (S.REFUSED, {PROGRAM_WORKER}),
    (S.PROCESSING, A.GIVE_UP): (S.FAILED, {PROGRAM_WORKER}),
    (S.IN_REVIEW, A.REFUSE): (S.REFUSED, {PROGRAM_WORKER}),
    # Beyond the design's words, and right: both stages may approve before the ladder finds the
    # source broken; nothing is public yet, and otherwise the clip would hang for ever.
    (S.APPROVED, A.REFUSE): (S.REFUSED, {PROGRAM_WORKER}),
    (S.FAILED, A.RETRY): (S.PROCESSING, NEAR_STAFF | OWNERS),
    (S.IN_REVIEW, A.APPROVE): (S.APPROVED, DECIDERS),  # by stage: see `approved`
    (S.IN_REVIEW, A.REQUEST_CHANGES): (S.CHANGES_REQUESTED, DECIDERS),
    (S.IN_REVIEW, A.REJECT): (S.REJECTED, DECIDERS),
    (S.IN_REVIEW, A.ESCALATE): (S.HELD, NEAR_STAFF),
    (S.APPROVED, A.ESCALATE): (S.HELD, NEAR_STAFF),
    # The system: for a stranger who fears for a child.
    (S.PUBLISHED, A.ESCALATE): (S.HELD, NEAR_STAFF | {PROGRAM_SYSTEM}),
    (S.SUSPENDED, A.ESCALATE): (S.HELD, NEAR_STAFF | {PROGRAM_SYSTEM}),
    # What strangers report is hidden until a moderator has looked (docs/decisions/0007).
    (S.PUBLISHED, A.SUSPEND): (S.SUSPENDED, {PROGRAM_SYSTEM}),
    (S.PUBLISHED, A.KEEP): (S.PUBLISHED, MODERATORS),
    (S.SUSPENDED, A.KEEP): (S.PUBLISHED, MODERATORS),
    (S.HELD, A.RELEASE): (S.IN_REVIEW, {SAFEGUARDING}),
    (S.HELD, A.REJECT): (S.REJECTED, {SAFEGUARDING}),
    (S.CHANGES_REQUESTED, A.RESUBMIT): (S.PROCESSING, OWNERS),
    (S.REFUSED, A.RESUBMIT): (S.PROCESSING, OWNERS),
    (S.APPROVED, A.PUBLISH): (S.PUBLISHED, {PROGRAM_SYSTEM}),
    (S.PUBLISHED, A.EDIT_DETAILS): (S.PUBLISHED, MODERATORS),
    (S.PUBLISHED, A.LOWER_SCOPE): (S.PUBLISHED, MODERATORS),
    (S.WITHDRAWN, A.RESTORE): (S.IN_REVIEW, MODERATORS),
    # A redaction is a new revision. Not by the owner while others review it (see `expected`), and
    # never of what is public: that is withdrawn first.
    (S.IN_REVIEW, A.REDACT): (S.PROCESSING, {TEACHER, REVIEWER, *MODERATORS}),
    (S.CHANGES_REQUESTED, A.REDACT): (
        S.PROCESSING,
        {*OWNERS, TEACHER, REVIEWER, *MODERATORS},
    ),
    (S.APPROVED, A.REDACT): (S.PROCESSING, MODERATORS),
} | {
    (state, A.WITHDRAW): (S.WITHDRAWN, WITHDRAWERS)
    for state in State
    if state not in (S.WITHDRAWN, S.DRAFT, S.HELD)
}
# The design says "any but withdrawn, as listed". A draft is its owner's alone (teacher and
# moderator do not know that it is there), and a held clip is hidden from teacher and moderator, so
# they can not act on it: its officer speaks for the guardian instead. Both are right.
TABLE[S.DRAFT, A.WITHDRAW] = (S.WITHDRAWN, {*OWNERS, PROGRAM_SYSTEM})
TABLE[S.HELD, A.WITHDRAW] = (S.WITHDRAWN, {*OWNERS, SAFEGUARDING, PROGRAM_SYSTEM})

# Who may approve captions may change them: after the approval nobody else. A held clip answers its
# owner like one in review.
AUTHORS = {*OWNERS, TEACHER, REVIEWER, *MODERATORS}
TABLE |= {
    (S.IN_REVIEW, A.EDIT_CAPTIONS): (S.IN_REVIEW, AUTHORS),
    (S.CHANGES_REQUESTED, A.EDIT_CAPTIONS): (S.CHANGES_REQUESTED, AUTHORS),
    (S.HELD, A.EDIT_CAPTIONS): (S.HELD, OWNERS),
    (S.APPROVED, A.EDIT_CAPTIONS): (S.APPROVED, MODERATORS),
    (S.PUBLISHED, A.EDIT_CAPTIONS): (S.PUBLISHED, MODERATORS),
}

# A decision that nobody was told yet is undone or announced: `tests/review/test_policies.py` has
# them; all clips of this table are told.
ONLY_UNTOLD = {A.UNDO, A.ANNOUNCE}

TOLD_OF_HOLDS = {SAFEGUARDING, PROGRAM_WORKER, PROGRAM_SYSTEM}

# Nobody decides on an own clip. Escalating is open to the teacher who owns it: "any staff".
NEVER_THE_OWNER = {A.APPROVE, A.REQUEST_CHANGES, A.REJECT, A.RELEASE}


def expected(who: str, state: State, stage: int, action: Action) -> State | type[ReviewError]:
    """The state that the move leads to, or what it is refused with."""
    works = who in TABLE.get((state, action), (state, set()))[1]
    if state is S.HELD and who not in TOLD_OF_HOLDS and not works:
        # To everybody but its officer a held clip answers as one in review, and does nothing.
        answer = expected(who, S.IN_REVIEW, stage, action)
        return NotAllowed if isinstance(answer, State) else answer
    if (state, action) not in TABLE or action in ONLY_UNTOLD:
        return WrongState
    after, allowed = TABLE[state, action]
    if who in OWNERS and action in NEVER_THE_OWNER:
        return OwnClip
    if who in OWNERS and action is A.REDACT and who not in allowed:
        return OwnClip
    if who not in allowed:
        return NotAllowed
    return approved(who, stage) if action is A.APPROVE else after


def approved(who: str, stage: int) -> State | type[ReviewError]:
    """The school's reviewer first, then a moderator, never of the clip's own school."""
    if stage == 0:
        return S.IN_REVIEW if who == REVIEWER else NotAllowed
    if who == LOCAL_MODERATOR:
        return OwnSchool
    return S.APPROVED if who == MODERATOR else NotAllowed


@dataclass
class Facts:
    """A clip as the policy sees one."""

    state: str
    stage: int
    owner_id: str = "owner"
    school_id: str | None = "school"
    class_id: str | None = "class"
    unannounced: bool = False
    rules: Policy = DEFAULT
    votes: tuple[dict[str, Any], ...] = ()

    @property
    def case_open(self) -> bool:
        return self.state == State.HELD


def actor_before(who: str) -> Actor:
    """The person as a policy's actor; owners by the clip's owner id."""
    if who == PROGRAM_WORKER:
        return WORKER
    if who == PROGRAM_SYSTEM:
        return SYSTEM
    if who == OWNER:
        return Actor("owner", Role.PUPIL, "school", "class")
    if who == TEACHER_OWNER:
        return Actor("owner", Role.TEACHER, "school", "class")
    if who == LOCAL_MODERATOR:
        return Actor("somebody", Role.MODERATOR, "school")
    role, _, place = who.partition(" ")
    school = "other school" if place else "school"
    return Actor(
        "somebody", Role(role), None if who in (MODERATOR, SAFEGUARDING, ADMIN) else school
    )


def attempt(call: Callable[[], State | str]) -> State | type[ReviewError]:
    try:
        return State(call())
    except ReviewError as error:
        return type(error)


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize(("state", "stage"), PLACES)
def test_the_policy_agrees_with_the_design(state: State, stage: int, action: Action) -> None:
    facts = Facts(state, stage)
    found = {
        who: attempt(lambda who=who: move_for(actor_before(who), action, facts)[0].to)
        for who in EVERYONE
    }
    assert found == {who: expected(who, state, stage, action) for who in EVERYONE}


@pytest.mark.parametrize("who", sorted(EVERYONE))
@pytest.mark.parametrize(("state", "stage"), PLACES)
def test_pages_offer_exactly_what_would_work(state: State, stage: int, who: str) -> None:
    offered = buttons(actor_before(who), Facts(state, stage))
    # The owner of a held clip finds the buttons of one in review: none vanishes.
    shown = S.IN_REVIEW if state is S.HELD and who in OWNERS else state
    works = [a for a in Action if isinstance(expected(who, shown, stage, a), State)]
    assert sorted(offered) == sorted(works)
    assert len(offered) == len(set(offered))


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.MODERATOR])
def test_who_became_a_reviewer_still_does_not_decide_on_an_own_clip(role: Role) -> None:
    owner = Actor("owner", role, "school" if role is Role.REVIEWER else None)
    for stage in (0, 1):
        for action in sorted(NEVER_THE_OWNER - {A.RELEASE}):
            with pytest.raises(OwnClip):
                move_for(owner, action, Facts(S.IN_REVIEW, stage))


@pytest.mark.parametrize("stage", [0, 1])
@pytest.mark.parametrize("who", sorted(EVERYONE - TOLD_OF_HOLDS))
def test_a_held_clip_refuses_in_the_very_words_of_one_in_review(who: str, stage: int) -> None:
    def refusal(state: State, action: Action) -> Any:
        try:
            move_for(actor_before(who), action, Facts(state, stage))
        except NotAllowed as error:
            return type(error), str(error), error.detail
        return None

    for action in Action:
        held, shown = refusal(S.HELD, action), refusal(S.IN_REVIEW, action)
        if shown is not None:
            assert held == shown, action
        elif not (action in (A.WITHDRAW, A.EDIT_CAPTIONS) and who in OWNERS):
            assert held is not None, action
            assert (held[0], held[2]) == (NotAllowed, {}), action


def test_who_may_not_see_a_clip_is_not_told_its_state() -> None:
    for who, told in {
        ADMIN: {"action": A.RETRY},
        TEACHER: {"action": A.RETRY, "state": S.REJECTED},
    }.items():
        with pytest.raises(WrongState) as caught:
            move_for(actor_before(who), A.RETRY, Facts(S.REJECTED, 0))
        assert caught.value.detail == told


def test_each_stage_is_another_persons() -> None:
    mover = Actor("somebody", Role.MODERATOR)
    with pytest.raises(SamePerson):
        move_for(mover, A.APPROVE, Facts(S.IN_REVIEW, 1), approvers={"somebody"})
    assert move_for(mover, A.APPROVE, Facts(S.IN_REVIEW, 1), approvers={"x"})[0].to == S.APPROVED


def test_a_clip_without_a_school_is_no_schools_clip() -> None:
    facts = Facts(S.IN_REVIEW, 0, school_id=None)
    for role in (Role.TEACHER, Role.REVIEWER):
        with pytest.raises(NotAllowed):
            move_for(Actor("somebody", role, None), A.ESCALATE, facts)


def test_one_question_gives_the_next_state() -> None:
    assert next_state(S.IN_REVIEW, A.APPROVE) is S.IN_REVIEW
    assert next_state(S.IN_REVIEW, A.APPROVE, ends=True) is S.APPROVED
    with pytest.raises(WrongState, match="a clip that is rejected can not approve"):
        next_state(S.REJECTED, A.APPROVE)


def test_no_pair_of_state_and_action_is_said_twice() -> None:
    said = [(m.state, m.action, m.ends) for m in MOVES]
    assert len(said) == len(set(said))
    untold = {(s, a) for s in (S.APPROVED, S.REJECTED, S.CHANGES_REQUESTED) for a in ONLY_UNTOLD}
    assert {(s, a) for s, a, _ in said} == set(TABLE) | untold


# --- the same through the real functions -------------------------------------------------------


@dataclass
class District:
    """One world and everybody in it, made once: each test brings a clip of its own."""

    world: World

    def __post_init__(self) -> None:
        world = self.world
        far = world.another_school()
        self.accounts: dict[str, Account] = {
            OWNER: world.account(Role.PUPIL),
            TEACHER_OWNER: world.account(Role.TEACHER),
            PUPIL: world.account(Role.PUPIL),
            TEACHER: world.account(Role.TEACHER),
            # Another than the one who takes the world's own decisions.
            REVIEWER: world.account(Role.REVIEWER),
            MODERATOR: world.account(Role.MODERATOR),
            SAFEGUARDING: world.account(Role.SAFEGUARDING),
            ADMIN: world.account(Role.ADMIN),
            FAR_TEACHER: world.account(Role.TEACHER, school=far),
            FAR_REVIEWER: world.account(Role.REVIEWER, school=far),
        }
        with world.write() as session:
            elsewhere = accounts.add_class(session, far.id, "Lớp 8B")
            self.accounts[FAR_PUPIL] = accounts.join_class(session, elsewhere.code)

    def bring(self, state: State, stage: int, owner: str) -> None:
        """A new clip at this place, and an upload of everybody who may have one."""
        self.uploads = {
            who: self.world.upload(account, new_id().encode())
            for who, account in self.accounts.items()
            if account.role in (Role.PUPIL, Role.TEACHER)
        }
        self.clip_id = self.world.clip(state, stage=stage, owner=self.accounts[owner])

    def leave(self) -> None:
        with self.world.write() as session:
            jobs.cancel_for(session, self.clip_id)

    def actor(self, who: str) -> Actor:
        if who in (PROGRAM_WORKER, PROGRAM_SYSTEM):
            return actor_before(who)
        return accounts.actor_of(self.accounts[who])

    def perform(self, who: str, action: Action) -> State | type[ReviewError]:
        """Do it in a transaction of its own, as the programs would."""
        clip = self.world.get(self.clip_id)

        def call() -> str:
            with self.world.write() as session:
                self._call(session, clip, action, who)
            return self.world.get(self.clip_id).state

        return attempt(call)

    def _call(self, session: Session, clip: Clip, action: Action, who: str) -> Any:
        actor, version = self.actor(who), clip.version
        if action in (A.SUBMIT, A.RESUBMIT):
            hand_in = submission.submit if action is A.SUBMIT else submission.resubmit
            return hand_in(session, clip.id, self.uploads.get(who, self.uploads[PUPIL]), actor)
        if action in decisions.VERDICTS and actor.id is not None:
            notes = [NoteInput(1.0, "other", "vì thế")]
            verdict = Verdict(action, clip.revision, version, notes, watched=True)
            return decisions.decide(session, clip.id, actor, verdict)
        if action is A.RETRY:
            return submission.retry(session, clip.id, actor, version)
        if action is A.RELEASE:
            return decisions.release_hold(session, clip.id, actor, version)
        if action is A.EDIT_DETAILS:
            return publication.edit_details(session, clip.id, actor, Details("Tên mới"), version)
        if action is A.LOWER_SCOPE:
            return publication.lower_scope(session, clip.id, actor, Scope.CLASS, version)
        if action is A.EDIT_CAPTIONS:
            return keeping.save(
                session, Nothing(), clip.id, actor, "vi", CUES, Seen(), source="editor"
            )
        if action is A.KEEP:
            seen = 1 if clip.state == S.SUSPENDED else 0
            return reports.keep(session, clip.id, actor, version, seen)
        if action is A.WITHDRAW:
            return publication.withdraw(session, clip.id, actor, "guardian", version)
        if action is A.RESTORE:
            return publication.restore(session, clip.id, actor, version)
        if action is A.REDACT:
            made = redactions.written(session, clip, clip.owner_id) if clip.revision else new_id()
            return redacting.keep(session, clip.id, made, actor, version)
        # What our own programs do has no other door than the one function that writes.
        loaded = lifecycle.load(session, clip.id)
        return lifecycle.move(session, loaded, action, actor, seen_version=version)


CUES = (Cue(0.5, 2.0, "Chào các bạn"),)


class Nothing:
    """A store without a file: ladders of this world have no bytes."""

    def open(self, key: str) -> BinaryIO:
        raise FileNotFoundError(key)


@pytest.fixture(scope="module")
def everybody(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[District]:
    path = tmp_path_factory.mktemp("moves") / "lantoa.sqlite3"
    shutil.copy(migrated, path)
    database = Database(f"sqlite:///{path}")
    yield District(World(database))
    database.dispose()


@pytest.fixture
def district(everybody: District) -> Iterator[District]:
    yield everybody
    everybody.leave()


REAL = EVERYONE - {LOCAL_MODERATOR}  # no account of the office has a school
NO_DOOR = {A.EXAMINED, A.REFUSE, A.GIVE_UP, A.PUBLISH, A.SUSPEND, *ONLY_UNTOLD}


def may_know(who: str, owner: str, state: State, action: Action) -> bool:
    """Whether this person may know that the clip is there."""
    if who == owner or who in (PROGRAM_WORKER, PROGRAM_SYSTEM):
        return True
    if action is A.RETRY:
        return who in NEAR_STAFF
    if state is S.PUBLISHED and action in decisions.VERDICTS:
        return True
    if state is S.DRAFT:
        return False
    if state is S.HELD:
        return who == SAFEGUARDING
    return who in {TEACHER, TEACHER_OWNER, REVIEWER, MODERATOR}


def is_watcher(who: str, owner: str) -> bool:
    """Who meets the clip in the library and has no part in it."""
    return who in {PUPIL, FAR_PUPIL, FAR_TEACHER, FAR_REVIEWER, OWNER} - {owner}


def real_answer(
    who: str, owner: str, state: State, stage: int, action: Action
) -> State | type[ReviewError]:
    seen_as = who
    if who in OWNERS and who != owner:  # the other of the two is a stranger to this clip
        seen_as = PUPIL if who == OWNER else TEACHER
    answer = expected(seen_as, state, stage, action)
    if action in NO_DOOR:
        return answer
    if action in (A.SUBMIT, A.RESUBMIT) and who not in UPLOADERS:
        return NoSuchThing  # the upload that is named is not theirs
    program = who in (PROGRAM_WORKER, PROGRAM_SYSTEM)
    if action in decisions.VERDICTS and program:
        return answer
    if not may_know(who, owner, state, action):
        return NoSuchClip
    if state is S.PUBLISHED and action in decisions.VERDICTS and is_watcher(who, owner):
        return NotAllowed  # whatever it is about
    if action is A.RELEASE and who != SAFEGUARDING:
        return NotAllowed
    if action is A.WITHDRAW and state is S.WITHDRAWN:
        return S.WITHDRAWN  # once more changes nothing and is no error
    return answer


UPLOADERS = {OWNER, TEACHER_OWNER, PUPIL, TEACHER, FAR_PUPIL, FAR_TEACHER}
WHOLE = [(state, stage, OWNER) for state, stage in PLACES] + [(S.IN_REVIEW, 0, TEACHER_OWNER)]


@pytest.mark.parametrize(("state", "stage", "owner"), WHOLE)
def test_what_the_table_does_not_allow_is_refused_and_writes_nothing(
    district: District, state: State, stage: int, owner: str
) -> None:
    district.bring(state, stage, owner)
    before = everything(district.world.database)
    cases = [
        (who, action, answer)
        for who in sorted(REAL)
        for action in Action
        if not isinstance(answer := real_answer(who, owner, state, stage, action), State)
        or answer is state is S.WITHDRAWN
    ]
    found = [(who, action, district.perform(who, action)) for who, action, _ in cases]
    assert found == cases
    assert everything(district.world.database) == before


def _allowed() -> list[Any]:
    rows = []
    for state, stage, owner in WHOLE:
        for who in sorted(REAL):
            for action in Action:
                answer = real_answer(who, owner, state, stage, action)
                if isinstance(answer, State) and not (answer is state is S.WITHDRAWN):
                    rows.append((state, stage, owner, who, action, answer))
    return rows


@pytest.mark.parametrize(
    ("state", "stage", "owner", "who", "action", "after"),
    [pytest.param(*row, id="-".join(map(str, row[:5]))) for row in _allowed()],
)
def test_what_the_table_allows_works_and_leaves_one_audit_row(
    district: District,
    state: State,
    stage: int,
    owner: str,
    who: str,
    action: Action,
    after: State,
) -> None:
    district.bring(state, stage, owner)
    world = district.world
    before = world.get(district.clip_id)
    with world.read() as session:
        last = session.get_one(ChainHead, 1)
    assert district.perform(who, action) is after
    clip = world.get(district.clip_id)
    assert clip.version == before.version + 1
    assert clip.claimed_by is None
    with world.read() as session:
        added = list(session.scalars(select(AuditRow).where(AuditRow.seq > last.seq)))
    assert [
        (r.action, r.from_state, r.to_state, r.actor_id, r.version, r.previous_hash) for r in added
    ] == [(action, state, after, district.actor(who).id, clip.version, last.hash)]
    assert [audit.row_hash(r) for r in added] == [r.hash for r in added]
