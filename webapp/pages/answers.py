"""On the owner's page: answers to the notes with which the clip was sent back."""

from __future__ import annotations

from flask import Blueprint, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from review import answers
from review.answers import Answer
from review.errors import InvalidInput
from webapp.auth import require_actor, signed_in
from webapp.deps import deps
from webapp.pages.shared import refusal
from webapp.pages.told import tell

blueprint = Blueprint("answers", __name__, url_prefix="/clips")
_PREFIX = "answer-"


@blueprint.post("/<clip_id>/answers")
@signed_in
def save(clip_id: str) -> Response | tuple[str, int]:
    """All of them at once; the page's script sends them as they are typed."""
    actor = require_actor()
    given = {
        name.removeprefix(_PREFIX): Answer(
            code, request.form.get(f"text-{name[len(_PREFIX) :]}", "")
        )
        for name, code in request.form.items()
        if name.startswith(_PREFIX) and code
    }
    by_script = "X-Script" in request.headers
    try:
        with deps().database.write() as session:
            answers.save(session, clip_id, actor, given)
    except InvalidInput as error:
        if by_script:
            raise
        tell("notes", refusal(error), bad=True)
        return redirect(url_for("clips.show", clip_id=clip_id, _anchor="notes"))
    if by_script:
        return "", 204
    tell("notes", _("Đã lưu lời trả lời."))
    return redirect(url_for("clips.show", clip_id=clip_id, _anchor="notes"))
