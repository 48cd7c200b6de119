"""Waiting clips in bulk: as many as one likes, of many schools, with everything that the queue
filters by. Their places are those that the rules would give them."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert

from review import clock, queueing
from review.details import LANGUAGES, TOPICS
from review.keys import new_id
from review.models import Campaign, Clip, QueuePlace, Revision, School, Upload
from review.policy import Actor
from review.queueing import APART
from review.queueplaces import place_name
from review.states import Party, State
from storage_config.database import Database
from tests.world import FACTS, World

LEVELS = ("kindergarten", "primary", "lower_secondary")
SHARES = {"flashing": 0.02, "returns": 0.01, "returns_here": 0.01, "consent": 0.1, "gps": 0.3}
BATCH = 5000


def stand(world: World, clip_ids: list[str]) -> None:
    """Give clips that were written by hand the places that a move would give them."""
    with world.write() as session:
        for clip_id in clip_ids:
            queueing.follow(session, session.get_one(Clip, clip_id), State.PROCESSING)


def schools(database: Database, number: int) -> list[tuple[str, str]]:
    """(id, level) of new schools."""
    with database.write() as session:
        now = clock.now(session)
        found = [(new_id(), LEVELS[n % 3]) for n in range(number)]
        session.execute(
            insert(School),
            [
                {"id": i, "name": f"Trường {i}", "level": level, "created_at": now}
                for i, level in found
            ],
        )
    return found


def campaigns(database: Database, number: int) -> list[str]:
    with database.write() as session:
        now = clock.now(session)
        found = [new_id() for _ in range(number)]
        session.execute(
            insert(Campaign),
            [{"id": i, "slug": f"c-{i}", "title": f"Đợt {i}", "created_at": now} for i in found],
        )
    return found


def fill(
    database: Database,
    owner: Actor,
    count: int,
    of: list[tuple[str, str]],
    slugs: list[str],
    *,
    seed: int = 7,
    others: int = 0,
) -> None:
    """``count`` waiting clips, half of them at each stage, and ``others`` that wait no more."""
    dice = random.Random(seed)
    with database.read() as session:
        now = clock.now(session)
    last: dict[tuple[str, str], datetime] = {}
    for start in range(0, count + others, BATCH):
        rows: dict[Any, list[dict[str, Any]]] = {m: [] for m in _MODELS}
        for number in range(start, min(start + BATCH, count + others)):
            sent = now - timedelta(days=60) + timedelta(seconds=5_000_000 * number / (count + 1))
            _clip(rows, dice, owner, sent, last, of, slugs, waiting=number < count)
        with database.write() as session:
            for model, values in rows.items():
                if values:
                    session.execute(insert(model), values)


_MODELS = (Clip, Upload, Revision, QueuePlace)


def _clip(
    rows: dict[Any, list[dict[str, Any]]],
    dice: random.Random,
    owner: Actor,
    sent: datetime,
    last: dict[tuple[str, str], datetime],
    of: list[tuple[str, str]],
    slugs: list[str],
    *,
    waiting: bool,
) -> None:
    clip_id, upload_id = new_id(), new_id()
    school, level = of[min(int(dice.expovariate(8 / len(of))), len(of) - 1)]
    stage = dice.randrange(2)
    party = (Party.REVIEWER, Party.MODERATOR)[stage]
    topics = dice.sample(sorted(TOPICS), dice.randint(1, 2))
    campaign = dice.choice(slugs) if slugs and dice.random() < 0.5 else None
    language = LANGUAGES[dice.random() < 0.05]
    rows[Clip].append(
        {
            "id": clip_id,
            "owner_id": owner.id,
            "school_id": school,
            "campaign_id": campaign,
            "title": f"Clip {clip_id}",
            "topics": topics,
            "language": language,
            "state": State.IN_REVIEW if waiting else dice.choice(_DONE),
            "stage": stage,
            "stage_party": party,
            "revision": 1,
            "created_at": sent,
            "submitted_at": sent,
        }
    )
    rows[Upload].append(
        {
            "id": upload_id,
            "account_id": owner.id,
            "length": 1,
            "name": "a.mp4",
            "created_at": sent,
            "expires_at": sent,
        }
    )
    rows[Revision].append(
        {
            "id": new_id(),
            "clip_id": clip_id,
            "number": 1,
            "upload_id": upload_id,
            "original_key": "k",
            "original_sha256": clip_id,
            "original_bytes": 1,
            "facts": FACTS,
            "created_at": sent,
        }
    )
    if not waiting:
        return
    turn = max(sent, last.get((party, school), sent - APART) + APART)
    last[party, school] = turn
    kinds = [
        ("school", school),
        ("level", level),
        ("language", language),
        *(("topic", topic) for topic in topics),
        *(("sign", sign) for sign, share in SHARES.items() if dice.random() < share),
    ]
    if campaign is not None:
        kinds.append(("campaign", campaign))
    names = [place_name(party), *(place_name(party, kind, value) for kind, value in kinds)]
    rows[QueuePlace] += [{"list": n, "turn": turn, "clip_id": clip_id} for n in names]


_DONE = (State.PUBLISHED, State.REJECTED, State.WITHDRAWN)
