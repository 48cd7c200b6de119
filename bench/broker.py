"""Which embedded broker? Doorbell latency, growth and idle cost with a real Celery worker.

.venv/bin/python bench/broker.py [--quick]
"""

from __future__ import annotations

import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from storage_config.broker import Doorbell, clean_embedded
from storage_config.settings import load

WORKER = """
import sys, time
from pathlib import Path
from celery import Celery
from storage_config.settings import load
from storage_config.broker import celery_config
settings = load()
app = Celery("bench"); app.conf.update(celery_config(settings))
@app.task(name="workers.ring", ignore_result=True)
def ring(sent):
    with open(settings.data / "latency", "a") as out:
        out.write(f"{time.time() - float(sent)}\\n")
app.worker_main(["worker", "--queues=examine", "--concurrency=1", "--pool=prefork",
                 "--loglevel=error", "--without-gossip", "--without-mingle"])
"""


def environment(data: Path, url: str | None) -> dict[str, str]:
    values = {"PATH": os.environ["PATH"], "LANTOA_DATA": str(data), "C_FORCE_ROOT": "1"}
    if url:
        values |= {"LANTOA_BROKER_URL": url, "LANTOA_SECRET_KEY": "x" * 40}
    return values


def lines(data: Path) -> int:
    file = data / "latency"
    return len(file.read_text().splitlines()) if file.exists() else 0


def wait_for(data: Path, count: int, seconds: float) -> None:
    end = time.monotonic() + seconds
    while lines(data) < count:
        if time.monotonic() > end:
            raise SystemExit(f"only {lines(data)} of {count} messages arrived")
        time.sleep(0.05)


def cpu_seconds(pid: int) -> float:
    total = 0.0
    for task in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = task.read_text().rsplit(")", 1)[1].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[2]) == pid:  # the worker's process group
            total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def size(data: Path) -> str:
    """Of what the broker keeps."""
    files = [
        f for f in data.rglob("*") if f.is_file() and f.name not in ("latency", "secret_key", "log")
    ]
    return f"{sum(f.stat().st_size for f in files) / 1024:.0f} KiB in {len(files)} files"


def measure(name: str, url: str | None, rings: int, burst: int) -> None:
    data = Path(tempfile.mkdtemp(prefix="lantoa-bench-"))
    values = environment(data, url.format(data=data) if url else None)
    with (data / "log").open("wb") as log:
        worker = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", WORKER],
            env=values,
            start_new_session=True,
            stdout=log,
            stderr=log,
        )
    try:
        settings = load(values)
        bell = Doorbell(settings)
        bell.ring(str(time.time()), "examine")
        wait_for(data, 1, 30)
        for i in range(rings):
            bell.ring(str(time.time()), "examine")
            time.sleep(0.31 + 0.07 * (i % 5))
        wait_for(data, rings + 1, 30 + 3 * rings)
        measured = [float(x) for x in (data / "latency").read_text().split()[1:]]
        before, begun = cpu_seconds(worker.pid), time.monotonic()
        time.sleep(8)
        idle = (cpu_seconds(worker.pid) - before) / (time.monotonic() - begun)
        refused = _burst(bell, burst)
        wait_for(data, rings + 1 + burst - refused, 60 + 3 * burst)
        grown = size(data)
        clean_embedded(settings)
        quantiles = statistics.quantiles(measured, n=20)
        print(
            f"{name}: latency p50 {statistics.median(measured):.3f} s, p95 {quantiles[18]:.3f} s; "
            f"idle {100 * idle:.1f} % of a core; after {burst} rings from 8 threads: "
            f"{refused} refused, {grown}; after cleaning {size(data)}"
        )
    finally:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
        shutil.rmtree(data, ignore_errors=True)


def _burst(bell: Doorbell, count: int) -> int:
    """Ring from 8 threads, as a web server does it; how many bells were refused."""

    def ring(_: int) -> bool:
        return bell.ring(str(time.time()), "examine")

    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(ring, range(count))).count(False)


if __name__ == "__main__":
    quick = "--quick" in sys.argv
    rings, burst = (20, 80) if quick else (60, 120)
    measure("a folder of files", None, rings, burst)
    measure("SQL transport on SQLite", "sqla+sqlite:///{data}/broker.sqlite3", rings, burst)
