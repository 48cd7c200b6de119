"""A RabbitMQ node of the tests' own: its own name, folder, ports and cookie, all on 127.0.0.1."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.services.ports import free_port
from tests.services.programs import end, start, wait_for_port, wait_for_silence

# Debian's scripts in the PATH change the user; these are the programs themselves.
INSTALLED = Path("/usr/lib/rabbitmq/bin")
LOOPBACK = "{127,0,0,1}"


def _states(group: int) -> set[str]:
    """The states of the threads of a process group, as in /proc: "T" is stopped."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/task/[0-9]*/stat"):
        try:
            state, _, pgrp = stat.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(pgrp) == group:
            found.add(state)
    return found


def _program(name: str) -> str:
    found = INSTALLED / name
    assert found.exists(), f"{name} is missing: bin/setup --test installs rabbitmq-server"
    return str(found)


@dataclass
class RabbitMQ:
    folder: Path
    port: int = field(default_factory=free_port)
    distribution: int = field(default_factory=free_port)
    names: int = field(default_factory=free_port)  # where Erlang's nodes look each other up
    node: str = field(default_factory=lambda: f"lantoa-{secrets.token_hex(4)}@localhost")
    process: subprocess.Popen[bytes] | None = None
    mapper: subprocess.Popen[bytes] | None = None

    @classmethod
    @contextmanager
    def started(cls, folder: Path) -> Iterator[RabbitMQ]:
        server = cls(folder)
        (folder / "plugins").write_text("[].")
        (folder / "inetrc").write_text('{host, {127,0,0,1}, ["localhost"]}.\n{lookup, [file]}.\n')
        epmd = shutil.which("epmd")
        assert epmd, "epmd is missing: it comes with rabbitmq-server"
        log = folder / "epmd.log"
        server.mapper = start([epmd], log=log, env=server._environ)
        wait_for_port(server.names, server.mapper, log)
        server.start()
        try:
            yield server
        finally:
            server.kill()
            end(server.mapper)

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def start(self) -> None:
        log = self.folder / "out"
        self.process = start([_program("rabbitmq-server")], log=log, env=self._environ)
        wait_for_port(self.port, self.process, log)
        self.control("await_startup")

    def kill(self) -> None:
        """As a power cut does it; what was confirmed is on the disk."""
        if self.process is not None:
            end(self.process)
            wait_for_silence(self.port)

    def freeze(self) -> None:
        """It takes connections, and never answers."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGSTOP)
        # A signal is sent before it is obeyed: on a busy machine one more answer may slip out.
        for _ in range(1000):
            if _states(self.process.pid) <= {"T", "Z"}:
                return
            time.sleep(0.01)
        raise TimeoutError("the broker did not stop")

    def thaw(self) -> None:
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGCONT)

    def control(self, *words: str) -> str:
        argv = [_program("rabbitmqctl"), "--silent", *words]
        done = subprocess.run(
            argv, env=self._environ, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    @property
    def _environ(self) -> dict[str, str]:
        folder = str(self.folder)
        return {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": folder,
            "RABBITMQ_NODENAME": self.node,
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self.distribution),
            "RABBITMQ_CONF_ENV_FILE": f"{folder}/none",
            "RABBITMQ_CONFIG_FILE": f"{folder}/none",
            "RABBITMQ_ADVANCED_CONFIG_FILE": f"{folder}/none",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{folder}/plugins",
            "RABBITMQ_MNESIA_BASE": f"{folder}/data",
            "RABBITMQ_LOG_BASE": f"{folder}/logs",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
                f"-kernel inet_dist_use_interface {LOOPBACK} +S 2:2"
            ),
            "ERL_EPMD_PORT": str(self.names),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }
