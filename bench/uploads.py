"""How fast does the server take an upload, beside @tus/server on Node.js and a bare socket?

.venv/bin/python bench/uploads.py [--rounds 7] [--mib 256]

All on loopback, with parts of 8 MiB, in turns; what was stored is hashed after each turn. The bare
socket writes the same bytes to a file and does nothing else: no protocol, nothing durable. The
other bare socket waits for the disk after each part, as ours does before it answers.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import select

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from bench.measure import Cost, cost, row, table  # noqa: E402
from review import accounts  # noqa: E402
from review.models import Account  # noqa: E402
from storage_config.database import Database  # noqa: E402
from tests.services.ports import free_port  # noqa: E402

PART = 8 * 1024 * 1024
MIB = 1024 * 1024


@dataclass
class Served:
    """A tus server: where it is, what it wants to see, and where it puts the bytes."""

    port: int
    pid: int
    headers: dict[str, str]
    stored: Callable[[str], Path]


def content(mib: int) -> bytes:
    block = random.Random(1).randbytes(MIB)
    return b"".join(n.to_bytes(8, "big") + block[8:] for n in range(mib))


def wait_for(port: int) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        time.sleep(0.1)
    raise SystemExit(f"nobody listens on {port}")


def send(server: Served, data: bytes, part: int = PART) -> str:
    """The path of the whole upload, on one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    usual = {"Tus-Resumable": "1.0.0", **server.headers}
    connection.request("POST", "/uploads", headers={**usual, "Upload-Length": str(len(data))})
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 201, answer.status
    path = urlsplit(answer.headers["Location"]).path
    view = memoryview(data)
    for offset in range(0, len(data), part):
        headers = {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
        block = view[offset : offset + part]
        headers["Content-Length"] = str(len(block))
        connection.request("PATCH", path, body=block, headers={**usual, **headers})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 204, answer.status
    connection.close()
    return path


@contextmanager
def ours(folder: Path, host: str = "127.0.0.1") -> Iterator[Served]:
    """As `lantoa up` starts it."""
    port, data = free_port(), folder / "data"
    clean = {k: v for k, v in os.environ.items() if not k.startswith("LANTOA_")}
    quotas = {f"LANTOA_QUOTA_{who}_MB": "0" for who in ("ACCOUNT", "CLASS", "SCHOOL")}
    argv = [str(ROOT / ".venv/bin/lantoa"), "up", "--port", str(port), "--data", str(data)]
    argv += ["--host", host]
    log = (folder / "log").open("wb")
    process = subprocess.Popen(
        argv, env=clean | quotas, stdout=log, stderr=log, start_new_session=True
    )
    try:
        wait_for(port)
        seed = [argv[0], "seed-demo", "--json"]
        subprocess.run(
            seed, env=clean | {"LANTOA_DATA": str(data)}, check=True, stdout=subprocess.DEVNULL
        )
        database = Database(f"sqlite:///{data}/lantoa.sqlite3")
        with database.write() as session:
            teacher = session.scalars(select(Account).where(Account.role == "teacher")).first()
            assert teacher is not None
            token = accounts.add_token(session, label="bench", account_id=teacher.id)
        database.dispose()
        stored = data / "blobs" / "originals"
        yield Served(
            port,
            process.pid,
            {"Authorization": f"Bearer {token}"},
            lambda path: stored / path.rpartition("/")[2],
        )
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)


@contextmanager
def node(folder: Path) -> Iterator[Served]:
    port = free_port()
    argv = [str(ROOT / ".venv/bin/node"), "bench/tus_node.mjs", str(folder), str(port)]
    process = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        wait_for(port)
        yield Served(port, process.pid, {}, lambda path: folder / path.rpartition("/")[2])
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)


SINK = """
import socket, sys
import os
listener = socket.create_server(("127.0.0.1", int(sys.argv[2])))
part = int(sys.argv[3])
while True:
    connection, _ = listener.accept()
    buffer = memoryview(bytearray(1 << 20))
    total = durable = 0
    with connection, open(sys.argv[1], "wb", buffering=0) as out:
        while size := connection.recv_into(buffer):
            out.write(buffer[:size])
            total += size
            if part and total - durable >= part:
                os.fdatasync(out.fileno())
                durable = total
        connection.send(b".")
"""


@contextmanager
def bare(folder: Path, durable: int = 0) -> Iterator[tuple[int, Path]]:
    """``durable``: after how many bytes it waits for the disk; 0: never."""
    port, file = free_port(), folder / "bytes"
    argv = [sys.executable, "-c", SINK, str(file), str(port), str(durable)]
    process = subprocess.Popen(argv)
    try:
        wait_for(port)
        yield port, file
    finally:
        process.kill()
        process.wait(60)


def pour(port: int, data: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        view = memoryview(data)
        for offset in range(0, len(data), PART):
            connection.sendall(view[offset : offset + PART])
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1)


def checked(file: Path, wanted: str) -> None:
    with file.open("rb") as stream:
        assert hashlib.file_digest(stream, "sha256").hexdigest() == wanted, file
    file.unlink()


def throughput(folder: Path, rounds: int, mib: int) -> None:
    data = content(mib)
    wanted = hashlib.sha256(data).hexdigest()
    for name in ("ours", "node", "bare", "durable"):
        (folder / name).mkdir()
    with (
        ours(folder / "ours") as lantoa,
        node(folder / "node") as other,
        bare(folder / "bare") as (port, file),
        bare(folder / "durable", PART) as (safe_port, safe_file),
    ):
        ways = {
            "ours": lambda: lantoa.stored(send(lantoa, data)),
            "@tus/server": lambda: other.stored(send(other, data)),
            "bare socket": lambda: (pour(port, data), file)[1],
            "bare socket, durable": lambda: (pour(safe_port, data), safe_file)[1],
        }
        found: dict[str, list[Cost]] = {name: [] for name in ways}
        for number in range(rounds + 1):
            for name in list(ways) if number % 2 else list(reversed(ways)):
                files: list[Path] = []
                spent = cost(lambda way=ways[name], files=files: files.append(way()))
                checked(files[0], wanted)
                if number:  # the first round warms up
                    found[name].append(spent)
    table("server", f"MiB/s, {mib} MiB in parts of 8 MiB", "times as fast as", "ratio")
    for name, costs in found.items():
        speeds = sorted(mib / c.wall for c in costs)
        middle = speeds[len(speeds) // 2]
        row(name, f"{middle:.0f} ({speeds[0]:.0f}-{speeds[-1]:.0f})", "", "")
    for name in list(ways)[1:]:
        ratios = sorted(t.wall / o.wall for o, t in zip(found["ours"], found[name], strict=True))
        text = f"{ratios[len(ratios) // 2]:.2f} ({ratios[0]:.2f}-{ratios[-1]:.2f})"
        row("ours", "", name, text)


def peak(root: int, ended: threading.Event) -> int:
    """Largest resident set of a web process below ``root``, in KiB."""
    found = 0
    while not ended.wait(0.05):
        found = max([found, *(_resident(pid) for pid in _below(root) if _is_web(pid))])
    return found


def _below(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children")
    with suppress(OSError):
        direct = [int(child) for child in children.read_text().split()]
        return direct + [deeper for child in direct for deeper in _below(child)]
    return []


def _is_web(pid: int) -> bool:
    with suppress(OSError):
        return b"\0web\0" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


def _resident(pid: int) -> int:
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4
    return 0


def memory(folder: Path) -> None:
    table("file, MiB", "peak memory of the largest process, MiB")
    (folder / "memory").mkdir()
    with ours(folder / "memory") as server:
        for mib in (50, 400):
            data, ended = content(mib), threading.Event()
            found: list[int] = []
            watch = threading.Thread(
                target=lambda ended=ended, found=found: found.append(peak(server.pid, ended))
            )
            watch.start()
            send(server, data, len(data))
            ended.set()
            watch.join()
            row(str(mib), f"{found[0] / 1024:.0f}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--mib", type=int, default=256)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="lantoa-bench-"))
    try:
        throughput(folder, asked.rounds, asked.mib)
        memory(folder)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
