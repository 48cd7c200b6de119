"""The doorbell: Celery over a broker that may lose a message, since the job's row is the truth.

The embedded default is kombu's file transport (docs/decisions/0002-embedded-broker.md has the
figures); several machines use RabbitMQ or Redis.
"""

from __future__ import annotations

import os
import secrets
import shutil
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import structlog
from celery import Celery
from kombu import Connection, Exchange, Queue
from kombu.exceptions import KombuError, OperationalError

from storage_config.settings import Settings

log = structlog.get_logger(__name__)
TASK = "workers.ring"
QUEUES = ("examine", "ladder")
# Redis hands an unacknowledged message to another worker after this: above the longest job.
VISIBILITY_TIMEOUT = 6 * 3600
PUBLISH_TIMEOUT = 1.5  # seconds: what a dead broker may cost a web request
POLLING = 0.25  # seconds between looks of an idle worker at the embedded broker
STALE = 24 * 3600  # seconds: a message of the embedded broker that nobody took in a day


def _kind(url: str) -> str:
    return urlsplit(url).scheme.split("+")[0]


def _folder(settings: Settings) -> Path:
    """Where the embedded broker keeps its messages, one small file each."""
    return Path(urlsplit(settings.broker_url).path)


def celery_config(settings: Settings) -> dict[str, Any]:
    """Settings for every Celery application of ours, worker or publisher."""
    kind = _kind(settings.broker_url)
    exchange = Exchange("lantoa", type="direct", durable=True)
    arguments = {"x-queue-type": "quorum"} if kind in ("amqp", "amqps") else None
    return {
        "broker_url": "filesystem://" if kind == "filesystem" else settings.broker_url,
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
        "task_publish_retry": False,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
    }


def _transport_options(settings: Settings, kind: str) -> dict[str, Any]:
    if kind == "filesystem":
        folder = _folder(settings)
        for name in ("messages", "control", "taken"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        return {
            "data_folder_in": str(folder / "messages"),
            "data_folder_out": str(folder / "messages"),
            "control_folder": str(folder / "control"),
            # A message moves here while it is read: the same file system, so one step.
            "processed_folder": str(folder / "taken"),
            "store_processed": True,
            "polling_interval": POLLING,
        }
    if kind in ("redis", "rediss"):
        return {
            "visibility_timeout": VISIBILITY_TIMEOUT,
            "socket_connect_timeout": PUBLISH_TIMEOUT,
            "socket_timeout": PUBLISH_TIMEOUT * 20,
        }
    if kind in ("amqp", "amqps"):
        return {"confirm_publish": True, "confirm_timeout": PUBLISH_TIMEOUT}
    # The SQL transport hands its options on to the engine, which knows none of ours.
    return {}


class Doorbell:
    """Tells workers that a job is due; never raises for a broker's trouble."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._app: Celery | None = None
        self._pid = 0
        self._outbox: Path | None = None

    def ring(self, job_id: str, queue: str) -> bool:
        """True when the broker took the message; False, and logged, when it did not answer."""
        with self._lock:
            try:
                self._publisher().send_task(
                    TASK, args=[job_id], queue=queue, retry=False, ignore_result=True
                )
                self._hand_over()
            except (KombuError, OperationalError, OSError) as error:
                log.warning("doorbell_silent", job=job_id, queue=queue, why=str(error))
                self._forget()
                return False
        return True

    def _publisher(self) -> Celery:
        """The application of this process: connections do not survive a fork."""
        if self._app is None or self._pid != os.getpid():
            self._app = Celery("lantoa-doorbell", set_as_current=False)
            self._app.conf.update(celery_config(self._settings))
            self._pid = os.getpid()
            self._use_outbox(self._app)
        return self._app

    def _use_outbox(self, app: Celery) -> None:
        """kombu writes a message's file in place, where a worker may read it half-written: ours
        are written aside and moved in."""
        self._outbox = None
        if _kind(self._settings.broker_url) == "filesystem":
            name = f"out-{os.getpid()}-{secrets.token_hex(4)}"
            self._outbox = _folder(self._settings) / name
            self._outbox.mkdir(parents=True)
            options = dict(app.conf.broker_transport_options)
            app.conf.broker_transport_options = {
                **options,
                "data_folder_out": str(self._outbox),
            }

    def _hand_over(self) -> None:
        if self._outbox is not None:
            messages = _folder(self._settings) / "messages"
            for file in self._outbox.iterdir():
                file.rename(messages / file.name)

    def _forget(self) -> None:
        """The next ring makes a new connection."""
        if self._app is not None:
            self._app.close()
            self._app = None


def clean_embedded(settings: Settings) -> int:
    """Remove what the embedded broker no longer needs; how many files. Others clean themselves."""
    if _kind(settings.broker_url) != "filesystem":
        return 0
    folder = _folder(settings)
    count = 0
    for file in (folder / "taken").glob("*.msg"):
        count += _remove(file, older_than=60)
    for file in (folder / "messages").glob("*.msg"):
        count += _remove(file, older_than=STALE)
    for outbox in folder.glob("out-*"):
        if not _is_running(outbox):
            shutil.rmtree(outbox, ignore_errors=True)
    return count


def _is_running(outbox: Path) -> bool:
    return Path("/proc", outbox.name.split("-")[1]).exists()


def _remove(file: Path, *, older_than: float) -> int:
    try:
        if time.time() - file.stat().st_mtime < older_than:
            return 0
        file.unlink()
    except FileNotFoundError:
        return 0
    return 1


def check(settings: Settings) -> None:
    """Raise ``OSError`` in words when the broker does not answer; for `/readyz` and `doctor`."""
    if _kind(settings.broker_url) == "filesystem":
        folder = _folder(settings) / "messages"
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError(f"the broker's folder {folder} can not be written")
        return
    options = celery_config(settings)["broker_transport_options"]
    try:
        with Connection(
            settings.broker_url, connect_timeout=PUBLISH_TIMEOUT, transport_options=options
        ) as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0)
            connection.default_channel  # noqa: B018 - opening it is the test
    except (TimeoutError, KombuError, OperationalError, OSError) as error:
        raise OSError(f"the broker does not answer: {error}") from error
