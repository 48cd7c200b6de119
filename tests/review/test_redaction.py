"""Plans: what is accepted, and what is said about each field that is not."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.errors import InvalidInput
from review.redaction import Box, Cut, RedactionPlan, SoundSpan, merged, parse

BOX = {"x": 0.1, "y": 0.2, "width": 0.3, "height": 0.4, "start_s": 1, "end_s": 2.5}
SPAN = {"start_s": 1, "end_s": 2}
LONG = 12.5  # seconds

NOT_A_NUMBER = "Cần là một số."
OUTSIDE = "Nằm ngoài clip: từ 0 đến 12.5 giây."
OUT_OF_PICTURE = "Nằm ngoài khung hình: từ 0 % đến 100 %."
BEYOND = "Hộp ra ngoài khung hình."
BACKWARDS = "Lúc hết phải sau lúc bắt đầu."
NOTHING = "Hãy thêm ít nhất một hộp che, một đoạn tiếng hoặc một đoạn cắt."
TOO_MUCH = "Cắt nhiều quá: clip phải còn lại ít nhất một giây."


def errors(plan: Any, *, silent: bool = False) -> dict[str, str]:
    try:
        parse(plan, duration_s=LONG, silent=silent)
    except InvalidInput as error:
        return error.errors
    return {}


def box(**changed: Any) -> dict[str, Any]:
    return {"boxes": [{**BOX, **changed}]}


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (None, {"plan": "Cần một danh sách những chỗ phải che, tắt tiếng hoặc cắt."}),
        ([], {"plan": "Cần một danh sách những chỗ phải che, tắt tiếng hoặc cắt."}),
        ({}, {"plan": NOTHING}),
        ({"boxes": [], "sounds": [], "cuts": []}, {"plan": NOTHING}),
        ({"boxes": {}}, {"boxes": "Cần là một danh sách."}),
        ({"boxes": [BOX] * 51}, {"boxes": "Nhiều nhất 50 mục."}),
        ({"sounds": [SPAN] * 51}, {"sounds": "Nhiều nhất 50 mục."}),
        ({"cuts": [SPAN] * 51}, {"cuts": "Nhiều nhất 50 mục."}),
        (box(x="0.1"), {"boxes.0.x": NOT_A_NUMBER}),
        (box(x=True), {"boxes.0.x": NOT_A_NUMBER}),
        (box(x=float("nan")), {"boxes.0.x": NOT_A_NUMBER}),
        (box(end_s=float("inf")), {"boxes.0.end_s": NOT_A_NUMBER}),
        (box(start_s=10**400), {"boxes.0.start_s": NOT_A_NUMBER}),
        (box(x=-0.1), {"boxes.0.x": OUT_OF_PICTURE}),
        (box(y=1.1), {"boxes.0.y": OUT_OF_PICTURE}),
        (box(x=0.8), {"boxes.0.width": BEYOND}),
        (box(to_y=0.7), {"boxes.0.to_y": BEYOND}),
        (box(width=0.001), {"boxes.0.width": "Hộp nhỏ quá, không che được gì."}),
        (box(how="hide"), {"boxes.0.how": "Phải là một trong: blur, cover."}),
        (box(how=[]), {"boxes.0.how": "Phải là một trong: blur, cover."}),
        (box(start_s=-1), {"boxes.0.start_s": OUTSIDE}),
        (box(end_s=13), {"boxes.0.end_s": OUTSIDE}),
        (box(start_s=3), {"boxes.0.end_s": BACKWARDS}),
        (box(start_s=2.5), {"boxes.0.end_s": BACKWARDS}),
        (
            {"boxes": [BOX, "x"]},
            {
                f"boxes.1.{field}": NOT_A_NUMBER
                for field in ("x", "y", "width", "height", "start_s", "end_s")
            },
        ),
        (
            {"sounds": [{**SPAN, "how": "loud"}], "cuts": [{"start_s": 2, "end_s": 1}]},
            {"sounds.0.how": "Phải là một trong: mute, beep.", "cuts.0.end_s": BACKWARDS},
        ),
        ({"cuts": [{"start_s": 0, "end_s": 11.5}]}, {"cuts": TOO_MUCH}),
        ({"cuts": [{"start_s": 0, "end_s": 6}, {"start_s": 6.4, "end_s": 12}]}, {"cuts": TOO_MUCH}),
    ],
)
def test_a_wrong_plan_is_told_field_by_field(plan: Any, said: dict[str, str]) -> None:
    assert errors(plan) == said


@pytest.mark.parametrize(
    "plan",
    [
        box(),
        box(x=0.0, y=0.0, width=1.0, height=1.0, start_s=0, end_s=LONG),
        box(end_s=LONG + 0.09),  # a player's clock runs a little longer
        box(how="cover", to_x=0.7),
        {"sounds": [SPAN] * 50},
        {"cuts": [{"start_s": 0, "end_s": 11.3}]},
        {"cuts": [SPAN] * 50},  # all the same second
        {"boxes": [BOX], "sounds": None, "cuts": []},
    ],
)
def test_what_is_accepted(plan: Any) -> None:
    assert errors(plan) == {}


def test_a_plan_is_read_whole() -> None:
    plan = parse(
        {
            "boxes": [{**BOX, "how": "cover", "to_x": 0.5}],
            "sounds": [{**SPAN, "how": "beep"}],
            "cuts": [{"start_s": 4, "end_s": 6}, {"start_s": 3, "end_s": 4}],
        },
        duration_s=LONG,
    )
    assert plan == RedactionPlan(
        (Box(0.1, 0.2, 0.3, 0.4, 1.0, 2.5, "cover", 0.5, 0.2),),
        (SoundSpan(1.0, 2.0, "beep"),),
        (Cut(3.0, 6.0),),
    )
    assert parse(json.loads(json.dumps(plan.to_dict())), duration_s=LONG) == plan


def test_sound_can_not_be_silenced_where_there_is_none() -> None:
    assert errors({"sounds": [SPAN]}, silent=True) == {"sounds": "Clip này không có tiếng."}
    assert errors(box(), silent=True) == {}


spans = st.tuples(st.integers(0, 100), st.integers(1, 50)).map(lambda s: Cut(s[0], s[0] + s[1]))


@given(st.lists(spans, max_size=20))
def test_merged_cuts_cover_the_same_and_never_touch(cuts: list[Cut]) -> None:
    found = merged(cuts)

    def covered(some: Any) -> set[int]:
        return {i for c in some for i in range(int(c.start_s), int(c.end_s))}

    assert covered(found) == covered(cuts)
    assert all(a.end_s < b.start_s for a, b in itertools.pairwise(found))


json_values: Any = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["boxes", "sounds", "cuts", "x", "start_s", "end_s", "how"]), inner
        )
    ),
    max_leaves=12,
)


@given(json_values)
def test_nothing_that_a_program_sends_raises_anything_else(value: Any) -> None:
    errors(value)
