"""How the text of one setting is read.

Every reader gives the value, or raises ``ValueError`` with what was wrong and what is accepted.
None repeats the text: it may hold a password.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, quote, unquote, urlsplit

MASK = "******"
MIB = 1024 * 1024
_HOST = re.compile(r"\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\]")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*/?")  # made of a blob key's own letters
_ADDRESS = re.compile(r"[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_SECRET_QUERY = re.compile(r"([?&][^=&]*(?:password|secret|token)[^=&]*=)[^&]*", re.IGNORECASE)


def choice(*accepted: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in accepted:
            raise ValueError(f"not one of the choices; accepted: {', '.join(accepted)}")
        return text

    return read


def integer(low: int, high: int) -> Callable[[str], int]:
    accepted = f"a whole number from {low} to {high}"

    def read(text: str) -> int:
        if not text.isascii() or not text.isdigit():
            raise ValueError(f"not a whole number; accepted: {accepted}")
        # The length goes first: Python refuses to read thousands of digits.
        if len(text) > 20 or not low <= int(text) <= high:
            raise ValueError(f"out of range; accepted: {accepted}")
        return int(text)

    return read


def secret(text: str) -> str:
    if len(text) < 32:
        raise ValueError(f"only {len(text)} characters; accepted: at least 32 random characters")
    return text


def hosts(text: str) -> tuple[str, ...]:
    names = tuple(h.strip() for h in text.split(",") if h.strip())
    if not all(_HOST.fullmatch(name) for name in names):
        raise ValueError("not host names; accepted: lantoa.example.vn,.truong.example.vn")
    return names


def public_url(text: str) -> str:
    accepted = "https://lantoa.example.vn"
    parts = _split(text, ("http", "https"), accepted)
    if not parts.hostname or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError(f"not only a host and a path; accepted: {accepted}")
    return text.rstrip("/")


def smtp_url(text: str) -> str:
    """``smtps://`` is TLS from the first byte; ``?starttls=1`` asks for it before anything else."""
    accepted = "smtp://user:password@host:587?starttls=1, smtps://user:password@host:465"
    parts = _split(text, ("smtp", "smtps"), accepted)
    query = parse_qs(parts.query, keep_blank_values=True)
    if not parts.hostname or parts.path.strip("/") or parts.fragment:
        raise ValueError(f"not only a host; accepted: {accepted}")
    if set(query) - {"starttls"} or query.get("starttls", ["1"]) not in (["0"], ["1"]):
        raise ValueError(f"sets more than starttls=1; accepted: {accepted}")
    is_open = parts.scheme == "smtp" and query.get("starttls") != ["1"]
    if is_open and parts.password and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise ValueError(f"would send the password for all to read; accepted: {accepted}")
    return text


def mail_address(text: str) -> str:
    if not _ADDRESS.fullmatch(text):
        raise ValueError("not an address; accepted: lantoa@phonggiaoduc.example.vn")
    return text


def one_line(text: str) -> str:
    """A name that people read: no line breaks and nothing invisible."""
    if not text.isprintable() or len(text) > 120:
        raise ValueError("not one short line; accepted: at most 120 letters")
    return text.strip()


def database_url(text: str) -> str:
    """With the driver that is installed for PostgreSQL."""
    accepted = "sqlite:////srv/lantoa.sqlite3, postgresql://user:password@host/database"
    parts = _split(text, ("sqlite", "postgresql", "postgresql+psycopg"), accepted)
    # Every process would have a database of its own in memory.
    if parts.scheme == "sqlite" and (parts.netloc or parts.path in ("", "/", "/:memory:")):
        raise ValueError(f"names no file; accepted: {accepted}")
    if parts.scheme != "sqlite" and not parts.path.strip("/"):
        raise ValueError(f"names no database; accepted: {accepted}")
    return re.sub("^postgresql:", "postgresql+psycopg:", text)


def broker_url(text: str) -> str:
    accepted = "filesystem:///srv/broker, amqp://user:password@host//, redis://host/0"
    schemes = ("filesystem", "sqla+sqlite", "amqp", "amqps", "redis", "rediss")
    parts = _split(text, schemes, accepted)
    if parts.scheme == "filesystem":
        _whole_path(parts, accepted)
    return text


def storage_url(text: str) -> str:
    accepted = "file:///srv/blobs, s3://bucket/prefix?endpoint=http://host:9000&region=name"
    parts = _split(text, ("file", "s3"), accepted)
    if parts.scheme == "file":
        _whole_path(parts, accepted)
        return text
    if "@" in parts.netloc:
        raise ValueError(
            "holds a key; accepted: the keys in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )
    if not _BUCKET.fullmatch(parts.netloc):
        raise ValueError(f"names no bucket; accepted: {accepted}")
    if not _PREFIX.fullmatch(parts.path):
        raise ValueError(f"has an odd prefix; accepted: {accepted}")
    query = parse_qs(parts.query, keep_blank_values=True)
    if set(query) - {"endpoint", "region"} or parts.fragment:
        raise ValueError(f"sets more than endpoint and region; accepted: {accepted}")
    for endpoint in query.get("endpoint", []):
        _split(endpoint, ("http", "https"), accepted)
    return text


def folder_url(scheme: str, folder: Path) -> str:
    """``scheme:///folder``, whatever letters the folder's name has."""
    return f"{scheme}://{quote(str(folder))}"


def folder_of(url: str) -> Path:
    """The folder that :func:`folder_url` named."""
    return Path(unquote(urlsplit(url).path))


def mask(text: str) -> str:
    """A URL without its passwords; anything else that is secret, hidden whole."""
    scheme, mark, rest = text.partition("://")
    if not mark:
        return MASK if text else ""
    # By hand: a password may hold a slash, which ends the host for the standard library.
    credentials, at, place = rest.rpartition("@")
    user, colon, _ = credentials.partition(":")
    if colon:
        user = f"{user}:{MASK}"
    return _SECRET_QUERY.sub(rf"\g<1>{MASK}", f"{scheme}{mark}{user}{at}{place}")


def _split(text: str, schemes: Sequence[str], accepted: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        _ = parts.port  # reading it is the check
    except ValueError:
        raise ValueError(f"not a URL; accepted: {accepted}") from None
    if "://" not in text or parts.scheme not in schemes:
        raise ValueError(f"not a URL of a known kind; accepted: {accepted}")
    return parts


def _whole_path(parts: SplitResult, accepted: str) -> None:
    """Three slashes: with two, the first folder would be taken for a host."""
    if parts.netloc or parts.path in ("", "/") or parts.query or parts.fragment:
        raise ValueError(f"names no folder from the root on; accepted: {accepted}")
