"""A clip that was handed in again, side by side with what it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, render_template, url_for
from flask_babel import gettext as _

from review import answers, comparing, coverage, looks, queries
from review.captions.languages import name_of
from review.comparing import Difference
from review.errors import NoSuchClip
from review.models import Clip, Revision
from review.policy import REVIEWER_ROLES
from webapp.auth import require_actor, roles
from webapp.deps import deps
from webapp.pages import player
from webapp.pages.desk import take_claim
from webapp.pages.shared import figure, length_text, size_text

blueprint = Blueprint("compare", __name__, url_prefix="/review")


@blueprint.get("/<clip_id>/compare")
@roles(*REVIEWER_ROLES)
def show(clip_id: str) -> str:
    actor = require_actor()
    held_by_other = take_claim(actor, clip_id)
    with deps().database.read() as session:
        clip = queries.get_clip(session, actor, clip_id)
        found = comparing.compare(session, clip) if comparing.may_compare(actor, clip) else None
        if found is None:
            raise NoSuchClip(f"clip {clip_id!r} has nothing to compare with")
        new = player.sources(session, clip, preview_only=True)
        notes = queries.notes(session, clip.id, found.old.number, untold=True)
        answered = answers.of_clip(session, clip.id)
        played = coverage.spans(session, clip, actor)
    facts = found.new.facts or {}
    return render_template(
        "compare.html",
        clip=clip,
        found=found,
        old=_source(clip, found.old),
        tiles=(_tiles(clip, f"revisions/{found.old.number}/"), _tiles(clip)),
        new=new,
        facts=facts,
        length_s=float(facts.get("duration_s") or 0.0),
        rate=looks.frame_rate(found.new),
        rows=[row for d in found.differences if (row := _row(d)) is not None],
        same_file=any(d.what == "same_file" and not d.differs for d in found.differences),
        notes=notes,
        answers=answered,
        played=played,
        held_by_other=held_by_other,
    )


def _source(clip: Clip, old: Revision) -> player.Sources:
    place = f"revisions/{old.number}/"
    return player.Sources(
        proxy=url_for("media.file", clip_id=clip.id, what=f"{place}proxy.mp4"),
        poster=url_for("media.file", clip_id=clip.id, what=f"{place}poster.jpg"),
    )


def _tiles(clip: Clip, place: str = "") -> str:
    """The list of a preview's small pictures: the script compares them."""
    return url_for("media.file", clip_id=clip.id, what=f"{place}sprite.vtt")


def _row(difference: Difference) -> tuple[str, str, str, bool] | None:
    """(what, before, after, whether they differ) in words; None: nothing to tell."""
    before, after = difference.before, difference.after
    words: dict[str, tuple[str, Callable[[Any], str]]] = {
        "length": (_("Thời lượng"), length_text),
        "picture": (_("Khung hình"), lambda side: f"{side[0]} × {side[1]}"),
        "bytes": (_("Bản gốc"), size_text),
        "loudness": (_("Độ to"), lambda lufs: f"{figure(lufs)} LUFS"),
        "captions": (_("Phụ đề"), _languages),
    }
    if difference.what not in words or (before is None and after is None):
        return None
    name, told = words[difference.what]
    texts = ["–" if value is None else str(told(value)) for value in (before, after)]
    if difference.what == "captions" and difference.differs and texts[0] == texts[1]:
        texts[1] += " " + _("(đã sửa)")
    # What is too small to be written is too small to be marked.
    return name, texts[0], texts[1], difference.differs and texts[0] != texts[1]


def _languages(captions: dict[str, str]) -> str:
    return ", ".join(name_of(language) for language in captions) or _("không có")
