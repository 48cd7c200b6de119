"""Bodies that are longer than any form: whoever sends one is told so, whatever client it uses."""

from __future__ import annotations

import json
import socket

import pytest
import requests

from tests.webapp.uploads.web import PATIENCE, Web, read_answer
from webapp.patient import MOST_DRAINED

LARGE = b"a" * (30 * 1024 * 1024)
CAPTIONS = "/api/v1/clips/01m00000000000000000000000/captions/vi"
CASES = [
    ("PUT", CAPTIONS, 413, "too_large"),
    ("POST", "/api/v1/clips", 413, "too_large"),
    ("POST", "/sign-in", 413, "too_large"),
    ("POST", "/nowhere", 404, "not_found"),
]


@pytest.mark.parametrize(("method", "path", "status", "code"), CASES)
def test_a_client_that_sends_all_before_it_listens_reads_why(
    web: Web, method: str, path: str, status: int, code: str
) -> None:
    kind = "application/x-www-form-urlencoded" if path == "/sign-in" else "application/json"
    asks = {"Accept": "application/json", "Connection": None, "Content-Type": kind}
    with web.connect() as connection:
        connection.sendall(web.head(method, path, len(LARGE), **asks) + LARGE)
        answer = read_answer(connection)
        body = answer.body
        while len(body) < int(answer.headers["content-length"]):
            body += connection.recv(65536)
    problem = json.loads(body)
    assert (answer.status, problem["code"]) == (status, code)
    assert problem["title"]


def test_an_ordinary_library_reads_it_and_goes_on(web: Web) -> None:
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {web.token}"
        for _ in range(3):
            url = f"http://127.0.0.1:{web.port}{CAPTIONS}"
            answer = session.put(url, data=LARGE, timeout=PATIENCE)
            assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
        clips = session.get(f"http://127.0.0.1:{web.port}/api/v1/clips", timeout=PATIENCE)
    assert clips.json() == {"items": [], "next": None}


def test_nobody_is_invited_to_send_what_is_refused(web: Web) -> None:
    with web.connect() as connection:
        connection.sendall(web.head("PUT", CAPTIONS, len(LARGE), Expect="100-continue"))
        assert connection.recv(12) == b"HTTP/1.1 413"


def test_whoever_sends_on_and_on_is_cut_off_and_holds_nobody(web: Web) -> None:
    with web.connect() as connection:
        connection.sendall(web.head("PUT", CAPTIONS, 1 << 40))
        sent = _send_until_cut(web, connection)
    assert MOST_DRAINED / 2 < sent < 4 * MOST_DRAINED
    assert web.get("/healthz").status == 200


def _send_until_cut(web: Web, connection: socket.socket) -> int:
    sent = 0
    try:
        while sent < 8 * MOST_DRAINED:
            connection.sendall(LARGE[: 1 << 20])
            sent += 1 << 20
            if sent % (16 << 20) == 0:
                assert web.get("/healthz").status == 200
    except ConnectionError:
        pass
    return sent
