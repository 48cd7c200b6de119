"""What stands in front of every view: hosts, proxies, headers, forged requests, rates."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from review import accounts
from review.policy import Role
from storage_config.settings import Settings, load
from tests.webapp.conftest import PART, TUS, problem
from tests.world import PASSWORD, World

UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
JSON = {"Accept": "application/json"}


def csrf_token(client: FlaskClient) -> str:
    page = client.get("/sign-in").get_data(as_text=True)
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found is not None
    return found[1]


def signed_in(client: FlaskClient, world: World, role: Role = Role.TEACHER) -> str:
    """Sign in by the page; the token that its forms carry from now on."""
    form = {
        "username": world.person(role).username,
        "password": PASSWORD,
        "csrf_token": csrf_token(client),
    }
    assert client.post("/sign-in", data=form).status_code == 302
    return csrf_token(client)


class TestForgedRequests:
    def test_every_unsafe_route_asks_whoever_has_a_cookie(self, app: Flask, world: World) -> None:
        """By a form, by JSON and as plain text, as another site could make the browser send."""
        client = app.test_client()
        signed_in(client, world)
        asked = 0
        for rule in app.url_map.iter_rules():
            path = re.sub(r"<[^>]+>", "01m00000000000000000000000", rule.rule)
            for method in sorted((rule.methods or set()) & set(UNSAFE)):
                for kind in ("application/x-www-form-urlencoded", "text/plain", PART):
                    refused = client.open(
                        path,
                        method=method,
                        data=b'{"title": "a"}',
                        headers={**JSON, **TUS, "Content-Type": kind},
                    )
                    assert problem(refused) == (400, "csrf"), (method, path, kind)
                    asked += 1
        assert asked > 50

    def test_pages_ask_whoever_has_none(self, client: FlaskClient) -> None:
        refused = client.post("/sign-in", data={"username": "a", "password": "b"}, headers=JSON)
        assert problem(refused) == (400, "csrf")

    def test_another_persons_token_is_none(self, app: Flask, world: World) -> None:
        mine, theirs = app.test_client(), app.test_client()
        signed_in(mine, world)
        token = signed_in(theirs, world, Role.REVIEWER)
        refused = mine.post("/sign-out", data={"csrf_token": token}, headers=JSON)

        assert problem(refused) == (400, "csrf")

    def test_a_bearer_token_needs_none_and_cookies_do_not_count_beside_it(
        self, app: Flask, world: World
    ) -> None:
        client = app.test_client()
        signed_in(client, world)
        other = world.token(Role.REVIEWER)
        told = client.get("/api/v1/review/queue", headers={"Authorization": f"Bearer {other}"})
        wrong = client.get("/api/v1/clips", headers={"Authorization": "Bearer wrong"})

        assert told.status_code == 200
        assert problem(wrong) == (401, "unknown_token")

    def test_a_page_uploads_more_than_any_form_may_hold(self, app: Flask, world: World) -> None:
        client = app.test_client()
        headers = {**TUS, "X-CSRFToken": signed_in(client, world)}
        size = 3 * 1024 * 1024
        created = client.post("/uploads", headers={**headers, "Upload-Length": str(size)})
        sent = client.patch(
            created.headers["Location"],
            data=bytes(size),
            headers={**headers, "Upload-Offset": "0", "Content-Type": PART},
        )

        assert (created.status_code, sent.status_code) == (201, 204)
        assert sent.headers["Upload-Offset"] == str(size)

    def test_a_form_may_not(self, client: FlaskClient) -> None:
        form = {"username": "a" * 2_000_000}
        assert problem(client.post("/sign-in", data=form, headers=JSON)) == (413, "too_large")


class TestRates:
    def test_ten_wrong_passwords_a_minute(self, app: Flask, world: World) -> None:
        client = app.test_client()
        form = {
            "username": world.person(Role.TEACHER).username,
            "password": "wrong",
            "csrf_token": csrf_token(client),
        }
        statuses = [client.post("/sign-in", data=form).status_code for _ in range(11)]
        told = client.post("/sign-in", data=form, headers=JSON)

        assert statuses == [401] * 10 + [429]
        assert problem(told) == (429, "rate_limited")
        assert int(told.headers["Retry-After"]) > 0
        other = form | {"username": world.person(Role.REVIEWER).username, "password": PASSWORD}
        assert client.post("/sign-in", data=other).status_code == 302

    def test_an_unknown_name_is_answered_like_a_wrong_password(
        self, client: FlaskClient, world: World
    ) -> None:
        form = {"password": "wrong", "csrf_token": csrf_token(client)}
        pages = []
        for username in (world.person(Role.TEACHER).username, "nobody-of-this-name"):
            answer = client.post("/sign-in", data=form | {"username": username})
            text = answer.get_data(as_text=True).replace(str(username), "")
            pages.append((answer.status_code, re.sub(r'value="[^"]*"', "", text)))

        assert pages[0] == pages[1]
        assert pages[0][0] == 401


class TestHosts:
    @pytest.fixture
    def here(self, make_app: Callable[..., Flask], settings: Settings) -> FlaskClient:
        chosen = load({"LANTOA_TRUSTED_HOSTS": "clips.example,.school.example"}, data=settings.data)
        return make_app(settings=chosen).test_client()

    @pytest.mark.parametrize("host", ["clips.example", "clips.example:8000", "a.school.example"])
    def test_our_own_are_answered(self, here: FlaskClient, host: str) -> None:
        assert here.get("/healthz", headers={"Host": host}).status_code == 200

    @pytest.mark.parametrize(
        "host", ["evil.example", "clips.example.evil.example", "evil.example:80", "", "a b", "@"]
    )
    def test_others_are_400(self, here: FlaskClient, host: str) -> None:
        assert here.get("/healthz", headers={"Host": host}).status_code == 400
        assert here.get("/sign-in", headers={"Host": host}).status_code == 400
        assert here.post("/api/v1/clips", headers={"Host": host}).status_code == 400

    def test_a_forwarded_host_counts_only_from_a_proxy(self, here: FlaskClient) -> None:
        headers = {"Host": "clips.example", "X-Forwarded-Host": "evil.example"}
        assert here.get("/healthz", headers=headers).status_code == 200


class TestProxies:
    @pytest.mark.parametrize(
        ("count", "expected"),
        [(0, "127.0.0.1"), (1, "203.0.113.9"), (2, "198.51.100.1")],
    )
    def test_only_as_many_as_there_are_are_believed(
        self, make_app: Callable[..., Flask], settings: Settings, count: int, expected: str
    ) -> None:
        chosen = load({"LANTOA_TRUSTED_PROXIES": str(count)}, data=settings.data)
        app = make_app(settings=chosen)
        seen: list[Any] = []

        @app.before_request
        def look() -> None:
            from flask import request

            seen.append(request.remote_addr)

        headers = {"X-Forwarded-For": "192.0.2.66, 198.51.100.1, 203.0.113.9"}
        app.test_client().get("/healthz", headers=headers)
        assert seen == [expected]


class TestHeaders:
    def test_they_are_on_every_answer(self, client: FlaskClient) -> None:
        for path in ("/healthz", "/sign-in", "/nothing", "/api/v1/clips", "/uploads"):
            headers = client.get(path).headers
            policy = headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert {
                name: headers[name]
                for name in (
                    "X-Content-Type-Options",
                    "Referrer-Policy",
                    "Permissions-Policy",
                    "Cache-Control",
                )
            } == {
                "X-Content-Type-Options": "nosniff",
                "Referrer-Policy": "same-origin",
                "Permissions-Policy": "camera=(self), microphone=(self)",
                "Cache-Control": "no-store",
            }, path
            assert "Server" not in headers

    def test_https_is_kept(self, make_app: Callable[..., Flask], settings: Settings) -> None:
        chosen = load({"LANTOA_PUBLIC_URL": "https://clips.example"}, data=settings.data)
        client = make_app(settings=chosen).test_client()
        answer = client.get("/sign-in", base_url="https://clips.example")

        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        (cookie,) = answer.headers.getlist("Set-Cookie")
        assert {"Secure", "HttpOnly", "SameSite=Lax"} <= set(cookie.split("; "))


class TestSessions:
    def test_signing_in_makes_a_new_session(self, app: Flask, world: World) -> None:
        """What an attacker planted in the browser before is worth nothing afterwards."""
        client = app.test_client()
        client.get("/sign-in")
        planted = client.get_cookie("lantoa")
        signed_in(client, world)
        mine = client.get_cookie("lantoa")
        attacker = app.test_client()
        assert planted is not None
        assert mine is not None
        attacker.set_cookie("lantoa", planted.value)

        assert planted.value != mine.value
        assert problem(attacker.get("/api/v1/clips")) == (401, "sign_in_first")
        assert client.get("/api/v1/clips").status_code == 200

    def test_signing_in_again_ends_the_session_before(self, app: Flask, world: World) -> None:
        client, thief = app.test_client(), app.test_client()
        signed_in(client, world)
        stolen = client.get_cookie("lantoa")
        assert stolen is not None
        thief.set_cookie("lantoa", stolen.value)
        assert thief.get("/api/v1/clips").status_code == 200
        signed_in(client, world, Role.REVIEWER)

        assert problem(thief.get("/api/v1/clips")) == (401, "sign_in_first")

    @pytest.mark.parametrize("ending", ["sign-out", "password", "off", "role"])
    def test_a_kept_cookie_ends_with_its_session(
        self, app: Flask, world: World, ending: str
    ) -> None:
        client, kept = app.test_client(), app.test_client()
        token = signed_in(client, world)
        cookie = client.get_cookie("lantoa")
        assert cookie is not None
        kept.set_cookie("lantoa", cookie.value)
        account_id = world.person(Role.TEACHER).id
        if ending == "sign-out":
            assert client.post("/sign-out", data={"csrf_token": token}).status_code == 302
        else:
            with world.write() as session:
                account = session.merge(world.person(Role.TEACHER))
                if ending == "password":
                    accounts.set_password(session, account_id, "mật khẩu mới")
                elif ending == "off":
                    account.active = False
                else:
                    account.role, account.school_id = Role.ADMIN, None
        answer = kept.get("/api/v1/clips")

        if ending == "role":  # still the same person, with the new rights at once
            assert kept.get("/api/v1/jobs").status_code == 200
        else:
            assert problem(answer) == (401, "sign_in_first")

    def test_a_forged_cookie_is_nobody(self, app: Flask) -> None:
        client = app.test_client()
        client.set_cookie("lantoa", "eyJfdXNlcl9pZCI6ImEifQ.aaaa.bbbb")
        assert problem(client.get("/api/v1/clips")) == (401, "sign_in_first")


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "\\\\evil.example",
        "/a\r\nSet-Cookie: x",
        "///evil.example",
        "/\tevil",
        " //evil.example",
        "",
        None,
    ],
)
def test_the_way_back_never_leaves_this_site(app: Flask, target: str | None) -> None:
    from webapp.auth import safe_next

    with app.test_request_context():
        assert safe_next(target) == "/"


def test_the_way_back_is_kept(app: Flask) -> None:
    from webapp.auth import safe_next

    with app.test_request_context():
        assert safe_next("/clips/1?a=b#c") == "/clips/1?a=b#c"
