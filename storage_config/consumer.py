"""Celery's consumer without its delayed delivery.

With quorum queues it would make 28 more queues and exchanges, for tasks that are sent ahead of
their time. None is: when a job is due stands in its row.
"""

from __future__ import annotations

from typing import ClassVar

from celery.worker import consumer

DELAYED = "celery.worker.consumer.delayed_delivery:DelayedDelivery"
_STEPS = consumer.Consumer.Blueprint.default_steps


class Consumer(consumer.Consumer):  # type: ignore[misc]  # Celery has no types
    class Blueprint(consumer.Consumer.Blueprint):  # type: ignore[misc]
        default_steps: ClassVar = [s for s in _STEPS if s != DELAYED]
