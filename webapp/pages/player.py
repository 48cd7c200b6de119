"""What the player of a page gets: the ladder when there is one, else the preview."""

from __future__ import annotations

from dataclasses import dataclass

from flask import url_for
from sqlalchemy.orm import Session

from review import looks, queries
from review.captions import reading
from review.looks import ViewBytes
from review.models import Captions, Clip
from review.states import State


@dataclass(frozen=True, slots=True)
class Download:
    """One file to keep. ``side``: the picture's short side in pixels; None: only sound."""

    url: str
    bytes: int
    side: int | None


@dataclass(frozen=True, slots=True)
class Sources:
    """URLs, relative to this site; None for what is not made. ``low``: the smallest file;
    ``card_s``: how much later the clip begins in the ladder than in the preview; ``captions``:
    with their file in the time of what is played."""

    poster: str | None = None
    hls: str | None = None
    mp4: str | None = None
    low: str | None = None
    proxy: str | None = None
    audio: str | None = None
    card_s: float = 0.0
    view_bytes: ViewBytes | None = None
    downloads: tuple[Download, ...] = ()
    captions: tuple[tuple[Captions, str], ...] = ()

    @property
    def playable(self) -> bool:
        return bool(self.hls or self.mp4 or self.proxy)


def sources(
    session: Session, clip: Clip, *, preview_only: bool = False, evidence: bool = False
) -> Sources:
    """``preview_only``: for the desk, where decisions bind to the bytes of the preview.
    ``evidence``: withdrawn or not, for the officer of an open case."""
    revision = queries.revision(session, clip)
    if revision is None or (clip.state == State.WITHDRAWN and not evidence):
        return Sources()
    files = queries.output_files(session, clip)
    made = [] if preview_only else queries.renditions(session, clip)
    films = sorted((r for r in made if r.kind == "mp4"), key=lambda r: r.height)
    sounds = [r for r in made if r.kind == "audio"]

    def link(what: str | None, *, download: str | None = None) -> str | None:
        if what is None or what not in files:
            return None
        return url_for("media.file", clip_id=clip.id, what=what, download=download)

    offers = [(r, min(r.width, r.height)) for r in films] + [(r, None) for r in sounds]
    kept = [(link(r.what, download="1"), r.bytes, side) for r, side in offers]
    return Sources(
        poster=link(looks.poster(revision, files)),
        hls=link("hls/master.m3u8") if made else None,
        mp4=link(films[-1].what) if films else None,
        low=link(films[0].what) if films else None,
        proxy=link("proxy.mp4"),
        audio=link(sounds[0].what) if sounds else None,
        card_s=looks.card_s(revision) if made else 0.0,
        view_bytes=looks.view_bytes({w: f.bytes for w, f in files.items()}) if made else None,
        downloads=tuple(Download(url, size, side) for url, size, side in kept if url),
        captions=tuple(
            (row, reading.file_of(session, row) if made else f"captions/{row.language}.vtt")
            for row in reading.current(session, clip)
        ),
    )
