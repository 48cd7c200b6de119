"""A clip's record as a library reads it: the stored one, with addresses in place of paths."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from review.clock import iso
from review.feed import Change
from webapp.api.shape import media_url

# The keys under which a stored record names a file, as they stand in its JSON, and what they
# become. No text of a clip can look like one of them: in JSON its quotation marks are escaped.
_PATHS = (('"what": "', '"url": "'), ('"poster": "', '"poster": "'), ('"sprite": "', '"sprite": "'))
_ALWAYS = ('"audio": ', '"view_bytes": ')  # older records have not all of them


def clip_record(record: Mapping[str, Any]) -> dict[str, Any]:
    """The stored record with URLs in place of paths."""
    clip_id = record["id"]
    return {
        **record,
        "poster": media_url(clip_id, record["poster"]) if record["poster"] else None,
        "sprite": media_url(clip_id, record["sprite"]) if record["sprite"] else None,
        "captions": [
            {"language": c["language"], "url": media_url(clip_id, c["what"])}
            | {k: v for k, v in c.items() if k not in ("language", "what")}
            for c in record["captions"]
        ],
        "renditions": [
            {"kind": r["kind"], "url": media_url(clip_id, r["what"])}
            | {k: v for k, v in r.items() if k not in ("kind", "what")}
            for r in record["renditions"]
        ],
        "audio": _sound(clip_id, record.get("audio")),
        "view_bytes": record.get("view_bytes"),
    }


def _sound(clip_id: str, stored: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """None where the clip is silent, or its record older than the sound alone."""
    if stored is None:
        return None
    rest = {name: value for name, value in stored.items() if name != "what"}
    return {"url": media_url(clip_id, stored["what"]), **rest}


def changes_text(changes: Iterable[Change]) -> str:
    """Changes as JSON, one after the other."""
    media = json.dumps(media_url("", "").removesuffix("/"), ensure_ascii=False)[1:-1]
    return ",".join([_change_text(change, media) for change in changes])


def _change_text(change: Change, media: str) -> str:
    head = f'{{"seq":{change.seq},"kind":"{change.kind}","at":"{iso(change.at)}","clip":'
    if change.text is None:
        reason = json.dumps(change.reason)
        return f'{head}{{"id":"{change.clip_id}"}},"reason":{reason}}}'
    return f'{head}{_record_text(change.clip_id, change.text, media)},"reason":null}}'


def _record_text(clip_id: str, stored: str, media: str) -> str:
    """:func:`clip_record` as JSON, from JSON: a page of a hundred records is neither parsed nor
    written anew, which would take longer than all the rest of the answer."""
    if not (_ALWAYS[0] in stored and _ALWAYS[1] in stored):
        return json.dumps(clip_record(json.loads(stored)), ensure_ascii=False)
    for stands, becomes in _PATHS:
        stored = stored.replace(stands, f"{becomes}{media}{clip_id}/")
    return stored
