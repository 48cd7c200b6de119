"""Invented frames, and a district in which no two clips have the same bytes."""

from __future__ import annotations

import random
from typing import Any

from sqlalchemy import select

from review import lookalikes
from review.keys import new_id
from review.lookalikes import Shown
from review.models import Account, Clip, Revision
from review.policy import Actor
from tests.world import World

Hashes = list[dict[str, Any]]


class District(World):
    """Here no two clips have the same bytes unless a test says so."""

    content: bytes | None = None

    def upload(self, owner: Account | None = None, content: bytes = b"") -> str:
        return super().upload(owner, content or self.content or new_id().encode())


def some_hashes(seed: int, frames: int = 12, each_s: float = 1.5) -> Hashes:
    dice = random.Random(seed)
    return [
        {"at_s": n * each_s, "hash": dice.getrandbits(256).to_bytes(32).hex()}
        for n in range(frames)
    ]


def flipped(hashes: Hashes, bits: int, seed: int = 0, later_s: float = 0.0) -> Hashes:
    """The same frames, each with so many bits changed, so much later."""
    dice = random.Random(seed)
    found = []
    for row in hashes:
        mask = sum(1 << bit for bit in dice.sample(range(256), bits))
        changed = int(row["hash"], 16) ^ mask
        found.append({"at_s": row["at_s"] + later_s, "hash": f"{changed:064x}"})
    return found


def index(world: World, clip_id: str, hashes: Hashes) -> None:
    with world.write() as session:
        clip = session.get_one(Clip, clip_id)
        revision = session.scalars(
            select(Revision).where(Revision.clip_id == clip_id, Revision.number == clip.revision)
        ).one()
        lookalikes.index(session, revision, hashes)


def find(world: World, hashes: Hashes, exclude: str | None = None) -> list[lookalikes.LookAlike]:
    with world.read() as session:
        return lookalikes.find(session, hashes, exclude_clip=exclude)


def told(world: World, actor: Actor, clip_id: str) -> list[Shown]:
    with world.read() as session:
        return lookalikes.for_reviewer(session, actor, session.get_one(Clip, clip_id))
