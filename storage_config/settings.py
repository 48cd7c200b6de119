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

from sqlalchemy import URL

from storage_config import values
from storage_config.values import MASK, MIB, mask

PREFIX = "LANTOA_"
# One PUT takes 5 GiB in S3; a clip of ten minutes never comes near.
LARGEST_UPLOAD = 5 * 1024 * MIB


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
    source: str  # environment | command line | kept file | default
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
    upload_direct: str
    quota_account_mb: int
    quota_account_clips: int
    quota_class_mb: int
    quota_class_clips: int
    quota_school_mb: int
    quota_school_clips: int
    keep_originals_days: int
    keep_withdrawn_days: int
    takedown_hours: int
    reports_to_hide: int
    reports_alone_a_day: int
    reports_counted_a_day: int
    feed_rate: int
    webhook_hosts: tuple[str, ...]
    session_hours: int
    locale: str
    help_line: str
    counselling: str
    office_name: str
    smtp_url: str = field(repr=False)
    mail_from: str
    digest_hour: int
    trusted_hosts: tuple[str, ...]
    trusted_proxies: int
    log_level: str
    asr_model: str
    face_model: str
    token: str = field(repr=False)
    sources: Mapping[str, str] = field(repr=False, default_factory=dict)


VARIABLES: tuple[Variable, ...] = (
    Variable("DATA", Path, "directory of the embedded default"),
    Variable("DATABASE_URL", values.database_url, "where the rows are", secret=True),
    Variable("BROKER_URL", values.broker_url, "where the doorbell rings", secret=True),
    Variable("STORAGE_URL", values.storage_url, "where the bytes are", secret=True),
    Variable("SECRET_KEY", values.secret, "signs cookies; the same on every machine", secret=True),
    Variable("PUBLIC_URL", values.public_url, "how people reach the pages"),
    Variable("MEDIA_SANDBOX", values.choice("require", "auto", "off"), "cage of the media tool"),
    Variable("MAX_BYTES", values.integer(1, LARGEST_UPLOAD), "largest upload, in bytes"),
    Variable("MAX_SECONDS", values.integer(1, 6 * 3600), "longest clip, in seconds"),
    Variable("UPLOAD_HOURS", values.integer(1, 24 * 60), "an unfinished upload is kept so long"),
    Variable("UPLOAD_DIRECT", values.choice("on", "off"), "clients may send straight to S3"),
    *(
        Variable(
            f"QUOTA_{whose}_{what}", values.integer(0, 10**9), f"{text} of one {whose.lower()}"
        )
        for whose in ("ACCOUNT", "CLASS", "SCHOOL")
        for what, text in (("MB", "MiB that are kept"), ("CLIPS", "clips that are kept"))
    ),
    Variable("KEEP_ORIGINALS_DAYS", values.integer(0, 36500), "after the decision; 0: for ever"),
    Variable("KEEP_WITHDRAWN_DAYS", values.integer(0, 36500), "a withdrawn clip's files; 0: ever"),
    Variable("TAKEDOWN_HOURS", values.integer(1, 24 * 60), "libraries confirm within so long"),
    Variable("REPORTS_TO_HIDE", values.integer(1, 1000), "so many reports hide a public clip"),
    Variable("REPORTS_ALONE_A_DAY", values.integer(0, 10**6), "clips that single reports may hide"),
    Variable("REPORTS_COUNTED_A_DAY", values.integer(0, 10**6), "clips that several may hide"),
    Variable("FEED_RATE", values.integer(0, 10**6), "pulls a minute of one token; 0: any number"),
    Variable("WEBHOOK_HOSTS", values.hosts, "hosts of this network that webhooks may reach"),
    Variable("SESSION_HOURS", values.integer(1, 24 * 60), "staff stay signed in so long"),
    Variable("LOCALE", values.choice("vi", "en"), "language where a person has not chosen"),
    Variable("HELP_LINE", str, "telephone number of the child help line"),
    Variable("COUNSELLING", values.one_line, "whom pupils can talk to: place and hours of a team"),
    Variable("OFFICE_NAME", values.one_line, "the education office, in mails and on case sheets"),
    Variable("SMTP_URL", values.smtp_url, "where mail is sent; none: files in mail/", secret=True),
    Variable("MAIL_FROM", values.mail_address, "sender of every mail; needed with SMTP_URL"),
    Variable("DIGEST_HOUR", values.integer(0, 23), "digests are sent from this hour on"),
    Variable("TRUSTED_HOSTS", values.hosts, "host names that are answered, by comma; empty: any"),
    Variable("TRUSTED_PROXIES", values.integer(0, 8), "how many proxies stand in front"),
    Variable("LOG_LEVEL", values.choice("debug", "info", "warning", "error"), "how much is logged"),
    Variable("ASR_MODEL", str, "directory of a speech model that drafts captions"),
    Variable("FACE_MODEL", str, "file of a model that proposes faces to hide"),
    Variable(
        "TOKEN", str, "bearer token of `lantoa submit` and `lantoa library sync`", secret=True
    ),
)

_DEFAULTS: dict[str, Any] = {
    "DATA": "var",
    "MEDIA_SANDBOX": "auto",
    "MAX_BYTES": 1024 * MIB,
    "MAX_SECONDS": 600,
    "UPLOAD_HOURS": 72,
    "UPLOAD_DIRECT": "off",
    # 0: none. A pupil's clip has some 90 MB; a school that joins in everything stays within these.
    "QUOTA_ACCOUNT_MB": 20 * 1024,
    "QUOTA_ACCOUNT_CLIPS": 200,
    "QUOTA_CLASS_MB": 50 * 1024,
    "QUOTA_CLASS_CLIPS": 1000,
    "QUOTA_SCHOOL_MB": 200 * 1024,
    "QUOTA_SCHOOL_CLIPS": 5000,
    "KEEP_ORIGINALS_DAYS": 180,  # half a school year: time to hide something after all
    "KEEP_WITHDRAWN_DAYS": 30,
    "TAKEDOWN_HOURS": 24,
    "REPORTS_TO_HIDE": 3,
    "REPORTS_ALONE_A_DAY": 20,
    "REPORTS_COUNTED_A_DAY": 20,
    "FEED_RATE": 600,
    "WEBHOOK_HOSTS": (),
    "SESSION_HOURS": 12,
    "LOCALE": "vi",
    "HELP_LINE": "111",  # the national child protection line of Viet Nam
    "COUNSELLING": "",
    "OFFICE_NAME": "Phòng Giáo dục và Đào tạo",
    "SMTP_URL": "",
    "MAIL_FROM": "lantoa@localhost",
    "DIGEST_HOUR": 7,
    "TRUSTED_HOSTS": (),
    "TRUSTED_PROXIES": 0,
    "LOG_LEVEL": "info",
    "ASR_MODEL": "",
    "FACE_MODEL": "",
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
    if "SMTP_URL" in given and "MAIL_FROM" not in given:
        raise SettingsError(
            f"{PREFIX}MAIL_FROM is required with {PREFIX}SMTP_URL: the address that mail comes from"
        )
    sources = {v.name: "environment" if v.name in given else "default" for v in VARIABLES}
    if data is not None:
        given["DATA"] = data
        sources["DATA"] = "command line"
    found = {**_DEFAULTS, **given}
    found["DATA"] = Path(found["DATA"]).absolute()
    for name, place in _places(found["DATA"], port).items():
        found.setdefault(name, place)
    if "SECRET_KEY" not in found:
        found["SECRET_KEY"] = _kept_secret(found["DATA"], given)
        sources |= {"SECRET_KEY": "kept file"}
    return Settings(**{v.name.lower(): found[v.name] for v in VARIABLES}, sources=sources)


def _given(environ: Mapping[str, str]) -> dict[str, Any]:
    """What the environment says, parsed. An empty value counts as none."""
    known = {v.name: v for v in VARIABLES}
    given = {}
    for full, text in environ.items():
        if not full.startswith(PREFIX):
            continue
        variable = known.get(full.removeprefix(PREFIX))
        if variable is None:
            raise SettingsError(_unknown(full, known))
        if text == "":
            continue
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


def _places(data: Path, port: int | None) -> dict[str, str]:
    """The embedded default: everything lies in one directory."""
    rows = URL.create("sqlite", database=str(data / "lantoa.sqlite3"))
    return {
        "DATABASE_URL": rows.render_as_string(),
        "BROKER_URL": values.folder_url("filesystem", data / "broker"),
        "STORAGE_URL": values.folder_url("file", data / "blobs"),
        "PUBLIC_URL": f"http://127.0.0.1:{port or 8000}",
    }


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
        secret = path.read_bytes().decode("ascii", "replace").strip()
    except OSError as error:
        raise SettingsError(
            f"{PREFIX}DATA={str(data)!r}: {error.strerror} ({error.filename}); "
            "accepted: a directory to write in"
        ) from None
    if len(secret) < 32 or not secret.isascii():
        raise SettingsError(f"{path} is damaged: remove it (everybody is then signed out)")
    return secret


def _make_secret(path: Path) -> None:
    """Written aside and linked into place: two first starts at once agree on one secret."""
    if path.exists():
        return
    aside = path.with_name(f".secret_key.{os.getpid()}.{secrets.token_hex(4)}")
    aside.touch(mode=0o600)
    try:
        with aside.open("w") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(file.fileno())  # after a power cut it must not be there and empty
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
