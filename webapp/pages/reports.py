"""What was reported, for moderators: keep the clip, withdraw it, or pass it on."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from review import publication, queries, reports
from review.errors import ConsentMissing, NoSuchClip, NotAllowed, StaleClip
from review.policy import Role
from review.reportreasons import BY_CODE
from webapp.auth import require_actor, roles
from webapp.deps import deps
from webapp.i18n import translated
from webapp.pages.shared import problem_word, seen_version

blueprint = Blueprint("reports", __name__, url_prefix="/reports")


def reason_label(code: str) -> str:
    return translated(BY_CODE[code].label)


@blueprint.get("")
@roles(Role.MODERATOR)
def index() -> str:
    actor = require_actor()
    with deps().database.read() as session:
        page = queries.reported(session, actor, request.args.get("cursor"))
        faces = queries.faces(session, [row.clip for row in page.items])
    return render_template(
        "reports.html",
        page=page,
        faces=faces,
        label=reason_label,
        reasons=publication.REASONS,
        to_hide=deps().settings.reports_to_hide,
    )


@blueprint.post("/<clip_id>/keep")
@roles(Role.MODERATOR)
def keep(clip_id: str) -> Response:
    actor, version = require_actor(), seen_version()
    seen = request.form.get("seen", type=int) or 0
    try:
        with deps().database.write() as session:
            title = reports.keep(session, clip_id, actor, version, seen).title
        flash(_("Đã giữ lại «%(title)s». Clip hiện trong thư viện.", title=title))
    except StaleClip:
        flash(_("Vừa có thêm người báo, hoặc clip vừa đổi. Hãy xem lại rồi quyết định."), "error")
    except (ConsentMissing, NoSuchClip, NotAllowed) as error:
        flash(problem_word(error.code), "error")
    return redirect(url_for("reports.index"))
