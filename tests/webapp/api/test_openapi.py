"""The description at ``/api/v1/openapi.json`` says what is there, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import validate

from review.policy import Role
from tests.webapp.conftest import Caller

METHODS = ("get", "post", "put", "patch", "delete")


def description(client: FlaskClient) -> dict[str, Any]:
    return dict(client.get("/api/v1/openapi.json").get_json())


def test_it_is_openapi_3_1(client: FlaskClient) -> None:
    described = description(client)

    validate(described)
    assert described["openapi"].startswith("3.1")


def test_every_call_is_described_and_every_description_is_a_call(
    app: Flask, client: FlaskClient
) -> None:
    there = {
        (method.lower(), re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/")
        for method in rule.methods or ()
        if method.lower() in METHODS
    }
    told = {
        (method, path)
        for path, calls in description(client)["paths"].items()
        for method in calls
        if method in METHODS
    }

    assert told == there


def test_every_call_of_the_contract_is_there(client: FlaskClient) -> None:
    told = {(m, p) for p, calls in description(client)["paths"].items() for m in calls}

    assert told >= {
        ("post", "/api/v1/clips"),
        ("get", "/api/v1/clips/{clip_id}"),
        ("post", "/api/v1/clips/{clip_id}/revisions"),
        ("post", "/api/v1/clips/{clip_id}/withdraw"),
        ("get", "/api/v1/review/queue"),
        ("post", "/api/v1/review/{clip_id}/claim"),
        ("post", "/api/v1/review/{clip_id}/decisions"),
        ("get", "/api/v1/jobs"),
        ("post", "/api/v1/jobs/{job_id}/retry"),
    }


def test_a_stranger_gets_an_answer_that_is_described(
    client: FlaskClient, caller: Callable[..., Caller]
) -> None:
    """Every call, with ids of nothing, by nobody and by a teacher: no 5xx, nothing unforeseen."""
    for path, calls in description(client)["paths"].items():
        url = re.sub(r"{\w+}", "01m00000000000000000000000", path)
        for method, operation in calls.items():
            for who in (None, Role.TEACHER):
                body = {} if "requestBody" in operation else None
                answer = caller(who)(method.upper(), url, body)
                assert str(answer.status_code) in operation["responses"], (method, path, who)
