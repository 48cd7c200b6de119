"""``X-HTTP-Method-Override``, which tus asks for: some networks let only GET and POST through."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PREFIX = "/uploads"
METHODS = frozenset({"HEAD", "POST", "PATCH", "DELETE", "OPTIONS"})


class MethodOverride:
    """Below ``/uploads``, and only there, the header's method counts instead of the actual one.

    No page of another site can send the header unasked, so nothing is opened by it.
    """

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        wanted = environ.get("HTTP_X_HTTP_METHOD_OVERRIDE", "").strip().upper()
        if wanted in METHODS and environ.get("PATH_INFO", "").startswith(PREFIX):
            environ["REQUEST_METHOD"] = wanted
        return self._app(environ, start_response)
