"""Languages of captions: BCP 47 tags, and what their speakers call them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from review.errors import InvalidInput

# What pages offer; each under its own name, so that its speakers find it.
LANGUAGES: dict[str, str] = {
    "vi": "Tiếng Việt",
    "en": "English",
    "km": "ភាសាខ្មែរ",
    "tyz": "Tày",
    "blt": "Thái",
    "mtq": "Mường",
    "hmn": "Hmoob",
    "jra": "Jrai",
    "rad": "Êđê",
}
_TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z]{4})?(?:-(?:[A-Za-z]{2}|\d{3}))?")


def parse_language(tag: str) -> str:
    """The tag as it is written: "vi", "en-GB"; raises :class:`InvalidInput`."""
    if not _TAG.fullmatch(tag):
        raise InvalidInput(language="Cần mã ngôn ngữ, ví dụ vi hoặc en.")
    first, *rest = tag.split("-")
    return "-".join([first.lower(), *(p.title() if len(p) == 4 else p.upper() for p in rest)])


def name_of(tag: str) -> str:
    """What players show in their menu."""
    return LANGUAGES.get(tag) or LANGUAGES.get(tag.partition("-")[0], tag)


def names_of(tags: Iterable[str]) -> dict[str, str]:
    """Tag -> its name among the captions of one clip, where no two may be called the same
    (RFC 8216, 4.3.4.1.1): "Tiếng Việt", "Tiếng Việt (Latn-VN)"."""
    plain = {tag: name_of(tag) for tag in tags}
    often = Counter(plain.values())
    return {
        tag: f"{name} ({rest})" if often[name] > 1 and (rest := tag.partition("-")[2]) else name
        for tag, name in plain.items()
    }
