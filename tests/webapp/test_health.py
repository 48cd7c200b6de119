"""What operators ask: alive, ready (and in which cage), and figures."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from review.policy import Role
from review.states import Action, State
from storage_config import sandbox_report
from storage_config.blobs import LocalBlobs
from storage_config.database import Database
from storage_config.settings import Settings, load
from tests.webapp.conftest import problem
from tests.world import World
from webapp import assets


@pytest.fixture(autouse=True)
def built_assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As set-up leaves them; whether this checkout has them is not the question here."""
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "manifest.json").write_text("{}")
    monkeypatch.setattr(assets, "DIST", tmp_path / "dist")


def test_alive(client: FlaskClient) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.get_json()) == (200, {"status": "ok"})


def test_ready_names_the_cage(client: FlaskClient, world: World, blobs: LocalBlobs) -> None:
    sandbox_report.write(blobs, "bubblewrap", "máy một")
    sandbox_report.write(blobs, "namespaces", "two")
    answer = client.get("/readyz")

    assert (answer.status_code, answer.get_json()) == (
        200,
        {
            "status": "ok",
            "parts": dict.fromkeys(("database", "storage", "broker", "assets", "sandbox"), "ok"),
            "sandbox": ["bubblewrap", "namespaces"],
        },
    )


@pytest.mark.parametrize(
    ("mode", "tiers", "ready"),
    [
        ("auto", [], False),
        ("auto", ["limits"], True),
        ("auto", ["none"], False),
        ("require", ["bubblewrap"], True),
        ("require", ["bubblewrap", "limits"], False),
        ("require", ["none"], False),
        ("off", ["limits"], True),
    ],
)
def test_a_missing_cage_is_not_ready(
    make_app: Callable[..., Flask],
    settings: Settings,
    blobs: LocalBlobs,
    mode: str,
    tiers: list[str],
    ready: bool,
) -> None:
    for number, tier in enumerate(tiers):
        sandbox_report.write(blobs, tier, f"machine{number}")
    chosen = load({"LANTOA_MEDIA_SANDBOX": mode}, data=settings.data)
    answer = make_app(settings=chosen).test_client().get("/readyz")
    body = answer.get_json()

    assert (answer.status_code, body["status"]) == ((200, "ok") if ready else (503, "not_ready"))
    assert (body["parts"]["sandbox"] == "ok", body["sandbox"]) == (ready, tiers)


def test_what_is_missing_is_told(
    make_app: Callable[..., Flask], settings: Settings, blobs: LocalBlobs, tmp_path: Path
) -> None:
    sandbox_report.write(blobs, "bubblewrap")
    (settings.data / "uploads").write_text("a file where the folder should be")
    (tmp_path / "dist" / "manifest.json").unlink()
    elsewhere = {"LANTOA_BROKER_URL": "redis://127.0.0.1:1/0", "LANTOA_SECRET_KEY": "k" * 32}
    app = make_app(
        settings=load(elsewhere, data=settings.data),
        database=Database("postgresql+psycopg://nobody@127.0.0.1:1/none"),
    )
    answer = app.test_client().get("/readyz")
    parts = answer.get_json()["parts"]

    assert answer.status_code == 503
    assert {name: text == "ok" for name, text in parts.items()} == {
        "database": False,
        "storage": False,
        "broker": False,
        "assets": False,
        "sandbox": True,
    }


def test_an_old_schema_is_not_ready(make_app: Callable[..., Flask], tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    parts = make_app(database=database).test_client().get("/readyz").get_json()["parts"]

    assert parts["database"] == "the schema is not up to date: run lantoa migrate"
    database.dispose()


def test_figures(client: FlaskClient, world: World) -> None:
    world.clip(State.DRAFT)
    world.clip(State.IN_REVIEW)
    world.clip(State.HELD)
    text = client.get("/metrics").get_data(as_text=True)

    assert "lantoa_clips_submitted 2.0" in text
    assert re.search(r'lantoa_jobs\{kind="examine",state="done"\} 2\.0', text)
    assert "lantoa_requests_total" in text


@pytest.mark.parametrize("before", [State.IN_REVIEW, State.PUBLISHED])
def test_no_figure_of_clips_moves_with_a_hold(
    client: FlaskClient, world: World, before: State
) -> None:
    clip_id = world.clip(before)

    def of_clips() -> list[str]:
        lines = client.get("/metrics").get_data(as_text=True).split("\n")
        return [line for line in lines if line.startswith(("lantoa_clips", "lantoa_jobs"))]

    as_before = of_clips()
    world.decide(clip_id, Action.ESCALATE, Role.MODERATOR)
    assert of_clips() == as_before
    assert not any("state" in line for line in as_before if "clips" in line)


def test_no_figures_without_a_database(make_app: Callable[..., Flask]) -> None:
    app = make_app(database=Database("postgresql+psycopg://nobody@127.0.0.1:1/none"))
    assert problem(app.test_client().get("/metrics")) == (503, "busy")
