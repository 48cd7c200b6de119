"""The audit's page and its exports: the same rows, safe in a spreadsheet, and never all at once."""

from __future__ import annotations

import ast
import csv
import importlib
import io
import json
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import update

from review import accounts, answers, batch, decisions, lifecycle, queries
from review.answers import Answer
from review.batch import Kind
from review.models import Account
from review.policy import Role
from review.queries import trail
from review.states import Action, State
from tests.webapp.pages.conftest import Browser
from tests.world import World

Visitor = Callable[..., Browser]


def download(person: Browser, path: str) -> Any:
    return person.client.get(path, headers=person.headers)


def table(person: Browser, query: str = "") -> list[dict[str, str]]:
    response = download(person, f"/admin/audit/export.csv{query}")
    assert response.mimetype == "text/csv"
    assert 'filename="audit.csv"' in response.headers["Content-Disposition"]
    assert response.data.startswith(b"\xef\xbb\xbf")
    text = response.data.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";"))


def items(person: Browser, query: str = "") -> list[dict[str, Any]]:
    response = download(person, f"/admin/audit/export.json{query}")
    assert response.mimetype == "application/json"
    found = json.loads(response.data)
    assert list(found) == ["items"]
    return list(found["items"])


def test_page_and_exports_tell_the_same(
    visitor: Visitor, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.clip(State.APPROVED)
    monkeypatch.setattr(trail, "BATCH", 2)
    person = visitor(Role.MODERATOR)
    page = person.get("/admin/audit")
    rows, found = table(person), items(person)
    assert [row["Việc"] for row in rows] == [
        "Đã duyệt",
        "Đã duyệt",
        "Kiểm tra tệp xong",
        "Đã gửi clip",
        "Tạo bản nháp",
    ]
    assert [x["action"] for x in found] == ["approve", "approve", "examined", "submit", "create"]
    assert [x["clip_id"] for x in found] == [row["Clip"] for row in rows]
    assert rows[0] | {"Lúc": "", "Clip": "", "Chi tiết": ""} == {
        "Lúc": "",
        "Clip": "",
        "Việc": "Đã duyệt",
        "Người làm": "moderator",
        "Với tư cách": "Người kiểm duyệt của Phòng",
        "Từ trạng thái": "Đang chờ duyệt",
        "Sang trạng thái": "Đã duyệt",
        "Lần nộp": "1",
        "Chi tiết": "",
    }
    assert datetime.fromisoformat(rows[0]["Lúc"]) == datetime.fromisoformat(found[0]["at"])
    assert page.text.count(rows[0]["Clip"]) == 5
    assert {"seq", "hash", "previous_hash", "version"} & set(found[0]) == set()


@pytest.mark.parametrize("label", ["=1+1", "+84", "-2", "@SUM(A1)", "\t=1", "＝1", 'a;b"c'])
def test_no_cell_runs_in_a_spreadsheet(visitor: Visitor, world: World, label: str) -> None:
    world.clip(State.IN_REVIEW)
    with world.write() as session:
        session.execute(update(Account).values(label=label))
    cells = {row["Người làm"] for row in table(visitor(Role.ADMIN))}
    assert cells - {""} == {label if label.startswith("a") else f"'{label}"}


def test_filters_narrow_page_and_exports_alike(visitor: Visitor, world: World) -> None:
    one = world.clip(State.APPROVED)
    world.clip(State.REJECTED)
    person = visitor(Role.MODERATOR)
    query = f"?clip={one}&action=approve&person={world.person(Role.REVIEWER).username}"
    page = person.get(f"/admin/audit{query}")
    assert page.text.count(one) == 1
    assert len(table(person, query)) == len(items(person, query)) == 1
    assert [a for a in page.links if a.startswith("/admin/audit/export.csv?")] != []
    assert items(person, "?clip=nothing") == []
    assert table(person, "?clip=nothing") == []


def test_a_wrong_day_is_said_before_anything_is_sent(visitor: Visitor, world: World) -> None:
    person = visitor(Role.ADMIN)
    page = person.get("/admin/audit?from_day=hôm+qua")
    assert (page.status, "Ngày chưa đúng" in page.text) == (422, True)
    assert download(person, "/admin/audit/export.csv?to_day=x").status_code == 422


def test_an_action_of_a_hold_is_no_filter(visitor: Visitor, world: World) -> None:
    """Asking for it finds what asking for nothing finds."""
    clip_id = world.clip(State.IN_REVIEW)
    world.decide(clip_id, Action.ESCALATE, Role.REVIEWER)
    person = visitor(Role.ADMIN)
    assert items(person, "?action=escalate") == items(person)
    page = person.get("/admin/audit")
    assert "Chuyển người bảo vệ trẻ em" not in page.text
    assert [a["value"] for a in page.all("option") if a.get("value") == "escalate"] == []


def written() -> set[str]:
    """Every action that the code writes into the audit: what its calls of ``audit.append`` say,
    or what is handed to the functions that make them."""
    found: set[str] = set()
    for path in Path("review").rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        for function in [f for f in tree.body if isinstance(f, ast.FunctionDef)]:
            for call in calls_of("audit.append", function):
                module = importlib.import_module(".".join(path.with_suffix("").parts))
                found |= handed(tree, module, function, argument(call, "action"))
    return found


def calls_of(name: str, tree: ast.AST) -> list[ast.Call]:
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [call for call in calls if ast.unparse(call.func) == name]


def argument(call: ast.Call, name: str, place: int | None = None) -> ast.expr:
    if place is not None and place < len(call.args):
        return call.args[place]
    return next(keyword.value for keyword in call.keywords if keyword.arg == name)


def handed(
    tree: ast.Module, module: ModuleType, function: ast.FunctionDef, value: ast.expr
) -> set[str]:
    """The values of an argument, with those of all callers where it is the caller's to say."""
    names = [a.arg for a in (*function.args.args, *function.args.kwonlyargs)]
    if not (isinstance(value, ast.Name) and value.id in names):
        return {str(eval(ast.unparse(value), vars(module)))}
    kind = next(a for a in function.args.args if a.arg == value.id).annotation
    if kind is not None and ast.unparse(kind) == "Action":
        return {str(action) for action in Action}
    found: set[str] = set()
    for caller in tree.body:
        for call in calls_of(function.name, caller):
            assert isinstance(caller, ast.FunctionDef)
            given = argument(call, value.id, names.index(value.id))
            found |= handed(tree, module, caller, given)
    return found


def offered_to(person: Browser) -> dict[str, str]:
    """Act -> its word, in the list to choose from."""
    source = person.get("/admin/audit").source
    (select,) = re.findall(r'<select id="action".*?</select>', source, re.DOTALL)
    return dict(re.findall(r'<option value="(\w+)"[^>]*>([^<]*)<', select))


def test_every_action_has_a_word_and_can_be_asked_for(visitor: Visitor) -> None:
    codes = written() - set(map(str, lifecycle.HOLD_ACTIONS))
    assert {"create", "approve", "assign", "answer_notes", "announce_campaign"} < codes
    offered = offered_to(visitor(Role.ADMIN))
    assert set(offered) == codes
    assert [code for code, word in offered.items() if word == code] == []
    assert len(set(offered.values())) == len(offered)
    assert offered_to(visitor(Role.MODERATOR)) == offered


def test_a_moderator_finds_what_was_done_to_campaigns(visitor: Visitor, world: World) -> None:
    """They keep them. Of a case there is still nothing."""
    campaign = world.campaign()
    held = world.clip()
    world.decide(held, Action.ESCALATE, Role.REVIEWER)
    person = visitor(Role.MODERATOR)
    (row,) = table(person)
    assert (row["Clip"], row["Người làm"]) == (campaign.id, "moderator")
    assert [x["action"] for x in items(person, "?action=add_campaign")] == ["add_campaign"]
    page = person.get(f"/admin/audit?clip={campaign.id}")
    assert (campaign.id in page.text, held in page.source) == (True, False)


def test_who_was_to_review_and_what_was_answered_is_found(visitor: Visitor, world: World) -> None:
    owner, reviewer = world.person(Role.TEACHER), world.actor(Role.REVIEWER)
    clip_id = world.clip(State.CHANGES_REQUESTED)
    with world.write() as session:
        (note,) = queries.notes(session, clip_id)
        answers.save(session, clip_id, accounts.actor_of(owner), {note.id: Answer("fixed")})
    world.resubmit(clip_id, owner)
    rows = [(clip_id, world.get(clip_id).version)]
    for kind, whom in ((Kind.ASSIGN, reviewer.id), (Kind.FREE_CLAIMS, None)):
        with world.write() as session:
            decisions.claim(session, clip_id, reviewer)
            made = batch.start(session, reviewer, kind, whom or "", rows).id
        batch.run(world.database.write, made, reviewer)
    person = visitor(Role.ADMIN)
    for action, word in (
        (lifecycle.ASSIGN, "Giao người duyệt"),
        (lifecycle.FREE_CLAIM, "Trả clip về hàng chờ chung"),
        (lifecycle.ANSWER_NOTES, "Trả lời ghi chú"),
    ):
        assert [row["Việc"] for row in table(person, f"?action={action}")] == [word]


def test_one_reads_on_with_the_same_filter(
    visitor: Visitor, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(18):
        world.clip(State.IN_REVIEW)
    person = visitor(Role.MODERATOR)
    first = person.get("/admin/audit")
    (way_on,) = [a for a in first.links if "cursor=" in a]
    second = person.get(way_on)
    rows = [
        len([a for a in p.links if a.startswith("/admin/audit?clip=")]) for p in (first, second)
    ]
    assert rows == [50, 4]
    wrong = person.get("/admin/audit?cursor=x")
    assert (wrong.status, "Con trỏ trang không đúng" in wrong.text) == (422, True)
