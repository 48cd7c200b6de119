"""Consent as data: whose is needed, what it covers, how it is read from outside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review import clock, queries
from review.consent import (
    TERM,
    TEXT_VERSION,
    GivenConsent,
    Person,
    Scope,
    allowed_scope,
    clamp,
    missing,
    narrowest,
    store_consent,
    store_people,
)
from review.errors import InvalidInput
from review.models import Clip, ClipPerson
from review.policy import Role
from review.states import State
from tests.world import World

SCOPES = ("class", "school", "library", "public")
DAY = timedelta(days=1)


def test_scopes_go_from_the_narrowest_to_the_widest() -> None:
    assert tuple(Scope) == SCOPES
    covers = [[a.covers(b) for b in Scope] for a in Scope]
    assert covers == [[j <= i for j in range(4)] for i in range(4)]
    assert narrowest([]) is Scope.PUBLIC
    assert narrowest([Scope.LIBRARY, Scope.CLASS, Scope.PUBLIC]) is Scope.CLASS


@given(
    st.none() | st.sampled_from(list(Scope)),
    st.lists(st.lists(st.sampled_from(list(Scope)), max_size=3), max_size=3),
)
def test_a_scope_is_never_wider_than_any_consent(
    asked: Scope | None, given_: list[list[Scope]]
) -> None:
    people = [
        Person(str(i), consents=tuple(GivenConsent("guardian", s) for s in scopes))
        for i, scopes in enumerate(given_)
    ]
    wanted = [asked or Scope.PUBLIC, *(s for scopes in given_ for s in scopes)]
    found = clamp(asked, people)
    assert found in wanted
    assert all(other.covers(found) for other in wanted)


# --- who has to agree --------------------------------------------------------------------------


def lacking(world: World, *people: Person, scope: Scope = Scope.LIBRARY) -> list[str]:
    """Labels of those whose consents do not cover a clip of this scope."""
    clip_id = world.clip(State.DRAFT)
    actor = world.actor(Role.TEACHER)
    with world.write() as session:
        clip = session.get_one(Clip, clip_id)
        clip.scope = scope
        store_people(session, clip, actor, people)
        return missing(session, clip)


def who(*kinds: str, under_seven: bool = False, **more: Any) -> Person:
    given = tuple(GivenConsent(kind, **more) for kind in kinds)
    return Person(f"bạn {'-'.join(kinds) or 'không'}", under_seven, given)


@pytest.mark.parametrize(
    ("kinds", "under_seven", "enough"),
    [
        ((), False, False),
        (("guardian",), False, False),
        (("own",), False, False),
        (("guardian", "own"), False, True),
        ((), True, False),
        (("guardian",), True, True),
        (("own",), True, False),
        (("guardian", "own"), True, True),
    ],
)
def test_the_guardian_always_and_the_child_from_seven(
    any_world: World, kinds: tuple[str, ...], under_seven: bool, enough: bool
) -> None:
    person = who(*kinds, under_seven=under_seven)
    assert lacking(any_world, person) == ([] if enough else [person.label])


@pytest.mark.parametrize("consent", Scope)
@pytest.mark.parametrize("clip", Scope)
def test_a_consent_covers_its_scope_and_narrower_ones(
    world: World, consent: Scope, clip: Scope
) -> None:
    found = lacking(world, who("guardian", "own", scope=consent), scope=clip)
    assert (found == []) == (consent.width >= clip.width)


def test_a_clip_without_recognisable_people_needs_no_consent(world: World) -> None:
    assert lacking(world) == []


def test_everybody_who_lacks_something_is_named(world: World) -> None:
    good = Person("bạn áo đỏ", consents=who("guardian", "own").consents)
    narrow = Person("bạn đeo kính", consents=who("guardian", "own", scope=Scope.CLASS).consents)
    assert lacking(world, narrow, good, Person("bạn cầm cờ")) == ["bạn đeo kính", "bạn cầm cờ"]


def test_a_wide_consent_of_one_kind_does_not_lend_its_scope_to_the_other(world: World) -> None:
    person = Person(
        "bạn áo đỏ",
        consents=(GivenConsent("guardian", Scope.PUBLIC), GivenConsent("own", Scope.SCHOOL)),
    )
    assert lacking(world, person) == ["bạn áo đỏ"]


# --- the term ----------------------------------------------------------------------------------


def test_a_consent_lasts_two_school_years_unless_the_form_says_otherwise(world: World) -> None:
    given_at = datetime(2026, 9, 5, tzinfo=UTC)
    until = datetime(2026, 12, 31, tzinfo=UTC)
    clip_id = world.clip(
        State.DRAFT,
        people=(
            Person(
                "bạn áo đỏ",
                consents=(
                    GivenConsent("guardian", given_at=given_at, evidence="tủ hồ sơ số 3"),
                    GivenConsent("own", given_at=given_at, valid_until=until, text_version="cũ"),
                ),
            ),
        ),
    )
    with world.read() as session:
        ((_, rows),) = queries.people(session, session.get_one(Clip, clip_id))
        recorder = world.actor(Role.TEACHER).id
    assert [
        (r.kind, r.scope, r.given_at, r.valid_until, r.text_version, r.evidence) for r in rows
    ] == [
        ("guardian", "public", given_at, given_at + TERM, TEXT_VERSION, "tủ hồ sơ số 3"),
        ("own", "public", given_at, until, "cũ", ""),
    ]
    assert {(r.recorded_by, r.revoked_at) for r in rows} == {(recorder, None)}


def test_an_ended_consent_and_one_that_has_not_begun_count_for_nothing(world: World) -> None:
    now = datetime.now(UTC)
    ended = who("guardian", "own", given_at=now - 9 * DAY, valid_until=now - 2 * DAY)
    assert lacking(world, ended) == [ended.label]
    to_come = who("guardian", "own", given_at=now + timedelta(hours=20))
    assert lacking(world, to_come) == [to_come.label]


def test_a_consent_is_not_given_in_the_future(world: World) -> None:
    with pytest.raises(InvalidInput) as caught:
        lacking(world, who("guardian", given_at=datetime.now(UTC) + 3 * DAY))
    assert list(caught.value.errors) == ["given_at"]


def test_two_people_are_not_called_the_same(world: World) -> None:
    with pytest.raises(InvalidInput) as caught:
        lacking(world, Person("Bạn Áo Đỏ"), Person("x"), Person("bạn áo đỏ"))
    assert list(caught.value.errors) == ["people.2.label"]


def test_the_widest_valid_consent_of_each_kind_bounds_the_scope(world: World) -> None:
    now = datetime.now(UTC)
    past = {"given_at": now - 9 * DAY, "valid_until": now - DAY}
    person = Person(
        "bạn áo đỏ",
        consents=(
            GivenConsent("guardian", Scope.SCHOOL),
            GivenConsent("guardian", Scope.LIBRARY),
            GivenConsent("guardian", Scope.PUBLIC, **past),
            GivenConsent("own", Scope.PUBLIC),
        ),
    )
    clip_id = world.clip(State.DRAFT, people=(person, Person("bạn khác")))
    actor = world.actor(Role.TEACHER)
    with world.write() as session:
        clip = session.get_one(Clip, clip_id)
        assert allowed_scope(session, clip) is Scope.LIBRARY
        later = clock.now(session)
        assert allowed_scope(session, clip, since=later) is Scope.PUBLIC
        row = session.query(ClipPerson).filter_by(clip_id=clip_id, label="bạn khác").one()
        store_consent(session, row, actor, GivenConsent("own", Scope.CLASS))
        assert allowed_scope(session, clip) is Scope.CLASS


# --- as it comes from outside ------------------------------------------------------------------


def test_a_person_is_read_from_json() -> None:
    value = {
        "label": "  bạn\táo  đỏ ",
        "under_seven": True,
        "guardian_consent": {
            "scope": "library",
            "valid_until": "2027-05-31",
            "given_at": "2026-09-05T10:00:00+07:00",
            "text_version": "2026-09",
            "evidence": "tủ hồ sơ",
        },
        "assent": True,
    }
    assert Person.parse(value, "people.0") == Person(
        "bạn áo đỏ",
        True,
        (
            GivenConsent(
                "guardian",
                Scope.LIBRARY,
                datetime(2027, 5, 31, tzinfo=UTC),
                "2026-09",
                "tủ hồ sơ",
                datetime(2026, 9, 5, 3, tzinfo=UTC),
            ),
            GivenConsent("own"),
        ),
    )


@pytest.mark.parametrize("none", [None, False, {"given": False, "scope": "public"}])
def test_what_was_not_given_is_no_consent(none: Any) -> None:
    value = {"label": "bạn áo đỏ", "guardian_consent": none, "assent": none}
    assert Person.parse(value, "p") == Person("bạn áo đỏ")


WRONG = {
    "p": "bạn áo đỏ",
    "p.label": {"label": " \u200b "},
    "p.guardian_consent": {"guardian_consent": "yes"},
    "p.guardian_consent.scope": {"guardian_consent": {"scope": "world"}},
    "p.guardian_consent.evidence": {"guardian_consent": {"evidence": 7}},
    "p.guardian_consent.given_at": {"guardian_consent": {"given_at": "mai"}},
    "p.assent": {"assent": 1},
    "p.assent.valid_until": {"assent": {"valid_until": 20261231}},
    "p.assent.given_at": {"assent": {"given_at": "0001-01-01T00:00:00+14:00"}},
}


@pytest.mark.parametrize("field", WRONG)
def test_what_is_wrong_is_named_by_its_place(field: str) -> None:
    value = WRONG[field]
    if isinstance(value, dict):
        value = {"label": "bạn áo đỏ"} | value
    with pytest.raises(InvalidInput) as caught:
        Person.parse(value, "p")
    assert list(caught.value.errors) == [field]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
CONSENT = st.fixed_dictionaries(
    {},
    optional={
        k: JSON | st.sampled_from(["public", "2026-12-31", "9999-12-31T23:59:59-12:00"])
        for k in ("scope", "given_at", "valid_until", "text_version", "evidence", "given")
    },
)


@given(
    st.fixed_dictionaries(
        {"label": JSON | st.just("bạn")},
        optional={
            "guardian_consent": JSON | CONSENT,
            "assent": JSON | CONSENT,
            "under_seven": JSON,
        },
    )
    | JSON
)
def test_whatever_comes_is_read_or_refused_in_words(value: Any) -> None:
    try:
        person = Person.parse(value, "p")
    except InvalidInput as error:
        person, wrong = None, list(error.errors)
    if person is None:
        assert all(field == "p" or field.startswith("p.") for field in wrong)
        return
    assert person.label
    for consent in person.consents:
        assert consent.kind in ("guardian", "own")
        assert all(t is None or t.tzinfo is UTC for t in (consent.valid_until, consent.given_at))
