"""Caption files that are made to cost time: read or refused by a process that gets little of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from review.captions.cues import MAX_BYTES

ROOT = Path(__file__).parents[3]
CPU_SECONDS = 20  # for one file, start of the process included; the slowest takes less than one
LIMIT = f"""
import resource
resource.setrlimit(resource.RLIMIT_CPU, ({CPU_SECONDS}, {CPU_SECONDS}))
"""
READ = """
import json, sys
from review.captions.cues import read
from review.errors import InvalidInput
try:
    print(json.dumps(len(read(sys.stdin.buffer.read(), duration_s=60.0))))
except InvalidInput as error:
    print(json.dumps(list(error.errors)[:2]))
"""
CLEAN = """
import sys
from review.text import clean
print(len(clean(sys.stdin.buffer.read().decode(), limit=100)))
"""
HEAD, CUE = "WEBVTT\n\n", "00:01.000 --> 00:02.000\n"


def full(piece: str, before: str = HEAD, after: str = "") -> bytes:
    """As many of ``piece`` as a file may have."""
    room = MAX_BYTES - len((before + after).encode())
    return (before + piece * (room // len(piece.encode())) + after).encode()


TOO_LONG = ["captions.3.too_long"]
NO_CUES = ["captions.1.no_cues"]
BAD_TIMES = ["captions.3.bad_time", "captions.4.bad_time"]
TOO_LONG_EACH = ["captions.3.too_long", "captions.6.too_long"]
FILES = {
    "marks in every order, no cue": (full("\u0327\u0301\u0323"), ["captions.3.no_time"]),
    "marks in every order, one cue": (full("\u0327\u0301\u0323", HEAD + CUE + "a"), 1),
    "marks that have no class of their own": (full("\u0f73\u0f71\u0f72", HEAD + CUE), 1),
    "marks that take a place": (full("\u302e\u0323", HEAD + CUE + "a"), 1),
    "a letter with a flood in each cue": (full(f"{CUE}a{chr(0x327) * 1900}\n\n"), 136),
    "spaces before the arrow": (full(" ", HEAD + "00:01.000", "--> 00:02.000\na"), 1),
    "spaces behind the times": (full(" ", HEAD + CUE[:-1], "x"), NO_CUES),
    "digits before the arrow": (full("0", HEAD, " --> 00:02.000\na"), ["captions.3.bad_time"]),
    "colons before the arrow": (full("0:", HEAD, " --> 00:02.000\na"), ["captions.3.bad_time"]),
    "arrows in a line": (full(" -->"), ["captions.3.bad_time"]),
    "a line each of arrows": (full("-->\n"), BAD_TIMES),
    "a line each of numbers": (full("1\n"), NO_CUES),
    "words without times": (full("a\n\n"), ["captions.3.no_time", "captions.5.no_time"]),
    "times without words": (full("0:00-->0:01\n"), NO_CUES),
    "opening brackets": (full("<", HEAD + CUE), TOO_LONG),
    "opening brackets in each cue": (full(f"{CUE}{'<x ' * 1300}\n\n"), TOO_LONG_EACH),
    "ampersands": (full("&", HEAD + CUE), TOO_LONG),
    "an ampersand a thousand times escaped": (full(f"{CUE}&{'amp;' * 990}\n\n"), TOO_LONG_EACH),
    "tags in tags": (full(f"{CUE}{'<b><i><u>' * 440}\n\n"), NO_CUES),
    "tags of tags": (full(f"{CUE}{'<' * 1000}{'x>' * 1000}\n\n"), TOO_LONG_EACH),
    "overrides of ASS": (
        full("{\\", "1\n00:00:01,000 --> 00:00:02,000\n"),
        ["captions.2.too_long"],
    ),
    "turned directions": (full(f"{CUE}{chr(0x202E) * 1300}a\n\n"), 133),
    "directions in an entity": (full(f"{CUE}{'&' + chr(0x202E) + 'lt;' * 100}\n\n"), 1588),
    "thousands of cues": (full("0:00-->0:01\na\n\n"), ["captions.1.too_many_cues"]),
    "NULs": (full("\x00", HEAD + CUE), ["captions.1.unknown_encoding"]),
    "one line of a MiB": (b"WEBVTT\n\n" + b"a" * 1024 * 1024, ["captions.1.too_large"]),
    "old tones": (b"a\xec" * (MAX_BYTES // 2), ["captions.1.no_time"]),
}


def answer(program: str, data: bytes) -> str:
    """What the program says; it is killed when it computes for too long."""
    done = subprocess.run(
        [sys.executable, "-c", LIMIT + program],
        input=data,
        capture_output=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done
    return done.stdout.decode()


@pytest.mark.parametrize("name", FILES)
def test_no_file_takes_long(name: str) -> None:
    data, told = FILES[name]
    assert json.loads(answer(READ, data)) == told


@pytest.mark.parametrize("marks", ["\u0327\u0301\u0323", "\u302e\u0323", "\u0f73\u0f71"])
def test_no_title_takes_long(marks: str) -> None:
    """A whole form full of marks: any pupil can send one."""
    title = "a" + marks * (1024 * 1024 // len(marks.encode()))
    assert 0 < int(answer(CLEAN, title.encode())) <= 100
