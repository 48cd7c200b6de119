"""Scripts and styles: compressed, kept for ever by name, and never outside their folder."""

from __future__ import annotations

import gzip

import pytest
from flask import Flask

from webapp.assets import DIST, asset


@pytest.fixture
def script(app: Flask) -> str:
    with app.test_request_context():
        return asset("player.js")


def test_a_script_goes_out_compressed_and_is_kept(app: Flask, script: str) -> None:
    client = app.test_client()
    with client.get(script) as answer:
        plain = answer.data
    with client.get(script, headers={"Accept-Encoding": "gzip"}) as small:
        packed = small.data

    assert small.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed) == plain == (DIST / script.split("/")[-1]).read_bytes()
    assert "immutable" in small.headers["Cache-Control"]
    assert small.headers["X-Content-Type-Options"] == "nosniff"
    assert "Access-Control-Allow-Origin" not in small.headers


def test_what_is_not_there_is_not_there(app: Flask) -> None:
    paths = ("/static/dist/nothing.js", "/static/../app.py", "/static/dist/..%2f..%2fapp.py")
    assert [app.test_client().get(path).status_code for path in paths] == [404, 404, 404]


def test_an_asset_that_was_not_built_is_told_in_one_line(app: Flask) -> None:
    with (
        app.test_request_context(),
        pytest.raises(RuntimeError, match=r"the page asset x\.js is not built: run bin/setup"),
    ):
        asset("x.js")
