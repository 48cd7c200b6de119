"""The invented district with what the pipeline gives today: pictures, rungs, sound, signals."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from review import processing
from review.keys import derived
from review.processing import Output, Rendered
from tests.world import FACTS, World

MIMES = {"mp4": "video/mp4", "m4a": "audio/mp4", "jpg": "image/jpeg", "vtt": "text/vtt"}
PREVIEW = {
    "proxy.mp4": 900,
    "poster.jpg": 41,
    "posters/2.jpg": 42,
    "sprite.jpg": 50,
    "sprite.vtt": 5,
    "contact_sheet.jpg": 60,
}
LADDER = {
    "hls/master.m3u8": 7,
    "hls/144p.mp4": 100_000,
    "hls/360p.mp4": 400_000,
    "hls/720p.mp4": 2_000_000,
    "hls/audio-low.mp4": 30_000,
    "hls/audio.mp4": 80_000,
    "hls/sprite.jpg": 55,
    "hls/sprite.vtt": 6,
    "mp4/144p.mp4": 130_000,
    "mp4/720p.mp4": 2_080_000,
    "audio/sound.m4a": 79_000,
    "posters/3.jpg": 43,
}
COST = {"low": 130_000, "high": 2_080_000, "audio": 79_000}
SOUND = {"integrated_lufs": -31.2, "true_peak_dbtp": -9.0, "range_lu": 4.0}
# What `examine` notices, and what the ladder adds to it.
HEARD: dict[str, Any] = {"loudness": SOUND, "silent_spans": [[2.0, 5.5]], "posters": ["poster.jpg"]}
SEEN: dict[str, Any] = {
    "black_spans": [[1.0, 1.6]],
    "frozen_spans": [],
    "flashing_spans": [[3.2, 4.4], [7.0, 8.0]],
    "scene_cuts": [2.0, 6.5],
    "card_s": 0.0,
}
CLEAN = {**SEEN, "black_spans": [], "flashing_spans": []}


@dataclass
class PicturedWorld(World):
    """``heard`` and ``seen``: the signals of the two steps; ``silent``: a clip without sound."""

    heard: dict[str, Any] = field(default_factory=lambda: dict(HEARD))
    seen: dict[str, Any] = field(default_factory=lambda: dict(SEEN))
    silent: bool = False

    def examine(self, clip_id: str) -> None:
        claim = self.claim_job(clip_id, "examine")
        outputs = self._outputs(clip_id, claim.attempt_name, PREVIEW)
        facts = {**FACTS, "audio_index": None if self.silent else 1}
        sha256 = outputs[0].sha256
        with self.write() as session:
            processing.examined(
                session,
                claim,
                facts=facts,
                outputs=outputs,
                watched_sha256=sha256,
                signals=self.heard,
            )

    def ladder(self, clip_id: str) -> None:
        claim = self.claim_job(clip_id, "ladder")
        made = {w: n for w, n in LADDER.items() if not (self.silent and "audio" in w)}
        outputs = self._outputs(clip_id, claim.attempt_name, made)
        sizes = {"hls/master.m3u8": 720, "mp4/144p.mp4": 144, "mp4/720p.mp4": 720}
        renditions = [
            Rendered(
                "audio" if o.what.startswith("audio/") else o.what.partition("/")[0],
                o.what,
                sizes.get(o.what, 0) * 16 // 9,
                sizes.get(o.what, 0),
                o.bytes,
                o.sha256,
                o.mime,
            )
            for o in outputs
            if o.what in sizes or o.what.startswith("audio/")
        ]
        with self.write() as session:
            processing.laddered(
                session, claim, outputs=outputs, renditions=renditions, signals=self.seen
            )

    def _outputs(self, clip_id: str, attempt: str, sizes: dict[str, int]) -> list[Output]:
        base = derived(clip_id, self.get(clip_id).revision, attempt)
        return [
            Output(
                what,
                f"{base}/{what}",
                size,
                hashlib.sha256(f"{attempt} {what}".encode()).hexdigest(),
                MIMES.get(what.rpartition(".")[2], "application/vnd.apple.mpegurl"),
            )
            for what, size in sizes.items()
        ]
