"""Every error as a page or as ``application/problem+json`` (RFC 9457), with the same words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from flask import Flask, Response, g, jsonify, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import BadHost, HTTPException, SecurityError

from review import problems
from review.errors import InvalidInput, QuotaReached, ReviewError, StaleClip
from review.text import Sentence
from storage_config.database import DatabaseBusy
from webapp.i18n import translated

log = structlog.get_logger(__name__)

STATUS: dict[str, int] = {
    "no_such_clip": 404,
    "not_found": 404,
    "not_allowed": 403,
    "own_clip": 403,
    "own_school": 403,
    "same_person": 403,
    "wrong_state": 409,
    "stale_clip": 409,
    "stale_captions": 409,
    "stale_campaign": 409,
    "claim_held": 409,
    "upload_incomplete": 409,
    "upload_used": 409,
    "lease_lost": 409,
    "bytes_gone": 409,
    "not_watched": 422,
    "notes_missing": 422,
    "consent_missing": 422,
    "scope_too_wide": 422,
    "invalid": 422,
    "wrong_password": 401,
    "wrong_class_code": 422,
    **{f"quota_{by}_bytes": 413 for by in ("account", "class", "school")},
    **{f"quota_{by}_clips": 403 for by in ("account", "class", "school")},
    "class_code_ended": 422,
    "class_code_stopped": 422,
    "class_code_full": 422,
    "class_clips_full": 409,
    "wrong_link": 404,
    "link_revoked": 410,
    "too_many_guesses": 429,
    "too_many_reports": 429,
}

# What only the web can refuse. Vietnamese is the source language.
SENTENCES: dict[str, str] = {
    "sign_in_first": "Hãy đăng nhập trước.",
    "unknown_token": "Mã truy cập không đúng hoặc đã bị thu hồi.",
    "library_token_needed": "Nguồn tin này dành cho thư viện có mã truy cập.",
    "not_your_role": "Vai trò của bạn không mở được trang này.",
    "csrf": "Trang mở đã lâu nên không gửi được. Hãy tải lại trang rồi gửi lại.",
    "rate_limited": "Bạn thử quá nhiều lần. Hãy đợi một phút rồi thử lại.",
    "busy": "Máy chủ đang bận. Hãy thử lại sau ít giây; không có gì bị mất.",
    "server_error": "Máy chủ gặp trục trặc. Không có gì bị mất; hãy thử lại sau ít phút.",
    "json_only": "Hãy gửi JSON với Content-Type: application/json.",
    "bad_json": "Nội dung gửi lên không phải JSON đúng.",
    "bad_cursor": "Con trỏ không đúng. Bỏ trống để đọc từ đầu.",
    "bad_text": "Nội dung có ký tự không hợp lệ.",
    "version_missing": "Hãy ghi phiên bản của phụ đề muốn gỡ: ?version=…; xem media.captions.",
    "idempotency_mismatch": "Khóa Idempotency-Key này đã dùng cho một nội dung khác.",
    "storage_full": "Máy chủ hết chỗ chứa. Phần đã gửi được giữ lại; hãy thử tiếp sau.",
    "no_room": "Máy chủ hết chỗ chứa nên chưa nhận được tệp này. Hãy thử lại sau.",
    "upload_gone": "Lần tải lên này đã hết hạn hoặc đã hủy. Hãy bắt đầu lại.",
    "upload_offset": "Vị trí gửi không khớp với phần máy chủ đã có. Hãy hỏi lại rồi gửi tiếp.",
    "upload_locked": "Tệp này đang được gửi từ một kết nối khác. Hãy thử lại sau ít giây.",
    "upload_metadata": "Thông tin kèm theo tệp không đúng dạng.",
    "upload_checksum": "Phần vừa gửi bị sai lệch trên đường truyền. Hãy gửi lại phần đó.",
    "upload_length": "Thiếu hoặc sai độ dài của tệp.",
    "upload_too_large": "Tệp lớn quá mức cho phép. Hãy cắt ngắn hoặc quay ở độ phân giải thấp hơn.",
    "upload_type": "Tệp này không phải là video. Hãy chọn một clip quay bằng điện thoại.",
    "upload_final": "Tệp đã ghép từ nhiều phần thì không gửi thêm được nữa.",
    "upload_concat": "Danh sách các phần cần ghép không đúng.",
    "upload_direct": "Tệp này được gửi thẳng vào kho, không gửi qua đây được.",
    "too_many_uploads": "Có quá nhiều tệp đang gửi dở. Hãy gửi xong hoặc hủy bớt.",
    "too_many_unsent": "Có quá nhiều tệp đã báo trước mà chưa gửi gì. Hãy gửi các tệp ấy, "
    "hoặc thử lại sau 15 phút.",
    "tus_version": "Máy chủ dùng giao thức tus 1.0.0.",
    "not_found": "Không tìm thấy mục này.",
    "withdrawn": "Clip này đã được gỡ.",
    "oembed_format": "Chỉ có dạng json và xml.",
    "range": "Đoạn yêu cầu nằm ngoài tệp.",
}
_HTTP: dict[int, tuple[str, str]] = {
    400: ("bad_request", "Yêu cầu không đúng dạng."),
    403: ("forbidden", "Bạn không mở được trang này."),
    404: ("not_found", "Không tìm thấy trang này."),
    405: ("method_not_allowed", "Không làm được việc này ở đây."),
    410: ("gone", "Nội dung này không còn nữa."),
    413: ("too_large", "Nội dung gửi lên lớn quá mức cho phép."),
    415: ("unsupported_media_type", "Kiểu nội dung này không được nhận."),
    416: ("range", "Đoạn yêu cầu nằm ngoài tệp."),
    429: ("rate_limited", "Bạn thử quá nhiều lần. Hãy đợi một phút rồi thử lại."),
}


# Only programs ask for these.
_PROGRAMS = ("/api/", "/uploads", "/feed/", "/media/", "/oembed", "/healthz", "/readyz", "/metrics")


class WebError(Exception):
    """A refusal of the web layer itself; ``code`` is in :data:`SENTENCES`."""

    status = 400

    def __init__(
        self, code: str, status: int | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(code)
        self.code = code
        self.status = status or self.status
        self.headers = dict(headers or {})


class Unauthorized(WebError):
    status = 401


class Forbidden(WebError):
    status = 403


def wants_json() -> bool:
    """Programs get problem+json; browsers get pages."""
    if request.path.startswith(_PROGRAMS):
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json"])
    return best == "application/json"


def database_is_away() -> bool:
    """Whether this request has met a database that does not answer: it is not asked again."""
    return bool(g.get("database_away"))


def answer(
    code: str,
    status: int,
    sentence: str,
    *,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> Response:
    """One error, in the form and the language of the one who asked."""
    words = translated(sentence)
    if wants_json():
        body = {"type": f"urn:lantoa:{code}", "title": words, "status": status, "code": code}
        response = jsonify({**body, **more})
        response.mimetype = "application/problem+json"
    else:
        page = render_template("error.html", status=status, code=code, message=words, **more)
        response = Response(page, mimetype="text/html")
    response.status_code = status
    response.headers.update(headers or {})
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def init(app: Flask) -> None:
    app.register_error_handler(ReviewError, _review_error)
    app.register_error_handler(WebError, _web_error)
    app.register_error_handler(DatabaseBusy, _busy)
    app.register_error_handler(CSRFError, lambda _: answer("csrf", 400, SENTENCES["csrf"]))
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(500, _server_error)


def _review_error(error: ReviewError) -> Response:
    more: dict[str, Any] = {}
    if isinstance(error, InvalidInput):
        more["errors"] = {field: translated(text) for field, text in error.errors.items()}
    elif isinstance(error, StaleClip):
        more |= {"since": error.since, **error.detail}
    else:
        more |= {k: v for k, v in error.detail.items() if isinstance(v, (str, int, list))}
    words = problems.message(error.code)
    if isinstance(error, QuotaReached):
        words = Sentence(words, left=f"{error.left // 1024**2} MB")
    return answer(error.code, STATUS.get(error.code, 400), words, **more)


def _web_error(error: WebError) -> Response:
    return answer(error.code, error.status, SENTENCES[error.code], headers=error.headers)


def _busy(error: DatabaseBusy) -> Response:
    g.database_away = True
    log.warning("database_busy", why=str(error))
    return answer("busy", 503, SENTENCES["busy"], headers={"Retry-After": str(error.retry_after)})


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400 and error.response is not None:
        return error.get_response()  # type: ignore[return-value]
    if status >= 500:
        return _server_error(error)
    code, sentence = _HTTP.get(status, _HTTP[400])
    if isinstance(error, SecurityError | BadHost) and not wants_json():
        # A name that is not ours, or none: no page is made for it, and no link with it.
        return Response(translated(sentence), status, mimetype="text/plain")
    response = answer(code, status, sentence)
    for name, value in error.get_headers():
        if name.lower() in ("allow", "retry-after", "content-range"):
            response.headers[name] = value
    return response


def _server_error(error: Exception) -> Response:
    return answer("server_error", 500, SENTENCES["server_error"])
