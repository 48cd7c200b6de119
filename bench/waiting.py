"""Whether a page of the queue costs the same at a million waiting clips as at a thousand.

.venv/bin/python bench/waiting.py [--clips 1000000] [--small 1000] [--rounds 7] [--postgres]

Invented clips of 500 schools in a temporary database of each size; both pages are asked for in
turns, through the whole application, and their ratio is printed with its range. So are the
numbers' page after as many decisions, and taking the next clip.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from flask.testing import FlaskClient
from sqlalchemy import insert, text

from bench.measure import in_turns, ratio, row, table
from review import accounts, clock, schema
from review.models import (
    PersonSpan,
    ReasonDay,
    ReviewDay,
    ReviewWeek,
    SchoolSpan,
    WaitingDay,
    WaitingSpan,
    WaitingWeek,
)
from review.numbers import ALL, COUNTED, EVERYBODY, day_of, span_of, week_of
from review.policy import Role
from review.reasons import REASONS
from storage_config.blobs import LocalBlobs
from storage_config.database import Database
from storage_config.settings import load
from tests import queued
from tests.services.postgres import Postgres
from tests.world import World
from webapp.app import create_app

SCHOOLS = 500
TIMES = 5  # calls in one measurement


class Silent:
    def ring(self, job_id: str, queue: str) -> bool:
        return True


@dataclass
class Office:
    """A database with so many waiting clips, and a moderator's browser."""

    database: Database
    client: FlaskClient
    school: str
    campaign: str

    def get(self, path: str) -> None:
        answer = self.client.get(path, headers={"Accept": "text/html"})
        assert answer.status_code in (200, 302), (path, answer.status_code)
        answer.get_data()


def office(url: str, clips: int, folder: Path) -> Office:
    database = Database(url)
    schema.upgrade(database.engine)
    world = World(database)
    schools = queued.schools(database, SCHOOLS)
    campaigns = queued.campaigns(database, 10)
    began = time.monotonic()
    queued.fill(database, world.actor(Role.TEACHER), clips, schools, campaigns)
    decided(database, clips, [school for school, _ in schools])
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # What PostgreSQL does by itself within a minute or so; SQLite is as the program leaves it.
        if not database.is_sqlite:
            connection.execute(text("VACUUM ANALYZE"))
    print(f"{clips:,} clips in {time.monotonic() - began:.0f} s", flush=True)
    settings = load({}, data=folder)
    app = create_app(
        settings, database=database, blobs=LocalBlobs(folder / "blobs"), doorbell=Silent()
    )
    return Office(database, signed_in(app.test_client(), world), schools[5][0], campaigns[0])


def signed_in(client: FlaskClient, world: World) -> FlaskClient:
    moderator = world.person(Role.MODERATOR)
    with world.write() as session:
        secret = accounts.open_session(session, moderator, 100)
    with client.session_transaction() as cookie:
        cookie["_user_id"] = secret
    return client


def decided(database: Database, clips: int, schools: list[str]) -> None:
    """The numbers of as many decisions, spread over a year."""
    dice = random.Random(3)
    with database.read() as session:
        today = day_of(clock.now(session))
    found: dict[type, dict[tuple, int]] = {model: {} for model in _KEYS}

    def add(model: type, *key: object) -> None:
        found[model][key] = found[model].get(key, 0) + 1

    for _ in range(clips):
        day = today - timedelta(days=dice.randrange(360))
        school = schools[min(int(dice.expovariate(8 / len(schools))), len(schools) - 1)]
        party = dice.choice(("reviewer", "moderator"))
        action = dice.choices(COUNTED, (8, 2, 1))[0]
        who = f"{school}-{dice.randrange(3)}" if party == "reviewer" else f"m{dice.randrange(20)}"
        step, reason = int(dice.gauss(30, 6)), dice.choice(list(REASONS))
        for of in (ALL, school):
            add(ReviewDay, day, of, party, action)
            add(WaitingDay, day, of, party, step)
            if action != "approve":
                add(ReasonDay, day, of, reason)
        for actor_id in (EVERYBODY, who):
            add(ReviewWeek, week_of(day), school, actor_id, action)
        add(WaitingWeek, week_of(day), school, step)
        add(WaitingSpan, span_of(day), school, step)
        add(SchoolSpan, span_of(day), school, action)
        for of in (ALL, school):
            add(PersonSpan, span_of(day), of, who, action)
    for model, names in _KEYS.items():
        _store(database, model, names, found[model], "given" if model is ReasonDay else "decided")


_KEYS: dict[type, tuple[str, ...]] = {
    ReviewDay: ("day", "school_id", "party", "action"),
    ReviewWeek: ("week", "school_id", "actor_id", "action"),
    WaitingDay: ("day", "school_id", "party", "step"),
    WaitingWeek: ("week", "school_id", "step"),
    ReasonDay: ("day", "school_id", "code"),
    SchoolSpan: ("begins", "school_id", "action"),
    PersonSpan: ("begins", "school_id", "actor_id", "action"),
    WaitingSpan: ("begins", "school_id", "step"),
}


def _store(database: Database, model: type, names: tuple[str, ...], found: dict, word: str) -> None:
    rows = [dict(zip(names, key, strict=True)) | {word: n} for key, n in found.items()]
    for start in range(0, len(rows), 10_000):
        with database.write() as session:
            session.execute(insert(model), rows[start : start + 10_000])


PAGES: dict[str, Callable[[Office], str]] = {
    "the queue": lambda _: "/review?scope=due",
    "all that wait": lambda _: "/review?scope=all",
    "one school's": lambda o: f"/review?scope=due&school={o.school}",
    "a topic": lambda _: "/review?scope=due&topic=conduct",
    "a rare sign": lambda _: "/review?scope=due&sign=returns",
    "campaign, level, topic, sign": lambda o: (
        f"/review?scope=all&campaign={o.campaign}&level=primary&topic=conduct&sign=gps"
    ),
    "waited for 30 days": lambda _: "/review?scope=due&days=30",
    "hardly any match": lambda _: "/review?scope=due&level=primary&language=en&topic=conduct",
    "the next one": lambda _: "/review/next?scope=due",
    "numbers of 4 weeks": lambda _: "/numbers?weeks=4",
    "numbers of 12 months": lambda _: "/numbers?weeks=52",
}


def measure(small: Office, large: Office, rounds: int) -> None:
    table("page", "small, ms", "large, ms", "large to small (range)")
    for name, address in PAGES.items():
        ways = {n: _often(o, address(o)) for n, o in (("small", small), ("large", large))}
        for way in ways.values():
            way()
        costs = in_turns(ways, rounds)
        times = {n: f"{1000 * min(c.wall for c in costs[n]) / TIMES:.1f}" for n in ways}
        row(name, times["small"], times["large"], ratio(costs["large"], costs["small"]))


def _often(who: Office, path: str) -> Callable[[], None]:
    def work() -> None:
        for _ in range(TIMES):
            who.get(path)

    return work


@contextmanager
def addresses(folder: Path, *, postgres: bool) -> Iterator[tuple[str, str]]:
    if not postgres:
        yield (f"sqlite:///{folder}/small.sqlite3", f"sqlite:///{folder}/large.sqlite3")
        return
    with Postgres.started() as server:
        yield server.create(), server.create()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--clips", type=int, default=1_000_000)
    parser.add_argument("--small", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--folder", help="where the databases are made (else a temporary place)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="queue-", dir=args.folder) as name:
        folder = Path(name)
        with addresses(folder, postgres=args.postgres) as (small, large):
            offices = office(small, args.small, folder), office(large, args.clips, folder)
            print(f"{offices[0].database.engine.dialect.name}, {args.rounds} rounds")
            measure(*offices, args.rounds)
            for each in offices:
                each.database.dispose()


if __name__ == "__main__":
    main()
