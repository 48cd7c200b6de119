"""Every code that a person may meet has a sentence that says what to do."""

from __future__ import annotations

from review import errors, problems
from review.errors import ReviewError


def kinds(base: type[ReviewError]) -> list[type[ReviewError]]:
    return [k for direct in base.__subclasses__() for k in (direct, *kinds(direct))]


def test_every_error_of_the_rules_has_its_sentence() -> None:
    codes = [kind.code for kind in kinds(ReviewError) if kind is not errors.QuotaReached]
    # Its code says whose quota of what it is.
    whose = ("account", "class", "school")
    codes += [f"quota_{by}_{what}" for by in whose for what in ("bytes", "clips")]
    assert sorted(codes) == sorted(problems.RULES)
    assert len(codes) == len(set(codes))


def test_every_sentence_is_one_and_ends_like_one() -> None:
    for code, sentence in problems.PROBLEMS.items():
        assert code == code.lower()
        assert sentence[0].isupper(), code
        assert sentence.endswith("."), code
        assert problems.message(code) == sentence
    assert problems.message("never heard of") == problems.UNKNOWN


def test_no_code_stands_for_two_things() -> None:
    parts = (problems.REFUSALS, problems.FAILURES, problems.RULES)
    assert sum(map(len, parts)) == len(problems.PROBLEMS)


def test_an_error_says_its_code_and_keeps_its_detail() -> None:
    assert str(errors.NotWatched()) == "not_watched"
    held = errors.ClaimHeld("taken", until="2026-09-05T00:00:00Z")
    assert (str(held), held.detail) == ("taken", {"until": "2026-09-05T00:00:00Z"})
    wrong = errors.InvalidInput(title="Hãy đặt tên.", scope="Sai.")
    assert str(wrong) == "title: Hãy đặt tên.; scope: Sai."
    assert wrong.detail == {"errors": wrong.errors}
