"""How fast, how large and how sure the index of look-alikes is, at the size of a province.

.venv/bin/python bench/lookalikes.py [--clips 100000] [--postgres] [--keep FILE]

Invented clips: scenes of frames that change by some bits, title cards that thousands share, and
hashes whose parts are not equally likely. Among them the real films of the tests; then each film
comes back changed in every way that ffmpeg knows here. Prints a table.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from sqlalchemy import Connection, insert, text

from review import hashindex, schema
from review.hashindex import Frame, parts
from review.models import FrameBand, FrameHashes, Revision
from storage_config.database import Database
from tests.remakes import CHANGES, FILMS, film, hashes_of, remake
from tests.services.postgres import Postgres
from tests.world import World

CARDS = 40  # title cards that many clips begin with
FLIPS = (10, 70)  # bits by which the next frame of a scene differs


def scene(dice: random.Random, start: int, frames: int) -> list[int]:
    """Frames that drift away from the first, as filmed ones do."""
    found = [start]
    for _ in range(frames - 1):
        flips = dice.sample(range(256), dice.randint(*FLIPS))
        found.append(found[-1] ^ sum(1 << bit for bit in flips))
    return found


def picture(dice: random.Random) -> int:
    """A hash whose coarse bits follow one of a few layouts (sky above, face in the middle)."""
    layout = dice.choice(_LAYOUTS)
    noise = dice.getrandbits(256) & dice.getrandbits(256) & ~_COARSE  # a quarter of the fine bits
    noise |= dice.getrandbits(256) & dice.getrandbits(256) & dice.getrandbits(256) & _COARSE
    return layout ^ noise


_COARSE = (1 << 64) - 1
_LAYOUTS = [random.Random(n).getrandbits(256) for n in range(3000)]


def clip(dice: random.Random, cards: list[int]) -> list[Frame]:
    frames: list[int] = [dice.choice(cards)] if dice.random() < 0.3 else []
    wanted = dice.randint(8, hashindex.MAX_INDEXED)
    while len(frames) < wanted:
        start = picture(dice) if dice.random() < 0.5 else dice.getrandbits(256)
        frames += scene(dice, start, dice.randint(1, 6))
    return [Frame(1500 * n, bits) for n, bits in enumerate(frames[:wanted])]


def fill(database: Database, clips: int, clip_id: str) -> None:
    """Rows as `put` makes them, with the same limit for a part, but in bulk."""
    dice = random.Random(7)
    cards = [dice.getrandbits(256) for _ in range(CARDS)]
    held: Counter[int] = Counter()
    for start in range(0, clips, 2000):
        entries, bands = [], []
        for entry in range(1000 + start, 1000 + min(clips, start + 2000)):
            frames = clip(dice, cards)
            row = {"id": entry, "revision_id": f"{entry:026d}", "clip_id": clip_id}
            entries.append(row | {"frames": hashindex.pack(frames)})
            for n, frame in enumerate(frames):
                for value in parts(frame.bits):
                    held[value] += 1
                    if held[value] <= hashindex.MAX_IN_BAND:
                        bands.append({"band": value, "frame": entry * 32 + n})
        with unchecked(database) as connection:
            connection.execute(insert(FrameHashes), entries)
            connection.execute(insert(FrameBand), bands)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # What PostgreSQL does by itself within a minute or so.
        connection.execute(text("ANALYZE" if database.is_sqlite else "VACUUM ANALYZE"))
    sizes = sorted(held.values(), reverse=True)
    over = sum(n for n in sizes if n > hashindex.MAX_IN_BAND)
    print(
        f"parts: {sum(sizes):,}, in the fullest {sizes[0]:,}, in full ones {over / sum(sizes):.1%}"
    )


@contextmanager
def unchecked(database: Database) -> Iterator[Connection]:
    """The invented clips have no revisions."""
    with database.engine.connect() as connection:
        if database.is_sqlite:
            connection.execute(text("PRAGMA foreign_keys = OFF"))
            connection.execute(text("BEGIN"))
        else:
            connection.execute(text("SET session_replication_role = replica"))
        yield connection
        connection.commit()
        if database.is_sqlite:
            connection.execute(text("PRAGMA foreign_keys = ON"))
        else:
            connection.execute(text("SET session_replication_role = origin"))
            connection.commit()


def size(database: Database) -> float:
    """MB of the tables that make up the index."""
    if database.is_sqlite:
        query = "SELECT sum(pgsize) FROM dbstat WHERE name LIKE '%frame_%'"
    else:
        query = (
            "SELECT pg_total_relation_size('frame_bands')+pg_total_relation_size('frame_hashes')"
        )
    with database.engine.connect() as connection:
        return float(connection.execute(text(query)).scalar_one()) / 1e6


def measure(database: Database, clips: int, folder: Path, each_s: float) -> None:
    world = World(database)
    began = time.monotonic()
    fill(database, clips, world.clip())
    print(
        f"filled with {clips:,} clips in {time.monotonic() - began:.0f} s, {size(database):.0f} MB"
    )
    homes = {}
    for name in FILMS:
        homes[name] = world.clip(title=name)
        frames = hashindex.frames_of(hashes_of(film(name), each_s))
        began = time.monotonic()
        with world.write() as session:
            revision = session.query(Revision).filter_by(clip_id=homes[name]).one()
            hashindex.put(session, revision, frames)
        print(f"inserted {name} in {1000 * (time.monotonic() - began):.0f} ms")
    waits, strangers = [], 0
    print(f"{'change':32s} " + " ".join(f"{name:>18s}" for name in FILMS))
    for change in CHANGES:
        line = []
        for name in FILMS:
            target = folder / f"{name} {change}.mp4".replace("/", " ")
            frames = hashindex.frames_of(hashes_of(remake(film(name), change, target), each_s))
            began = time.monotonic()
            with world.read() as session:
                found = hashindex.search(session, frames, exclude_clip="")
            waits.append(time.monotonic() - began)
            mine = [m for m in found if m.clip_id == homes[name]]
            strangers += len(found) - len(mine)
            line.append(f"{mine[0].score:.2f} of 1, {len(frames):3d} fr" if mine else "MISSED")
        print(f"{change:32s} " + " ".join(f"{cell:>18s}" for cell in line))
    print(f"strangers found: {strangers}")
    print("look-up of these clips: " + spread_of(waits))
    for what, make in (("different frames", mixed), ("the fullest parts", fullest)):
        questions = [make(database, random.Random(number)) for number in range(20)]
        waits = []
        for frames in questions:
            began = time.monotonic()
            with world.read() as session:
                hashindex.search(session, frames, exclude_clip=None)
            waits.append(time.monotonic() - began)
        print(f"look-up of 240 frames, {what}: {spread_of(waits)}")


def mixed(_: Database, dice: random.Random) -> list[Frame]:
    """As many frames as a clip may ask with, all of them different."""
    odd = [dice.getrandbits(256) for _ in range(120)] + [picture(dice) for _ in range(120)]
    return [Frame(500 * n, bits) for n, bits in enumerate(odd)]


def fullest(database: Database, dice: random.Random) -> list[Frame]:
    """Frames put together from the parts that most others have: the worst that can be asked."""
    query = "SELECT band FROM frame_bands GROUP BY band ORDER BY count(*) DESC, band LIMIT 20000"
    with database.engine.connect() as connection:
        values = connection.execute(text(query)).scalars().all()
    by_band: dict[int, list[int]] = {}
    for value in values:
        by_band.setdefault(value >> hashindex.WIDTH, []).append(value & (1 << hashindex.WIDTH) - 1)
    frames = []
    for number in range(240):
        digits = ["0"] * 256
        for band, parts_of in by_band.items():
            chosen = f"{dice.choice(parts_of):0{hashindex.WIDTH}b}"
            for place, digit in enumerate(chosen):
                digits[band + place * hashindex.BANDS] = digit
        frames.append(Frame(500 * number, int("".join(digits), 2)))
    return frames


def spread_of(waits: list[float]) -> str:
    cuts = statistics.quantiles(waits, n=20)
    return f"p50 {1000 * statistics.median(waits):.0f} ms, p95 {1000 * cuts[18]:.0f} ms"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--clips", type=int, default=100_000)
    parser.add_argument("--each", type=float, default=0.25, help="seconds between frames")
    parser.add_argument("--postgres", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lookalikes-") as name:
        folder = Path(name)
        if args.postgres:
            with Postgres.started() as server:
                run(server.create(), args.clips, folder, args.each)
        else:
            run(f"sqlite:///{folder}/bench.sqlite3", args.clips, folder, args.each)


def run(url: str, clips: int, folder: Path, each_s: float) -> None:
    database = Database(url)
    schema.upgrade(database.engine)
    kind = database.engine.dialect.name
    print(f"{kind}, a frame each {each_s} s, parts {hashindex.BANDS}x{hashindex.WIDTH}")
    measure(database, clips, folder, each_s)
    database.dispose()


if __name__ == "__main__":
    main()
