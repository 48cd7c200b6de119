"""What was announced and never sent: it shuts nobody out for long, and nobody announces much."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from review.models import Account, Upload
from review.policy import Role
from review.quota import QUIET
from storage_config.settings import load
from tests.webapp.conftest import PART, TUS, Caller, problem, token_of
from tests.world import World
from webapp.uploads import parts

MIB = 1024 * 1024


class Sender(Caller):
    def tus(self, method: str, path: str, data: bytes = b"", **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        told = {**TUS, **self.headers, **named}
        return self.client.open(path, method=method, data=data, headers=told)

    def announce(self, length: int = 10) -> Any:
        return self.tus("POST", "/uploads", Upload_Length=str(length))

    def patch(self, path: str, data: bytes, offset: int = 0) -> Any:
        return self.tus("PATCH", path, data, Upload_Offset=str(offset), Content_Type=PART)

    def offset(self, path: str) -> int:
        return int(self.tus("HEAD", path).headers["Upload-Offset"])


@pytest.fixture
def app(make_app: Callable[..., Flask], tmp_path: Path) -> Flask:
    return make_app(settings=load({"LANTOA_QUOTA_CLASS_MB": "3"}, data=tmp_path))


@pytest.fixture
def sender(app: Flask, world: World) -> Callable[[Account], Sender]:
    return lambda account: Sender(app, token_of(world, account))


Senders = Callable[[Account], Sender]


def later(world: World) -> None:
    """As if all uploads were announced so much earlier."""
    with world.write() as session:
        for upload in session.scalars(select(Upload)):
            upload.created_at -= QUIET + timedelta(minutes=1)


def test_a_class_is_not_shut_out_by_what_nobody_sends(sender: Senders, world: World) -> None:
    hoarder, honest = sender(world.account(Role.PUPIL)), sender(world.account(Role.PUPIL))
    path = hoarder.announce(3 * MIB).headers["Location"]
    early = honest.announce(2 * MIB)
    later(world)
    taken = honest.announce(2 * MIB)
    late = hoarder.patch(path, b"0")

    assert problem(early) == (413, "quota_class_bytes")
    assert taken.status_code == 201
    assert problem(late) == (413, "quota_class_bytes")
    assert hoarder.offset(path) == 0

    honest.tus("DELETE", taken.headers["Location"])
    assert hoarder.patch(path, b"0").status_code == 204
    assert problem(honest.announce(2 * MIB)) == (413, "quota_class_bytes")  # held again


def test_what_has_a_byte_keeps_its_room(sender: Senders, world: World) -> None:
    slow, other = sender(world.account(Role.PUPIL)), sender(world.account(Role.PUPIL))
    path = slow.announce(3 * MIB).headers["Location"]
    slow.patch(path, b"0")
    later(world)

    assert problem(other.announce(2 * MIB)) == (413, "quota_class_bytes")
    assert slow.patch(path, b"1", 1).status_code == 204


def test_the_disk_is_not_kept_free_for_it_either(
    sender: Senders, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = SimpleNamespace(free=parts.SPARE + 100)
    monkeypatch.setattr(parts.shutil, "disk_usage", lambda _folder: usage)
    hoarder, honest = sender(world.account(Role.PUPIL)), sender(world.account(Role.PUPIL))
    path = hoarder.announce(80).headers["Location"]
    early = honest.announce(80)
    later(world)

    assert problem(early) == (507, "no_room")
    assert honest.announce(80).status_code == 201
    assert problem(hoarder.patch(path, b"0")) == (507, "no_room")
    assert hoarder.offset(path) == 0


def test_a_pupil_announces_no_more_than_a_few_at_once(sender: Senders, world: World) -> None:
    pupil, other = sender(world.account(Role.PUPIL)), sender(world.account(Role.PUPIL))
    made = [pupil.announce() for _ in range(7)]
    path = made[0].headers["Location"]

    assert [a.status_code for a in made] == [201] * 6 + [429]
    assert problem(made[6])[1] == "too_many_unsent"
    assert other.announce().status_code == 201

    pupil.patch(path, b"0")  # this one is under way
    assert [pupil.announce().status_code for _ in range(2)] == [201, 429]
    later(world)  # a phone whose answers were lost is not shut out for days
    assert pupil.announce().status_code == 201


def test_a_removal_that_meets_the_end_of_the_upload(
    sender: Senders, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last byte comes between the removal's look at the upload and its turn to write."""
    pupil = sender(world.account(Role.PUPIL))
    original = parts.FileParts.writing
    for used, status in ((True, 403), (False, 204)):
        path = pupil.announce(5).headers["Location"]

        def writing(self: Any, upload_id: str, path: str = path, used: bool = used, **how: Any):  # type: ignore[no-untyped-def]
            monkeypatch.setattr(parts.FileParts, "writing", original)
            assert pupil.patch(path, b"01234").status_code == 204
            if used:
                made = pupil("POST", "/api/v1/clips", {"title": "a", "upload": path})
                assert made.status_code == 201
            return original(self, upload_id, **how)

        monkeypatch.setattr(parts.FileParts, "writing", writing)
        assert pupil.tus("DELETE", path).status_code == status
        assert pupil.tus("HEAD", path).status_code == (200 if used else 404)


class TestPiecesThatAreGone:
    def join(self, who: Sender, *paths: str) -> Any:
        return who.tus("POST", "/uploads", Upload_Concat="final;" + " ".join(paths))

    def pieces(self, who: Sender) -> list[str]:
        found = []
        for data in (b"01234", b"56789"):
            headers = {"Upload_Length": "5", "Upload_Concat": "partial", "Content_Type": PART}
            answer = who.tus("POST", "/uploads", data, Upload_Offset="0", **headers)
            found.append(answer.headers["Location"])
        return found

    def rows(self, world: World) -> int:
        with world.read() as session:
            return len(list(session.scalars(select(Upload))))

    def test_a_second_whole_of_them_is_not_begun(self, sender: Senders, world: World) -> None:
        pupil = sender(world.account(Role.PUPIL))
        first, second = self.pieces(pupil)
        assert self.join(pupil, first, second).status_code == 201

        assert problem(self.join(pupil, second, first)) == (410, "upload_gone")
        assert self.rows(world) == 3

    def test_one_that_was_begun_is_forgotten(
        self, sender: Senders, world: World, tmp_path: Path
    ) -> None:
        """As two joins at the same moment leave it."""
        pupil = sender(world.account(Role.PUPIL))
        first, second = self.pieces(pupil)
        whole = pupil.announce(10).headers["Location"]
        upload_id = whole.rpartition("/")[2]
        with world.write() as session:
            session.get_one(Upload, upload_id).concat = f"final;{second} {first}"
        assert self.join(pupil, first, second).status_code == 201

        assert pupil.tus("HEAD", whole).status_code == 410
        assert pupil.tus("HEAD", whole).status_code == 404
        assert self.rows(world) == 3
        assert not list((tmp_path / "uploads").glob("*.part"))
