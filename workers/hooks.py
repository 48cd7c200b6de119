"""Sends what is in the outbox of webhooks: one at a time, each library's in order."""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
import time

import structlog

from review import hooks
from review.errors import LeaseLost
from review.hooks import Message
from storage_config.database import DatabaseBusy
from workers import outward
from workers.deps import Deps
from workers.outward import NotSent

log = structlog.get_logger(__name__)
PAUSE = 1.0  # seconds between looks into an empty outbox
GONE = 410
SENDERS = 2  # one server that does not answer must not hold up all the others


def signatures(message: Message, moment: int) -> str:
    """Standard Webhooks 1.0: HMAC-SHA256 of "id.timestamp.body", one for each valid secret."""
    signed = f"{message.id}.{moment}.".encode() + message.body
    made = []
    for secret in message.secrets:
        key = base64.b64decode(secret.removeprefix("whsec_"))
        mac = hmac.new(key, signed, hashlib.sha256).digest()
        made.append("v1," + base64.b64encode(mac).decode())
    return " ".join(made)


def send_next(deps: Deps, post: outward.Poster = outward.post) -> bool:
    """Send the next hint that is due; False when there is none."""
    with deps.database.read() as session:
        if not hooks.is_due(session):
            return False
    with deps.database.write() as session:
        message = hooks.claim(session)
    if message is None:
        return False
    moment = int(time.time())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "lantoa",
        "webhook-id": message.id,
        "webhook-timestamp": str(moment),
        "webhook-signature": signatures(message, moment),
    }
    try:
        status = post(message.url, message.body, headers, allowed=deps.settings.webhook_hosts)
    except NotSent as error:
        log.info("webhook_not_sent", library=message.library_id, why=str(error))
        status, answer = 0, error.code
    else:
        answer = str(status)
    try:
        _write(deps, message, status, answer)
    except LeaseLost:
        log.warning("webhook_claim_lost", library=message.library_id)
    return True


def _write(deps: Deps, message: Message, status: int, answer: str) -> None:
    with deps.database.write() as session:
        if 200 <= status < 300:
            hooks.delivered(session, message, answer)
        elif status == GONE:
            hooks.gone(session, message)
            log.error("webhook_off", library=message.library_id, why="gone")
        elif not hooks.failed(session, message, answer):
            log.error("webhook_off", library=message.library_id, why="failing")


def send_until(deps: Deps, stop: threading.Event) -> None:
    """Beside the scheduler's sweeps, which must not wait for other people's servers."""
    while not stop.is_set():
        try:
            while not stop.is_set() and send_next(deps):
                pass
        except (DatabaseBusy, OSError) as error:
            log.warning("webhooks_interrupted", why=str(error))
        stop.wait(PAUSE)


def start_senders(deps: Deps, stop: threading.Event) -> list[threading.Thread]:
    threads = [
        threading.Thread(target=send_until, args=(deps, stop), name=f"webhooks-{n}", daemon=True)
        for n in range(SENDERS)
    ]
    for thread in threads:
        thread.start()
    return threads
