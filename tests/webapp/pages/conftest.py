"""People with their browsers, in an invented school whose clips stand at every step."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from review import accounts
from review.models import Account
from review.policy import Role
from storage_config.database import Database
from tests.webapp.pages.reading import Page, page_of
from tests.world import World

Values = dict[str, Any]


class Browser:
    """One person's browser (or nobody's). It fills in the forms that a page shows, as they are."""

    def __init__(self, app: Flask, world: World, account: Account | None, language: str) -> None:
        self.client = app.test_client()
        self.account = account
        self.headers = {"Accept-Language": language, "Accept": "text/html"}
        if account is not None:
            with world.write() as rows:
                secret = accounts.open_session(rows, account, 1)
            with self.client.session_transaction() as session:
                session["_user_id"] = secret

    def get(self, path: str, **headers: str) -> Page:
        return page_of(self.client.get(path, headers={**self.headers, **headers}))

    def post(self, path: str, values: Values | None = None, *, forged: bool = False) -> Page:
        """Send ``values``, with the token of a page of ours unless ``forged``."""
        token = {} if forged else {"csrf_token": self.token()}
        sent = {**token, **(values or {})}
        return page_of(self.client.post(path, data=sent, headers=self.headers))

    def token(self) -> str:
        metas = self.get("/library").all("meta")
        return next(m["content"] or "" for m in metas if m.get("name") == "csrf-token")

    def send(self, page: Page, action: str, /, button: str | None = None, **values: Any) -> Page:
        """Send a form of ``page`` with some fields filled in, by its button of that value."""
        form = page.form(action)
        assert form.method == "post"
        filled: dict[str, Any] = dict(form.fields)
        if button is not None:
            assert button in [value for _, value in form.buttons], form.buttons
            filled |= {name: value for name, value in form.buttons if value == button}
        return page_of(self.client.post(action, data=filled | values, headers=self.headers))

    def follow(self, page: Page) -> Page:
        """Where a redirect leads."""
        assert page.status in (302, 303), (page.status, page.text)
        assert page.location is not None
        return self.get(page.location)


@pytest.fixture
def visitor(app: Flask, world: World) -> Callable[..., Browser]:
    """The browser of this role's one person, of an account, or of nobody (None)."""

    def open_one(who: Role | Account | None = None, language: str = "vi") -> Browser:
        account = world.person(who) if isinstance(who, Role) else who
        return Browser(app, world, account, language)

    return open_one


@dataclass
class Counter:
    statements: list[str]


@pytest.fixture
def counted(database: Database) -> Callable[[], Any]:
    """A block in which every statement that reaches the database is written down."""

    @contextmanager
    def block() -> Iterator[Counter]:
        counter = Counter([])

        def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            # A list of ids may be longer: it is still one question.
            counter.statements.append(re.sub(r"\(\?(, \?)*\)", "(?)", statement))

        event.listen(database.engine, "before_cursor_execute", note)
        try:
            yield counter
        finally:
            event.remove(database.engine, "before_cursor_execute", note)

    return block
