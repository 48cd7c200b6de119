"""What machines noticed in a clip, in a reviewer's words: never a verdict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_babel import format_decimal
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from review import faces, jobs, looks, queries, spans
from review.models import Clip, Note, OutputFile, Revision
from review.states import State

# LUFS of a clip as it was sent in. Ours are published at -16: from 12 below it people turn their
# phone up, from 6 above it they turn it down.
QUIET_LUFS, LOUD_LUFS = -28.0, -10.0
# The times of a list are for jumping; more buttons than these nobody reads.
MOST_JUMPS = 12


@dataclass(frozen=True, slots=True)
class Lane:
    """One kind of signal: spans in seconds of the preview; a cut is a span without a length."""

    kind: str  # flashing | black | frozen | silent | loud | face | note | cut
    spans: tuple[tuple[float, float], ...]

    @property
    def jumps(self) -> list[tuple[float, str]]:
        """Where to look, and for how long, in words: the first of them."""
        chosen = self.spans[:MOST_JUMPS] if self.kind != "cut" else ()
        if self.kind == "note":  # a moment
            return [(a, "") for a, _b in chosen]
        return [
            (a, _("%(n)s giây", n=format_decimal(max(0.1, round(b - a, 1))))) for a, b in chosen
        ]

    @property
    def word(self) -> str:
        return {
            "flashing": _("Nhấp nháy mạnh"),
            "black": _("Hình đen"),
            "frozen": _("Hình đứng yên"),
            "silent": _("Không có tiếng"),
            "loud": _("To hơn hẳn"),
            "face": _("Khuôn mặt (máy tìm)"),
            "note": _("Ghi chú trước"),
            "cut": _("Chuyển cảnh"),
        }[self.kind]


@dataclass(frozen=True, slots=True)
class Noticed:
    """``state``: "ready", "waiting" for the ladder, or "none" where nothing looked at the clip,
    nor will. ``scrub`` and ``contact_sheet``: URLs; ``shift_s``: how much later the clip begins in
    the times of ``scrub`` than in the preview."""

    state: str
    lanes: tuple[Lane, ...]
    length_s: float
    loudness: str | None  # silent | quiet | fair | loud
    lufs: float | None
    scrub: str | None
    shift_s: float
    contact_sheet: str | None

    @property
    def flashes(self) -> bool:
        return any(lane.kind == "flashing" for lane in self.lanes)

    @property
    def unusual(self) -> bool:
        """Whether there is anything but cuts and an ordinary loudness. A face is nothing unusual,
        and what a person noted no machine saw."""
        heard = self.loudness not in (None, "fair")
        return heard or any(lane.kind not in ("cut", "face", "note") for lane in self.lanes)

    @property
    def loudness_word(self) -> str | None:
        if self.loudness is None:
            return None
        return {
            "silent": _("không có tiếng"),
            "quiet": _("nhỏ"),
            "fair": _("vừa"),
            "loud": _("quá to"),
        }[self.loudness]

    @property
    def is_levelled(self) -> bool:
        """Whether what is published sounds otherwise than what the reviewer hears."""
        return self.loudness in ("quiet", "loud")


def noticed(
    session: Session, clip: Clip, notes: Iterable[Note], *, evidence: bool = False
) -> Noticed | None:
    """For the desk, which plays the preview and shows ``notes``. None where there is no preview,
    and for a withdrawn clip unless it is ``evidence``, of which only the preview's own files may
    be seen."""
    revision = queries.revision(session, clip)
    hidden = clip.state == State.WITHDRAWN and not evidence
    if hidden or revision is None or revision.examine_attempt is None:
        return None
    files = queries.output_files(session, clip)
    signals = revision.signals or {}
    scrub, shift = _scrub(revision, files, evidence)
    loudness, lufs = _loudness(signals, silent=_is_silent(revision))
    return Noticed(
        state=_state(session, revision),
        lanes=_lanes(signals, _face_spans(session, clip), _note_times(notes)),
        length_s=float((revision.facts or {}).get("duration_s") or 0.0),
        loudness=loudness,
        lufs=lufs,
        scrub=_link(clip, scrub),
        shift_s=shift,
        contact_sheet=_link(clip, "contact_sheet.jpg" if "contact_sheet.jpg" in files else None),
    )


def _link(clip: Clip, what: str | None) -> str | None:
    return url_for("media.file", clip_id=clip.id, what=what) if what else None


def _scrub(
    revision: Revision, files: Mapping[str, OutputFile], evidence: bool
) -> tuple[str | None, float]:
    """The ladder's has more pictures, but its times begin with the card."""
    dense, plain = looks.SPRITES
    if dense in files and not evidence:
        return dense, looks.card_s(revision)
    return (plain if plain in files else None), 0.0


def _state(session: Session, revision: Revision) -> str:
    if "black_spans" in (revision.signals or {}):
        return "ready"
    return "waiting" if jobs.is_open(session, revision.id, "ladder") else "none"


def _is_silent(revision: Revision) -> bool:
    facts = revision.facts or {}
    return "audio_index" in facts and facts["audio_index"] is None


def _face_spans(session: Session, clip: Clip) -> list[Sequence[float]]:
    """Where a machine that somebody asked found a face; those of one time are one."""
    boxes = faces.search(session, clip).boxes
    return list(spans.merged((box.start_s, box.end_s) for box in boxes))


def _note_times(notes: Iterable[Note]) -> list[Sequence[float]]:
    return [(at, at) for at in sorted({note.at for note in notes if note.at is not None})]


def _lanes(
    signals: Mapping[str, Any],
    face_spans: Sequence[Sequence[float]],
    note_times: Sequence[Sequence[float]],
) -> tuple[Lane, ...]:
    """Of the kinds that there are: what may harm first."""
    kinds = ("flashing", "black", "frozen", "silent", "loud")
    found = {kind: signals.get(f"{kind}_spans") or [] for kind in kinds}
    found |= {"face": list(face_spans), "note": list(note_times)}
    found["cut"] = [(at, at) for at in signals.get("scene_cuts") or []]
    return tuple(
        Lane(kind, tuple((float(a), float(b)) for a, b in spans))
        for kind, spans in found.items()
        if spans
    )


def _loudness(signals: Mapping[str, Any], *, silent: bool) -> tuple[str | None, float | None]:
    """Which it is, with the number where one was measured."""
    if silent:
        return "silent", None
    if "loudness" not in signals:
        return None, None
    lufs = signals["loudness"].get("integrated_lufs")
    if lufs is None:
        return "silent", None
    if lufs < QUIET_LUFS:
        return "quiet", lufs
    return ("loud" if lufs > LOUD_LUFS else "fair"), lufs
