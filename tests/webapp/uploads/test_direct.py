"""Parts that go straight to the bucket: links, what the store says, and the end."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest
import requests

from review import bucketed, clock
from review.models import Upload
from review.policy import Role
from review.quota import QUIET
from tests.webapp.conftest import token_of
from tests.webapp.uploads.machines import Machines
from tests.webapp.uploads.test_bucket import CONTENT, MIB
from tests.webapp.uploads.web import Answer, Web

pytestmark = pytest.mark.services
PART = 8 * MIB


def call(web: Web, method: str, path: str, value: object = None, **headers: str) -> Answer:
    """Without a header of tus: this is plain JSON."""
    more: dict[str, Any] = {"Tus-Resumable": None, "Content-Type": "application/json", **headers}
    body = None if value is None else json.dumps(value).encode()
    return web.call(method, path, body, **more)


def links(web: Web, path: str, *numbers: int) -> list[dict[str, Any]]:
    answer = call(web, "POST", f"{path}/parts", {"numbers": list(numbers)})
    assert answer.status == 200, answer
    found: list[dict[str, Any]] = json.loads(answer.body)["parts"]
    return found


def put(link: dict[str, Any], content: bytes = CONTENT) -> None:
    start = (link["number"] - 1) * PART
    data = content[start : start + link["bytes"]]
    assert requests.put(link["url"], data=data, timeout=30).status_code == 200


def test_the_bytes_pass_no_web_process(machines: Machines) -> None:
    """A machine dies and another goes on: what counts is what the store has."""
    web, other = machines.webs
    path = web.create(len(CONTENT))
    for link in links(web, path, 2):
        put(link)
    web.kill()
    told = json.loads(call(other, "GET", f"{path}/parts").body)
    early = call(other, "POST", f"{path}/parts/complete", {})
    put(links(other, path, 1)[0])
    done = call(other, "POST", f"{path}/parts/complete", {})
    again = call(other, "POST", f"{path}/parts/complete", {})

    assert told == {"part_bytes": PART, "count": 2, "done": [2], "bytes": len(CONTENT)}
    assert (early.status, json.loads(early.body)["missing"]) == (409, [1])
    assert (done.status, again.status, other.ask(path)) == (200, 200, len(CONTENT))
    assert machines.original(path) == CONTENT
    with machines.world.read() as session:
        row = session.get_one(Upload, path.rpartition("/")[2])
    assert row.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert (machines.pending(), machines.row(path)) == ([], None)


def test_what_goes_straight_to_the_bucket_keeps_its_room(machines: Machines) -> None:
    """Nobody counts its bytes before the end: that it seems to have none says nothing."""
    web = machines.webs[0]
    path = web.create(len(CONTENT))
    upload_id = path.rpartition("/")[2]

    def is_silent() -> bool:
        with machines.world.read() as session:
            return bucketed.silent(session, [upload_id]) == {upload_id}

    assert is_silent()
    for link in links(web, path, 1, 2):
        put(link)
    with machines.world.write() as session:
        session.get_one(Upload, upload_id).created_at -= QUIET + timedelta(minutes=1)
    assert not is_silent()
    links(web, path, 1)  # asked for again
    with machines.world.read() as session:
        # What holds its room is not asked for it again: it would be counted twice.
        assert session.get_one(Upload, upload_id).created_at < clock.now(session) - QUIET
    assert call(web, "POST", f"{path}/parts/complete", {}).status == 200
    assert machines.original(path) == CONTENT


def test_a_part_of_another_size_does_not_count(machines: Machines) -> None:
    web = machines.webs[0]
    path = web.create(len(CONTENT))
    for link in links(web, path, 1, 2):
        put(link)
    link = links(web, path, 2)[0]
    requests.put(link["url"], data=b"short", timeout=30)  # moto looks at no signature

    answer = call(web, "POST", f"{path}/parts/complete", {})
    assert json.loads(answer.body)["missing"] == [2]
    put(link)
    assert call(web, "POST", f"{path}/parts/complete", {}).status == 200
    assert machines.original(path) == CONTENT


def test_both_ways_are_not_mixed(machines: Machines) -> None:
    web = machines.webs[0]
    usual, straight = web.create(len(CONTENT)), web.create(len(CONTENT))
    web.patch(usual, 0, b"0")
    links(web, straight, 1)

    assert call(web, "POST", f"{usual}/parts", {"numbers": [1]}).status == 409
    assert web.patch(straight, 0, b"0").status == 409
    assert web.call("DELETE", straight).status == 204
    assert web.patch(usual, 1, CONTENT[1:]).status == 204


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {"numbers": []},
        {"numbers": [0]},
        {"numbers": [3]},
        {"numbers": ["1"]},
        {"numbers": [True]},
        {"numbers": [1] * 101},
    ],
)
def test_odd_questions_are_400(machines: Machines, value: object) -> None:
    web = machines.webs[0]
    path = web.create(len(CONTENT))
    assert call(web, "POST", f"{path}/parts", value).status == 400


def test_another_persons_parts_are_not_there(machines: Machines) -> None:
    web = machines.webs[0]
    path = web.create(len(CONTENT))
    other = token_of(machines.world, machines.world.account(Role.TEACHER))
    who = {"Authorization": f"Bearer {other}"}
    answers = [
        call(web, "GET", f"{path}/parts", **who),
        call(web, "POST", f"{path}/parts", {"numbers": [1]}, **who),
        call(web, "POST", f"{path}/parts/complete", {}, **who),
    ]
    assert [a.status for a in answers] == [404] * 3
