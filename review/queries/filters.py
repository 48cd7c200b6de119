"""What a reviewer asks the queue for: read from an address, and said as the names of lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from urllib.parse import parse_qsl, urlencode

from review.details import LANGUAGES, LEVELS, TOPICS
from review.errors import InvalidInput
from review.keys import is_id
from review.policy import Actor, Role
from review.queueplaces import RETURNS_HERE, SIGNS, place_name
from review.states import Party
from review.text import one_of

# mine: claimed by me or given to me; due: waits for my decision; all: all in review that I may see
SCOPES = ("mine", "due", "all")
DAYS = (1, 3, 7, 14, 30)
# Whose stages wait for whom: a reviewer's are those of the own school, and such as ask for a
# reviewer of another one.
PARTIES = {
    Role.REVIEWER: (Party.REVIEWER, Party.PEER),
    Role.MODERATOR: (Party.MODERATOR,),
}
ALL = (Party.REVIEWER, Party.PEER, Party.MODERATOR)

_CHOICES = {
    "scope": SCOPES,
    "level": LEVELS,
    "topic": tuple(TOPICS),
    "language": LANGUAGES,
    "sign": SIGNS,
    "days": tuple(str(days) for days in DAYS),
}


@dataclass(frozen=True, slots=True)
class Filters:
    """``campaign`` and ``school``: ids. ``days``: waits longer than so many."""

    scope: str = "due"
    campaign: str | None = None
    school: str | None = None
    level: str | None = None
    topic: str | None = None
    language: str | None = None
    sign: str | None = None
    days: int | None = None

    @classmethod
    def parse(cls, values: Mapping[str, str]) -> Filters:
        """Of an address: what is empty is not asked for, other names are not ours. Raises
        :class:`InvalidInput` with every field that is wrong."""
        given = {f.name: values[f.name] for f in fields(cls) if values.get(f.name)}
        wrong: dict[str, str] = {
            name: one_of(_CHOICES[name])
            for name, value in given.items()
            if name in _CHOICES and value not in _CHOICES[name]
        }
        for name in ("campaign", "school"):
            if name in given and not is_id(given[name]):
                wrong[name] = "Hãy chọn một mục trong danh sách."
        if wrong:
            raise InvalidInput(**wrong)
        days = given.pop("days", None)
        return cls(**given, days=int(days) if days else None)

    @classmethod
    def from_text(cls, text: str) -> Filters:
        return cls.parse(dict(parse_qsl(text)))

    def to_dict(self) -> dict[str, str]:
        """Only what differs from asking for nothing: what an address needs."""
        asked = {f.name: getattr(self, f.name) for f in fields(self)}
        return {n: str(v) for n, v in asked.items() if v is not None and (n, v) != ("scope", "due")}

    def to_text(self) -> str:
        return urlencode(sorted(self.to_dict().items()))

    def within(self, scope: str) -> Filters:
        return replace(self, scope=scope)

    @property
    def narrows(self) -> bool:
        """Whether anything is left out but by the scope."""
        return self.within("due") != Filters()

    def lists(self, actor: Actor) -> list[list[str]]:
        """For each party whose clips are asked for, the lists in which a clip has to stand; none
        for a person who has no queue."""
        own = PARTIES.get(actor.role)
        if own is None or (actor.role is Role.REVIEWER and not self._is_own_school(actor)):
            return []
        parties = own if self.scope == "due" else ALL
        return [self._lists_of(party, actor) for party in parties if self._may_ask(party, actor)]

    def _may_ask(self, party: Party, actor: Actor) -> bool:
        """Clips of other schools are not looked for by their school: who reviews may be blind."""
        return self.school is None or actor.role is not Role.REVIEWER or party is not Party.PEER

    def _is_own_school(self, actor: Actor) -> bool:
        return actor.school_id is not None and self.school in (None, actor.school_id)

    def _lists_of(self, party: Party, actor: Actor) -> list[str]:
        is_reviewer = actor.role is Role.REVIEWER
        asked = {
            "school": actor.school_id if is_reviewer and party is not Party.PEER else self.school,
            "campaign": self.campaign,
            "level": self.level,
            "topic": self.topic,
            "language": self.language,
            "sign": RETURNS_HERE if is_reviewer and self.sign == "returns" else self.sign,
        }
        named = [place_name(party, kind, value) for kind, value in asked.items() if value]
        return named or [place_name(party)]
