"""Every role, school, state, stage, policy and action: what the words of docs/review-policy.md say.

The expectation was written from those words, not from `review.policy`: the two must agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from review.errors import NotAllowed, OwnClip, OwnSchool, SamePerson, WrongState
from review.policy import Actor, Role, as_shown, buttons, is_blind, move_for, shown_state
from review.stages import DEFAULT, OnDisagreement, Policy, Stage
from review.states import Action, Party, State

S, A = State, Action
SCHOOL, PEER, OFFICE = Party.REVIEWER, Party.PEER, Party.MODERATOR
THIRD = OnDisagreement.THIRD
POLICIES = {
    "default": DEFAULT.stages,
    "office alone": (Stage(OFFICE),),
    "another school, then the office": (Stage(PEER, blind=True), Stage(OFFICE, foreign=True)),
    "two of the school": (Stage(SCHOOL, 2),),
    "peers with a third": (Stage(PEER, 2, on_disagreement=THIRD), Stage(OFFICE)),
    "three of the office with a third": (
        Stage(SCHOOL),
        Stage(OFFICE, 3, foreign=True, on_disagreement=THIRD),
    ),
}

# (approvals, rule, what was said before, what is said now) -> what becomes of the stage.
# "a": approved, "o": objected.
COURSES = {
    (1, "final", "", "a"): "passes",
    (1, "final", "", "o"): "ends",
    (2, "final", "", "a"): "waits",
    (2, "final", "", "o"): "ends",
    (2, "final", "a", "a"): "passes",
    (2, "final", "a", "o"): "ends",
    (2, "third", "", "a"): "waits",
    (2, "third", "", "o"): "waits",
    (2, "third", "a", "a"): "passes",
    (2, "third", "a", "o"): "waits",
    (2, "third", "o", "a"): "waits",
    (2, "third", "o", "o"): "ends",
    (2, "third", "ao", "a"): "passes",
    (2, "third", "ao", "o"): "ends",
    (2, "third", "oa", "a"): "passes",
    (2, "third", "oa", "o"): "ends",
    (3, "third", "", "a"): "waits",
    (3, "third", "", "o"): "waits",
    (3, "third", "a", "a"): "waits",
    (3, "third", "a", "o"): "waits",
    (3, "third", "aa", "a"): "passes",
    (3, "third", "aa", "o"): "waits",
    (3, "third", "o", "a"): "waits",
    (3, "third", "o", "o"): "ends",
    (3, "third", "ao", "a"): "passes",
    (3, "third", "ao", "o"): "ends",
}
OBJECTIONS = {A.REQUEST_CHANGES: S.CHANGES_REQUESTED, A.REJECT: S.REJECTED}

STAFF = {"teacher", "reviewer", "peer", "moderator", "safeguarding", "admin"}
AUTHORS = {"owner", "teacher", "reviewer", "moderator"}
REDACTORS = {"teacher", "reviewer", "moderator"}
WITHDRAWERS = {"owner", "teacher", "moderator", "system"}
# What no policy changes: (state, action) -> (the state after it, who may).
ALWAYS: dict[tuple[State, Action], tuple[State, set[str]]] = {
    (S.DRAFT, A.SUBMIT): (S.PROCESSING, {"owner"}),
    (S.PROCESSING, A.EXAMINED): (S.IN_REVIEW, {"worker"}),
    (S.PROCESSING, A.REFUSE): (S.REFUSED, {"worker"}),
    (S.PROCESSING, A.GIVE_UP): (S.FAILED, {"worker"}),
    (S.IN_REVIEW, A.REFUSE): (S.REFUSED, {"worker"}),
    (S.APPROVED, A.REFUSE): (S.REFUSED, {"worker"}),
    (S.FAILED, A.RETRY): (S.PROCESSING, STAFF | {"owner"}),
    (S.IN_REVIEW, A.ESCALATE): (S.HELD, STAFF),
    (S.APPROVED, A.ESCALATE): (S.HELD, STAFF),
    (S.PUBLISHED, A.ESCALATE): (S.HELD, STAFF | {"system"}),
    (S.SUSPENDED, A.ESCALATE): (S.HELD, STAFF | {"system"}),
    (S.PUBLISHED, A.SUSPEND): (S.SUSPENDED, {"system"}),
    (S.PUBLISHED, A.KEEP): (S.PUBLISHED, {"moderator"}),
    (S.SUSPENDED, A.KEEP): (S.PUBLISHED, {"moderator"}),
    (S.HELD, A.RELEASE): (S.IN_REVIEW, {"safeguarding"}),
    (S.HELD, A.REJECT): (S.REJECTED, {"safeguarding"}),
    (S.CHANGES_REQUESTED, A.RESUBMIT): (S.PROCESSING, {"owner"}),
    (S.REFUSED, A.RESUBMIT): (S.PROCESSING, {"owner"}),
    (S.APPROVED, A.PUBLISH): (S.PUBLISHED, {"system"}),
    (S.PUBLISHED, A.EDIT_DETAILS): (S.PUBLISHED, {"moderator"}),
    (S.PUBLISHED, A.LOWER_SCOPE): (S.PUBLISHED, {"moderator"}),
    (S.WITHDRAWN, A.RESTORE): (S.IN_REVIEW, {"moderator"}),
    (S.IN_REVIEW, A.REDACT): (S.PROCESSING, REDACTORS),
    (S.CHANGES_REQUESTED, A.REDACT): (S.PROCESSING, REDACTORS | {"owner"}),
    (S.APPROVED, A.REDACT): (S.PROCESSING, {"moderator"}),
    (S.IN_REVIEW, A.EDIT_CAPTIONS): (S.IN_REVIEW, AUTHORS),
    (S.CHANGES_REQUESTED, A.EDIT_CAPTIONS): (S.CHANGES_REQUESTED, AUTHORS),
    (S.HELD, A.EDIT_CAPTIONS): (S.HELD, {"owner"}),
    (S.APPROVED, A.EDIT_CAPTIONS): (S.APPROVED, {"moderator"}),
    (S.PUBLISHED, A.EDIT_CAPTIONS): (S.PUBLISHED, {"moderator"}),
    **{
        (state, A.WITHDRAW): (S.WITHDRAWN, WITHDRAWERS)
        for state in State
        if state not in (S.WITHDRAWN, S.DRAFT, S.HELD)
    },
    (S.DRAFT, A.WITHDRAW): (S.WITHDRAWN, {"owner", "system"}),
    (S.HELD, A.WITHDRAW): (S.WITHDRAWN, {"owner", "safeguarding", "system"}),
}


@dataclass(frozen=True)
class Me:
    role: Role
    school: str | None
    is_owner: bool

    @property
    def actor(self) -> Actor:
        program = self.role in (Role.WORKER, Role.SYSTEM)
        name = None if program else "owner" if self.is_owner else "me"
        return Actor(name, self.role, self.school)


@dataclass(frozen=True)
class Spot:
    """Where a clip stands. ``said``: the voices of its stage, by others unless ``mine``."""

    state: State
    stages: tuple[Stage, ...]
    stage: int = 0
    said: str = ""
    mine: bool = False
    unannounced: bool = False
    owner_id: str = "owner"
    school_id: str | None = "here"
    class_id: str | None = "7A"

    @property
    def case_open(self) -> bool:
        return self.state is S.HELD

    @property
    def rules(self) -> Policy:
        return Policy("x/1", self.stages)

    @property
    def votes(self) -> list[dict[str, Any]]:
        words = {"a": A.APPROVE, "o": A.REJECT}
        found = [{"by": f"other{i}", "action": words[v]} for i, v in enumerate(self.said)]
        if self.mine and found:
            found[-1] = {**found[-1], "by": "me"}
        return found

    @property
    def now(self) -> Stage:
        return self.stages[self.stage]


def people() -> list[Me]:
    programs = [Me(role, None, False) for role in (Role.WORKER, Role.SYSTEM)]
    return programs + [
        Me(role, school, owner)
        for role in Role
        if role not in (Role.WORKER, Role.SYSTEM)
        for school in ("here", "there", None)
        for owner in (True, False)
    ]


def spots(stages: tuple[Stage, ...]) -> Iterator[Spot]:
    for state in State:
        if state is not S.IN_REVIEW:
            yield Spot(state, stages, len(stages) - 1)
    for number, stage in enumerate(stages):
        rule = str(stage.on_disagreement)
        for said in sorted({k[2] for k in COURSES if k[:2] == (stage.approvals, rule)}):
            yield Spot(S.IN_REVIEW, stages, number, said)
            if said:
                yield Spot(S.IN_REVIEW, stages, number, said, mine=True)
    for state, said in ((S.APPROVED, "a"), (S.REJECTED, "o"), (S.CHANGES_REQUESTED, "o")):
        for mine in (True, False):
            yield Spot(state, stages, len(stages) - 1, said, mine, unannounced=True)


def parts(me: Me, spot: Spot) -> set[str]:
    """What this person is to the clip, in the words of the document."""
    found = {"owner"} if me.is_owner else set()
    if me.role in (Role.TEACHER, Role.REVIEWER) and me.school == spot.school_id:
        found.add(str(me.role))
    if me.role not in (Role.PUPIL, Role.TEACHER, Role.REVIEWER):
        found.add(str(me.role))
    asked = spot.state is S.IN_REVIEW and spot.now.party is PEER
    decided = spot.unannounced and spot.mine and not me.is_owner
    if me.role is Role.REVIEWER and me.school == "there" and (asked or decided):
        found.add("peer")
    return found


def verdict(me: Me, spot: Spot, action: Action) -> State | None:
    """One more voice in the stage that the clip stands in."""
    mine, stage = parts(me, spot), spot.now
    if "owner" in mine:
        return None
    is_vote = action is A.APPROVE or stage.on_disagreement is THIRD
    if is_vote:
        of_own_school = stage.foreign and me.school == "here"
        if str(stage.party) not in mine or of_own_school or spot.mine:
            return None
    elif not mine & {"reviewer", "peer", "moderator"}:
        return None
    voice = "a" if action is A.APPROVE else "o"
    course = COURSES[stage.approvals, str(stage.on_disagreement), spot.said, voice]
    if course == "waits" or (course == "passes" and spot.stage < len(spot.stages) - 1):
        return S.IN_REVIEW
    return OBJECTIONS.get(action, S.APPROVED)


def really(me: Me, spot: Spot, action: Action) -> State | None:
    mine = parts(me, spot)
    if action in (A.APPROVE, *OBJECTIONS) and spot.state is S.IN_REVIEW:
        return verdict(me, spot, action)
    if action in (A.UNDO, A.ANNOUNCE):
        if not spot.unannounced:
            return None
        if action is A.ANNOUNCE:
            return spot.state if mine & {"moderator", "system"} else None
        took_it = spot.mine and bool(mine & {"reviewer", "peer"})
        allowed = not me.is_owner and ("moderator" in mine or took_it)
        return S.IN_REVIEW if allowed else None
    if action is A.ESCALATE and spot.unannounced:
        return S.HELD if mine & STAFF else None  # a fear for a child waits for no date
    if action is A.REFUSE and spot.unannounced:
        return S.REFUSED if "worker" in mine else None  # as in review
    if action in (A.EDIT_CAPTIONS, A.REDACT) and spot.unannounced and is_secret(me, spot):
        return really(me, in_review(spot), action)  # takes the decision back
    after, who = ALWAYS.get((spot.state, action), (spot.state, set()))
    if me.is_owner and action in (A.REJECT, A.RELEASE):
        return None
    if me.is_owner and action is A.REDACT and "owner" not in who:
        return None
    return after if mine & who else None


def expected(me: Me, spot: Spot, action: Action) -> State | None:
    """Whoever is not told of a hold or of a decision does nothing that would show it."""
    answer = really(me, spot, action)
    if is_secret(me, spot) and really(me, in_review(spot), action) is None:
        return None
    return answer


def is_secret(me: Me, spot: Spot) -> bool:
    if spot.state is S.HELD:
        return me.role not in (Role.SAFEGUARDING, Role.WORKER, Role.SYSTEM)
    return spot.unannounced and (me.is_owner or me.role in (Role.PUPIL, Role.TEACHER))


def in_review(spot: Spot) -> Spot:
    return replace(spot, state=S.IN_REVIEW, unannounced=False, said="", mine=False)


@pytest.mark.parametrize("name", POLICIES)
def test_every_person_may_do_what_the_words_say_and_nothing_else(name: str) -> None:
    wrong = []
    for spot in spots(POLICIES[name]):
        for me in people():
            for action in Action:
                try:
                    found: State | None = move_for(me.actor, action, spot)[0].to
                except NotAllowed:
                    found = None
                if found is not (wanted := expected(me, spot, action)):
                    wrong.append((me, spot, action, found, wanted))
    assert wrong == []


@pytest.mark.parametrize("name", POLICIES)
def test_who_is_not_told_of_a_decision_is_answered_as_in_review(name: str) -> None:
    """Owners and teachers find no act whose answer, or the state it leads to, would tell."""

    def answer(me: Me, spot: Spot, action: Action) -> object:
        try:
            move, party = move_for(me.actor, action, spot)
        except WrongState as error:
            return type(error), error.detail if "owner" in parts(me, spot) else None
        except NotAllowed as error:
            return type(error)
        return move.to, party

    for spot in spots(POLICIES[name]):
        for me in people() if spot.unannounced else ():
            if me.is_owner or me.role in (Role.PUPIL, Role.TEACHER):
                for a in Action:
                    assert answer(me, spot, a) == answer(me, in_review(spot), a), (me, spot, a)


@pytest.mark.parametrize("name", POLICIES)
def test_pages_offer_what_works_and_hide_what_is_secret(name: str) -> None:
    for spot in spots(POLICIES[name]):
        for me in people():
            offered = set(buttons(me.actor, spot))
            if is_secret(me, spot) and ("owner" in parts(me, spot) or spot.unannounced):
                shown = as_shown(me.actor, spot)
                assert shown_state(me.actor, spot) is S.IN_REVIEW
                assert offered == set(buttons(me.actor, shown)), (me, spot)
            else:
                works = {a for a in Action if expected(me, spot, a) is not None}
                assert offered == works, (me, spot)


def test_refusals_say_which_rule_it_is() -> None:
    two = Spot(S.IN_REVIEW, (Stage(SCHOOL, 2),), said="a", mine=True)
    local = Actor("me", Role.MODERATOR, "here")
    foreign = Spot(S.IN_REVIEW, (Stage(OFFICE, foreign=True),))
    for actor, spot, kind in [
        (Actor("me", Role.REVIEWER, "here"), two, SamePerson),
        (local, foreign, OwnSchool),
        (Actor("owner", Role.REVIEWER, "here"), two, OwnClip),
    ]:
        with pytest.raises(kind):
            move_for(actor, A.APPROVE, spot)


def test_only_reviewers_of_a_blind_stage_are_kept_from_knowing_whose_clip_it_is() -> None:
    blind = Spot(S.IN_REVIEW, POLICIES["another school, then the office"])
    told = {
        (me.role, me.school) for me in people() if not me.is_owner and is_blind(me.actor, blind)
    }
    assert told == {
        *((Role.REVIEWER, school) for school in ("here", "there")),
        *((Role.MODERATOR, school) for school in ("here", "there", None)),
    }
    assert not is_blind(Actor("me", Role.MODERATOR), replace(blind, stage=1))
    assert not is_blind(Actor("me", Role.MODERATOR), replace(blind, state=S.APPROVED))
