"""The doorbell: Celery over a broker that may lose a message, since the job's row is the truth.

The embedded default is a folder of small files (docs/decisions/0002-embedded-broker.md has the
figures); several machines use RabbitMQ or Redis.
"""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import structlog
from celery import Celery
from kombu.connection import Connection
from kombu.entity import Exchange, Queue
from kombu.exceptions import KombuError

from storage_config import spool
from storage_config.settings import Settings
from storage_config.values import folder_of

log = structlog.get_logger(__name__)
TASK = "workers.ring"
QUEUES = ("examine", "mail", "redact", "faces", "ladder", "transcribe")
# Redis hands an unacknowledged message to another worker after this: above the longest job.
VISIBILITY_TIMEOUT = 6 * 3600
PUBLISH_TIMEOUT = 1.5  # seconds: what a dead broker may cost a web request
QUIET = 2.0  # seconds without a try after a failure: a backlog must not wait for each bell
POLLING = 0.25  # seconds between looks of an idle worker at the embedded broker
STALE = 24 * 3600  # seconds: a message of the embedded broker that nobody took in a day
LOST = 60  # seconds: reading or writing one takes milliseconds


def _kind(url: str) -> str:
    return urlsplit(url).scheme.split("+")[0]


def celery_config(settings: Settings) -> dict[str, Any]:
    """Settings for every Celery application of ours, worker or publisher."""
    kind = _kind(settings.broker_url)
    exchange = Exchange("lantoa", type="direct", durable=True)
    arguments = {"x-queue-type": "quorum"} if kind in ("amqp", "amqps") else None
    is_embedded = kind == "filesystem"
    return {
        "broker_url": "filesystem://localhost" if is_embedded else settings.broker_url,
        "broker_transport": "storage_config.spool:Transport" if is_embedded else None,
        "broker_transport_options": _transport_options(settings, kind),
        "broker_connection_retry_on_startup": True,
        "broker_connection_timeout": PUBLISH_TIMEOUT,
        "task_queues": [
            Queue(q, exchange, routing_key=q, queue_arguments=arguments) for q in QUEUES
        ],
        "task_default_queue": QUEUES[0],
        "task_default_exchange": "lantoa",
        "task_create_missing_queues": False,
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_ignore_result": True,
        "task_serializer": "json",
        "accept_content": ["json"],
        "result_backend": None,
        "worker_prefetch_multiplier": 1,
        # Nothing is controlled by remote: fewer queues to look at, fewer messages to keep.
        "worker_enable_remote_control": False,
        "worker_send_task_events": False,
        "worker_hijack_root_logger": False,
        "worker_consumer": "storage_config.consumer:Consumer",
        "task_publish_retry": False,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
    }


def _transport_options(settings: Settings, kind: str) -> dict[str, Any]:
    if kind == "filesystem":
        return {"folder": str(folder_of(settings.broker_url)), "polling_interval": POLLING}
    if kind in ("redis", "rediss"):
        return {
            "visibility_timeout": VISIBILITY_TIMEOUT,
            "socket_connect_timeout": PUBLISH_TIMEOUT,
            # A worker waits for messages on its socket; see `Doorbell` for who only sends.
            "socket_timeout": 30,
        }
    if kind in ("amqp", "amqps"):
        return {"confirm_publish": True}
    # The SQL transport hands its options on to the engine, which knows none of ours.
    return {}


def _sender_options(settings: Settings) -> dict[str, Any]:
    """For a connection that only sends: a stopped broker must not stop a web request."""
    kind = _kind(settings.broker_url)
    options = _transport_options(settings, kind)
    if kind in ("redis", "rediss"):
        return {**options, "socket_timeout": PUBLISH_TIMEOUT}
    if kind in ("amqp", "amqps"):
        return {**options, "read_timeout": PUBLISH_TIMEOUT, "write_timeout": PUBLISH_TIMEOUT}
    return options


class Doorbell:
    """Tells workers that a job is due; never raises for a broker's trouble.

    A broker that is away costs one caller twice ``PUBLISH_TIMEOUT``, and then nobody anything for
    ``QUIET`` seconds.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._app = Celery("lantoa-doorbell", set_as_current=False)
        self._app.conf.update(celery_config(settings))
        self._connection: Connection | None = None
        self._pid = 0
        self._parents: list[Connection | None] = []
        self._quiet_until = 0.0

    def ring(self, job_id: str, queue: str) -> bool:
        """True when the broker took the message; False, and logged, when it did not answer."""
        with self._lock:
            self._leave_the_parents_connection()
            if time.monotonic() < self._quiet_until:
                return False
            if self._connection is not None:
                # It may have been cut while nobody rang: a new one is tried before giving up.
                if self._send(self._connection, job_id, queue) is None:
                    return True
                self._hang_up()
            self._connection = Connection(
                self._app.conf.broker_url,
                transport=self._app.conf.broker_transport,
                connect_timeout=PUBLISH_TIMEOUT,
                transport_options=_sender_options(self._settings),
            )
            trouble = self._send(self._connection, job_id, queue)
            if trouble is None:
                return True
            log.warning("doorbell_silent", job=job_id, queue=queue, why=str(trouble))
            self._hang_up()
            self._quiet_until = time.monotonic() + QUIET
            return False

    def close(self) -> None:
        """Give the connection back; the next ring makes another."""
        with self._lock:
            self._leave_the_parents_connection()
            self._hang_up()

    def _send(self, connection: Connection, job_id: str, queue: str) -> Exception | None:
        """The trouble that there was."""
        try:
            self._app.send_task(
                TASK,
                args=[job_id],
                queue=queue,
                producer=self._app.amqp.Producer(connection),
                confirm_timeout=PUBLISH_TIMEOUT,
                retry=False,
                ignore_result=True,
            )
        except _troubles(connection) as error:
            return error
        return None

    def _leave_the_parents_connection(self) -> None:
        """A forked child neither uses nor closes it: closing says goodbye for both."""
        if self._pid != os.getpid():
            self._parents.append(self._connection)
            self._connection = None
            self._pid = os.getpid()

    def _hang_up(self) -> None:
        if self._connection is not None:
            _drop(self._connection)
            self._connection = None


def _troubles(connection: Connection) -> tuple[type[Exception], ...]:
    return (KombuError, OSError, *connection.connection_errors, *connection.channel_errors)


def _drop(connection: Connection) -> None:
    """Forget a connection, whatever it says to that."""
    with suppress(*_troubles(connection)):
        connection.collect()


def clean_embedded(settings: Settings) -> int:
    """Remove what the embedded broker no longer needs; how many files. Others clean themselves."""
    if _kind(settings.broker_url) != "filesystem":
        return 0
    return spool.clean(folder_of(settings.broker_url), stale=STALE, lost=LOST)


def check(settings: Settings) -> None:
    """Raise ``OSError`` in words when the broker does not answer; for `/readyz` and `doctor`."""
    if _kind(settings.broker_url) == "filesystem":
        folder = folder_of(settings.broker_url)
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError(f"the broker's folder {folder} can not be written")
        return
    connection = Connection(
        settings.broker_url,
        connect_timeout=PUBLISH_TIMEOUT,
        transport_options=_sender_options(settings),
    )
    try:
        connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0)
        connection.default_channel  # noqa: B018 - opening it is the test
    except _troubles(connection) as error:
        raise OSError(f"the broker does not answer: {error}") from error
    finally:
        _drop(connection)
