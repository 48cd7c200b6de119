"""Webhooks as a library's server gets them: signed, in order, with pauses, and never elsewhere."""

from __future__ import annotations

import base64
import http.server
import json
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from review import clock, hooks
from review.errors import LeaseLost
from review.hooks import outbox
from review.models import Hook, HookDelivery, Library
from review.policy import Role
from review.states import Action, State
from tests.workers.office import Office
from workers import outward
from workers.hooks import send_next
from workers.outward import NotSent


@dataclass
class Server:
    """A library's server: answers with ``status``, keeps what it was sent."""

    port: int = 0
    status: int = 204
    before_answer: Callable[[], None] | None = None
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/lan-toa"

    def told(self, secret: str) -> list[dict[str, object]]:
        """The bodies, each verified by the reference implementation."""
        return [Webhook(secret).verify(body, headers) for _, headers, body in self.got]


@contextmanager
def listening(server: Server) -> Iterator[Server]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.got.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            if server.before_answer is not None:
                server.before_answer()
            self.send_response(server.status)
            self.send_header("Location", f"http://127.0.0.1:{server.port}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.port = listener.server_address[1]
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    with listening(Server()) as found:
        yield found


@pytest.fixture
def office(migrated: Path, tmp_path: Path) -> Iterator[Office]:
    data = tmp_path / "data"
    data.mkdir()
    shutil.copy(migrated, data / "lantoa.sqlite3")
    opened = Office.opened(data, LANTOA_WEBHOOK_HOSTS="127.0.0.1")
    yield opened
    opened.close()


@dataclass
class Subscribed:
    library: Library
    secret: str


@pytest.fixture
def site(office: Office, server: Server) -> Subscribed:
    library, _ = office.world.library()
    with office.world.write() as session:
        secret = hooks.set_hook(session, library.id, server.url, ["127.0.0.1"])
    assert secret is not None
    return Subscribed(library, secret)


def send_all(office: Office) -> int:
    count = 0
    while send_next(office.deps):
        count += 1
    return count


def hook(office: Office, site: Subscribed) -> Hook:
    with office.world.read() as session:
        return session.get_one(Hook, site.library.id)


def let_time_pass(office: Office, site: Subscribed, **values: object) -> None:
    with office.world.write() as session:
        row = session.get_one(Hook, site.library.id)
        row.next_attempt_at = clock.now(session)
        for name, value in values.items():
            setattr(row, name, value)


def states(office: Office, site: Subscribed) -> list[tuple[str, str, int, str | None]]:
    with office.world.read() as session:
        rows = hooks.recent(session, site.library.id)[::-1]
    return [(r.type, r.state, r.attempts, r.answer) for r in rows]


def test_each_change_is_told_and_signed(office: Office, server: Server, site: Subscribed) -> None:
    clip_id = office.world.clip(State.PUBLISHED)
    office.world.withdraw(clip_id)

    assert send_all(office) == 2
    assert server.told(site.secret) == [
        {"type": "published", "seq": 1, "clip_id": clip_id},
        {"type": "withdrawn", "seq": 2, "clip_id": clip_id},
    ]
    path, headers, body = server.got[0]
    assert (path, headers["host"], headers["content-type"]) == (
        "/lan-toa",
        f"127.0.0.1:{server.port}",
        "application/json",
    )
    assert len({headers["webhook-id"] for _, headers, _ in server.got}) == 2
    with pytest.raises(WebhookVerificationError):
        Webhook(site.secret).verify(body.replace(b"1", b"2"), headers)
    assert send_all(office) == 0


def test_a_hold_is_told_as_a_withdrawal(office: Office, server: Server, site: Subscribed) -> None:
    clip_id = office.world.clip(State.PUBLISHED)
    office.world.decide(clip_id, Action.ESCALATE, Role.REVIEWER)
    send_all(office)
    assert [m["type"] for m in server.told(site.secret)] == ["published", "withdrawn"]


def test_both_secrets_are_valid_for_a_day(office: Office, server: Server, site: Subscribed) -> None:
    with office.world.write() as session:
        new = hooks.rotate(session, site.library.id)
    office.world.clip(State.PUBLISHED)
    send_all(office)
    assert server.told(site.secret) == server.told(new)
    assert len(base64.b64decode(new.removeprefix("whsec_"))) == 32

    server.got.clear()
    with office.world.write() as session:
        session.get_one(Hook, site.library.id).old_until = clock.now(session)
        hooks.send_test(session, site.library.id)
    send_all(office)
    assert [m["type"] for m in server.told(new)] == ["test"]
    with pytest.raises(WebhookVerificationError):
        server.told(site.secret)


def test_a_server_that_is_down_is_asked_less_and_less(
    office: Office, server: Server, site: Subscribed
) -> None:
    server.status = 500
    for _ in range(3):
        office.world.clip(State.PUBLISHED)
    assert send_all(office) == 1  # what waits behind it waits, too
    waits = []
    for _ in range(4):
        row = hook(office, site)
        assert row.failing_since is not None
        waits.append(row.failures)
        let_time_pass(office, site)
        assert send_all(office) == 1
    assert waits == [1, 2, 3, 4]
    assert states(office, site)[0] == ("published", "queued", 5, "500")
    # Every attempt has the same id: whoever took it after all knows it again.
    assert len({headers["webhook-id"] for _, headers, _ in server.got}) == 1

    server.status = 200
    let_time_pass(office, site)
    assert send_all(office) == 3
    assert (hook(office, site).failures, hook(office, site).failing_since) == (0, None)


def test_pauses_grow_and_never_end(office: Office, server: Server, site: Subscribed) -> None:
    server.status = 503
    office.world.clip(State.PUBLISHED)
    pauses = []
    for number in range(9):
        let_time_pass(office, site, failures=number)
        send_all(office)
        row = hook(office, site)
        with office.world.read() as session:
            wait = row.next_attempt_at - clock.now(session)
        pauses.append(next(p for p in outbox.BACKOFF if wait <= p))
    assert pauses == [*outbox.BACKOFF, outbox.BACKOFF[-1], outbox.BACKOFF[-1]]


def test_410_switches_it_off(office: Office, server: Server, site: Subscribed) -> None:
    server.status = 410
    for _ in range(2):
        office.world.clip(State.PUBLISHED)
    assert send_all(office) == 1
    assert [row[1:] for row in states(office, site)] == [
        ("dropped", 1, "410"),
        ("dropped", 0, None),
    ]
    with office.world.read() as session:
        assert hooks.switched_off(session) == [(site.library.name, "gone")]
    office.world.clip(State.PUBLISHED)
    assert send_all(office) == 0

    server.status = 204
    with office.world.write() as session:
        hooks.switch_on(session, site.library.id)
    office.world.clip(State.PUBLISHED)
    assert send_all(office) == 1


def test_three_days_of_failing_switch_it_off(
    office: Office, server: Server, site: Subscribed
) -> None:
    server.status = 500
    office.world.clip(State.PUBLISHED)
    send_all(office)
    since = hook(office, site).failing_since
    assert since is not None
    let_time_pass(office, site, failing_since=since - outbox.PATIENCE - timedelta(seconds=1))
    send_all(office)
    with office.world.read() as session:
        assert hooks.switched_off(session) == [(site.library.name, "failing")]


def test_a_redirect_is_not_followed(office: Office, server: Server, site: Subscribed) -> None:
    server.status = 307
    office.world.clip(State.PUBLISHED)
    send_all(office)
    assert [path for path, _, _ in server.got] == ["/lan-toa"]
    assert states(office, site) == [("published", "queued", 1, "307")]


def test_a_test_goes_before_what_waits(office: Office, server: Server, site: Subscribed) -> None:
    office.world.clip(State.PUBLISHED)
    with office.world.write() as session:
        hooks.send_test(session, site.library.id)
    send_all(office)
    assert [m["type"] for m in server.told(site.secret)] == ["test", "published"]


def test_what_waited_too_long_is_not_sent_one_by_one(
    office: Office, server: Server, site: Subscribed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "MOST_WAITING", 2)
    for _ in range(5):
        office.world.clip(State.PUBLISHED)
    assert send_all(office) == 2
    assert [m["seq"] for m in server.told(site.secret)] == [4, 5]


def test_two_senders_send_each_once(office: Office, server: Server, site: Subscribed) -> None:
    with office.world.write() as session:
        hooks.send_test(session, site.library.id)
    with office.world.write() as session:
        first = hooks.claim(session)
    assert first is not None
    assert send_next(office.deps) is False  # the other one has it
    with office.world.write() as session:
        session.get_one(Hook, site.library.id).lease_until = clock.now(session)
    assert send_next(office.deps) is True  # it died: its lease is over
    with office.world.write() as session, pytest.raises(LeaseLost):
        hooks.delivered(session, first, "204")
    assert len(server.got) == 1


@pytest.mark.parametrize(("ended", "left"), [(hooks.remove, []), (hooks.switch_off, ["dropped"])])
def test_a_webhook_that_ends_while_its_server_answers_stays_ended(
    office: Office,
    server: Server,
    site: Subscribed,
    ended: Callable[[Session, str], None],
    left: list[str],
) -> None:
    """Removed, it takes along what was told of it: another address begins anew."""

    def end() -> None:
        with office.world.write() as session:
            ended(session, site.library.id)

    office.world.clip(State.PUBLISHED)
    server.status, server.before_answer = 500, end
    assert send_next(office.deps) is True  # and the sender lives
    server.status, server.before_answer = 204, None
    assert send_all(office) == 0
    assert [row[1] for row in states(office, site)] == left
    assert len(server.got) == 1


def test_deliveries_are_not_kept_for_ever(
    office: Office, server: Server, site: Subscribed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "SHOWN", 2)
    for _ in range(4):
        with office.world.write() as session:
            hooks.send_test(session, site.library.id)
    send_all(office)
    with office.world.write() as session:
        hooks.forget_old(session)
        assert session.query(HookDelivery).count() == 2


class TestOutward:
    """What no address may be talked into (the connection itself, not only the look at it)."""

    @pytest.mark.parametrize(
        "host", ["2130706433", "0177.0.0.1", "0x7f.1", "127.1", "localhost.", "[::ffff:7f00:1]"]
    )
    def test_odd_forms_of_our_own_addresses(self, host: str) -> None:
        with pytest.raises(NotSent) as caught:
            outward.post(f"https://{host}/", b"{}", {})
        assert caught.value.code == "address"

    @pytest.mark.parametrize(
        "answers", [["10.0.0.1"], ["1.1.1.1", "127.0.0.1"], ["fe80::1"], ["169.254.169.254"]]
    )
    def test_a_name_that_leads_inside(self, answers: list[str]) -> None:
        def look_up(_host: str, _port: int) -> list[str]:
            return answers

        with pytest.raises(NotSent) as caught:
            outward.post("https://thu-vien.example.vn/", b"{}", {}, look_up=look_up)
        assert caught.value.code == "address"

    def test_the_name_is_looked_up_once_and_that_address_is_used(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A name whose second answer is another one: there is no second question."""
        asked, reached = [], []

        def look_up(host: str, _port: int) -> list[str]:
            asked.append(host)
            return ["1.1.1.1"] if len(asked) == 1 else ["127.0.0.1"]

        def connect(address: tuple[str, int], *_: object) -> socket.socket:
            reached.append(address)
            raise ConnectionRefusedError

        monkeypatch.setattr(socket, "create_connection", connect)
        with pytest.raises(NotSent) as caught:
            outward.post("https://thu-vien.example.vn/", b"{}", {}, look_up=look_up)
        assert (caught.value.code, asked, reached) == (
            "refused",
            ["thu-vien.example.vn"],
            [("1.1.1.1", 443)],
        )

    def test_a_name_that_is_not_answered_for_holds_nobody_up(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        answered = threading.Event()

        def look_up(_host: str, _port: int) -> list[str]:
            answered.wait(30)
            return ["10.0.0.1"]

        monkeypatch.setattr(outward, "WHOLE", 0.05)
        try:
            with pytest.raises(NotSent) as caught:
                outward.post("https://thu-vien.example.vn/", b"{}", {}, look_up=look_up)
        finally:
            answered.set()
        assert caught.value.code == "timeout"

    def test_a_server_that_never_ends_its_answer_is_cut(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(outward, "WHOLE", 0.2)
        silent = socket.create_server(("127.0.0.1", 0))
        try:
            port = silent.getsockname()[1]
            with pytest.raises(NotSent) as caught:
                outward.post(f"http://127.0.0.1:{port}/", b"{}", {}, allowed=["127.0.0.1"])
            assert caught.value.code in ("refused", "protocol")
        finally:
            silent.close()

    def test_the_message_says_no_more_than_it_should(
        self, office: Office, server: Server, site: Subscribed
    ) -> None:
        clip_id = office.world.clip(State.PUBLISHED)
        send_all(office)
        (_, headers, body), *_ = server.got
        assert json.loads(body) == {"type": "published", "seq": 1, "clip_id": clip_id}
        assert sorted(headers) == [
            "content-length",
            "content-type",
            "host",
            "user-agent",
            "webhook-id",
            "webhook-signature",
            "webhook-timestamp",
        ]
