"""A PostgreSQL server of the tests' own, in a folder of their own, on a free port."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.services.ports import free_port

# Debian keeps the server's programs out of the PATH, one folder for each version.
INSTALLED = Path("/usr/lib/postgresql")
USER = "postgres"  # the server refuses to run as root


def _program(name: str) -> str:
    versions = sorted(INSTALLED.glob("*/bin"), key=lambda p: int(p.parent.name))
    found = shutil.which(name) or (str(versions[-1] / name) if versions else None)
    assert found, f"{name} is missing: bin/setup --test installs postgresql"
    return found


def _as_user(argv: list[str]) -> list[str]:
    if os.getuid() != 0:
        return argv
    return ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--init-groups", *argv]


@dataclass
class Postgres:
    folder: Path
    port: int

    @classmethod
    @contextmanager
    def started(cls) -> Iterator[Postgres]:
        """In a folder outside pytest's own, which only root may enter when root runs the tests."""
        folder = Path(tempfile.mkdtemp(prefix="lantoa-postgres-"))
        server = cls(folder / "data", free_port())
        if os.getuid() == 0:
            owner = pwd.getpwnam(USER)
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        _run(
            [
                *(_program("initdb"), "-D", str(server.folder), "-U", USER, "-A", "trust", "-N"),
                *("--locale=C.UTF-8", "-E", "UTF8"),
            ]
        )
        server.start()
        try:
            yield server
        finally:
            server.stop("immediate")
            shutil.rmtree(folder, ignore_errors=True)

    def start(self) -> None:
        settings = f"-p {self.port} -c listen_addresses=127.0.0.1 -c fsync=off"
        settings += " -c unix_socket_directories= -c max_connections=200"
        log = str(self.folder / "log")
        _run([_program("pg_ctl"), "-D", str(self.folder), "-w", "-l", log, "-o", settings, "start"])

    def stop(self, mode: str = "fast") -> None:
        _run([_program("pg_ctl"), "-D", str(self.folder), "-w", "-m", mode, "stop"])

    def create(self, name: str | None = None, *, template: str = "template1") -> str:
        """Make a database; its URL."""
        name = name or f"test_{secrets.token_hex(6)}"
        address = f"host=127.0.0.1 port={self.port} user={USER} dbname=postgres"
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return f"postgresql+psycopg://{USER}@127.0.0.1:{self.port}/{name}"


def _run(argv: list[str]) -> None:
    done = subprocess.run(
        _as_user(argv), cwd="/", capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
