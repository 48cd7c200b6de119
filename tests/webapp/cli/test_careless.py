"""What `lantoa doctor` says where a part is missing: taken away in a namespace of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.clips import film
from tests.webapp.cli.processes import clean_environment

pytestmark = pytest.mark.services


EXAMINE = """
import sys
from pathlib import Path
from workers.media import MediaLimits, MediaToolFailed, choose_sandbox, examine

source, out = map(Path, sys.argv[1:])
for tier in ("auto", "off"):
    try:
        examine(source, out, limits=MediaLimits(), sandbox=choose_sandbox(tier))
    except MediaToolFailed as error:
        print(error.code)
"""


def lacking(without: str, argv: list[str], home: Path) -> subprocess.CompletedProcess[str]:
    """The end of a program, where the shell command ``without`` was done before."""
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", f'{without} && exec "$@"', "sh", *argv],
        env=clean_environment(home),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if done.stderr.startswith(("unshare:", "mount:")):
        pytest.skip(f"nothing can be taken away here: {done.stderr.strip()}")
    return done


def doctor(tmp_path: Path, without: str) -> dict[str, Any]:
    """Part -> finding."""
    argv = [sys.executable, "-m", "webapp.cli", "doctor", "--json", "--data", str(tmp_path / "d")]
    done = lacking(without, argv, tmp_path)
    assert done.returncode == 1
    return {f["part"]: f for f in json.loads(done.stdout)}


def test_without_the_letters_of_the_card(tmp_path: Path) -> None:
    found = doctor(tmp_path, "mount -t tmpfs tmpfs /usr/share/fonts")
    assert found["fonts"] == {
        "part": "fonts",
        "grade": "bad",
        "what": "no font for the card: install DejaVuSans-Bold.ttf",
        "mend": "apt-get install fonts-dejavu-core, then start failed ladders of acted scenes "
        "again",
    }
    assert found["ffmpeg"]["grade"] == "ok"


def test_without_the_media_tool(tmp_path: Path) -> None:
    found = doctor(tmp_path, "mount --bind /dev/null /usr/bin/ffmpeg")
    assert (found["ffmpeg"]["grade"], found["ffmpeg"]["what"]) == ("bad", "is not on the PATH")


@pytest.mark.parametrize("tool", ["ffprobe", "ffmpeg"])
def test_a_worker_without_it_blames_no_clip(tmp_path: Path, tool: str) -> None:
    """What is refused is gone for its owner; what failed is tried again."""
    out = tmp_path / "out"
    out.mkdir()
    argv = [sys.executable, "-c", EXAMINE, str(film("carphone_pristine")), str(out)]
    done = lacking(f"mount --bind /dev/null /usr/bin/{tool}", argv, tmp_path)
    assert (done.stdout, done.stderr) == ("tool_crashed\n" * 2, "")
