"""What the player of a page gets: the ladder when there is one, else the preview."""

from __future__ import annotations

from dataclasses import dataclass

from flask import url_for
from sqlalchemy.orm import Session

from review import queries
from review.captions import reading
from review.models import Captions, Clip
from review.states import State


@dataclass(frozen=True, slots=True)
class Sources:
    """URLs, relative to this site; None for what is not made."""

    poster: str | None
    hls: str | None
    mp4: str | None
    proxy: str | None
    download: str | None
    download_bytes: int | None
    # (captions, their file in the time of what is played)
    captions: tuple[tuple[Captions, str], ...] = ()

    @property
    def playable(self) -> bool:
        return bool(self.hls or self.mp4 or self.proxy)


def sources(
    session: Session, clip: Clip, *, preview_only: bool = False, evidence: bool = False
) -> Sources:
    """``preview_only``: for the desk, where decisions bind to the bytes of the preview.
    ``evidence``: withdrawn or not, for the officer of an open case."""
    if clip.state == State.WITHDRAWN and not evidence:
        return Sources(None, None, None, None, None, None)
    files = queries.output_files(session, clip)
    made = [] if preview_only else queries.renditions(session, clip)
    mp4 = max((r for r in made if r.kind == "mp4"), key=lambda r: r.height, default=None)

    def link(what: str, *, download: str | None = None) -> str | None:
        if what not in files:
            return None
        return url_for("media.file", clip_id=clip.id, what=what, download=download)

    return Sources(
        poster=link("poster.jpg"),
        hls=link("hls/master.m3u8") if made else None,
        mp4=link(mp4.what) if mp4 else None,
        proxy=link("proxy.mp4"),
        download=link(mp4.what, download="1") if mp4 else None,
        download_bytes=mp4.bytes if mp4 else None,
        captions=tuple(
            (row, reading.file_of(session, row) if made else f"captions/{row.language}.vtt")
            for row in reading.current(session, clip)
        ),
    )
