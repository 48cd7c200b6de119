"""Ids sort by time and never come from what people typed."""

from __future__ import annotations

import time

import pytest

from review import keys


def test_ids_differ_and_sort_by_time() -> None:
    first = [keys.new_id() for _ in range(1000)]
    time.sleep(0.002)  # the clock of ids counts milliseconds
    second = keys.new_id()
    assert len(set(first)) == 1000
    assert all(keys.is_id(i) for i in first)
    assert max(first) < second


def test_ids_of_one_millisecond_sort_as_they_were_made(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    made = [keys.new_id() for _ in range(1000)]
    monkeypatch.setattr(time, "time", lambda: now - 1)  # a clock that was set back

    made.append(keys.new_id())
    assert (made, len(set(made))) == (sorted(made), 1001)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "../" * 9,
        "0" * 25,
        "0" * 27,
        "0" * 25 + "u",
        "0" * 25 + "A",
        "0" * 25 + "\x00",
        "0" * 25 + "\n",
        "٠" * 26,
    ],
)
def test_what_is_no_id_is_known_before_it_reaches_a_query(text: str) -> None:
    assert not keys.is_id(text)


def test_blobs_are_named_by_ids() -> None:
    assert keys.original("up") == "originals/up"
    assert keys.derived("clip", 2, "ladder-j-3") == "derived/clip/2/ladder-j-3"
