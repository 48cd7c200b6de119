"""A whole running Lan Tỏa of the tests' own: ``lantoa up`` on an empty directory."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from storage_config.database import Database
from tests.services.ports import free_port
from tests.webapp.cli.processes import Running, clean_environment, descendants
from webapp.cli.client import Server


@dataclass
class Installation:
    data: Path
    port: int
    home: Path
    running: Running

    @classmethod
    @contextmanager
    def started(cls, folder: Path, **environ: str) -> Iterator[Installation]:
        port, data = free_port(), folder / "data"
        argv = [sys.executable, "-m", "webapp.cli", "up", "--data", str(data), "--port", str(port)]
        running = Running(argv, clean_environment(folder) | environ)
        try:
            running.line_with("ready:")
            yield cls(data, port, folder, running)
        finally:
            running.end()
            running.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def demo(self) -> dict[str, Any]:
        return dict(json.loads((self.data / "demo.json").read_text("utf-8")))

    @property
    def teacher(self) -> Server:
        return Server(self.url, self.token("teacher"))

    def token(self, role: str) -> str:
        if role == "library":
            return str(self.demo["library"]["token"])
        return str(self.demo["accounts"][role]["token"])

    def lantoa(
        self, *argv: str, stdin: str = "", **environ: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "webapp.cli", *argv],
            env=clean_environment(self.home) | {"LANTOA_DATA": str(self.data)} | environ,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def call(self, role: str, method: str, path: str, **body: Any) -> requests.Response:
        """One call of the API as the demo's person of this role (or its library)."""
        headers = {"Authorization": f"Bearer {self.token(role)}"}
        return requests.request(
            method, self.url + path, headers=headers, json=body or None, timeout=30
        )

    def approve(self, role: str, clip_id: str) -> str:
        """Approve as one who watched it all; the state that follows."""
        seen = self.call(role, "GET", f"/api/v1/clips/{clip_id}").json()
        body = {"action": "approve", "watched": True}
        body |= {"revision": seen["revision"], "version": seen["version"]}
        answer = self.call(role, "POST", f"/api/v1/review/{clip_id}/decisions", **body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["state"])

    @property
    def database(self) -> Database:
        return Database(f"sqlite:///{self.data / 'lantoa.sqlite3'}")

    def pids(self, *words: str) -> list[int]:
        """Running programs of this installation whose command line has all ``words``."""
        found = []
        for pid in descendants(self.running.pid):
            try:
                command = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
            except FileNotFoundError:
                continue
            if all(word in command for word in words) and "keeper.py" not in " ".join(command):
                found.append(pid)
        return found
