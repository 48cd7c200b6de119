"""Connections that hold on and say nothing, or a letter at a time: everybody else is served."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from tests.webapp.uploads.web import PATIENCE, Web, cut, patch_headers, read_answer

ANSWER = 20.0  # seconds: only a failing test waits for so long


@pytest.fixture
def held() -> Iterator[list[socket.socket]]:
    """Connections that are closed at the end."""
    connections: list[socket.socket] = []
    yield connections
    for connection in connections:
        connection.close()


def is_served(web: Web) -> bool:
    """Whether a page is answered at once, on a connection of its own."""
    with socket.create_connection(("127.0.0.1", web.port), timeout=ANSWER) as connection:
        connection.sendall(web.head("GET", "/healthz", None))
        return read_answer(connection).status == 200


@pytest.mark.faults
def test_a_hundred_idle_connections(web: Web, held: list[socket.socket]) -> None:
    held += [web.connect() for _ in range(100)]
    assert all(is_served(web) for _ in range(5))


@pytest.mark.faults
def test_a_hundred_heads_that_come_letter_by_letter(web: Web, held: list[socket.socket]) -> None:
    for _ in range(100):
        connection = web.connect()
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-Slow: ")
        held.append(connection)
    for letter in (b"a", b"b", b"c"):
        for connection in held:
            connection.sendall(letter)
        assert is_served(web)


@pytest.mark.faults
@pytest.mark.parametrize("path", ["/join", "/sign-in", "/api/v1/clips", "/nowhere"])
def test_a_hundred_and_fifty_bodies_that_never_come(
    web: Web, held: list[socket.socket], path: str
) -> None:
    for _ in range(150):
        connection = web.connect()
        form = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": None}
        connection.sendall(web.head("POST", path, 1000, **form) + b"code=")
        held.append(connection)
    assert is_served(web)
    for connection in held:
        connection.sendall(b"a")
    assert all(is_served(web) for _ in range(5))


@pytest.mark.faults
def test_bodies_behind_another_request_hold_nobody_either(
    web: Web, held: list[socket.socket]
) -> None:
    for _ in range(150):
        connection = web.connect()
        first = web.head("GET", "/healthz", None, Connection="keep-alive")
        connection.sendall(first + web.head("POST", "/join", 1000) + b"code=")
        held.append(connection)
    assert all(is_served(web) for _ in range(5))


@pytest.mark.faults
def test_strangers_uploads_that_stand_still_hold_nobody(
    web: Web, held: list[socket.socket]
) -> None:
    for _ in range(150):
        connection = web.connect()
        sent = patch_headers(0) | {"Authorization": None, "Connection": "keep-alive"}
        connection.sendall(web.head("PATCH", "/uploads/none", 1000, **sent) + b"0")
        held.append(connection)
    assert all(is_served(web) for _ in range(5))


@pytest.mark.faults
def test_clients_that_never_close_hold_nobody(web: Web, held: list[socket.socket]) -> None:
    for _ in range(100):
        connection = web.connect()
        connection.sendall(web.head("GET", "/healthz", None))
        held.append(connection)
    assert all(is_served(web) for _ in range(5))


def test_a_body_that_comes_in_parts_is_read_whole(web: Web) -> None:
    body = b'{"title": "' + b"a" * 200_000
    rest = b'", "upload": "none"}'
    sent = {"Content-Type": "application/json"}
    whole = web.call("POST", "/api/v1/clips", body + rest, **sent)
    with web.connect() as connection:
        head = web.head("POST", "/api/v1/clips", len(body + rest), Expect="100-continue", **sent)
        connection.sendall(head)
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert is_served(web)
        connection.sendall(rest)
        status = read_answer(connection).status
    # JSON that is whole: only the upload that it names is not there.
    assert (status, whole.status) == (404, 404)


def test_a_form_in_chunks_is_asked_for_its_length(web: Web) -> None:
    answer = web.call("POST", "/join", Transfer_Encoding="chunked", Content_Length=None)
    assert answer.status == 411


def until_all_write(web: Web, paths: list[str]) -> None:
    """Until each has left its ticket, which is how a writer begins."""
    deadline = time.monotonic() + PATIENCE
    tickets = [web.data / "uploads" / f"{p.rpartition('/')[2]}.writer" for p in paths]
    while not all(ticket.exists() for ticket in tickets):
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.faults
def test_fifty_uploads_that_stand_still(web: Web, held: list[socket.socket]) -> None:
    """48 may wait for their bytes; who comes then is asked to come again, and pages answer."""
    paths = [web.create(100) for _ in range(49)]
    for path in paths[:48]:
        connection = web.connect()
        connection.sendall(web.head("PATCH", path, 100, **patch_headers(0)) + b"0")
        held.append(connection)
    until_all_write(web, paths[:48])
    told = web.patch(paths[48], 0, b"0" * 100)

    assert (told.status, int(told.headers["retry-after"]) > 0) == (503, True)
    assert all(is_served(web) for _ in range(5))
    for connection in held:
        cut(connection)
    web.resume(paths[48], b"0" * 100)


@pytest.mark.faults
def test_five_hundred_idle_uploads_and_a_slow_loris(web: Web, held: list[socket.socket]) -> None:
    """Pages are answered, and whoever really sends gets through once the idle ones are gone."""
    paths = [web.create(100) for _ in range(49)]
    for number in range(500):
        connection = web.connect()
        path = paths[number % 48]
        connection.sendall(web.head("PATCH", path, 100, **patch_headers(0)) + b"0")
        held.append(connection)
        if number % 50 == 0:
            assert is_served(web)
    for _ in range(100):
        connection = web.connect()
        connection.sendall(b"GET /sign-in HTTP/1.1\r\nHost: a\r\nX-Slow: ")
        held.append(connection)
    for letter in (b"a", b"b", b"c"):
        for connection in held[500:]:
            connection.sendall(letter)
        assert is_served(web)
    pages = [web.get(path, Authorization=None).status for path in ("/sign-in", "/library") * 5]

    assert pages == [200] * 10
    for connection in held:
        cut(connection)
    web.resume(paths[48], b"0" * 100)


def test_a_head_that_comes_in_parts_is_answered(web: Web) -> None:
    head = web.head("GET", "/healthz", None)
    for places in ((1,), (10, 20), (len(head) - 1,), (len(head) - 3, len(head) - 2)):
        with web.connect() as connection:
            before = 0
            for place in (*places, len(head)):
                connection.sendall(head[before:place])
                before = place
            assert read_answer(connection).status == 200


def test_two_requests_at_once_are_answered_one_after_the_other(web: Web) -> None:
    head = web.head("GET", "/healthz", None, Connection="keep-alive")
    with web.connect() as connection:
        connection.sendall(head + web.head("GET", "/healthz", None))
        data = b"".join(iter(lambda: connection.recv(65536), b""))
    assert data.count(b"HTTP/1.1 200 OK") == 2


def test_a_connection_is_kept_for_the_next_request(web: Web) -> None:
    with web.connect() as connection:
        for _ in range(3):
            connection.sendall(web.head("HEAD", "/healthz", None, Connection="keep-alive"))
            assert read_answer(connection).status == 200


def test_a_client_that_goes_away_in_its_head_is_forgotten(web: Web) -> None:
    for farewell in (b"", b"GET / HT"):
        connection = web.connect()
        connection.sendall(farewell)
        cut(connection)
    assert is_served(web)
