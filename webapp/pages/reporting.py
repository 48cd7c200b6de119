"""Reporting a clip, for anybody who watches one: no account, no name, no address to answer to."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from review import reports
from review.errors import InvalidInput
from review.models import Clip
from review.reportreasons import REASONS
from review.reports import Limits, Outcome
from webapp.addresses import network
from webapp.auth import current_actor
from webapp.deps import deps
from webapp.i18n import translated
from webapp.pages.library import published
from webapp.security import limiter

blueprint = Blueprint("reporting", __name__, url_prefix="/library")


@blueprint.after_request
def unlisted(response: Response) -> Response:
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


@blueprint.get("/<clip_id>/report")
def ask(clip_id: str) -> str:
    with deps().database.read() as session:
        clip = published(session, clip_id)
    return _page(clip)


def _page(clip: Clip, trouble: str = "") -> str:
    return render_template(
        "report.html",
        clip=clip,
        reasons=REASONS,
        chosen=request.form.get("reason", ""),
        typed=request.form.get("text", ""),
        most=reports.MAX_TEXT,
        trouble=trouble,
    )


def _limits() -> Limits:
    of = deps().settings
    return Limits(of.reports_to_hide, of.reports_alone_a_day, of.reports_counted_a_day)


def _by_kind() -> str:
    """However much a house has reported today: a worry about a child is another matter."""
    return f"{network()} {'worry' if request.form.get('reason') == 'worry' else ''}"


@blueprint.post("/<clip_id>/report")
@limiter.limit("6/minute")
@limiter.limit("40/day", key_func=_by_kind)
def send(clip_id: str) -> Response | tuple[str, int]:
    """Take it. What the page says next is the same for every reason, whoever looks on."""
    try:
        with deps().database.write() as session:
            outcome = reports.send(
                session,
                clip_id,
                current_actor(),
                reason=request.form.get("reason", ""),
                text=request.form.get("text", ""),
                who=network(),
                limits=_limits(),
            )
    except InvalidInput as error:
        with deps().database.read() as session:
            clip = published(session, clip_id)
        return _page(clip, translated(error.errors["reason"])), 422
    if outcome is Outcome.GONE:
        return render_template("reported.html", outcome=outcome), 410
    return redirect(url_for("reporting.sent", outcome=str(outcome)), 303)


@blueprint.get("/reported")
def sent() -> str:
    """Names no clip: it may be hidden by now."""
    is_again = request.args.get("outcome") == Outcome.AGAIN
    return render_template("reported.html", outcome=Outcome.AGAIN if is_again else Outcome.SENT)
