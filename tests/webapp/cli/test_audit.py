"""``lantoa audit verify``: what it says of a whole chain, and of a broken one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import delete, text, update
from sqlalchemy.orm import Session

from review import casework
from review.models import AuditRow, CaseEntry, ChainHead
from review.policy import Role
from review.states import State
from storage_config.database import Database
from tests.world import World
from webapp.cli import lantoa


@pytest.fixture
def here(sqlite_database: Database, tmp_path: Path) -> World:
    """The world whose database lies where the command looks."""
    return World(sqlite_database)


def verify(tmp_path: Path, *more: str) -> Result:
    argv = ("audit", "verify", "--data", str(tmp_path), *more)
    return CliRunner().invoke(lantoa, argv, prog_name="lantoa")


def test_a_whole_chain(here: World, tmp_path: Path) -> None:
    here.clip(State.APPROVED)
    result = verify(tmp_path)
    assert (result.exit_code, result.stdout) == (0, "whole: 5 rows\n")
    assert json.loads(verify(tmp_path, "--json").stdout) == {
        "whole": True,
        "rows": 5,
        "broken": None,
        "altered_case_entries": [],
    }


BREAKS: dict[str, tuple[Callable[[Session], object], int, bool]] = {
    "changed": (
        lambda s: s.execute(update(AuditRow).where(AuditRow.seq == 3).values(party="admin")),
        3,
        True,
    ),
    "missing": (lambda s: s.execute(delete(AuditRow).where(AuditRow.seq == 3)), 3, False),
    "unchained": (
        lambda s: s.execute(
            update(AuditRow).where(AuditRow.seq == 3).values(previous_hash="0" * 64)
        ),
        3,
        True,
    ),
    "head": (lambda s: s.execute(update(ChainHead).values(hash="0" * 64)), 6, False),
}


@pytest.mark.parametrize("why", BREAKS)
def test_the_first_broken_link_is_named(here: World, tmp_path: Path, why: str) -> None:
    clip_id = here.clip(State.APPROVED)
    damage, seq, names_clip = BREAKS[why]
    with here.write() as session:
        damage(session)
    result = verify(tmp_path, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["broken"] == {
        "seq": seq,
        "clip_id": clip_id if names_clip else None,
        "why": why,
    }
    said = verify(tmp_path)
    assert said.exit_code == 1
    assert said.stdout.startswith(f"broken at row {seq}")
    assert said.stdout.endswith(f"\n{seq - 1} rows before it are whole\n")


@pytest.mark.parametrize("seq", [0, -7])
def test_a_row_before_the_first_is_found(here: World, tmp_path: Path, seq: int) -> None:
    clip_id = here.clip(State.APPROVED)
    with here.write() as session:
        columns = ", ".join(c.name for c in AuditRow.__table__.columns if c.name != "seq")
        session.execute(
            text(f"INSERT INTO audit (seq, {columns}) SELECT {seq}, {columns} FROM audit LIMIT 1")
        )
    result = verify(tmp_path)
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        f"broken at row {seq} (clip {clip_id}): no row of the chain has this number",
        "0 rows before it are whole",
    ]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", "yesterday"),
        ("at", 7),
        ("detail", "{no json"),
        ("detail", "[" * 100_000),
        ("detail", r'"\ud800"'),
        ("party", b"\xff"),
        ("clip_id", b"\xff"),
        ("version", "many"),
    ],
)
@pytest.mark.parametrize("action", ["approve", "case_note"])
def test_a_row_that_can_not_be_read_is_named(
    here: World, tmp_path: Path, column: str, value: object, action: str
) -> None:
    here.clip(State.APPROVED)
    with here.write() as session:
        session.execute(text(f"UPDATE audit SET {column} = :v WHERE seq = 3"), {"v": value})
        session.execute(text("UPDATE audit SET action = :a WHERE seq = 3"), {"a": action})
    for more in ((), ("--json",)):
        result = verify(tmp_path, *more)
        assert (result.exit_code, result.exception.__class__) == (1, SystemExit)
    told = json.loads(result.stdout)
    assert (told["rows"], told["broken"]["seq"], told["broken"]["why"]) == (2, 3, "changed")


def test_text_that_is_none_is_named(here: World, tmp_path: Path) -> None:
    here.clip(State.APPROVED)
    with here.write() as session:
        session.execute(text("UPDATE audit SET party = CAST(X'ff' AS TEXT) WHERE seq = 3"))
    assert verify(tmp_path).stdout.startswith("broken at row 3: this row is not what it was")


def test_a_case_entry_that_can_not_be_read_was_changed(here: World, tmp_path: Path) -> None:
    clip_id = here.clip(State.HELD)
    officer = here.actor(Role.SAFEGUARDING)
    with here.write() as session:
        entry = casework.add_note(session, clip_id, officer, "Đã gọi.").id
        session.execute(text("UPDATE case_entries SET at = 'yesterday'"))
    result = verify(tmp_path)
    assert (result.exit_code, result.stdout) == (
        1,
        f"case entry {entry} was changed or removed\n",
    )


def test_rows_cut_off_at_the_end_are_missed(here: World, tmp_path: Path) -> None:
    here.clip(State.APPROVED)
    with here.write() as session:
        session.execute(delete(AuditRow).where(AuditRow.seq > 3))
    assert verify(tmp_path).stdout.startswith("broken at row 4: a row is missing here")


def test_a_row_after_the_end_is_found(here: World, tmp_path: Path) -> None:
    here.clip(State.APPROVED)
    with here.write() as session:
        session.execute(update(AuditRow).where(AuditRow.seq == 5).values(seq=6))
        head = session.get_one(ChainHead, 1)
        head.seq, head.hash = 4, session.get_one(AuditRow, 4).hash
    result = verify(tmp_path)
    assert (result.exit_code, result.stdout.split(":")[0]) == (1, "broken at row 5")


def test_a_case_entry_that_was_changed(here: World, tmp_path: Path) -> None:
    clip_id = here.clip(State.HELD)
    officer = here.actor(Role.SAFEGUARDING)
    with here.write() as session:
        entry = casework.add_note(session, clip_id, officer, "Đã gọi.").id
        session.execute(update(CaseEntry).values(text="Chưa gọi."))
    result = verify(tmp_path)
    assert (result.exit_code, result.stdout) == (
        1,
        f"case entry {entry} was changed or removed\n",
    )
