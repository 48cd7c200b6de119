"""The feed: an append-only change log that libraries follow with a cursor.

The sequence number is given under one lock that is held until the commit, so no reader ever
sees a number before a smaller one. A tombstone keeps an id, a time and a reason code.
"""

from review.feed.acks import above_head, ack
from review.feed.log import append, head, head_state
from review.feed.readers import CALLER, Caller, caller_of, set_view
from review.feed.reading import (
    MAX_PAGE,
    Change,
    ChangePage,
    Snapshot,
    as_shown,
    changes,
    current,
    live,
    look_up,
    parse_cursor,
    snapshot,
)
from review.feed.view import EVERYBODY, Reader, View, reader_of

__all__ = [
    "CALLER",
    "EVERYBODY",
    "MAX_PAGE",
    "Caller",
    "Change",
    "ChangePage",
    "Reader",
    "Snapshot",
    "View",
    "above_head",
    "ack",
    "append",
    "as_shown",
    "caller_of",
    "changes",
    "current",
    "head",
    "head_state",
    "live",
    "look_up",
    "parse_cursor",
    "reader_of",
    "set_view",
    "snapshot",
]
