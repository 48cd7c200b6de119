"""English: complete, with the same placeholders, and given to those who ask for it."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from flask import Flask
from flask.testing import FlaskClient

from review.text import Sentence
from webapp.i18n import translated
from webapp.translations.sentences import extract

ROOT = Path(__file__).parents[2]
CATALOGUE = Path("webapp/translations/en/LC_MESSAGES/messages.po")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%|\{[\w, ]+\}")


@pytest.fixture(scope="module")
def catalogue() -> Catalog:
    with (ROOT / CATALOGUE).open("rb") as file:
        return read_po(file, locale="en")


def messages(catalogue: Catalog) -> Iterator[tuple[Message, str, str]]:
    """(message, sentence of the source, its translation), each plural form by itself."""
    for message in catalogue:
        if message.id == "":
            continue
        sources = (message.id,) if isinstance(message.id, str) else message.id
        told = (message.string,) if isinstance(message.string, str) else message.string
        assert len(sources) == len(told)
        for source, words in zip(sources, told, strict=True):
            yield message, source, words


def test_every_sentence_of_the_source_is_translated_and_none_is_left_over(
    tmp_path: Path, catalogue: Catalog
) -> None:
    """The updating script, run over a copy of the source, has nothing to change."""
    for part in ("review", "webapp"):
        shutil.copytree(
            ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__", "dist")
        )
    (tmp_path / "bin").mkdir()
    script = shutil.copy(ROOT / "bin" / "translations", tmp_path / "bin")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run([script], check=True, env={**os.environ, "PATH": path}, cwd=tmp_path)
    assert (tmp_path / CATALOGUE).read_text() == (ROOT / CATALOGUE).read_text()
    assert [source for _, source, words in messages(catalogue) if not words.strip()] == []
    assert [message.id for message in catalogue if message.id and message.fuzzy] == []
    assert list(catalogue.obsolete) == []
    assert len(catalogue) > 500


def test_a_translation_has_the_placeholders_of_its_sentence(catalogue: Catalog) -> None:
    differ = [
        (source, words)
        for message, source, words in messages(catalogue)
        if Counter(PLACEHOLDER.findall(source)) != Counter(PLACEHOLDER.findall(words))
    ]
    assert differ == []
    assert [
        list(message.check(catalogue)) for message in catalogue if message.check(catalogue)
    ] == []


def test_no_sentence_could_break_a_page(catalogue: Catalog) -> None:
    """Templates take sentences as they are, in attributes too: they hold no letter of HTML."""
    sentences = [text for _, *both in messages(catalogue) for text in both]
    assert [text for text in sentences if re.search(r'[<>&"]', text)] == []


def test_sentences_are_found_without_a_mark() -> None:
    source = '''
"""Mô-đun này không phải là một câu."""

PROBLEMS = {"too_long": "Clip dài quá.", "plain": "no marks, no sentence"}
NAMES = ["Lớp", b"L\\xe1\\xbb\\x9bp", 7]


class Note:
    """Lời giải thích của một lớp."""

    text = Sentence("Nhiều nhất {count} người.", count=3)


def tell(name):
    """Lời giải thích của một hàm."""
    log.info(f"Đã gửi cho {name}")
    return _("Đã gửi."), "Giao" "thức"
'''
    found = list(extract(io.BytesIO(source.encode()), (), (), {}))
    assert sorted(found) == [
        (4, "", "Clip dài quá.", []),
        (5, "", "Lớp", []),
        (11, "", "Nhiều nhất {count} người.", []),
        (17, "", "Giaothức", []),
        (17, "", "Đã gửi.", []),
    ]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("en", "Please sign in first."),
        ("en-US,en;q=0.8,vi;q=0.5", "Please sign in first."),
        ("vi-VN", "Hãy đăng nhập trước."),
        ("vi;q=0.9,en;q=0.1", "Hãy đăng nhập trước."),
        ("fr,de", "Hãy đăng nhập trước."),
        ("", "Hãy đăng nhập trước."),
    ],
)
def test_a_program_is_answered_in_the_language_that_it_accepts(
    client: FlaskClient, asked: str, told: str
) -> None:
    answer = client.get("/api/v1/review/queue", headers={"Accept-Language": asked})
    assert (answer.status_code, answer.get_json()["title"]) == (401, told)


def test_a_sentence_with_values_is_looked_up_before_they_are_filled_in(app: Flask) -> None:
    sentence = Sentence("Nhiều nhất {count} người.", count=40)
    said = {}
    for language in ("vi", "en"):
        with app.test_request_context(headers={"Accept-Language": language}):
            said[language] = translated(sentence)
    assert said == {"vi": "Nhiều nhất 40 người.", "en": "At most 40 people."}
