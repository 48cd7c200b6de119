"""How much is sent twice over a phone's network, and how much of its speed is used?

.venv/bin/python bench/slow_network.py [--mb 30] [--mbit 1] [--ms 150] [--loss 2]

Needs root and `ip`: the network is a namespace of its own. 30 MB take four minutes or more.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from bench.measure import row, table  # noqa: E402
from bench.uploads import ours  # noqa: E402
from tests.webapp.uploads.network import NotAllowed, Speed, slow_network  # noqa: E402

CLIENT = ROOT / "tests/webapp/uploads/slow_client.py"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--mb", type=int, default=30)
    parser.add_argument("--mbit", type=float, default=1.0, help="in each direction")
    parser.add_argument("--ms", type=float, default=150, help="in each direction")
    parser.add_argument("--loss", type=float, default=2, help="%% in each direction")
    asked = parser.parse_args()
    content = random.Random(1).randbytes(asked.mb * 1_000_000)
    with tempfile.TemporaryDirectory(prefix="lantoa-bench-") as name:
        folder = Path(name)
        file = folder / "clip.mp4"
        file.write_bytes(content)
        with ours(folder, host="0.0.0.0") as server:
            try:
                speed = Speed(asked.mbit * 1e6, asked.ms / 1000, asked.loss / 100)
                with slow_network(speed) as network:
                    token = server.headers["Authorization"].removeprefix("Bearer ")
                    argv = ["ip", "netns", "exec", network.name, sys.executable, str(CLIENT)]
                    argv += [f"http://{network.host}:{server.port}", token, str(file)]
                    env = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
                    done = subprocess.run(argv, env=env, stdout=subprocess.PIPE, check=True)
                    link = network.sent()
            except NotAllowed as why:
                raise SystemExit(f"no network can be made here: {why}") from None
            told = json.loads(done.stdout)
            stored = server.stored(told["url"]).read_bytes()
    assert hashlib.sha256(stored).digest() == hashlib.sha256(content).digest()
    table("MB", "network", "seconds", "Mbit/s", "sent twice", "on the link, per byte of the file")
    row(
        str(asked.mb),
        f"{asked.mbit:g} Mbit/s, {asked.ms:g} ms each way, {asked.loss:g} % ({network.by})",
        f"{told['seconds']:.0f}",
        f"{len(content) * 8 / told['seconds'] / 1e6:.2f}",
        f"{(told['sent'] / len(content) - 1) * 100:.2f} %",
        f"{link / len(content):.3f}",
    )


if __name__ == "__main__":
    main()
