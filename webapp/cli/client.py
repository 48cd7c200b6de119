"""A small client of the HTTP API, with bounded retries."""

from __future__ import annotations

import io
import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3.connection

CONNECT, READ = 10.0, 120.0  # seconds
LARGEST = 64 * 1024 * 1024  # bytes of an answer that is kept in memory
PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0)  # seconds before the 1st, 2nd, ... repetition
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

_IPPROTO_TCP, _TCP_USER_TIMEOUT = 6, 18
_SILENCE_MS = 60_000


def notice_dead_networks() -> None:
    """Let every connection of this process fail after a minute without an answer on the wire.

    The tus client waits for ever otherwise: it offers no timeout of its own.
    """
    options = urllib3.connection.HTTPConnection.default_socket_options
    wanted = (_IPPROTO_TCP, _TCP_USER_TIMEOUT, _SILENCE_MS)
    if wanted not in options:
        options.append(wanted)


class Refused(Exception):
    """The server said no. ``code`` is stable, the text is its sentence."""

    def __init__(self, status: int, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.code = status, code


class Unreachable(Exception):
    """No useful answer after all repetitions."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where to and as whom. ``url`` has no slash at its end."""

    url: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", "Accept-Language": "vi"}

    @property
    def is_local(self) -> bool:
        return urlsplit(self.url).hostname in LOOPBACK


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Of an answer that leads on nothing is read: it may have no end."""
        target = super().get_redirect_target(resp)
        if target is not None:
            resp.close()
            resp.raw = io.BytesIO()
        return target


class Api:
    """``say`` hears of repetitions; ``sleep`` waits between them."""

    def __init__(
        self, server: Server, *, say: Callable[[str], None], pauses: tuple[float, ...] = PAUSES
    ) -> None:
        self.server, self.say, self.pauses = server, say, pauses
        self.session: requests.Session = _Session()
        self.session.headers.update(server.headers)
        self.session.headers["Accept"] = "application/json"
        self.session.trust_env = not server.is_local  # no proxy stands before this machine

    def create_clip(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Submit a complete upload; the same call again gives the same clip."""
        key = uuid.uuid5(uuid.NAMESPACE_URL, repr(sorted(body.items())))
        return self._call("POST", "/api/v1/clips", json=body, headers={"Idempotency-Key": str(key)})

    def put_draft(self, key: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The draft of this name, or the clip that it has become."""
        return self._call("PUT", f"/api/v1/drafts/{key}", json=body)

    def max_bytes(self) -> int:
        """The largest upload that the server takes."""
        try:
            answer = self.session.options(f"{self.server.url}/uploads", timeout=(CONNECT, READ))
        except requests.RequestException as error:
            raise Unreachable(f"{self.server.url} does not answer: {error}") from None
        told = answer.headers.get("Tus-Max-Size", "")
        if not told.isdigit():
            raise Refused(answer.status_code, "not_lantoa", f"{answer.url} is not a Lan Tỏa server")
        return int(told)

    def clip(self, clip_id: str) -> dict[str, Any]:
        return self._call("GET", f"/api/v1/clips/{clip_id}")

    def _call(self, method: str, path: str, **kwargs: Any) -> dict[str, Any]:
        """Raises :class:`Refused` or :class:`Unreachable`. Only for calls that may be repeated."""
        trouble = ""
        for pause in (*self.pauses, None):
            try:
                answer = self.session.request(
                    method, self.server.url + path, timeout=(CONNECT, READ), stream=True, **kwargs
                )
                body = _body_of(answer)
            except (requests.RequestException, ValueError) as error:
                trouble, wait = f"{self.server.url} does not answer: {error}", pause
            else:
                if answer.status_code not in PASSING:
                    return _json_of(answer, body)
                trouble = str(refusal(answer.status_code, body, answer.reason))
                wait = _longer(pause, answer.headers.get("Retry-After"))
            if wait is None or pause is None:
                break
            self.say(f"{trouble}; trying again in {wait:.0f} s")
            time.sleep(wait)
        raise Unreachable(trouble)


def _longer(pause: float | None, retry_after: str | None) -> float | None:
    if pause is None or retry_after is None or not retry_after.isdigit():
        return pause
    return min(max(pause, float(retry_after)), 60.0)


def _body_of(answer: requests.Response) -> bytes:
    body = bytearray()
    with answer:
        for block in answer.iter_content(64 * 1024):
            body += block
            if len(body) > LARGEST:
                sentence = f"{answer.url} answers with more than {LARGEST >> 20} MiB"
                raise Refused(answer.status_code, "not_lantoa", sentence)
    return bytes(body)


def _json_of(answer: requests.Response, body: bytes) -> dict[str, Any]:
    if not answer.ok:
        raise refusal(answer.status_code, body, answer.reason)
    value = _object(body)
    if value is None:
        raise Refused(answer.status_code, "not_lantoa", f"{answer.url} is not a Lan Tỏa server")
    return value


def refusal(status: int, body: bytes | None, reason: str = "") -> Refused:
    """From a problem+json answer, or from any other with an error status."""
    problem = _object(body or b"") or {}
    sentence = str(problem.get("detail") or problem.get("title") or f"HTTP {status} {reason}")
    fields = problem.get("errors")
    if isinstance(fields, dict):
        sentence = "\n  ".join([sentence, *(f"{k}: {v}" for k, v in fields.items())])
    return Refused(status, str(problem.get("code", status)), sentence.strip())


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
