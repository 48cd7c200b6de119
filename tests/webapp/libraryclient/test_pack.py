"""Offline packs: made of a mirror, signed, unpacked at a school that has no internet."""

from __future__ import annotations

import json
import shutil
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from review.policy import Role
from storage_config.blobs import LocalBlobs
from tests.captioning import keep
from tests.mirrors import Ours, film, publish
from tests.services.forks import forked
from tests.webapp.feed.conftest import edit
from tests.webapp.libraryclient.test_sync import dying
from tests.world import World
from webapp.libraryclient import Shelf
from webapp.libraryclient.files import Malformed
from webapp.libraryclient.manifest import WrongSignature, make_key, read_key, sign
from webapp.libraryclient.pack import pack
from webapp.libraryclient.unpack import OlderPack, unpack

MADE = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


@dataclass
class Office:
    """A mirror that is packed again and again."""

    mirror: Ours
    out: Path
    count: int = 0

    @property
    def key(self) -> bytes:
        return make_key(self.out.parent / "pack.key")

    def pack(self) -> Path:
        self.mirror.run()
        self.count += 1
        target = self.out.with_name(f"pack-{self.count}.zip")
        with Shelf(self.mirror.folder) as shelf:
            pack(shelf, target, self.key, now=MADE + timedelta(hours=self.count))
        return target


@pytest.fixture
def office(ours: Ours, tmp_path: Path) -> Office:
    return Office(ours, tmp_path / "pack.zip")


@pytest.fixture
def school(tmp_path: Path) -> Path:
    return tmp_path / "school"


def there(school: Path) -> set[str]:
    return {p.name for p in (school / "clips").iterdir()}


def everything(folder: Path) -> dict[str, bytes]:
    files = (p for p in folder.rglob("*") if p.is_file() and p.name != "lock")
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}


def changed(source: Path, target: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """A copy of a pack with other bytes in it."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = change(name, old.read(name))
            if content is not None:
                new.writestr(name, content)
    return target


def test_a_school_gets_what_the_mirror_has_and_loses_what_is_withdrawn(
    world: World, blobs: LocalBlobs, office: Office, school: Path
) -> None:
    gone, kept = (publish(world, blobs, title=t) for t in ("một", "hai"))
    first = unpack(office.pack(), school, office.key)
    assert (there(school), first.clips, first.removed) == ({gone, kept}, 2, 0)
    assert (school / "clips" / kept / "mp4" / "360p.mp4").read_bytes() == film(kept)

    world.withdraw(gone, "guardian")
    edit(world, kept, title="hai, sửa lại")
    second = unpack(office.pack(), school, office.key)

    assert (there(school), second.clips, second.removed) == ({kept}, 1, 1)
    page = (school / "index.html").read_text()
    assert "hai, sửa lại" in page
    assert gone not in page
    left = [name for name, content in everything(school).items() if gone.encode() in content]
    assert left == []


def test_nothing_is_copied_twice(
    world: World, blobs: LocalBlobs, office: Office, school: Path
) -> None:
    publish(world, blobs)
    source = office.pack()
    first = unpack(source, school, office.key)
    assert (first.written > 3, unpack(source, school, office.key).written) == (True, 0)


def test_the_same_pack_mends_what_went_bad(
    world: World, blobs: LocalBlobs, office: Office, school: Path
) -> None:
    clip_id = publish(world, blobs)
    source = office.pack()
    unpack(source, school, office.key)
    right = everything(school)
    (school / "clips" / clip_id / "mp4" / "360p.mp4").write_bytes(b"bad")
    (school / "clips" / clip_id / "clip.json").unlink()

    assert unpack(source, school, office.key).written == 2
    assert everything(school) == right


def litter(school: Path, clip_id: str, outside: Path) -> None:
    """What systems and people leave in a folder."""
    clips = school / "clips"
    for name in (".DS_Store", "Thumbs.db", "n" * 255):
        (clips / name).write_bytes(b"x")
    outside.mkdir()
    (outside / "theirs.txt").write_text("not ours")
    (clips / "linked").symlink_to(outside)
    (clips / "nowhere").symlink_to(outside / "nothing")
    (clips / clip_id / "nowhere").symlink_to(outside / "nothing")
    shutil.rmtree(clips / clip_id / "mp4")
    (clips / clip_id / "mp4").symlink_to(outside)
    (clips / clip_id / "clip.json").unlink()
    (clips / clip_id / "clip.json").mkdir()


def test_what_lies_in_its_way_goes_and_no_link_is_followed(
    world: World, blobs: LocalBlobs, office: Office, school: Path, tmp_path: Path
) -> None:
    clip_id = publish(world, blobs)
    source = office.pack()
    unpack(source, school, office.key)
    right = everything(school)
    litter(school, clip_id, tmp_path / "outside")

    unpack(source, school, office.key)

    assert everything(school) == right
    assert there(school) == {clip_id}
    assert everything(tmp_path / "outside") == {"theirs.txt": b"not ours"}


def test_a_clip_that_is_a_link_is_unpacked_here_and_not_there(
    world: World, blobs: LocalBlobs, office: Office, school: Path, tmp_path: Path
) -> None:
    clip_id = publish(world, blobs)
    source = office.pack()
    unpack(source, school, office.key)
    right = everything(school)
    (school / "clips" / clip_id).rename(tmp_path / "outside")
    (school / "clips" / clip_id).symlink_to(tmp_path / "outside")
    (tmp_path / "outside" / "theirs.txt").write_text("not ours")

    unpack(source, school, office.key)

    assert everything(school) == right
    assert (tmp_path / "outside" / "theirs.txt").exists()


def test_a_folder_where_an_earlier_run_failed_mends_itself(
    world: World, blobs: LocalBlobs, office: Office, school: Path
) -> None:
    """A film that was withdrawn, and a file, lie aside since."""
    gone = publish(world, blobs)
    unpack(office.pack(), school, office.key)
    own = school / ".lantoa"
    shutil.copytree(school / "clips" / gone, own / f"gone-{gone}")
    (own / "gone-.DS_Store").write_bytes(b"x")
    (school / "clips" / ".DS_Store").write_bytes(b"x")
    world.withdraw(gone)

    unpack(office.pack(), school, office.key)

    assert there(school) == set()
    assert {p.name for p in own.iterdir()} == {"lock", "pack.json"}


class TestRefused:
    """And then nothing at the school is changed."""

    @pytest.fixture
    def packs(
        self, world: World, blobs: LocalBlobs, office: Office, school: Path
    ) -> tuple[Path, Path]:
        """The first, which is unpacked, and a newer one."""
        gone = publish(world, blobs)
        first = office.pack()
        unpack(first, school, office.key)
        world.withdraw(gone)
        return first, office.pack()

    def refuse(self, error: type[Exception], source: Path, school: Path, key: bytes) -> None:
        before = everything(school)
        with pytest.raises(error):
            unpack(source, school, key)
        assert everything(school) == before

    def test_an_older_one(self, packs: tuple[Path, Path], school: Path, office: Office) -> None:
        """It would bring back what was withdrawn."""
        unpack(packs[1], school, office.key)
        self.refuse(OlderPack, packs[0], school, office.key)
        assert there(school) == set()

    def test_another_key(self, packs: tuple[Path, Path], school: Path, tmp_path: Path) -> None:
        self.refuse(WrongSignature, packs[1], school, make_key(tmp_path / "other.key"))

    def test_a_changed_manifest(
        self, packs: tuple[Path, Path], school: Path, tmp_path: Path, office: Office
    ) -> None:
        def change(name: str, content: bytes) -> bytes:
            return content.replace(b'"seq": 2', b'"seq": 9') if name == "manifest.json" else content

        forged = changed(packs[1], tmp_path / "forged.zip", change)
        self.refuse(WrongSignature, forged, school, office.key)

    def test_a_missing_file(
        self, packs: tuple[Path, Path], school: Path, tmp_path: Path, office: Office
    ) -> None:
        lacking = changed(
            packs[1], tmp_path / "less.zip", lambda n, c: None if n == "page.js" else c
        )
        self.refuse(Malformed, lacking, school, office.key)

    def test_a_path_that_leads_out(
        self, packs: tuple[Path, Path], school: Path, tmp_path: Path, office: Office
    ) -> None:
        """Even signed with the right key."""

        def manifest(content: bytes) -> bytes:
            value = json.loads(content)
            value["files"].append({"path": "../out.txt", "sha256": "0" * 64, "bytes": 1})
            return json.dumps(value).encode()

        with zipfile.ZipFile(packs[1]) as old:
            raw = manifest(old.read("manifest.json"))
        new = {"manifest.json": raw, "manifest.sig": sign(raw, office.key).encode()}
        forged = changed(packs[1], tmp_path / "out.zip", lambda n, c: new.get(n, c))
        self.refuse(Malformed, forged, school, office.key)

    @pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x05\x06" + bytes(18)])
    def test_no_pack(self, school: Path, tmp_path: Path, office: Office, content: bytes) -> None:
        source = tmp_path / "x.zip"
        source.write_bytes(content)
        school.mkdir()
        with pytest.raises(Malformed):
            unpack(source, school, office.key)

    def test_a_damaged_film(
        self, world: World, blobs: LocalBlobs, office: Office, school: Path, tmp_path: Path
    ) -> None:
        """What is withdrawn goes all the same; what is damaged is never put there."""
        gone = publish(world, blobs)
        unpack(office.pack(), school, office.key)
        world.withdraw(gone)
        new = publish(world, blobs)
        bad = changed(
            office.pack(), tmp_path / "bad.zip", lambda n, c: c[::-1] if n.endswith(".mp4") else c
        )
        with pytest.raises(Malformed, match="damaged"):
            unpack(bad, school, office.key)

        assert gone not in there(school)
        assert not (school / "clips" / new / "mp4" / "360p.mp4").exists()

    @pytest.mark.parametrize("part", ["manifest.json", ".mp4"])
    def test_bytes_that_changed_on_the_way(
        self, world: World, blobs: LocalBlobs, office: Office, school: Path, part: str
    ) -> None:
        """A bad stick or download: whoever unpacks is told what to do."""
        publish(world, blobs)
        pack = office.pack()
        with zipfile.ZipFile(pack) as archive:
            entry = next(e for e in archive.infolist() if e.filename.endswith(part))
        with pack.open("r+b") as file:
            file.seek(entry.header_offset + 26)
            name, extra = struct.unpack("<HH", file.read(4))
            file.seek(name + extra, 1)
            byte = file.read(1)
            file.seek(-1, 1)
            file.write(bytes([byte[0] ^ 0x10]))
        with pytest.raises(Malformed, match=r"damaged in this pack.*get the pack again"):
            unpack(pack, school, office.key)


def test_a_damaged_mirror_is_not_packed(world: World, blobs: LocalBlobs, office: Office) -> None:
    clip_id = publish(world, blobs)
    office.mirror.run()
    (office.mirror.folder / "clips" / clip_id / "mp4" / "360p.mp4").write_bytes(b"bad")
    with pytest.raises(Malformed):
        office.pack()
    assert not office.out.with_name("pack-1.zip").exists()


@pytest.mark.faults
def test_stopped_at_every_step_the_same_pack_ends_right(
    world: World,
    blobs: LocalBlobs,
    office: Office,
    school: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gone = publish(world, blobs, title="một")
    publish(world, blobs, title="hai")
    unpack(office.pack(), school, office.key)
    world.withdraw(gone)
    publish(world, blobs, title="ba")
    source, key = office.pack(), office.key
    right, steps = school.with_name("right"), 0
    shutil.copytree(school, right)
    unpack(source, right, key)
    for steps in (*range(1, 12), *range(12, 100, 4)):
        place = school.with_name(f"killed-{steps}")
        shutil.copytree(school, place)
        with monkeypatch.context() as patched:
            dying(patched, steps)

            def run(place: Path = place) -> None:
                unpack(source, place, key)
                (place / ".lantoa" / "done").write_text("")

            with forked(run):
                pass
        done = place / ".lantoa" / "done"
        if done.exists():
            break
        unpack(source, place, key)
        assert everything(place) == everything(right)
    assert steps > 10


def test_a_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "pack.key"
    assert make_key(path) == make_key(path) == read_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("nonsense")
    with pytest.raises(Malformed):
        make_key(path)


@pytest.mark.browser
def test_the_page_works_from_the_disk(
    world: World, blobs: LocalBlobs, office: Office, school: Path, browser: Browser
) -> None:
    first = publish(world, blobs, title="Mật khẩu của em")
    publish(world, blobs, title='Đạo đức & <b>"mạng"</b>')
    unpack(office.pack(), school, office.key)
    said: list[str] = []
    page = browser.new_page(locale="vi-VN")
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"file://{school}/index.html")
    seen = page.locator(".cards li:visible strong")
    page.get_by_label("Tìm clip").fill("dao duc")
    assert seen.all_inner_texts() == ['Đạo đức & <b>"mạng"</b>']
    page.get_by_label("Tìm clip").fill("không có")
    assert (seen.count(), page.get_by_role("status").inner_text()) == (
        0,
        "Không tìm thấy clip nào. Thử từ khác nhé.",
    )
    page.get_by_label("Tìm clip").fill("MAT khẩu")
    page.locator(".cards li:visible a").click()

    assert page.title() == "Mật khẩu của em · Lan Tỏa"
    assert first in page.url
    assert said == []
    page.close()


@pytest.mark.browser
def test_captions_are_read_from_the_disk(
    world: World, blobs: LocalBlobs, office: Office, school: Path, browser: Browser
) -> None:
    clip_id = publish(world, blobs)
    keep(world, clip_id, Role.MODERATOR)
    unpack(office.pack(), school, office.key)
    page = browser.new_page()
    page.goto(f"file://{school}/clips/{clip_id}/index.html")
    cues = page.evaluate(
        "Array.from(document.querySelector('video').textTracks[0].cues, c => [c.startTime, c.text])"
    )

    assert cues == [
        [0.5, "Chào các bạn"],
        [2.5, "Hôm nay lớp mình nói về <b>mật khẩu</b>"],
    ]
    page.close()
