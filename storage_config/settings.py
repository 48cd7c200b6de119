"""Settings: from the environment, read here and nowhere else.

A wrong value ends the start with one line that names the variable, what was wrong with it, and
what is accepted.
"""

from __future__ import annotations

import difflib
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

PREFIX = "LANTOA_"
MASK = "******"


class SettingsError(ValueError):
    """One clear line about one variable."""


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable: how to read it and what it is for."""

    name: str  # without the prefix
    parse: Callable[[str], Any]
    help: str
    secret: bool = False


@dataclass(frozen=True, slots=True)
class SettingLine:
    """One line of ``lantoa settings``; secrets are masked."""

    name: str
    value: str
    source: str  # environment | default | kept file
    help: str


@dataclass(frozen=True, slots=True)
class Settings:
    data: Path
    database_url: str = field(repr=False)
    broker_url: str = field(repr=False)
    storage_url: str = field(repr=False)
    secret_key: str = field(repr=False)
    public_url: str
    media_sandbox: str
    max_bytes: int
    max_seconds: int
    upload_hours: int
    session_hours: int
    locale: str
    help_line: str
    trusted_hosts: tuple[str, ...]
    trusted_proxies: int
    log_level: str
    token: str = field(repr=False)
    sources: Mapping[str, str] = field(repr=False, default_factory=dict)


def _choice(*accepted: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in accepted:
            raise ValueError(f"accepted: {', '.join(accepted)}")
        return text

    return parse


def _integer(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise ValueError(f"accepted: a whole number from {low} to {high}")
        return int(text)

    return parse


def _url(*schemes: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        parts = urlsplit(text)
        if parts.scheme not in schemes:
            raise ValueError(f"accepted: a URL that begins with {', '.join(schemes)}")
        return text

    return parse


def _secret(text: str) -> str:
    if len(text) < 32:
        raise ValueError("accepted: at least 32 random characters")
    return text


def _hosts(text: str) -> tuple[str, ...]:
    return tuple(h.strip() for h in text.split(",") if h.strip())


_DATABASE = ("sqlite", "postgresql", "postgresql+psycopg")
_BROKER = ("filesystem", "sqla+sqlite", "amqp", "amqps", "redis", "rediss")
MIB = 1024 * 1024

VARIABLES: tuple[Variable, ...] = (
    Variable("DATA", Path, "directory of the embedded default"),
    Variable("DATABASE_URL", _url(*_DATABASE), "where the rows are", secret=True),
    Variable("BROKER_URL", _url(*_BROKER), "where the doorbell rings", secret=True),
    Variable("STORAGE_URL", _url("file", "s3"), "where the bytes are", secret=True),
    Variable("SECRET_KEY", _secret, "signs cookies; the same on every machine", secret=True),
    Variable("PUBLIC_URL", _url("http", "https"), "how people reach the pages"),
    Variable("MEDIA_SANDBOX", _choice("require", "auto", "off"), "cage of the media tool"),
    Variable("MAX_BYTES", _integer(1, 64 * 1024 * MIB), "largest upload, in bytes"),
    Variable("MAX_SECONDS", _integer(1, 6 * 3600), "longest clip, in seconds"),
    Variable("UPLOAD_HOURS", _integer(1, 24 * 60), "an unfinished upload is kept so long"),
    Variable("SESSION_HOURS", _integer(1, 24 * 60), "staff stay signed in so long"),
    Variable("LOCALE", _choice("vi", "en"), "language where a person has not chosen"),
    Variable("HELP_LINE", str, "telephone number of the child help line"),
    Variable("TRUSTED_HOSTS", _hosts, "host names that are answered, by comma; empty: any"),
    Variable("TRUSTED_PROXIES", _integer(0, 8), "how many proxies stand in front"),
    Variable("LOG_LEVEL", _choice("debug", "info", "warning", "error"), "how much is logged"),
    Variable("TOKEN", str, "bearer token that `lantoa submit` uses", secret=True),
)

_DEFAULTS: dict[str, Any] = {
    "MEDIA_SANDBOX": "auto",
    "MAX_BYTES": 1024 * MIB,
    "MAX_SECONDS": 600,
    "UPLOAD_HOURS": 72,
    "SESSION_HOURS": 12,
    "LOCALE": "vi",
    "HELP_LINE": "111",  # the national child protection line of Viet Nam
    "TRUSTED_HOSTS": (),
    "TRUSTED_PROXIES": 0,
    "LOG_LEVEL": "info",
    "TOKEN": "",
}


def load(
    environ: Mapping[str, str] | None = None,
    *,
    data: Path | None = None,
    port: int | None = None,
) -> Settings:
    """The settings of this process; raises :class:`SettingsError`.

    ``data`` (a command's ``--data``) goes before ``LANTOA_DATA``; ``port`` makes the default of
    the public URL.
    """
    given = _given(os.environ if environ is None else environ)
    if data is not None:
        given["DATA"] = data
    values = {**_DEFAULTS, **given}
    values["DATA"] = Path(values.get("DATA", "var")).absolute()
    _fill_places(values, port)
    sources = {v.name: "environment" if v.name in given else "default" for v in VARIABLES}
    if "SECRET_KEY" not in values:
        values["SECRET_KEY"] = _kept_secret(values["DATA"], given)
        sources["SECRET_KEY"] = "kept file"
    return Settings(**{k.lower(): values[k] for k in (v.name for v in VARIABLES)}, sources=sources)


def _given(environ: Mapping[str, str]) -> dict[str, Any]:
    """What the environment says, parsed."""
    known = {v.name: v for v in VARIABLES}
    given = {}
    for full, text in environ.items():
        if not full.startswith(PREFIX) or text == "":
            continue
        variable = known.get(full.removeprefix(PREFIX))
        if variable is None:
            raise SettingsError(_unknown(full, known))
        try:
            given[variable.name] = variable.parse(text)
        except ValueError as error:
            shown = MASK if variable.secret else repr(text)
            raise SettingsError(f"{full}={shown}: {error}") from None
    return given


def _unknown(full: str, known: Mapping[str, Variable]) -> str:
    near = difflib.get_close_matches(full.removeprefix(PREFIX), known, n=1)
    hint = f"; did you mean {PREFIX}{near[0]}?" if near else ""
    return f"{full} is not a setting{hint} (`lantoa settings` lists them all)"


def _fill_places(values: dict[str, Any], port: int | None) -> None:
    """The embedded default: everything lies in one directory."""
    data = values["DATA"]
    values.setdefault("DATABASE_URL", f"sqlite:///{data / 'lantoa.sqlite3'}")
    values.setdefault("BROKER_URL", f"filesystem://{data / 'broker'}")
    values.setdefault("STORAGE_URL", f"file://{data / 'blobs'}")
    values.setdefault("PUBLIC_URL", f"http://127.0.0.1:{port or 8000}")
    values["PUBLIC_URL"] = values["PUBLIC_URL"].rstrip("/")
    if values["DATABASE_URL"].startswith("postgresql://"):
        values["DATABASE_URL"] = "postgresql+psycopg" + values["DATABASE_URL"][len("postgresql") :]


def _kept_secret(data: Path, given: Mapping[str, Any]) -> str:
    """Made on the first start of the embedded default, readable only by its owner."""
    scaled = [n for n in ("DATABASE_URL", "BROKER_URL", "STORAGE_URL") if n in given]
    if scaled:
        raise SettingsError(
            f"{PREFIX}SECRET_KEY is required with {PREFIX}{scaled[0]}: "
            "at least 32 random characters, the same on every machine"
        )
    path = data / "secret_key"
    try:
        data.mkdir(parents=True, exist_ok=True)
        _make_secret(path)
        secret = path.read_text().strip()
    except OSError as error:
        raise SettingsError(
            f"{PREFIX}DATA={str(data)!r}: {error.strerror}; accepted: a directory to write in"
        ) from None
    if len(secret) < 32:
        raise SettingsError(f"{path} is damaged: remove it (everybody is then signed out)")
    return secret


def _make_secret(path: Path) -> None:
    """Written aside and linked into place: two first starts at once agree on one secret."""
    if path.exists():
        return
    aside = path.with_name(f".secret_key.{os.getpid()}.{secrets.token_hex(4)}")
    aside.touch(mode=0o600)
    try:
        aside.write_text(secrets.token_urlsafe(48))
        os.link(aside, path)
    except FileExistsError:
        pass
    finally:
        aside.unlink()


def described(settings: Settings) -> list[SettingLine]:
    """All settings with where each comes from; secrets and passwords are masked."""
    lines = []
    for variable in VARIABLES:
        value = getattr(settings, variable.name.lower())
        text = ",".join(value) if isinstance(value, tuple) else str(value)
        if variable.secret:
            text = mask(text)
        lines.append(
            SettingLine(
                PREFIX + variable.name, text, settings.sources[variable.name], variable.help
            )
        )
    return lines


def mask(text: str) -> str:
    """A URL without its password; anything else that is secret, hidden whole."""
    parts = urlsplit(text)
    if not parts.scheme or "://" not in text:
        return MASK if text else ""
    if parts.password is None:
        return text
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{parts.username or ''}:{MASK}@{host}"))
