"""A page as a person and a browser take it in: its words, headings, forms, and what is hidden."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta", "source"}
UNSEEN = {"script", "style", "template", "title", "noscript"}
Attributes = dict[str, str | None]


@dataclass
class Form:
    """One form: where it goes, and what it would send as it stands."""

    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Page(HTMLParser):
    """One answer of the server, read once."""

    status: int
    source: str
    location: str | None = None
    tags: list[tuple[str, Attributes]] = field(default_factory=list)
    forms: list[Form] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._open: list[str] = []
        self._words: list[str] = []
        self._titles: dict[str, list[str]] = {"title": [], "h1": []}
        self._form: Form | None = None
        self._select: tuple[str, list[tuple[str, bool]]] | None = None
        self._area: tuple[str, list[str]] | None = None
        self.feed(self.source)
        self.close()

    @property
    def text(self) -> str:
        """Every word that is seen, with single spaces."""
        return " ".join(" ".join(self._words).split())

    @property
    def title(self) -> str:
        return " ".join("".join(self._titles["title"]).split())

    @property
    def headings(self) -> list[str]:
        return [" ".join(text.split()) for text in self._titles["h1"]]

    @property
    def links(self) -> list[str]:
        return [a["href"] or "" for tag, a in self.tags if tag == "a" and "href" in a]

    def all(self, tag: str) -> list[Attributes]:
        return [attributes for name, attributes in self.tags if name == tag]

    def form(self, action: str) -> Form:
        """The form that goes to ``action``."""
        found = [f for f in self.forms if f.action == action]
        assert found, (action, [f.action for f in self.forms])
        return found[0]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        if tag not in VOID:
            self._open.append(tag)
        if tag == "h1":
            self._titles["h1"].append("")
        if "template" not in self._open:
            self._fill(tag, attributes)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def _fill(self, tag: str, attributes: Attributes) -> None:
        name, value = attributes.get("name"), attributes.get("value") or ""
        if tag == "form":
            self._form = Form(attributes.get("action") or "", attributes.get("method") or "get")
            self.forms.append(self._form)
        elif self._form is None:
            return
        elif tag == "select" and name:
            self._select = (name, [])
        elif tag == "option" and self._select:
            self._select[1].append((value, "selected" in attributes))
        elif tag == "textarea" and name:
            self._area = (name, [])
        elif tag == "button" and name:
            self._form.buttons.append((name, value))
        elif tag == "input" and name and _is_sent(attributes):
            self._form.fields.append((name, value))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        if tag == "select" and self._select and self._form:
            name, options = self._select
            chosen = [v for v, selected in options if selected] or [v for v, _ in options][:1]
            self._form.fields += [(name, value) for value in chosen[:1]]
            self._select = None
        if tag == "textarea" and self._area and self._form:
            # As browsers do: a line break right behind the tag is none of the text.
            text = "".join(self._area[1]).removeprefix("\r").removeprefix("\n")
            self._form.fields.append((self._area[0], text))
            self._area = None
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if self._area:
            self._area[1].append(data)
        if "title" in self._open and "svg" not in self._open:
            self._titles["title"].append(data)
        if "h1" in self._open:
            self._titles["h1"][-1] += data
        if not UNSEEN & set(self._open):
            self._words.append(data)

    def structure(self) -> list[tuple[str, tuple[str, ...]]]:
        """Tags with the names of their attributes: what hostile words must never change."""
        return [(tag, tuple(attributes)) for tag, attributes in self.tags]


def _is_sent(attributes: Attributes) -> bool:
    kind = attributes.get("type")
    return kind != "file" and (kind not in ("checkbox", "radio") or "checked" in attributes)


def page_of(response: Any) -> Page:
    return Page(response.status_code, response.get_data(as_text=True), response.location)
