"""Webhooks: signed hints to pull, from an outbox that the feed's own transaction fills.

A hint may be lost, doubled or late: what a library holds follows from the feed alone.
"""

from review.hooks.outbox import (
    PATIENCE,
    Message,
    claim,
    delivered,
    failed,
    forget_old,
    gone,
    is_due,
    recent,
    waiting,
)
from review.hooks.places import Place, read_url
from review.hooks.subscriptions import (
    get,
    remove,
    rotate,
    send_test,
    set_hook,
    switch_off,
    switch_on,
    switched_off,
)

__all__ = [
    "PATIENCE",
    "Message",
    "Place",
    "claim",
    "delivered",
    "failed",
    "forget_old",
    "get",
    "gone",
    "is_due",
    "read_url",
    "recent",
    "remove",
    "rotate",
    "send_test",
    "set_hook",
    "switch_off",
    "switch_on",
    "switched_off",
    "waiting",
]
