"""Schools, classes, people, libraries and jobs: for administrators."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from review import accounts, hooks, problems, queries, submission, takedown
from review.details import LEVELS
from review.models import Account, Library, School, SchoolClass
from review.policy import PEOPLE, Role
from webapp.auth import require_actor, roles
from webapp.deps import deps
from webapp.pages.shared import changed
from webapp.seed import new_password

blueprint = Blueprint("admin", __name__, url_prefix="/admin")
SHOWN = 200  # rows of each list on the page
FAILED = 20  # failed jobs are counted up to here


@blueprint.get("")
@roles(Role.ADMIN)
def index() -> str:
    with deps().database.read() as session:
        schools = list(session.scalars(select(School).order_by(School.name).limit(SHOWN)))
        classes = list(session.scalars(select(SchoolClass).order_by(SchoolClass.name).limit(SHOWN)))
        staff = select(Account).where(Account.role != Role.PUPIL).order_by(Account.username)
        people = list(session.scalars(staff.limit(SHOWN)))
        libraries = list(session.scalars(select(Library).order_by(Library.name).limit(SHOWN)))
        failed = queries.job_list(session, "failed", limit=FAILED, refusals=False)
        hooks_off = hooks.switched_off(session)
        late = takedown.late_libraries(session, deps().settings.takedown_hours)
    return render_template(
        "admin.html",
        schools=schools,
        school_names={s.id: s.name for s in schools},
        classes=classes,
        people=people,
        libraries=libraries,
        hooks_off=hooks_off,
        late=late,
        failed=len(failed.items),
        more_failed=failed.next is not None,
        shown=SHOWN,
        levels=LEVELS,
        usual_counselling=deps().settings.counselling,
        roles=[r for r in PEOPLE if r != Role.PUPIL],
    )


@blueprint.get("/jobs")
@roles(Role.ADMIN)
def jobs() -> str:
    state = request.args.get("state") or None
    with deps().database.read() as session:
        page = queries.job_list(session, state, request.args.get("cursor"))
    return render_template("jobs.html", page=page, state=state, refusals=problems.REFUSALS)


@blueprint.post("/jobs/<job_id>/retry")
@roles(Role.ADMIN)
def retry_job(job_id: str) -> Response:
    actor = require_actor()
    with deps().database.write() as session:
        submission.retry_job(session, job_id, actor)
    flash(_("Việc đã được xếp lại vào hàng."))
    return redirect(url_for("admin.jobs"))


def _write(work: Callable[[Session], str], anchor: str) -> Response:
    return changed(work, url_for("admin.index", _anchor=anchor))


@blueprint.post("/schools")
@roles(Role.ADMIN)
def add_school() -> Response:
    name, level = request.form.get("name", ""), request.form.get("level", "")

    def work(session: Session) -> str:
        school = accounts.add_school(session, name, level)
        return _("Đã thêm trường %(name)s.", name=school.name)

    return _write(work, "schools")


@blueprint.post("/schools/<school_id>/counselling")
@roles(Role.ADMIN)
def set_counselling(school_id: str) -> Response:
    text = request.form.get("counselling", "")

    def work(session: Session) -> str:
        school = accounts.set_counselling(session, school_id, text)
        return _("Đã lưu nơi tư vấn của %(name)s.", name=school.name)

    return _write(work, "schools")


@blueprint.post("/classes")
@roles(Role.ADMIN)
def add_class() -> Response:
    school, name = request.form.get("school", ""), request.form.get("name", "")

    def work(session: Session) -> str:
        group = accounts.add_class(session, school, name)
        return _("Đã thêm %(name)s. Mã lớp: %(code)s", name=group.name, code=group.code)

    return _write(work, "classes")


@blueprint.post("/people")
@roles(Role.ADMIN)
def add_person() -> Response:
    """A new account with a password that is shown once."""
    form = request.form
    password = new_password()

    def work(session: Session) -> str:
        account = accounts.add_account(
            session,
            username=form.get("username", ""),
            password=password,
            role=form.get("role", ""),
            label=form.get("label", ""),
            school_id=form.get("school") or None,
            email=form.get("email", ""),
        )
        return _(
            "Đã thêm %(name)s. Mật khẩu (chỉ hiện lần này): %(password)s",
            name=account.username,
            password=password,
        )

    return _write(work, "people")


@blueprint.post("/people/password")
@roles(Role.ADMIN)
def renew_password() -> Response:
    """A new password, shown once, for somebody who forgot theirs; it ends their sessions."""
    account_id, password = request.form.get("account", ""), new_password()

    def work(session: Session) -> str:
        account = session.get(Account, account_id)
        if account is None or account.username is None:
            abort(404)
        accounts.set_password(session, account.id, password)
        return _(
            "Mật khẩu mới của %(name)s (chỉ hiện lần này): %(password)s",
            name=account.username,
            password=password,
        )

    return _write(work, "people")


@blueprint.post("/libraries")
@roles(Role.ADMIN)
def add_library() -> Response:
    """A new library with a token that is shown once."""
    name = request.form.get("name", "")

    def work(session: Session) -> str:
        library = accounts.add_library(session, name)
        token = accounts.add_token(session, label="library", library_id=library.id)
        return _(
            "Mã truy cập của %(name)s (chỉ hiện lần này): %(token)s", name=library.name, token=token
        )

    return _write(work, "libraries")
