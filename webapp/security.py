"""What stands in front of every view: hosts, proxies, headers, forged requests, rates."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

from flask import Flask, Response, request
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from flask_limiter import Limiter
from flask_login import current_user
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from storage_config.settings import Settings
from webapp.addresses import network
from webapp.auth import bearer
from webapp.deps import deps

MAX_FORM = 1024 * 1024  # bytes; uploads stream past this limit
UPLOAD_TYPE = "application/offset+octet-stream"  # of tus
_SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
_PROGRAMS = ("/api/", "/uploads", "/feed/")

limiter = Limiter(key_func=network, headers_enabled=True)
csrf = CSRFProtect()


def init(app: Flask, settings: Settings) -> None:
    secure = settings.public_url.startswith("https://")
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_NAME="lantoa",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(days=180),
        MAX_CONTENT_LENGTH=MAX_FORM,
        MAX_FORM_MEMORY_SIZE=MAX_FORM,
        MAX_FORM_PARTS=500,
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=24 * 3600,
        WTF_CSRF_SSL_STRICT=secure,
        RATELIMIT_STORAGE_URI="memory://",
    )
    app.session_interface = Sessions()
    if settings.trusted_hosts:
        app.config["TRUSTED_HOSTS"] = list(settings.trusted_hosts)
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=count, x_proto=count, x_host=count
        )
    csrf.init_app(app)
    limiter.init_app(app)
    app.before_request(_refuse_forged)
    policy = _policy(settings)
    app.after_request(lambda response: _headers(response, policy, secure=secure))


class Sessions(SecureCookieSessionInterface):
    """A script's request that changes nothing sends no cookie back: it would take the place of
    one that a page got meanwhile, and with it of what that page was to say. Nor does a frame in
    a page of another site."""

    def should_set_cookie(self, app: Flask, session: SessionMixin) -> bool:
        if session.modified:
            return True
        by_script = request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate"
        in_frame = request.headers.get("Sec-Fetch-Dest") == "iframe"
        return not by_script and not in_frame and super().should_set_cookie(app, session)


def _refuse_forged() -> None:
    """A cookie is sent by any page that makes the browser ask; a bearer token only by its owner."""
    if request.method in _SAFE or bearer() is not None:
        return
    if request.path.startswith(_PROGRAMS) and not current_user.is_authenticated:
        return  # whoever forgot the token is told so; nothing there is done for nobody
    if request.mimetype == UPLOAD_TYPE and request.path.startswith("/uploads"):
        # The token comes in a header: the body is for the upload, and longer than any form.
        request.max_content_length = deps().settings.max_bytes
    csrf.protect()


def _storage_origin(settings: Settings) -> str:
    """Where signed links lead, when the bytes are in a bucket: pages may load media from there."""
    parts = urlsplit(settings.storage_url)
    if parts.scheme != "s3":
        return ""
    endpoint = parse_qs(parts.query).get("endpoint", [""])[0]
    if not endpoint:
        return f" https://{parts.netloc}.s3.amazonaws.com https://*.amazonaws.com"
    found = urlsplit(endpoint)
    return f" {found.scheme}://{found.netloc}"


def _policy(settings: Settings) -> str:
    store = _storage_origin(settings)
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            f"img-src 'self' data: blob:{store}",
            f"media-src 'self' blob:{store}",
            f"connect-src 'self'{store}",
            "worker-src 'self' blob:",
            "font-src 'self'",
            "manifest-src 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        )
    )


def framed_policy(settings: Settings) -> str:
    """Of a page that any site may show in a frame: it can show, and do nothing."""
    store = _storage_origin(settings)
    return "; ".join(
        (
            "default-src 'none'",
            "style-src 'self'",
            f"img-src 'self'{store}",
            f"media-src 'self'{store}",
            "form-action 'none'",
            "base-uri 'none'",
            "frame-ancestors *",
        )
    )


def _headers(response: Response, policy: str, *, secure: bool) -> Response:
    response.headers.setdefault("Content-Security-Policy", policy)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("Permissions-Policy", "camera=(self), microphone=(self)")
    if secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if not request.path.startswith("/static/") and "Cache-Control" not in response.headers:
        # Pages show what is true now, and to whom.
        response.headers["Cache-Control"] = "no-store"
    return response
