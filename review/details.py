"""What a submitter says about a clip: parsed and checked once, for the form and the API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from review.consent import Person, Scope, parse_scope
from review.errors import InvalidInput
from review.text import Sentence, clean, one_of

TITLE_LIMIT = 120
SUMMARY_LIMIT = 1000
CREDIT_LIMIT = 80
MAX_PEOPLE = 40

TOPICS: dict[str, str] = {
    "wellbeing": "Tâm lý và hỗ trợ",
    "online_learning": "Kỹ năng học trực tuyến",
    "safe_networks": "Dùng mạng xã hội an toàn",
    "conduct": "Ứng xử văn minh",
}
MUSIC = ("own", "free", "unknown")
LANGUAGES = ("vi", "en")
LEVEL_WORDS: dict[str, str] = {
    "kindergarten": "Mầm non",
    "primary": "Tiểu học",
    "lower_secondary": "Trung học cơ sở",
    "other": "Khác",
}
LEVELS = tuple(LEVEL_WORDS)
LICENCES = ("CC-BY-4.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0", "CC-BY-NC-ND-4.0")


@dataclass(frozen=True, slots=True)
class Details:
    """The fields of a clip that its owner fills in. ``scope`` None asks for the widest."""

    title: str
    summary: str = ""
    language: str = "vi"
    level: str | None = None
    topics: tuple[str, ...] = ()
    campaign: str | None = None
    credit: str | None = None  # None: the class's name; "": no credit line
    licence: str = "CC-BY-NC-4.0"
    music: str = "unknown"
    reenactment: bool = False
    scope: Scope | None = None

    @classmethod
    def parse(cls, value: Mapping[str, Any]) -> Details:
        """From the API's JSON; unknown fields are ignored. Raises :class:`InvalidInput` with
        every field that is wrong."""
        reader = _Reader(value)
        details = cls(
            title=reader.text("title", TITLE_LIMIT),
            summary=reader.text("summary", SUMMARY_LIMIT, multiline=True),
            language=reader.choice("language", LANGUAGES) or "vi",
            level=reader.choice("level", LEVELS),
            topics=reader.topics(),
            campaign=reader.text("campaign", 80) or None,
            credit=reader.text("credit", CREDIT_LIMIT) if value.get("credit") is not None else None,
            licence=reader.choice("licence", LICENCES) or "CC-BY-NC-4.0",
            music=reader.choice("music", MUSIC) or "unknown",
            reenactment=reader.flag("reenactment"),
            scope=reader.scope(),
        )
        if not details.title:
            reader.errors.setdefault("title", "Hãy đặt tên cho clip.")
        if reader.errors:
            raise InvalidInput(**reader.errors)
        return details


def parse_people(value: Any) -> tuple[Person, ...]:
    """From the API's ``people`` list; raises :class:`InvalidInput`."""
    if value is None:
        return ()
    if not isinstance(value, list):
        raise InvalidInput(people="Cần một danh sách.")
    if len(value) > MAX_PEOPLE:
        raise InvalidInput(people=Sentence("Nhiều nhất {count} người.", count=MAX_PEOPLE))
    return tuple(Person.parse(item, f"people.{i}") for i, item in enumerate(value))


class _Reader:
    """Reads fields one by one and collects what is wrong with them."""

    def __init__(self, value: Mapping[str, Any]) -> None:
        self.value = value
        self.errors: dict[str, str] = {}

    def text(self, field: str, limit: int, *, multiline: bool = False) -> str:
        raw = self.value.get(field)
        if raw is None:
            return ""
        if not isinstance(raw, str):
            self.errors[field] = "Cần là chữ."
            return ""
        return clean(raw, limit=limit, multiline=multiline)

    def choice(self, field: str, accepted: tuple[str, ...]) -> str | None:
        raw = self.value.get(field)
        if raw is None or raw == "":
            return None
        if raw not in accepted:
            self.errors[field] = one_of(accepted)
            return None
        return str(raw)

    def flag(self, field: str) -> bool:
        raw = self.value.get(field, False)
        if not isinstance(raw, bool):
            self.errors[field] = "Phải là true hoặc false."
            return False
        return raw

    def topics(self) -> tuple[str, ...]:
        raw = self.value.get("topics") or []
        if not isinstance(raw, (list, tuple)) or not all(isinstance(t, str) for t in raw):
            self.errors["topics"] = "Cần một danh sách chữ."
            return ()
        unknown = [t for t in raw if t not in TOPICS]
        if unknown:
            self.errors["topics"] = one_of(TOPICS)
        return tuple(dict.fromkeys(raw))

    def scope(self) -> Scope | None:
        try:
            return parse_scope(self.value.get("scope"), "scope")
        except InvalidInput as error:
            self.errors.update(error.errors)
            return None
