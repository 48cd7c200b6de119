"""What several pages show: words for states, times and sizes; filters for the templates."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, flash, redirect, request, session
from flask_babel import (
    format_date,
    format_datetime,
    format_decimal,
    format_time,
    to_user_timezone,
)
from flask_babel import gettext as _
from markupsafe import Markup, escape
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from review import lifecycle, policy, problems
from review.captions.languages import name_of, names_of
from review.clock import iso
from review.details import LEVEL_WORDS, TOPICS
from review.errors import InvalidInput, ReviewError, WrongState
from review.models import Clip
from review.states import Action, State
from webapp.auth import current_account, current_actor
from webapp.deps import deps
from webapp.forms import licences
from webapp.forms.clips import MUSIC, REASONS, SCOPES
from webapp.i18n import LANGUAGES, choose_language, translated
from webapp.linked import by_link
from webapp.pages.bell import reported, unread
from webapp.pages.counselling import team
from webapp.pages.told import told_above, told_at
from webapp.reasons import word as reason_word

# Where a clip is shorter than this, whole seconds would tell too little of it.
SHORT_S = 10.0

_SHOWN = frozenset(
    {
        State.IN_REVIEW,
        State.HELD,
        State.CHANGES_REQUESTED,
        State.REJECTED,
        State.APPROVED,
        State.PUBLISHED,
        State.SUSPENDED,
    }
)


def state_word(state: str) -> str:
    """Nothing for what has no state of a clip: rows of the audit that are about a campaign."""
    words = {
        State.DRAFT: _("Bản nháp"),
        State.PROCESSING: _("Đang chuẩn bị"),
        State.IN_REVIEW: _("Đang chờ duyệt"),
        State.REFUSED: _("Tệp chưa dùng được"),
        State.FAILED: _("Xử lý chưa xong"),
        State.CHANGES_REQUESTED: _("Cần sửa"),
        State.REJECTED: _("Không được duyệt"),
        State.HELD: _("Tạm giữ"),
        State.APPROVED: _("Đã duyệt"),
        State.PUBLISHED: _("Đã đăng"),
        State.SUSPENDED: _("Tạm ẩn"),
        State.WITHDRAWN: _("Đã gỡ"),
    }
    return words[State(state)] if state in words else ""


def action_word(action: str) -> str:
    return {
        "create": _("Tạo bản nháp"),
        "delete": _("Xóa bản nháp"),
        Action.SUBMIT: _("Đã gửi clip"),
        Action.EXAMINED: _("Kiểm tra tệp xong"),
        Action.REFUSE: _("Tệp chưa dùng được"),
        Action.GIVE_UP: _("Xử lý không thành"),
        Action.RETRY: _("Thử xử lý lại"),
        Action.APPROVE: _("Đã duyệt"),
        Action.REQUEST_CHANGES: _("Đã trả lại để sửa"),
        Action.REJECT: _("Không duyệt"),
        Action.ESCALATE: _("Chuyển người bảo vệ trẻ em"),
        Action.RELEASE: _("Thôi tạm giữ"),
        lifecycle.CLOSE_CASE: _("Đóng hồ sơ"),
        lifecycle.CASE_NOTE: _("Ghi vào hồ sơ"),
        lifecycle.HAND_OVER: _("Báo cho nơi trợ giúp"),
        Action.RESUBMIT: _("Đã nộp lại"),
        Action.PUBLISH: _("Đã đăng"),
        Action.SUSPEND: _("Tạm ẩn vì có người báo"),
        Action.KEEP: _("Đã xem lại và giữ clip"),
        Action.EDIT_DETAILS: _("Sửa thông tin"),
        Action.LOWER_SCOPE: _("Thu hẹp phạm vi"),
        Action.EDIT_CAPTIONS: _("Sửa phụ đề"),
        Action.WITHDRAW: _("Đã gỡ"),
        Action.RESTORE: _("Khôi phục"),
        Action.REDACT: _("Đã che, tắt tiếng hoặc cắt bớt"),
        Action.ANNOUNCE: _("Đã công bố kết quả"),
        Action.UNDO: _("Đã rút lại quyết định"),
        lifecycle.ASSIGN: _("Giao người duyệt"),
        lifecycle.FREE_CLAIM: _("Trả clip về hàng chờ chung"),
        lifecycle.CHOOSE_POSTER: _("Chọn ảnh bìa"),
        lifecycle.ANSWER_NOTES: _("Trả lời ghi chú"),
        "add_campaign": _("Tạo cuộc vận động"),
        "change_campaign": _("Sửa cuộc vận động"),
        "announce_campaign": _("Công bố kết quả của cuộc vận động"),
    }.get(action, action)


def stage_word(name: str, number: int) -> str:
    """``number``: of the stage in its policy, the first is 0."""
    return {
        "school": _("Bước %(n)d: trường duyệt", n=number + 1),
        "office": _("Bước %(n)d: Phòng Giáo dục duyệt", n=number + 1),
        "other_school": _("Bước %(n)d: trường khác duyệt", n=number + 1),
    }[name]


def role_word(role: str) -> str:
    return {
        "pupil": _("Học sinh"),
        "teacher": _("Giáo viên"),
        "reviewer": _("Người duyệt của trường"),
        "moderator": _("Người kiểm duyệt của Phòng"),
        "safeguarding": _("Người bảo vệ trẻ em"),
        "admin": _("Người quản trị"),
    }.get(role, role)


def clock_text(seconds: float | None, length_s: float | None = None) -> str:
    """A moment as m:ss, as players tell it: begun seconds do not count. With tenths in a clip of
    ``length_s`` below :data:`SHORT_S`; webapp/assets/lib/tiles.js does the same."""
    if seconds is None:
        return "–"
    # 8.7 - 0.1 is a little less than 8.6.
    minutes, tenths = divmod(int(seconds * 10 + 1e-6), 600)
    if not length_s or length_s >= SHORT_S:
        return f"{minutes}:{tenths // 10:02d}"
    return f"{minutes}:{format_decimal(tenths / 10, format='00.0')}"


def length_text(seconds: float | None) -> str:
    """How long something is, as m:ss; below :data:`SHORT_S` with tenths."""
    return clock_text(seconds, seconds)


def size_text(number: int | None) -> str:
    if number is None:
        return "–"
    mib = number / (1024 * 1024)
    if mib < 1:
        return f"{max(1, round(number / 1024))} KB"
    figure, unit = (mib, "MB") if mib < 1024 else (mib / 1024, "GB")
    return f"{format_decimal(round(figure, 1))} {unit}"


def megabytes(number: int) -> str:
    """For people who pay by the megabyte: no more figures than they need."""
    mib = number / (1024 * 1024)
    figure = max(0.1, round(mib, 1)) if mib < 9.95 else round(mib)
    return f"{format_decimal(figure)} MB"


def figure(number: float) -> str:
    """A number as it is written, with a minus as wide as a plus."""
    return format_decimal(round(number, 1)).replace("-", "−")


def since_text(moment: datetime | None) -> str:
    """How long ago, in the largest unit that fits."""
    if moment is None:
        return "–"
    minutes = int((datetime.now(UTC) - moment).total_seconds() // 60)
    if minutes < 1:
        return _("chưa đến 1 phút")
    if minutes < 60:
        return _("%(num)d phút", num=minutes)
    if minutes < 48 * 60:
        return _("%(num)d giờ", num=minutes // 60)
    return _("%(num)d ngày", num=minutes // (24 * 60))


def when(moment: datetime | None) -> Markup:
    """A time for people, with its machine form."""
    if moment is None:
        return Markup("–")
    return Markup('<time datetime="{}">{}</time>').format(
        iso(moment), escape(format_datetime(moment, "HH:mm, dd/MM/yyyy"))
    )


def hour(moment: datetime) -> str:
    """The time of the day, as it is in Viet Nam."""
    return format_time(moment, "HH:mm")


def day(moment: datetime) -> Markup:
    """The day of a time, as it is in Viet Nam."""
    return Markup('<time datetime="{}">{}</time>').format(
        iso(moment), format_date(to_user_timezone(moment), "dd/MM/yyyy")
    )


def topic_words(codes: list[str]) -> str:
    return ", ".join(translated(TOPICS[c]) for c in codes if c in TOPICS)


def tag_words(kinds: list[str]) -> str:
    """Which tags of the source were thrown away."""
    words = {
        "gps": _("vị trí GPS"),
        "device": _("máy quay"),
        "title": _("tên và người quay"),
        "date": _("ngày giờ quay"),
        "other": _("ghi chú khác"),
    }
    return ", ".join(words[kind] for kind in kinds if kind in words)


def level_word(level: str) -> str:
    return translated(LEVEL_WORDS[level])


def licence_words(code: str) -> str:
    """What a licence allows, in plain words, and its usual name."""
    return str(licences.WORDS.get(code, code))


def has_poster(clip: Clip) -> bool:
    """Whether a picture of the clip can be shown in a list: it was examined, and not withdrawn."""
    return clip.state in _SHOWN


def own_state(clip: Clip) -> str:
    """The state as this viewer is told."""
    return str(policy.shown_state(current_actor(), clip))


def register(blueprint: Blueprint) -> None:
    """Give the templates their words; once, by the home page's blueprint."""
    for word in (state_word, action_word, stage_word, role_word, size_text, licence_words):
        blueprint.add_app_template_filter(word)
    blueprint.add_app_template_filter(name_of, "language_name")
    blueprint.add_app_template_filter(names_of, "language_names")
    for filter_ in (
        clock_text,
        length_text,
        since_text,
        megabytes,
        figure,
        level_word,
        when,
        hour,
        day,
        topic_words,
        tag_words,
        has_poster,
        own_state,
        iso,
    ):
        blueprint.add_app_template_filter(filter_)
    blueprint.app_context_processor(_context)


def seen_version() -> int:
    """The version of the clip that the posted page showed."""
    version = request.form.get("version", type=int)
    if version is None:
        raise InvalidInput(version="Thiếu phiên bản.")
    return version


def problem_word(code: str) -> str:
    return translated(problems.message(code))


def refusal(error: ReviewError) -> str:
    """Why something was refused, in a line: all that is wrong with what was typed, or the problem
    itself."""
    if isinstance(error, InvalidInput):
        return " ".join(translated(text) for text in error.errors.values())
    return problem_word(error.code)


def changed(work: Callable[[Session], str | None], back: str) -> Response:
    """Do one change, and say on the page ``back`` what came of it: what ``work`` returns."""
    try:
        with deps().database.write() as rows:
            said = work(rows)
    except (InvalidInput, WrongState) as error:
        flash(refusal(error), "error")
    else:
        if said:
            flash(said)
    return redirect(back)


def _context() -> dict[str, Any]:
    account = current_account()
    return {
        "account": account,
        "actor": current_actor(),
        "counselling": team,
        "help_line": deps().settings.help_line,
        "languages": LANGUAGES,
        "language": choose_language(),
        "problem_word": problem_word,
        "reason_word": reason_word,
        "scope_words": {code: str(name) for code, name in SCOPES},
        "music_words": {code: str(name) for code, name in MUSIC},
        "withdrawal_words": {code: str(name) for code, name in REASONS.items()},
        "told_at": told_at,
        "told_above": told_above,
        "signed_in": account is not None,
        "by_link": by_link(),
        "unread": unread,
        "reported": reported,
        "has_language": "language" in session,
    }
