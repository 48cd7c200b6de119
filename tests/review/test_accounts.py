"""Who may come in: passwords, class codes, sessions, tokens; secrets are kept as hashes."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher, extract_parameters, low_level

from review import accounts, clock
from review.errors import InvalidInput, NoSuchThing, WrongClassCode, WrongPassword
from review.keys import new_id
from review.models import Account, ApiToken, Library, LoginSession, SchoolClass
from review.policy import PEOPLE, SUBMITTERS, Role
from tests.rows import everything
from tests.world import PASSWORD, World


def staff(world: World, **more: Any) -> Account:
    given = {
        "username": "co.lan",
        "password": PASSWORD,
        "role": Role.TEACHER,
        "label": "Cô Lan",
        "school_id": world.school.id,
    }
    with world.write() as session:
        return accounts.add_account(session, **{**given, **more})


# --- passwords ---------------------------------------------------------------------------------


def test_signing_in_finds_the_account_however_the_name_is_typed(any_world: World) -> None:
    made = staff(any_world, username="Cô.Lan")
    for typed in ("cô.lan", " CÔ.LAN ", "co\u0302.lan"):
        with any_world.read() as session:
            assert accounts.sign_in(session, typed, PASSWORD).id == made.id


def test_what_was_wrong_is_never_said(world: World) -> None:
    made = staff(world)
    off = staff(world, username="thay.nam")
    with world.write() as session:
        session.get_one(Account, off.id).active = False
        pupil = accounts.join_class(session, world.group.code)
    tries = [
        ("co.lan", "sai mat khau"),
        ("khong-co", PASSWORD),
        ("thay.nam", PASSWORD),
        (str(pupil.username), PASSWORD),
        ("", ""),
        ("co.lan\x00", ""),
    ]
    said = set()
    for username, password in tries:
        with world.read() as session, pytest.raises(WrongPassword) as caught:
            accounts.sign_in(session, username, password)
        said.add((str(caught.value), tuple(caught.value.detail)))
    assert said == {("wrong user name or password", ())}
    assert made.active


def test_an_unknown_name_costs_a_hash_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    checked = []
    verify = accounts._hasher().verify

    class Counting:
        hash = accounts._hasher().hash

        def verify(self, stored: str, password: str) -> bool:
            checked.append(password)
            return verify(stored, password)

    monkeypatch.setattr(accounts, "_hasher", Counting)
    for username in ("khong-co", staff(world).username):
        with world.read() as session, pytest.raises(WrongPassword):
            accounts.sign_in(session, str(username), "x")
    assert checked == ["x", "x"]


def test_passwords_are_kept_as_argon2id_at_the_librarys_own_cost(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "_hasher", PasswordHasher)
    made = staff(world)
    assert made.password_hash is not None
    found, default = extract_parameters(made.password_hash), PasswordHasher()
    assert found.type is low_level.Type.ID
    assert (found.time_cost, found.memory_cost) == (default.time_cost, default.memory_cost)
    with world.read() as session:
        assert accounts.sign_in(session, "co.lan", PASSWORD).id == made.id


WRONG_ACCOUNTS: dict[str, dict[str, Any]] = {
    "username": {"username": " \u200b"},
    "password": {"password": "ngan"},
    "role": {"role": "headmaster"},
    "school": {"school_id": None},
}


@pytest.mark.parametrize("field", WRONG_ACCOUNTS)
def test_a_wrong_account_is_refused_by_field(world: World, field: str) -> None:
    before = everything(world.database)
    with pytest.raises(InvalidInput) as caught:
        staff(world, **WRONG_ACCOUNTS[field])
    assert list(caught.value.errors) == [field]
    assert everything(world.database) == before


@pytest.mark.parametrize("role", [Role.PUPIL, Role.WORKER, Role.SYSTEM])
def test_nobody_gets_a_role_that_is_not_for_staff(world: World, role: Role) -> None:
    with pytest.raises(InvalidInput):
        staff(world, role=role)


def test_a_name_is_given_once(world: World) -> None:
    staff(world)
    with pytest.raises(InvalidInput) as caught:
        staff(world, username="CO.LAN")
    assert list(caught.value.errors) == ["username"]


@pytest.mark.parametrize("role", [Role.MODERATOR, Role.SAFEGUARDING, Role.ADMIN])
def test_the_offices_people_have_no_school(world: World, role: Role) -> None:
    made = staff(world, role=role, class_id=world.group.id)
    assert (made.school_id, made.class_id) == (None, None)


def test_a_new_password_ends_every_session(world: World) -> None:
    made, other = staff(world), staff(world, username="thay.nam")
    with world.write() as session:
        secrets = [accounts.open_session(session, made, 12) for _ in range(2)]
        kept = accounts.open_session(session, other, 12)
        accounts.set_password(session, made.id, "mat-khau-moi-tinh")
    with world.read() as session:
        assert [accounts.session_account(session, s) for s in secrets] == [None, None]
        assert accounts.session_account(session, kept) is not None
        accounts.sign_in(session, "co.lan", "mat-khau-moi-tinh")
        with pytest.raises(WrongPassword):
            accounts.sign_in(session, "co.lan", PASSWORD)
    with world.write() as session:
        with pytest.raises(InvalidInput):
            accounts.set_password(session, made.id, "ngan")
        with pytest.raises(NoSuchThing):
            accounts.set_password(session, new_id(), PASSWORD)


# --- class codes -------------------------------------------------------------------------------


def test_a_class_code_makes_a_pupil_without_any_name(world: World) -> None:
    with world.write() as session:
        pupil = accounts.join_class(session, world.group.code)
    assert (pupil.role, pupil.label) == (Role.PUPIL, "Học sinh lớp 7A")
    assert (pupil.school_id, pupil.class_id) == (world.school.id, world.group.id)
    assert (pupil.username, pupil.password_hash) == (None, None)
    assert pupil.role in SUBMITTERS


def test_a_code_may_be_typed_as_people_type(world: World) -> None:
    code = world.group.code
    assert len(code) == 8
    assert set(code) <= set("3467ACDEFGHJKMNPQRTWXY")
    for typed in (code.lower(), f" {code[:4]}-{code[4:]} ", f"{code[:4]} {code[4:]}"):
        with world.write() as session:
            assert accounts.join_class(session, typed).class_id == world.group.id


@pytest.mark.parametrize("typed", ["", "AAAAAAAA", "' OR 1=1 --", "\x00", "Ａ" * 8])
def test_a_wrong_code_makes_nobody(any_world: World, typed: str) -> None:
    before = everything(any_world.database)
    with pytest.raises(WrongClassCode), any_world.write() as session:
        accounts.join_class(session, typed)
    assert everything(any_world.database) == before


def test_a_renewed_or_ended_code_lets_nobody_in_but_keeps_who_is_in(world: World) -> None:
    with world.write() as session:
        pupil = accounts.join_class(session, world.group.code)
        secret = accounts.open_session(session, pupil, 12)
        new = accounts.renew_class_code(session, world.group.id).code
    with world.write() as session:
        with pytest.raises(WrongClassCode):
            accounts.join_class(session, world.group.code)
        accounts.join_class(session, new)
        session.get_one(SchoolClass, world.group.id).code_ends_at = clock.now(session)
        session.flush()
        with pytest.raises(WrongClassCode):
            accounts.join_class(session, new)
        assert accounts.session_account(session, secret) is not None
        with pytest.raises(NoSuchThing):
            accounts.renew_class_code(session, new_id())


# --- sessions and tokens -----------------------------------------------------------------------


def test_a_session_ends_by_itself_by_hand_and_with_the_account(any_world: World) -> None:
    world = any_world
    made = staff(world)
    with world.write() as session:
        ended, closed, kept = (accounts.open_session(session, made, 12) for _ in range(3))
        row = session.get_one(LoginSession, accounts.digest(ended))
        assert row.expires_at - row.created_at == timedelta(hours=12)
        row.expires_at = clock.now(session) - timedelta(seconds=1)
        accounts.close_session(session, closed)
    with world.write() as session:
        found = [accounts.session_account(session, s) for s in (ended, closed, kept, "", "x")]
        assert [f.id if f else None for f in found] == [None, None, made.id, None, None]
        accounts.expire_sessions(session)
        assert session.get(LoginSession, accounts.digest(ended)) is None
        session.get_one(Account, made.id).active = False
        session.flush()
        assert accounts.session_account(session, kept) is None


def test_a_pupil_stays_signed_in_for_a_term(world: World) -> None:
    with world.write() as session:
        pupil = accounts.join_class(session, world.group.code)
        secret = accounts.open_session(session, pupil, 12)
        row = session.get_one(LoginSession, accounts.digest(secret))
        assert row.expires_at - row.created_at == timedelta(days=180)


def test_a_token_belongs_to_an_account_or_a_library(any_world: World) -> None:
    world = any_world
    made = staff(world)
    library, of_library = world.library()
    with world.write() as session:
        of_account = accounts.add_token(session, label="máy", account_id=made.id)
        again = accounts.add_token(session, label="máy khác", account_id=made.id)
    assert of_account.startswith("lt_")
    with world.read() as session:
        owners = [accounts.token_owner(session, s) for s in (of_account, of_library, "lt_x", "")]
        assert [(type(o), o.id) if o else None for o in owners] == [
            (Account, made.id),
            (Library, library.id),
            None,
            None,
        ]
    with world.write() as session:
        assert accounts.revoke_tokens(session, account_id=made.id) == 2
        assert accounts.revoke_tokens(session, account_id=made.id) == 0
        assert [accounts.token_owner(session, s) for s in (of_account, again)] == [None, None]
        assert accounts.token_owner(session, of_library) is not None
        session.get_one(Library, library.id).active = False
        session.flush()
        assert accounts.token_owner(session, of_library) is None
        assert accounts.revoke_tokens(session, library_id=library.id) == 1


def test_a_token_has_exactly_one_owner(world: World) -> None:
    with world.write() as session:
        for owners in ({}, {"account_id": new_id(), "library_id": new_id()}):
            with pytest.raises(InvalidInput):
                accounts.add_token(session, label="x", **owners)


def test_no_secret_stands_in_the_database(world: World, tmp_path: Any) -> None:
    made = staff(world)
    with world.write() as session:
        secret = accounts.open_session(session, made, 12)
        token = accounts.add_token(session, label="x", account_id=made.id)
    with sqlite3.connect(world.database.engine.url.database or "") as connection:
        text = "\n".join(connection.iterdump())
    connection.close()
    assert made.id in text
    assert [s for s in (PASSWORD, secret, token) if s in text] == []
    with world.read() as session:
        assert session.get(ApiToken, accounts.digest(token)) is not None


# --- schools, classes, libraries ---------------------------------------------------------------


def test_names_are_cleaned_needed_and_unique(world: World) -> None:
    with world.write() as session:
        school = accounts.add_school(session, "  Trường\tTiểu học ", "primary")
        assert (school.name, school.level) == ("Trường Tiểu học", "primary")
        assert accounts.add_library(session, " Thư  viện ").name == "Thư viện"
        for field, call in [
            ("name", lambda: accounts.add_school(session, "Trường Tiểu học")),
            ("name", lambda: accounts.add_school(session, " ")),
            ("level", lambda: accounts.add_school(session, "Khác", "university")),
            ("name", lambda: accounts.add_library(session, "Thư viện")),
            ("name", lambda: accounts.add_library(session, "")),
            ("name", lambda: accounts.add_class(session, school.id, "")),
            ("school", lambda: accounts.add_class(session, new_id(), "7A")),
        ]:
            with pytest.raises(InvalidInput) as caught:
                call()
            assert list(caught.value.errors) == [field]


def test_every_role_of_a_person_is_known() -> None:
    assert {r for r in Role if r not in PEOPLE} == {Role.WORKER, Role.SYSTEM}
