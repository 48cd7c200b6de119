"""Vietnamese is the language of the source; English is a translation."""

from __future__ import annotations

from flask import Flask, request, session
from flask_babel import Babel, format_decimal, gettext
from flask_login import current_user

from review.text import Sentence
from webapp.deps import deps

LANGUAGES = ("vi", "en")


def choose_language() -> str:
    """The person's choice, else what the browser asks for, else the setting."""
    chosen = session.get("language")
    if chosen not in LANGUAGES and getattr(current_user, "is_authenticated", False):
        chosen = current_user.account.locale
    if chosen in LANGUAGES:
        return str(chosen)
    return request.accept_languages.best_match(LANGUAGES) or deps().settings.locale


def init(app: Flask) -> None:
    app.config["BABEL_DEFAULT_LOCALE"] = "vi"
    app.config["BABEL_DEFAULT_TIMEZONE"] = "Asia/Ho_Chi_Minh"
    Babel(app, locale_selector=choose_language)


def translated(sentence: str) -> str:
    """A sentence that stands in a table of ours, in the reader's language."""
    if isinstance(sentence, Sentence):
        values = {name: _written(value) for name, value in sentence.values.items()}
        return str(gettext(sentence.template)).format(**values)
    return str(gettext(sentence))


def _written(value: object) -> object:
    """A number with decimals as the reader's language writes it: 12,5 in Vietnamese."""
    return format_decimal(value) if isinstance(value, float) else value
