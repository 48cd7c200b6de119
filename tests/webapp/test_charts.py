"""Charts: bars that fill their height with what is the most, and round numbers beside them."""

from __future__ import annotations

import pytest

from webapp.charts import Part, nice, stacked


@pytest.mark.parametrize(
    ("value", "top"),
    [(0, 1), (1, 1), (1.2, 2), (3, 5), (7, 10), (10, 10), (11, 20), (480, 500), (0.03, 0.05)],
)
def test_the_top_is_the_next_round_number(value: float, top: float) -> None:
    assert nice(value) == pytest.approx(top)


def test_parts_stand_on_each_other_and_reach_their_share_of_the_height() -> None:
    chart = stacked([("thứ hai", [("approve", 3), ("reject", 1)]), ("thứ ba", [("approve", 0)])])
    assert (chart.top, chart.width, chart.is_empty) == (5, 20, False)
    assert chart.bars == [
        (
            "thứ hai",
            [Part("approve", 1, 40.0, 8, 60.0), Part("reject", 1, 20.0, 8, 20.0)],
        ),
        ("thứ ba", []),
    ]


def test_without_numbers_there_is_no_bar() -> None:
    assert stacked([("thứ hai", [("approve", 0)])]).is_empty
    assert stacked([]).is_empty
