"""A slow network of the test's own: a namespace whose one link delays, loses and narrows."""

from __future__ import annotations

import json
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


class NotAllowed(Exception):
    """No network can be made here: not root, or no kernel module for it."""


@dataclass(frozen=True)
class Network:
    """``name``: of the namespace in which the client runs; the server listens on ``host``."""

    name: str
    host: str
    link: str

    def sent(self) -> int:
        """Bytes that the client has put on the link, every repetition of TCP counted."""
        inside = ("ip", "netns", "exec", self.name)
        found = json.loads(_run(*inside, "ip", "-s", "-j", "link", "show", "dev", self.link))
        return int(found[0]["stats64"]["tx"]["bytes"])


@contextmanager
def slow_network(
    *, rate: str = "1mbit", delay: str = "150ms", loss: str = "2%"
) -> Iterator[Network]:
    """``delay`` and ``loss`` hold in each direction; ``rate`` too. Raises :class:`NotAllowed`."""
    tag = secrets.token_hex(3)
    name, outer, inner = f"lantoa-{tag}", f"lt{tag}o", f"lt{tag}i"
    net = f"10.{200 + secrets.randbelow(50)}.{secrets.randbelow(250)}"
    try:
        _run("ip", "netns", "add", name)
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotAllowed(str(error)) from None
    try:
        try:
            _run("ip", "link", "add", outer, "type", "veth", "peer", "name", inner)
            _run("ip", "link", "set", inner, "netns", name)
            _run("ip", "addr", "add", f"{net}.1/24", "dev", outer)
            _run("ip", "link", "set", outer, "up")
            inside = ("ip", "netns", "exec", name)
            _run(*inside, "ip", "addr", "add", f"{net}.2/24", "dev", inner)
            _run(*inside, "ip", "link", "set", inner, "up")
            _run(*inside, "ip", "link", "set", "lo", "up")
            shape = ("root", "netem", "rate", rate, "delay", delay, "loss", loss, "limit", "1000")
            _run("tc", "qdisc", "add", "dev", outer, *shape)
            _run(*inside, "tc", "qdisc", "add", "dev", inner, *shape)
        except (OSError, subprocess.CalledProcessError) as error:
            raise NotAllowed(str(error)) from None
        yield Network(name, f"{net}.1", inner)
    finally:
        # The link goes with the namespace.
        subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)


def _run(*argv: str) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    return done.stdout
