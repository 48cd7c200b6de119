"""``/api/v1/openapi.json``: the description, made from the routes and one table."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import Any

from flask import Response, current_app, jsonify

from review import checklist
from review.queries import Filters
from webapp.api.blueprint import blueprint

_TEXT: dict[str, Any] = {"type": "string"}
_NUMBER: dict[str, Any] = {"type": "integer"}
_CONSENT = {
    "type": "object",
    "properties": {
        "scope": {"enum": ["class", "school", "library", "public"]},
        "valid_until": _TEXT,
        "given_at": _TEXT,
        "text_version": _TEXT,
        "evidence": _TEXT,
    },
}
_PERSON = {
    "type": "object",
    "required": ["label"],
    "properties": {
        "label": _TEXT,
        "under_seven": {"type": "boolean"},
        "guardian_consent": _CONSENT,
        "assent": _CONSENT,
    },
}
_CLIP_INPUT = {
    "type": "object",
    "required": ["title", "upload"],
    "properties": {
        "title": _TEXT,
        "summary": _TEXT,
        "language": {"enum": ["vi", "en"]},
        "level": _TEXT,
        "topics": {"type": "array", "items": _TEXT},
        "campaign": _TEXT,
        "credit": _TEXT,
        "licence": _TEXT,
        "upload": {"type": "string", "description": "a complete tus upload's URL"},
        "people": {"type": "array", "items": _PERSON},
        "reenactment": {"type": "boolean"},
        "music": {"enum": ["own", "free", "unknown"]},
        "scope": {"enum": ["class", "school", "library", "public"]},
    },
}
_DRAFT = {
    "type": "object",
    "required": ["title"],
    "properties": {k: v for k, v in _CLIP_INPUT["properties"].items() if k != "upload"},  # type: ignore[attr-defined]
}
_NOTE = {
    "type": "object",
    "required": ["code"],
    "properties": {"at": {"type": ["number", "null"]}, "code": _TEXT, "text": _TEXT},
}
_DECISION = {
    "type": "object",
    "required": ["action", "revision", "version"],
    "properties": {
        "action": {"enum": ["approve", "request_changes", "reject", "escalate"]},
        "revision": _NUMBER,
        "version": _NUMBER,
        "notes": {"type": "array", "items": _NOTE},
        "watched": {"type": "boolean"},
        "sha256": _TEXT,
        "checklist": {
            "type": "object",
            "additionalProperties": {"type": "string", "enum": list(checklist.ANSWERS)},
        },
    },
}
_WITHDRAWAL = {
    "type": "object",
    "required": ["reason"],
    "properties": {
        "reason": {"enum": ["owner", "guardian", "consent_expired", "office", "error"]},
        "version": _NUMBER,
    },
}
_RECORDED = {
    "type": "object",
    "required": ["kind"],
    "properties": {"kind": {"enum": ["guardian", "own"]}, **_CONSENT["properties"]},  # type: ignore[dict-item]
}
_SPAN: dict[str, Any] = {"start_s": {"type": "number"}, "end_s": {"type": "number"}}
_FRACTION = {"type": "number", "minimum": 0, "maximum": 1}
_BOX = {
    "type": "object",
    "required": ["x", "y", "width", "height", "start_s", "end_s"],
    "properties": {
        **dict.fromkeys(("x", "y", "width", "height", "to_x", "to_y"), _FRACTION),
        **_SPAN,
        "how": {"enum": ["blur", "cover"]},
    },
}
_SOUND = {
    "type": "object",
    "required": ["start_s", "end_s"],
    "properties": {**_SPAN, "how": {"enum": ["mute", "beep"]}},
}
_REDACTION = {
    "type": "object",
    "required": ["plan"],
    "properties": {
        "plan": {
            "type": "object",
            "properties": {
                "boxes": {"type": "array", "items": _BOX},
                "sounds": {"type": "array", "items": _SOUND},
                "cuts": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["start_s", "end_s"],
                        "properties": _SPAN,
                    },
                },
            },
        },
        "version": _NUMBER,
    },
}
_UPLOAD = {"type": "object", "required": ["upload"], "properties": {"upload": _TEXT}}

# Bodies that are no JSON: type -> what stands in it.
_FILE = {"type": "string", "format": "binary"}
_CAPTION_FILES = {"text/vtt": _FILE, "application/x-subrip": _FILE}

# (endpoint, what a body looks like, status of success, other answers)
_CALLS: dict[str, tuple[Any, int, tuple[int, ...]]] = {
    "api.create_clip": (_CLIP_INPUT, 201, (400, 401, 403, 404, 409, 415, 422)),
    "api.put_draft": (_DRAFT, 200, (400, 401, 403, 404, 409, 415, 422)),
    "api.list_clips": (None, 200, (401, 422)),
    "api.get_clip": (None, 200, (404,)),
    "api.add_revision": (_UPLOAD, 201, (401, 404, 409, 422)),
    "api.withdraw": (_WITHDRAWAL, 200, (401, 403, 404, 409, 422)),
    "api.add_redaction": (_REDACTION, 201, (400, 401, 403, 404, 409, 415, 422)),
    "api.get_redaction": (None, 200, (401, 404)),
    "api.keep_redaction": (None, 200, (401, 403, 404, 409)),
    "api.discard_redaction": (None, 200, (401, 403, 404, 409)),
    "api.retry": (None, 200, (401, 403, 404, 409)),
    "api.put_captions": (_CAPTION_FILES, 200, (401, 403, 404, 409, 413, 422)),
    "api.delete_captions": (None, 200, (401, 403, 404, 409, 422, 428)),
    "api.review_queue": (None, 200, (401, 422)),
    "api.take_next": (None, 200, (401, 422)),
    "api.claim": (None, 200, (401, 403, 404, 409)),
    "api.release_claim": (None, 204, (401,)),
    "api.decide": (_DECISION, 201, (401, 403, 404, 409, 422)),
    "api.list_people": (None, 200, (401, 403, 404)),
    "api.add_person": (_PERSON, 201, (401, 403, 404, 422)),
    "api.record_consent": (_RECORDED, 201, (401, 403, 404, 422)),
    "api.revoke_consent": (None, 200, (401, 403, 404)),
    "api.list_jobs": (None, 200, (401, 403)),
    "api.retry_job": (None, 200, (401, 403, 404, 409)),
    "api.describe": (None, 200, ()),
}
_FILTERS = tuple(("query", field.name) for field in fields(Filters))
# What a call reads besides its path and its body: (where, name).
_PARAMETERS: dict[str, tuple[tuple[str, str], ...]] = {
    "api.create_clip": (("header", "Idempotency-Key"),),
    "api.list_clips": (("query", "cursor"), ("query", "limit")),
    "api.put_captions": (("query", "version"), ("query", "revision"), ("query", "source")),
    "api.delete_captions": (("query", "version"), ("query", "revision")),
    "api.review_queue": (("query", "cursor"), ("query", "limit"), *_FILTERS),
    "api.take_next": (("query", "after"), *_FILTERS),
    "api.list_jobs": (("query", "state"), ("query", "cursor"), ("query", "limit")),
}


@blueprint.get("/openapi.json")
def describe() -> Response:
    """This description."""
    paths: dict[str, Any] = {}
    for rule in current_app.url_map.iter_rules():
        if rule.endpoint in _CALLS:
            path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                paths.setdefault(path, {})[method.lower()] = _operation(rule.endpoint, path)
    return jsonify(
        {
            "openapi": "3.1.0",
            "info": {"title": "Lan Tỏa", "version": "1"},
            "security": [{"bearer": []}],
            "components": {
                "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
                "schemas": {"Problem": _PROBLEM},
            },
            "paths": paths,
        }
    )


_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "code"],
    "properties": {"type": _TEXT, "title": _TEXT, "status": _NUMBER, "code": _TEXT},
}


def _operation(endpoint: str, path: str) -> dict[str, Any]:
    schema, success, others = _CALLS[endpoint]
    view = current_app.view_functions[endpoint]
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    operation: dict[str, Any] = {
        "operationId": endpoint.rpartition(".")[2],
        "summary": (view.__doc__ or endpoint).split("\n", 1)[0].strip(),
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": _TEXT}
            for name in re.findall(r"{(\w+)}", path)
        ]
        + [
            {"name": name, "in": where, "schema": _TEXT}
            for where, name in _PARAMETERS.get(endpoint, ())
        ],
        "responses": {
            str(success): {"description": "done"},
            **{str(s): {"description": "refused", "content": problem} for s in others},
        },
    }
    if schema is not None:
        files = schema if schema is _CAPTION_FILES else {"application/json": schema}
        content = {kind: {"schema": form} for kind, form in files.items()}
        operation["requestBody"] = {"required": True, "content": content}
    return operation
