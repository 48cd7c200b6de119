"""1 Mbit/s, 300 ms there and back, 2 % of the packets lost: an upload arrives without detours."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.webapp.uploads.network import NotAllowed, slow_network
from tests.webapp.uploads.web import ROOT, Web

CLIENT = Path(__file__).with_name("slow_client.py")
CONTENT = random.Random(11).randbytes(3_000_000)  # bench/slow_network.py sends ten times as much


@pytest.mark.slow
@pytest.mark.faults
def test_little_is_sent_twice_over_a_slow_network(fresh_web: Web, tmp_path: Path) -> None:
    fresh_web.env = {"SERVE_HOST": "0.0.0.0"}
    web, file = fresh_web.start(), tmp_path / "clip.mp4"
    file.write_bytes(CONTENT)
    try:
        with slow_network() as network:
            argv = ["ip", "netns", "exec", network.name, sys.executable, str(CLIENT)]
            argv += [f"http://{network.host}:{web.port}", web.token, str(file)]
            env = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
            done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=200)
    except NotAllowed as why:
        pytest.skip(f"no network can be made here: {why}")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)

    assert web.original(told["url"]) == CONTENT
    assert told["sent"] <= len(CONTENT) * 1.03
