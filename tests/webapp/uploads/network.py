"""A slow network of the test's own: a namespace whose one link delays, loses and narrows.

`tc netem` makes it where the kernel has it, else a relay between two TUN devices.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from tests.webapp.uploads.relay import relayed, tun


class NotAllowed(Exception):
    """No network can be made here: not root, or no kernel that can do it."""


@dataclass(frozen=True)
class Speed:
    """In each direction: bits a second, seconds, and the share of packets that is lost."""

    rate: float = 1_000_000
    delay: float = 0.15
    loss: float = 0.02

    def netem(self) -> list[str]:
        delay, loss = f"{self.delay * 1000:.0f}ms", f"{self.loss * 100}%"
        return ["netem", "rate", f"{self.rate:.0f}bit", "delay", delay, "loss", loss]


@dataclass(frozen=True)
class Network:
    """``name``: of the namespace in which the client runs; the server listens on ``host``."""

    name: str
    host: str
    link: str
    by: str  # netem | relay

    def sent(self) -> int:
        """Bytes that the client has put on the link, every repetition of TCP counted."""
        argv = ("ip", "netns", "exec", self.name, "ip", "-s", "-j", "link", "show", self.link)
        return int(json.loads(_run(*argv))[0]["stats64"]["tx"]["bytes"])


@contextmanager
def slow_network(speed: Speed | None = None) -> Iterator[Network]:
    """Raises :class:`NotAllowed`."""
    speed, tag = speed or Speed(), secrets.token_hex(3)
    name, outer, inner = f"lantoa-{tag}", f"lt{tag}o", f"lt{tag}i"
    net = f"10.{200 + secrets.randbelow(50)}.{secrets.randbelow(250)}"
    with ExitStack() as stack:
        try:
            _run("ip", "netns", "add", name)
            stack.callback(_forget, "ip", "netns", "del", name)
            by = _link(stack, name, outer, inner, speed)
            inside = ("ip", "netns", "exec", name)
            _run("ip", "addr", "add", f"{net}.1/24", "dev", outer)
            _run("ip", "link", "set", outer, "up")
            _run(*inside, "ip", "addr", "add", f"{net}.2/24", "dev", inner)
            _run(*inside, "ip", "link", "set", inner, "up")
        except (OSError, subprocess.CalledProcessError) as error:
            raise NotAllowed(str(error)) from None
        yield Network(name, f"{net}.1", inner, by)


def _link(stack: ExitStack, name: str, outer: str, inner: str, speed: Speed) -> str:
    """The two ends of the link, one of them in the namespace; what makes it slow."""
    try:
        _run("ip", "link", "add", outer, "type", "veth", "peer", "name", inner)
        stack.callback(_forget, "ip", "link", "del", outer)
        _run("tc", "qdisc", "add", "dev", outer, "root", *speed.netem())
        _run("tc", "qdisc", "add", "dev", inner, "root", *speed.netem())
        _run("ip", "link", "set", inner, "netns", name)
        _run(
            "ip",
            "netns",
            "exec",
            name,
            "tc",
            "qdisc",
            "replace",
            "dev",
            inner,
            "root",
            *speed.netem(),
        )
    except (OSError, subprocess.CalledProcessError):
        _forget("ip", "link", "del", outer)
        ends = []
        for link in (outer, inner):
            ends.append(tun(link))
            stack.callback(os.close, ends[-1])
        _run("ip", "link", "set", inner, "netns", name)
        stack.enter_context(relayed(*ends, rate=speed.rate, delay=speed.delay, loss=speed.loss))
        return "relay"
    return "netem"


def _forget(*argv: str) -> None:
    subprocess.run(argv, capture_output=True, check=False)


def _run(*argv: str) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    return done.stdout
