"""What is to be hidden in a clip: boxes over the picture, spans of sound, cuts. Pure values.

Boxes are fractions of the upright picture (0..1, from its top left corner), times are seconds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from review import spans
from review.errors import InvalidInput
from review.text import Sentence, one_of

MAX_BOXES = 50
MAX_SOUNDS = 50
MAX_CUTS = 50
MIN_SIDE = 0.01  # of the picture: less is a slip of the finger
MIN_SPAN_S = 0.04  # one frame
MIN_LEFT_S = 1.0  # the shortest clip that is accepted (workers.media.MediaLimits)
# A cut is widened to whole frames on both sides; at the usual rates that is less than this.
CUT_WIDENS_S = 0.1
SLACK_S = 0.1  # a player's end and the measured length differ by as much

HIDE = ("blur", "cover")
SILENCE = ("mute", "beep")

Errors = dict[str, str]


@dataclass(frozen=True, slots=True)
class Box:
    """A box that hides a part of the picture. With ``to_x`` and ``to_y`` it moves in a straight
    line, and is there at ``end_s``."""

    x: float
    y: float
    width: float
    height: float
    start_s: float
    end_s: float
    how: str = "blur"
    to_x: float | None = None
    to_y: float | None = None


@dataclass(frozen=True, slots=True)
class SoundSpan:
    start_s: float
    end_s: float
    how: str = "mute"


@dataclass(frozen=True, slots=True)
class Cut:
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class RedactionPlan:
    boxes: tuple[Box, ...] = ()
    sounds: tuple[SoundSpan, ...] = ()
    cuts: tuple[Cut, ...] = ()  # in their order, none touching another

    def to_dict(self) -> dict[str, Any]:
        """As :func:`parse` reads it."""
        return {
            "boxes": [asdict(box) for box in self.boxes],
            "sounds": [asdict(span) for span in self.sounds],
            "cuts": [asdict(cut) for cut in self.cuts],
        }

    @property
    def cut_s(self) -> float:
        return sum(cut.end_s - cut.start_s for cut in self.cuts)


def parse(value: Any, *, duration_s: float, silent: bool = False) -> RedactionPlan:
    """Read a plan for a clip of this length; raises :class:`InvalidInput` with a sentence for
    each field: {"boxes.0.end_s": ...}."""
    if not isinstance(value, Mapping):
        raise InvalidInput(plan="Cần một danh sách những chỗ phải che, tắt tiếng hoặc cắt.")
    errors: Errors = {}
    boxes = _rows(value, "boxes", MAX_BOXES, errors)
    sounds = _rows(value, "sounds", MAX_SOUNDS, errors)
    cuts = _rows(value, "cuts", MAX_CUTS, errors)
    plan = RedactionPlan(
        tuple(_box(_Fields(row, f"boxes.{i}", errors), duration_s) for i, row in enumerate(boxes)),
        tuple(_sound(_Fields(r, f"sounds.{i}", errors), duration_s) for i, r in enumerate(sounds)),
        merged(_cut(_Fields(r, f"cuts.{i}", errors), duration_s) for i, r in enumerate(cuts)),
    )
    if sounds and silent:
        errors["sounds"] = "Clip này không có tiếng."
    if not errors:
        _check_whole(plan, duration_s, errors)
    if errors:
        raise InvalidInput(**errors)
    return plan


def _check_whole(plan: RedactionPlan, duration_s: float, errors: Errors) -> None:
    if not (plan.boxes or plan.sounds or plan.cuts):
        errors["plan"] = "Hãy thêm ít nhất một hộp che, một đoạn tiếng hoặc một đoạn cắt."
    left = duration_s - plan.cut_s - CUT_WIDENS_S * len(plan.cuts)
    if plan.cuts and left < MIN_LEFT_S:
        errors["cuts"] = "Cắt nhiều quá: clip phải còn lại ít nhất một giây."


def merged(cuts: Iterable[Cut]) -> tuple[Cut, ...]:
    """In their order; those that touch or overlap become one."""
    return tuple(Cut(*span) for span in spans.merged((c.start_s, c.end_s) for c in cuts))


def _rows(value: Mapping[str, Any], name: str, most: int, errors: Errors) -> Sequence[Any]:
    rows = value.get(name)
    if rows is None:
        return ()
    if not isinstance(rows, list):
        errors[name] = "Cần là một danh sách."
        return ()
    if len(rows) > most:
        errors[name] = Sentence("Nhiều nhất {count} mục.", count=most)
        return ()
    return rows


class _Fields:
    """One row's fields; what is wrong with them goes into ``errors`` under their full names."""

    def __init__(self, row: Any, name: str, errors: Errors) -> None:
        self._row: Mapping[str, Any] = row if isinstance(row, Mapping) else {}
        self._name = name
        self._errors = errors

    def wrong(self, field: str, sentence: str) -> None:
        self._errors.setdefault(f"{self._name}.{field}", sentence)

    def number(self, field: str, *, required: bool = True) -> float | None:
        value = self._row.get(field)
        if value is None and not required:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            self.wrong(field, "Cần là một số.")
            return None
        # A whole number may be too large for a float.
        if not (abs(value) < 1e9 and math.isfinite(value)):
            self.wrong(field, "Cần là một số.")
            return None
        return float(value)

    def choice(self, field: str, accepted: tuple[str, ...]) -> str:
        value = self._row.get(field, accepted[0])
        if not isinstance(value, str) or value not in accepted:
            self.wrong(field, one_of(accepted))
            return accepted[0]
        return value

    def fraction(self, field: str, *, required: bool = True) -> float | None:
        value = self.number(field, required=required)
        if value is not None and not 0 <= value <= 1:
            self.wrong(field, "Nằm ngoài khung hình: từ 0 % đến 100 %.")
            return None
        return value

    def span(self, duration_s: float) -> tuple[float, float]:
        start, end = self.number("start_s"), self.number("end_s")
        if start is None or end is None:
            return 0.0, 0.0
        latest = duration_s + SLACK_S
        for field, moment in (("start_s", start), ("end_s", end)):
            if not 0 <= moment <= latest:
                self.wrong(
                    field,
                    Sentence("Nằm ngoài clip: từ 0 đến {last} giây.", last=round(duration_s, 2)),
                )
        start, end = min(start, duration_s), min(end, duration_s)
        if end - start < MIN_SPAN_S:
            self.wrong("end_s", "Lúc hết phải sau lúc bắt đầu.")
        return start, end


def _box(fields: _Fields, duration_s: float) -> Box:
    x, y = fields.fraction("x"), fields.fraction("y")
    width, height = fields.fraction("width"), fields.fraction("height")
    to_x = fields.fraction("to_x", required=False)
    to_y = fields.fraction("to_y", required=False)
    start, end = fields.span(duration_s)
    how = fields.choice("how", HIDE)
    for field, begin, size in (("width", x, width), ("height", y, height)):
        if size is not None and size < MIN_SIDE:
            fields.wrong(field, "Hộp nhỏ quá, không che được gì.")
        elif begin is not None and size is not None and begin + size > 1 + 1e-6:
            fields.wrong(field, "Hộp ra ngoài khung hình.")
    for field, begin, size in (("to_x", to_x, width), ("to_y", to_y, height)):
        if begin is not None and size is not None and begin + size > 1 + 1e-6:
            fields.wrong(field, "Hộp ra ngoài khung hình.")
    # One of the two alone: the box keeps its other place.
    moves = to_x is not None or to_y is not None
    return Box(
        x or 0.0,
        y or 0.0,
        width or 0.0,
        height or 0.0,
        start,
        end,
        how,
        (x if to_x is None else to_x) if moves else None,
        (y if to_y is None else to_y) if moves else None,
    )


def _sound(fields: _Fields, duration_s: float) -> SoundSpan:
    start, end = fields.span(duration_s)
    return SoundSpan(start, end, fields.choice("how", SILENCE))


def _cut(fields: _Fields, duration_s: float) -> Cut:
    return Cut(*fields.span(duration_s))
