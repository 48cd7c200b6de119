"""Whose fault it was: the source's (final) or the tool's (tried again)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.workers.media.test_ladder import PHONE
from workers.media import MediaLimits, MediaToolFailed, Refused
from workers.media.errors import FAILURES, REFUSALS
from workers.media.run import Done
from workers.media.tool import caps_for, explain


@pytest.mark.parametrize(
    ("status", "words", "code"),
    [
        (1, "x: Invalid data found when processing input\nConversion failed!", "unreadable"),
        (183, "Error opening input: Invalid data found when processing input", "unreadable"),
        (1, "moov atom not found", "unreadable"),
        (1, "Output file does not contain any stream", "unreadable"),
        (69, "Conversion failed!", "unreadable"),
        (1, "Conversion failed!", "tool_crashed"),
        (1, "Invalid data found\nCannot allocate memory\nConversion failed!", "tool_crashed"),
        (245, "pthread_create() failed: Resource temporarily unavailable", "tool_crashed"),
        (-11, "", "tool_crashed"),
        (-9, "Invalid data found when processing input", "tool_crashed"),
        (-24, "", "tool_timeout"),
        (-25, "", "tool_timeout"),
    ],
)
def test_whose_fault(status: int, words: str, code: str) -> None:
    error = explain(Done(status, b"", words))
    assert isinstance(error, Refused | MediaToolFailed)
    assert error.code == code
    assert isinstance(error, Refused) == (code == "unreadable")


def test_a_code_is_either_the_sources_or_ours() -> None:
    assert not set(REFUSALS) & set(FAILURES)


def test_limits_grow_with_the_clip() -> None:
    short, long = (
        caps_for(replace(PHONE, duration_s=s, bytes=b), MediaLimits())
        for s, b in ((2.0, 1_000_000), (600.0, 900_000_000))
    )
    assert short.cpu_seconds == 2 * (120 + 24)
    assert long.cpu_seconds == 2 * (120 + 7_200)
    assert short.file_bytes < long.file_bytes
    assert long.file_bytes > 2 * 900_000_000
    assert short.memory_bytes == long.memory_bytes == MediaLimits().memory_bytes
