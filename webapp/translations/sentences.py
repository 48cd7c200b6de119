"""For Babel: sentences that people read stand in plain tables of the rules, without a mark.

Every string with a Vietnamese letter that is no docstring is one of them.
"""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Iterator
from typing import BinaryIO

# Letters that only Vietnamese words have here: marks over or under, horns, and đ.
_MARKED = re.compile("[\u0300-\u036f\u031b]|đ|Đ")


def extract(
    fileobj: BinaryIO, keywords: object, comment_tags: object, options: object
) -> Iterator[tuple[int, str, str, list[str]]]:
    """(line, function, message, comments) for each sentence, as Babel asks for it."""
    tree = ast.parse(fileobj.read())
    docstrings = set(_docstrings(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            docstrings |= {part for part in node.values if isinstance(part, ast.Constant)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or node in docstrings:
            continue
        if isinstance(node.value, str) and _is_sentence(node.value):
            yield node.lineno, "", node.value, []


def _docstrings(tree: ast.AST) -> Iterator[ast.Constant]:
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(tree):
        if isinstance(node, kinds) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                yield first.value


def _is_sentence(value: str) -> bool:
    return bool(_MARKED.search(unicodedata.normalize("NFD", value)))
