"""Campaigns: their policy, and what was decided in them and is not announced."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from review import announcing, campaigns, clock, policy, queries, stages
from review.errors import InvalidInput, StaleCampaign
from review.models import Campaign
from review.policy import REVIEWER_ROLES, Role
from webapp.auth import require_actor, roles
from webapp.deps import deps
from webapp.errors import STATUS
from webapp.forms import CampaignForm, wrong_fields
from webapp.forms.campaigns import data_of, lines_of, rows_of
from webapp.i18n import translated
from webapp.pages.shared import problem_word, seen_version

blueprint = Blueprint("campaigns", __name__, url_prefix="/admin/campaigns")


@blueprint.get("")
@roles(*campaigns.KEEPERS)
def index() -> str:
    with deps().database.read() as session:
        rows, now = queries.campaigns(session), clock.now(session)
    open_ids = {campaign.id for campaign, _waiting in rows if campaigns.is_open(campaign, now)}
    return render_template("campaigns.html", rows=rows, open_ids=open_ids)


@blueprint.route("/new", methods=["GET", "POST"])
@roles(*campaigns.KEEPERS)
def new() -> str | Response | tuple[str, int]:
    usual = {"stages": rows_of(stages.DEFAULT.stages), "checklist": lines_of(None)}
    form = CampaignForm() if request.method == "POST" else CampaignForm(formdata=None, data=usual)
    if request.method == "POST":
        return _save(form, None)
    return _page(form, None)


@blueprint.route("/<campaign_id>", methods=["GET", "POST"])
@roles(*campaigns.KEEPERS)
def edit(campaign_id: str) -> str | Response | tuple[str, int]:
    with deps().database.read() as session:
        found = campaigns.get(session, campaign_id)
        data = data_of(found, campaigns.stages_of(session, found))
    if request.method == "POST":
        return _save(CampaignForm(), found)
    return _page(CampaignForm(formdata=None, data=data), found)


def _page(form: CampaignForm, campaign: Campaign | None, trouble: str = "") -> str:
    return render_template("campaign.html", form=form, campaign=campaign, trouble=trouble)


def _save(form: CampaignForm, campaign: Campaign | None) -> Response | tuple[str, int]:
    """A refused one comes back with everything that was typed."""
    actor = require_actor()
    try:
        if not form.validate_on_submit():
            raise InvalidInput(**wrong_fields(form))
        plan = form.plan()
        with deps().database.write() as session:
            if campaign is None:
                campaigns.add(session, form.slug.data or "", plan, actor)
            else:
                campaigns.change(session, campaign.id, plan, actor, form.version.data)
    except InvalidInput as error:
        _show(form, error)
        return _page(form, campaign, problem_word(error.code)), 422
    except StaleCampaign as error:
        with deps().database.read() as session:
            assert campaign is not None
            now = campaigns.get(session, campaign.id).version
        # Both: what was sent would be shown again.
        form.version.data, form.version.raw_data = now, [str(now)]
        return _page(form, campaign, problem_word(error.code)), STATUS[error.code]
    flash(_("Đã lưu «%(title)s».", title=plan.title))
    return redirect(url_for("campaigns.index"))


def _show(form: CampaignForm, error: InvalidInput) -> None:
    """Each sentence beside its field: "stages.0.approvals" is one of the first stage."""
    for name, text in error.errors.items():
        first, *rest = name.split(".")
        field = form[first]
        if len(rest) == 2:
            field = field[int(rest[0])].form[rest[1]]
        field.errors = [translated(text)]


@blueprint.get("/<campaign_id>/decisions")
@roles(Role.MODERATOR)
def held_back(campaign_id: str) -> str:
    """What was decided and is told to nobody yet."""
    actor = require_actor()
    with deps().database.read() as session:
        campaign = campaigns.get(session, campaign_id)
        counts = queries.held_back_counts(session, campaign.id)
        clips = [
            clip
            for clip in queries.held_back_clips(session, campaign.id)
            if policy.may_see(actor, clip)
        ]
        faces = queries.faces(session, clips)
    return render_template(
        "held_back.html", campaign=campaign, counts=counts, clips=clips, faces=faces
    )


@blueprint.post("/<campaign_id>/announce")
@roles(Role.MODERATOR)
def announce(campaign_id: str) -> Response:
    """From now on it is due; what this request does not get to, the sweep announces."""
    actor, database = require_actor(), deps().database
    with database.write() as session:
        campaigns.announce_now(session, campaign_id, actor)
    count = announcing.announce_all(database.read, database.write, actor, campaign_id)
    flash(ngettext("Đã công bố %(num)d quyết định.", "Đã công bố %(num)d quyết định.", count))
    return redirect(url_for("campaigns.held_back", campaign_id=campaign_id))


@blueprint.post("/decisions/<clip_id>/undo")
@roles(*REVIEWER_ROLES)
def undo(clip_id: str) -> Response:
    """Of a decision that nobody was told yet, by who took it or a moderator."""
    actor, version = require_actor(), seen_version()
    with deps().database.write() as session:
        clip = announcing.undo(session, clip_id, actor, version)
        title, campaign_id = clip.title, clip.campaign_id
    flash(_("Đã rút lại quyết định về «%(title)s». Clip trở lại bước duyệt ấy.", title=title))
    if campaign_id is not None and actor.role is Role.MODERATOR:
        return redirect(url_for("campaigns.held_back", campaign_id=campaign_id))
    return redirect(url_for("desk.queue"))
