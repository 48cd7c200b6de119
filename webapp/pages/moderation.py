"""What moderators do with a clip after its review: edit, narrow, restore."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from review import policy, publication, queries
from review.consent import parse_scope
from review.errors import InvalidInput, ReviewError
from review.models import Clip
from review.policy import Role
from review.states import Action
from webapp.auth import require_actor, roles
from webapp.deps import deps
from webapp.errors import STATUS
from webapp.forms import EditForm
from webapp.pages.shared import refusal, seen_version

blueprint = Blueprint("moderation", __name__, url_prefix="/clips")


@blueprint.route("/<clip_id>/details", methods=["GET", "POST"])
@roles(Role.MODERATOR)
def details(clip_id: str) -> str | Response | tuple[str, int]:
    """Correct the words of a published clip. A refused edit keeps what was typed."""
    actor = require_actor()
    with deps().database.read() as session:
        clip = queries.get_clip(session, actor, clip_id)
        # Before, a blind reviewer is not to read them.
        policy.move_for(actor, Action.EDIT_DETAILS, clip)
    form = EditForm(obj=clip)
    if request.method == "GET":
        return render_template("details.html", clip=clip, form=form)
    if not form.validate_on_submit():
        return render_template("details.html", clip=clip, form=form), 422
    try:
        corrected = form.details(language=clip.language)
        with deps().database.write() as session:
            publication.edit_details(session, clip_id, actor, corrected, seen_version())
    except ReviewError as error:
        return _again(clip, form, error), STATUS.get(error.code, 422)
    flash(_("Đã sửa. Các thư viện nhận bản mới."))
    return redirect(url_for("clips.show", clip_id=clip_id))


def _again(clip: Clip, form: EditForm, error: ReviewError) -> str:
    form.version.data = clip.version  # what the page now shows above the typed words
    return render_template("details.html", clip=clip, form=form, trouble=refusal(error))


@blueprint.post("/<clip_id>/scope")
@roles(Role.MODERATOR)
def lower_scope(clip_id: str) -> Response:
    actor = require_actor()
    scope = parse_scope(request.form.get("scope"), "scope")
    if scope is None:
        raise InvalidInput(scope="Hãy chọn phạm vi.")
    with deps().database.write() as session:
        publication.lower_scope(session, clip_id, actor, scope, seen_version())
    flash(_("Đã thu hẹp phạm vi."))
    return redirect(url_for("clips.show", clip_id=clip_id))


@blueprint.post("/<clip_id>/restore")
@roles(Role.MODERATOR)
def restore(clip_id: str) -> Response:
    actor = require_actor()
    with deps().database.write() as session:
        publication.restore(session, clip_id, actor, seen_version())
    flash(_("Clip trở lại bước duyệt đầu tiên."))
    return redirect(url_for("clips.show", clip_id=clip_id))
