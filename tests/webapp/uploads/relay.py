"""A link of two TUN devices with a relay between them, which is slow, delays and loses packets.

As `tc netem` does it, for kernels that have none: each packet waits for its turn at the rate, then
for the delay; the queue in front of it is bounded.
"""

from __future__ import annotations

import fcntl
import os
import random
import select
import struct
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

_TUNSETIFF = 0x400454CA
_TUN_WITHOUT_HEADER = 0x0001 | 0x1000
QUEUE = 100  # packets


def tun(name: str) -> int:
    """A TUN device of this name; packets are read and written through the descriptor."""
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    try:
        asked = struct.pack("16sH22x", name.encode(), _TUN_WITHOUT_HEADER)
        fcntl.ioctl(descriptor, _TUNSETIFF, asked)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


@dataclass
class Way:
    """One direction: bits a second, seconds, and the share of packets that is lost."""

    source: int
    target: int
    rate: float
    delay: float
    loss: float
    chance: random.Random
    free_at: float = 0.0
    waiting: deque[tuple[float, float, bytes]] = field(default_factory=deque)

    def take(self, now: float) -> None:
        """Every packet that has come; too many at once, and unlucky ones, are lost."""
        while True:
            try:
                packet = os.read(self.source, 65536)
            except BlockingIOError:
                return
            queued = sum(leaves > now for leaves, _, _ in self.waiting)
            if queued >= QUEUE or self.chance.random() < self.loss:
                continue
            self.free_at = max(now, self.free_at) + len(packet) * 8 / self.rate
            self.waiting.append((self.free_at, self.free_at + self.delay, packet))

    def give(self, now: float) -> float | None:
        """Deliver what is due; when the next one is."""
        while self.waiting and self.waiting[0][1] <= now:
            packet = self.waiting.popleft()[2]
            try:
                os.write(self.target, packet)
            except OSError:
                continue  # a device that went down loses what comes
        return self.waiting[0][1] if self.waiting else None


@contextmanager
def relayed(one: int, other: int, *, rate: float, delay: float, loss: float) -> Iterator[None]:
    """Packets go both ways until the end of the block."""
    chance = random.Random(1)
    ways = [Way(a, b, rate, delay, loss, chance) for a, b in ((one, other), (other, one))]
    ended = threading.Event()

    def run() -> None:
        while not ended.is_set():
            due = [at for way in ways if (at := way.give(time.monotonic())) is not None]
            wait = min([0.1, *(max(0.0, at - time.monotonic()) for at in due)])
            readable = select.select([one, other], [], [], wait)[0]
            for way in ways:
                if way.source in readable:
                    way.take(time.monotonic())

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
