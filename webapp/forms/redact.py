"""What is to be hidden, as rows that can be typed. The script of the page draws into the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any

from flask_babel import format_decimal
from flask_babel import lazy_gettext as _
from wtforms import FormField, SelectField, StringField

from review.redaction import MAX_BOXES, MAX_CUTS, MAX_SOUNDS, Box
from webapp.forms.words import PageForm, RowForm, Rows, choices

# In the order of the page.
LISTS = ("boxes", "sounds", "cuts")
_HOW = "how"
_PLACES = ("x", "y", "width", "height", "to_x", "to_y")
FIELDS = (_HOW, "start", "end", *_PLACES)
_CONFIRMED, _BETWEEN = ("x", "y", "width", "height", "start", "end"), " "


class BoxFields(RowForm):
    start = StringField(_("Từ lúc"))
    end = StringField(_("Đến lúc"))
    how = SelectField(
        _("Cách che"),
        choices=choices([("blur", _("Làm mờ")), ("cover", _("Che kín"))]),
        validate_choice=False,
    )
    x = StringField(_("Cách mép trái"))
    y = StringField(_("Cách mép trên"))
    width = StringField(_("Rộng"))
    height = StringField(_("Cao"))
    to_x = StringField(_("Lúc hết: cách mép trái"))
    to_y = StringField(_("Lúc hết: cách mép trên"))


class SoundFields(RowForm):
    start = StringField(_("Từ lúc"))
    end = StringField(_("Đến lúc"))
    how = SelectField(
        _("Thay bằng"),
        choices=choices([("mute", _("Im lặng")), ("beep", _("Tiếng bíp"))]),
        validate_choice=False,
    )


class CutFields(RowForm):
    start = StringField(_("Từ lúc"))
    end = StringField(_("Đến lúc"))


class RedactForm(PageForm):
    # One more than the rules take: what is beyond is refused, never silently cut off.
    boxes = Rows(FormField(BoxFields), max_entries=MAX_BOXES + 1)
    sounds = Rows(FormField(SoundFields), max_entries=MAX_SOUNDS + 1)
    cuts = Rows(FormField(CutFields), max_entries=MAX_CUTS + 1)

    def drop_blank(self) -> None:
        """Rows in which nothing was typed do not count."""
        for rows in (self.boxes, self.sounds, self.cuts):
            rows.entries = [e for e in rows.entries if _is_typed(e.form)]

    def take(self, confirmed: Iterable[str]) -> None:
        """Proposed faces that were confirmed without a script become boxes like any other."""
        for text in confirmed:
            values = text.split(_BETWEEN)
            if len(values) == len(_CONFIRMED) and len(self.boxes.entries) <= MAX_BOXES:
                self.boxes.append_entry(
                    {**dict(zip(_CONFIRMED, values, strict=True)), _HOW: "blur"}
                )

    def plan(self) -> dict[str, Any]:
        """As `review.redaction` reads it: percents become fractions."""
        return {
            "boxes": [_row(e.form) for e in self.boxes],
            "sounds": [_row(e.form) for e in self.sounds],
            "cuts": [_row(e.form) for e in self.cuts],
        }


def confirmable(box: Box) -> str:
    """A proposed face as the value of a checkbox; :meth:`RedactForm.take` reads it."""
    typed = _typed(asdict(box), time=_shown)
    return _BETWEEN.join(typed[name] for name in _CONFIRMED)


def _is_typed(row: RowForm) -> bool:
    return any((f.data or "").strip() for f in row if f.short_name != _HOW)


def _row(row: RowForm) -> dict[str, Any]:
    value: dict[str, Any] = {"start_s": _seconds(row.start.data), "end_s": _seconds(row.end.data)}
    if _HOW in row:
        value["how"] = row.how.data
    for name in _PLACES:
        if name in row:
            number = _number(row[name].data)
            value[name] = number / 100 if isinstance(number, float) else number
    return value


def _number(text: str | None) -> float | str | None:
    """What was typed, with a comma or a point; as it is where it is no number, None for nothing."""
    text = (text or "").strip()
    try:
        return float(text.replace(",", ".")) if text else None
    except ValueError:
        return text


def _seconds(text: str | None) -> float | str | None:
    """A moment as "1:02,5" or "62,5"; as it is where it is none, None for nothing."""
    *minutes, rest = (text or "").strip().split(":")
    number = _number(rest)
    if not minutes or not isinstance(number, float):
        return number if not minutes else text
    if len(minutes) > 2 or not all(m.isascii() and m.isdigit() for m in minutes):
        return text
    # As floats: what is beyond all counting becomes infinite, which the rules refuse.
    return sum(60**n * float(m) for n, m in enumerate(reversed(minutes), 1)) + number


def rows_of(plan: Mapping[str, Any]) -> dict[str, list[dict[str, str]]]:
    """A stored plan as the form's data."""
    return {name: [_typed(row) for row in plan.get(name) or ()] for name in LISTS}


def _typed(row: Mapping[str, Any], time: Callable[[float], str] | None = None) -> dict[str, str]:
    """``time``: how moments are written; as people read them unless it is given."""
    time = time or _moment
    found = {"start": time(row["start_s"]), "end": time(row["end_s"])}
    if _HOW in row:
        found[_HOW] = row[_HOW]
    for name in _PLACES:
        if row.get(name) is not None:
            found[name] = _shown(100 * row[name])
    return found


def _moment(seconds: float) -> str:
    """m:ss,f as webapp/assets/lib/moments.js writes it."""
    minutes, rest = divmod(round(seconds * 100), 6000)
    return f"{minutes}:{format_decimal(rest / 100, format='00.0#')}"


def _shown(number: float) -> str:
    return f"{number:.2f}".replace(".", ",")
