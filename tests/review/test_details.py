"""What a submitter says of a clip, as the API reads it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.consent import Person, Scope
from review.details import (
    CREDIT_LIMIT,
    LANGUAGES,
    LEVELS,
    LICENCES,
    MAX_PEOPLE,
    MUSIC,
    SUMMARY_LIMIT,
    TITLE_LIMIT,
    TOPICS,
    Details,
    parse_people,
)
from review.errors import InvalidInput


def test_a_title_is_enough() -> None:
    assert Details.parse({"title": "Tên"}) == Details(
        title="Tên",
        summary="",
        language="vi",
        level=None,
        topics=(),
        campaign=None,
        credit=None,
        licence="CC-BY-NC-4.0",
        music="unknown",
        reenactment=False,
        scope=None,
    )


def test_every_field_is_read_and_what_is_not_a_field_ignored() -> None:
    value = {
        "title": " Không   chia sẻ ",
        "summary": "một\r\nhai",
        "language": "en",
        "level": "primary",
        "topics": ["conduct", "wellbeing", "conduct"],
        "campaign": "an-toan",
        "credit": "",
        "licence": "CC-BY-4.0",
        "music": "own",
        "reenactment": True,
        "scope": "library",
        "state": "approved",
        "role": "admin",
        "school_id": "x",
    }
    assert Details.parse(value) == Details(
        "Không chia sẻ",
        "một\nhai",
        "en",
        "primary",
        ("conduct", "wellbeing"),
        "an-toan",
        "",
        "CC-BY-4.0",
        "own",
        True,
        Scope.LIBRARY,
    )


def test_everything_that_is_wrong_is_said_at_once() -> None:
    value = {
        "title": 7,
        "summary": ["x"],
        "language": "fr",
        "level": "university",
        "topics": ["conduct", "politics"],
        "campaign": 1,
        "credit": {},
        "licence": "all mine",
        "music": True,
        "reenactment": "yes",
        "scope": "world",
    }
    with pytest.raises(InvalidInput) as caught:
        Details.parse(value)
    assert sorted(caught.value.errors) == sorted(value)
    assert caught.value.errors["topics"].startswith("Phải là một trong: wellbeing")


@pytest.mark.parametrize("title", [None, "", "   ", "\u200b\u202e", "\u200d", 7])
def test_a_clip_needs_a_title(title: Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        Details.parse({"title": title})
    assert list(caught.value.errors) == ["title"]


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=4,
)
FIELDS = {
    "summary": st.text(),
    "language": st.sampled_from(LANGUAGES),
    "level": st.sampled_from(LEVELS),
    "topics": st.lists(st.sampled_from(list(TOPICS))),
    "campaign": st.text(),
    "credit": st.text(),
    "licence": st.sampled_from(LICENCES),
    "music": st.sampled_from(MUSIC),
    "reenactment": st.booleans(),
    "scope": st.sampled_from(list(Scope)),
}
SENT = st.fixed_dictionaries(
    {"title": st.just("Tên") | st.text() | ANY},
    optional={name: good | ANY for name, good in FIELDS.items()},
)


@given(SENT)
def test_whatever_is_sent_is_read_within_bounds_or_refused_by_field(value: dict[str, Any]) -> None:
    try:
        details = Details.parse(value)
    except InvalidInput as error:
        details, wrong = None, set(error.errors)
    if details is None:
        assert wrong
        assert wrong <= {"title", *FIELDS}
        return
    assert 0 < len(details.title) <= TITLE_LIMIT
    assert len(details.summary) <= SUMMARY_LIMIT
    assert len(details.credit or "") <= CREDIT_LIMIT
    assert set(details.topics) <= set(TOPICS)
    assert details.language in LANGUAGES
    assert details.level in (None, *LEVELS)
    assert details.licence in LICENCES
    assert details.music in MUSIC


def test_people_are_read_with_their_places() -> None:
    assert parse_people(None) == ()
    assert parse_people([{"label": "bạn áo đỏ"}, {"label": "bạn áo xanh"}]) == (
        Person("bạn áo đỏ"),
        Person("bạn áo xanh"),
    )
    with pytest.raises(InvalidInput) as caught:
        parse_people([{"label": "bạn áo đỏ"}, {}])
    assert list(caught.value.errors) == ["people.1.label"]


@pytest.mark.parametrize("value", ["x", {}, 1, [{"label": str(i)} for i in range(MAX_PEOPLE + 1)]])
def test_what_is_no_list_of_people_is_refused(value: Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_people(value)
    assert list(caught.value.errors) == ["people"]
