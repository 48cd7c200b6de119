"""Captions for the tests' world: saved as people save them, and ladders with a playlist."""

from __future__ import annotations

import hashlib
import io
from typing import BinaryIO

from review import processing
from review.captions import keeping, reading
from review.captions.cues import Cue
from review.captions.keeping import NOTHING, Seen
from review.keys import derived
from review.models import Clip
from review.policy import Role
from review.processing import Output, Rendered
from review.states import State
from tests.world import World

CUES = (Cue(0.5, 2.0, "Chào các bạn"), Cue(2.5, 4.0, "Hôm nay lớp mình nói về <b>mật khẩu</b>"))
OTHER = (Cue(0.5, 2.0, "Xin chào"),)
MASTER = '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO="sound"\n360p.m3u8\n'
HLS = "application/vnd.apple.mpegurl"


class Store:
    """A store that has one file under every key, or none."""

    def __init__(self, content: bytes | None = None) -> None:
        self.content = content

    def open(self, key: str) -> BinaryIO:
        if self.content is None:
            raise FileNotFoundError(key)
        return io.BytesIO(self.content)


def keep(
    world: World,
    clip_id: str,
    role: Role = Role.TEACHER,
    cues: tuple[Cue, ...] = CUES,
    *,
    language: str = "vi",
    seen: Seen | None = None,
    store: Store | None = None,
) -> int:
    """The new version."""
    actor = world.actor(role)
    with world.write() as session:
        if seen is None:
            found = reading.one(session, session.get_one(Clip, clip_id), language)
            seen = Seen(found.version if found else NOTHING)
        return keeping.save(
            session,
            store or Store(),  # type: ignore[arg-type]
            clip_id,
            actor,
            language,
            cues,
            seen,
            source="editor",
        ).version


def remove(world: World, clip_id: str, role: Role, version: int) -> None:
    actor = world.actor(role)
    with world.write() as session:
        keeping.remove(session, Store(), clip_id, actor, "vi", Seen(version))  # type: ignore[arg-type]


def kept(world: World, clip_id: str, *, drafts: bool = False) -> dict[str, str]:
    with world.read() as session:
        rows = reading.current(session, session.get_one(Clip, clip_id), drafts=drafts)
        return {row.language: row.vtt for row in rows}


def ladder(
    world: World, clip_id: str, playlist: str | None = MASTER, *, card_s: float = 0.0
) -> None:
    """The ladder with its playlist, as a worker stores it."""
    claim = world.claim_job(clip_id, "ladder")
    base = derived(clip_id, 1, claim.attempt_name)
    sha256 = hashlib.sha256(MASTER.encode()).hexdigest()
    what = "hls/master.m3u8"
    made = Rendered("hls", what, 640, 360, 5000 + len(MASTER), sha256, HLS, playlist=playlist)
    stored = Output(what, f"{base}/{what}", len(MASTER), sha256, HLS)
    with world.write() as session:
        processing.laddered(
            session, claim, outputs=[stored], renditions=[made], signals={"card_s": card_s}
        )


def published(world: World, playlist: str | None = MASTER) -> str:
    clip_id = world.clip(State.APPROVED)
    ladder(world, clip_id, playlist)
    assert world.get(clip_id).state == "published"
    return clip_id
