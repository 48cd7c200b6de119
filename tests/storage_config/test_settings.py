"""What an operator sees of the settings: one clear line for a wrong value, and no secret."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from storage_config.database import Database
from storage_config.settings import PREFIX, Settings, SettingsError, described, load
from storage_config.values import folder_of, mask

KEY = "k" * 40
SENDER = "lantoa@phong.example.vn"
OFFICE = "lantoa@phonggiaoduc.example.vn"
WHERE = "https://lantoa.example.vn"
NAMES = "lantoa.example.vn,.truong.example.vn"
ROWS = "sqlite:////srv/lantoa.sqlite3, postgresql://user:password@host/database"
BELL = "filesystem:///srv/broker, amqp://user:password@host//, redis://host/0"
SMTP = "smtp://user:password@host:587?starttls=1, smtps://user:password@host:465"
BYTES = "file:///srv/blobs, s3://bucket/prefix?endpoint=http://host:9000&region=name"

# name, text, what the line says after "NAME=shown: "; secrets are shown as stars
WRONG = [
    ("MEDIA_SANDBOX", "yes", "not one of the choices; accepted: require, auto, off"),
    ("LOCALE", "fr", "not one of the choices; accepted: vi, en"),
    ("LOG_LEVEL", "INFO", "not one of the choices; accepted: debug, info, warning, error"),
    ("MAX_BYTES", "1G", "not a whole number; accepted: a whole number from 1 to 5368709120"),
    ("MAX_BYTES", "0", "out of range; accepted: a whole number from 1 to 5368709120"),
    ("MAX_SECONDS", "-5", "not a whole number; accepted: a whole number from 1 to 21600"),
    ("MAX_SECONDS", "9" * 5000, "out of range; accepted: a whole number from 1 to 21600"),
    ("MAX_SECONDS", "٣", "not a whole number; accepted: a whole number from 1 to 21600"),
    ("UPLOAD_HOURS", "3.5", "not a whole number; accepted: a whole number from 1 to 1440"),
    ("SESSION_HOURS", "1441", "out of range; accepted: a whole number from 1 to 1440"),
    ("TRUSTED_PROXIES", "9", "out of range; accepted: a whole number from 0 to 8"),
    ("TRUSTED_HOSTS", "https://a.vn", f"not host names; accepted: {NAMES}"),
    ("PUBLIC_URL", "lantoa.example.vn", f"not a URL of a known kind; accepted: {WHERE}"),
    ("PUBLIC_URL", "https:lantoa", f"not a URL of a known kind; accepted: {WHERE}"),
    ("PUBLIC_URL", "ftp://lantoa", f"not a URL of a known kind; accepted: {WHERE}"),
    ("PUBLIC_URL", "http://[::1", f"not a URL; accepted: {WHERE}"),
    ("PUBLIC_URL", "http://host:http", f"not a URL; accepted: {WHERE}"),
    ("PUBLIC_URL", "https://host/?a=b", f"not only a host and a path; accepted: {WHERE}"),
    ("SECRET_KEY", "short", "only 5 characters; accepted: at least 32 random characters"),
    ("DATABASE_URL", "mysql://u:p@h/d", f"not a URL of a known kind; accepted: {ROWS}"),
    ("DATABASE_URL", "sqlite://", f"names no file; accepted: {ROWS}"),
    ("DATABASE_URL", "sqlite:///:memory:", f"names no file; accepted: {ROWS}"),
    ("DATABASE_URL", "sqlite://srv/rows", f"names no file; accepted: {ROWS}"),
    ("DATABASE_URL", "postgresql://u:p@host", f"names no database; accepted: {ROWS}"),
    ("DATABASE_URL", "postgresql://h:port/d", f"not a URL; accepted: {ROWS}"),
    ("BROKER_URL", "memory://", f"not a URL of a known kind; accepted: {BELL}"),
    ("BROKER_URL", "filesystem://", f"names no folder from the root on; accepted: {BELL}"),
    ("BROKER_URL", "filesystem://srv/b", f"names no folder from the root on; accepted: {BELL}"),
    ("STORAGE_URL", "/srv/blobs", f"not a URL of a known kind; accepted: {BYTES}"),
    ("STORAGE_URL", "file://srv/blobs", f"names no folder from the root on; accepted: {BYTES}"),
    ("STORAGE_URL", "s3://", f"names no bucket; accepted: {BYTES}"),
    ("STORAGE_URL", "s3://My_Bucket", f"names no bucket; accepted: {BYTES}"),
    ("STORAGE_URL", "s3://bucket/../up", f"has an odd prefix; accepted: {BYTES}"),
    ("STORAGE_URL", "s3://bucket?acl=", f"sets more than endpoint and region; accepted: {BYTES}"),
    ("STORAGE_URL", "s3://bucket?endpoint=h:9", f"not a URL of a known kind; accepted: {BYTES}"),
    ("SMTP_URL", "smtp://", f"not only a host; accepted: {SMTP}"),
    ("SMTP_URL", "http://mail.example.vn", f"not a URL of a known kind; accepted: {SMTP}"),
    ("SMTP_URL", "smtp://h/inbox", f"not only a host; accepted: {SMTP}"),
    ("SMTP_URL", "smtp://h?tls=1", f"sets more than starttls=1; accepted: {SMTP}"),
    (
        "SMTP_URL",
        "smtp://u:secret@mail.example.vn",
        f"would send the password for all to read; accepted: {SMTP}",
    ),
    ("MAIL_FROM", "Lan Tỏa", f"not an address; accepted: {OFFICE}"),
    ("MAIL_FROM", "a@b.vn\nBcc: c@d.vn", f"not an address; accepted: {OFFICE}"),
    ("OFFICE_NAME", "Phòng\nBcc: c@d.vn", "not one short line; accepted: at most 120 letters"),
    ("DIGEST_HOUR", "24", "out of range; accepted: a whole number from 0 to 23"),
    (
        "STORAGE_URL",
        "s3://key:secret@bucket",
        "holds a key; accepted: the keys in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    ),
]  # fmt: skip
SECRET = {"SECRET_KEY", "DATABASE_URL", "BROKER_URL", "STORAGE_URL", "SMTP_URL"}


def settings(tmp_path: Path, **given: str) -> Settings:
    environ = {PREFIX + name: text for name, text in given.items()}
    return load({f"{PREFIX}DATA": str(tmp_path / "data"), **environ})


@pytest.mark.parametrize(("name", "text", "said"), WRONG, ids=lambda v: v[:24])
def test_a_wrong_value_gives_one_line_that_helps(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        settings(tmp_path, **{"SECRET_KEY": KEY, "MAIL_FROM": SENDER, name: text})

    shown = "******" if name in SECRET else repr(text)
    assert str(caught.value) == f"LANTOA_{name}={shown}: {said}"
    assert not (tmp_path / "data").exists()


def test_a_value_with_a_line_break_stays_one_line(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        settings(tmp_path, LOCALE="vi\nen")

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("LANTOA_DATBASE_URL", "; did you mean LANTOA_DATABASE_URL?"),
        ("LANTOA_COLOUR", ""),
    ],
)
@pytest.mark.parametrize("text", ["secret text", ""])
def test_an_unknown_name_is_told_with_the_nearest_known_one(
    name: str, said: str, text: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load({name: text})

    assert str(caught.value) == (
        f"{name} is not a setting{said} (`lantoa settings` lists them all)"
    )


def test_the_embedded_default_lies_in_one_directory(tmp_path: Path) -> None:
    found = settings(tmp_path)
    data = tmp_path / "data"

    assert found == Settings(
        data=data,
        database_url=f"sqlite:///{data}/lantoa.sqlite3",
        broker_url=f"filesystem://{data}/broker",
        storage_url=f"file://{data}/blobs",
        secret_key=(data / "secret_key").read_text(),
        public_url="http://127.0.0.1:8000",
        media_sandbox="auto",
        max_bytes=1024**3,
        max_seconds=600,
        upload_hours=72,
        upload_direct="off",
        quota_account_mb=20 * 1024,
        quota_account_clips=200,
        quota_class_mb=50 * 1024,
        quota_class_clips=1000,
        quota_school_mb=200 * 1024,
        quota_school_clips=5000,
        keep_originals_days=180,
        keep_withdrawn_days=30,
        takedown_hours=24,
        reports_to_hide=3,
        reports_alone_a_day=20,
        reports_counted_a_day=20,
        feed_rate=600,
        webhook_hosts=(),
        session_hours=12,
        locale="vi",
        help_line="111",
        counselling="",
        office_name="Phòng Giáo dục và Đào tạo",
        smtp_url="",
        mail_from="lantoa@localhost",
        digest_hour=7,
        trusted_hosts=(),
        trusted_proxies=0,
        log_level="info",
        asr_model="",
        face_model="",
        token="",
        sources=found.sources,
    )


def test_a_directory_with_any_name(tmp_path: Path) -> None:
    """Each part lands in this very directory, and nothing beside it."""
    data = tmp_path / "dữ liệu 50% #1? +"
    found = load({}, data=data)
    Database(found.database_url).dispose()

    assert folder_of(found.broker_url) == data / "broker"
    assert folder_of(found.storage_url) == data / "blobs"
    assert [p.name for p in tmp_path.iterdir()] == [data.name]
    assert {p.name for p in data.iterdir()} == {"lantoa.sqlite3", "secret_key"}


def test_all_values_from_outside_are_taken(tmp_path: Path) -> None:
    found = settings(
        tmp_path,
        DATABASE_URL="postgresql://lantoa:pw@db:5432/lantoa",
        BROKER_URL="amqp://lantoa:pw@queue//",
        STORAGE_URL="s3://clips/spread?endpoint=http://127.0.0.1:9000&region=hn",
        SECRET_KEY=KEY,
        PUBLIC_URL="https://lantoa.example.vn/",
        MAX_BYTES="5368709120",
        TRUSTED_HOSTS="lantoa.example.vn, .truong.example.vn,[::1],localhost:8000,",
        LOCALE="",
    )

    assert found.database_url == "postgresql+psycopg://lantoa:pw@db:5432/lantoa"
    assert found.public_url == "https://lantoa.example.vn"
    assert found.max_bytes == 5 * 1024**3
    assert found.trusted_hosts == (
        "lantoa.example.vn",
        ".truong.example.vn",
        "[::1]",
        "localhost:8000",
    )
    assert found.locale == "vi"
    assert not (tmp_path / "data").exists()


def test_the_command_line_goes_before_the_environment(tmp_path: Path) -> None:
    found = load({"LANTOA_DATA": str(tmp_path / "outside")}, data=tmp_path / "inside", port=8123)

    assert found.data == tmp_path / "inside"
    assert found.database_url == f"sqlite:///{tmp_path}/inside/lantoa.sqlite3"
    assert found.public_url == "http://127.0.0.1:8123"
    assert found.sources["DATA"] == "command line"
    assert not (tmp_path / "outside").exists()


def test_a_relative_directory_is_made_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert load({}).data == tmp_path / "var"
    assert load({"LANTOA_DATA": "here"}).data == tmp_path / "here"


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("DATABASE_URL", "postgresql://h/d"),
        ("BROKER_URL", "redis://h/0"),
        ("STORAGE_URL", "s3://bucket"),
    ],
)
def test_several_machines_need_a_key_of_their_own(tmp_path: Path, name: str, url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings(tmp_path, **{name: url})

    assert str(caught.value) == (
        f"LANTOA_SECRET_KEY is required with LANTOA_{name}: "
        "at least 32 random characters, the same on every machine"
    )
    assert not (tmp_path / "data").exists()


def test_the_list_masks_what_is_secret(tmp_path: Path) -> None:
    found = settings(
        tmp_path,
        DATABASE_URL="postgresql://lantoa:open%2Fsesame@db/lantoa?sslpassword=sesame",
        BROKER_URL="redis://:sesame@queue/0",
        STORAGE_URL="s3://clips?endpoint=http://127.0.0.1:9000",
        SECRET_KEY="sesame" * 6,
        TOKEN="lt_sesame",
    )
    lines = {line.name: (line.value, line.source) for line in described(found)}

    assert lines == {
        "LANTOA_DATA": (f"{tmp_path}/data", "environment"),
        "LANTOA_DATABASE_URL": (
            "postgresql+psycopg://lantoa:******@db/lantoa?sslpassword=******",
            "environment",
        ),
        "LANTOA_BROKER_URL": ("redis://:******@queue/0", "environment"),
        "LANTOA_STORAGE_URL": ("s3://clips?endpoint=http://127.0.0.1:9000", "environment"),
        "LANTOA_SECRET_KEY": ("******", "environment"),
        "LANTOA_PUBLIC_URL": ("http://127.0.0.1:8000", "default"),
        "LANTOA_MEDIA_SANDBOX": ("auto", "default"),
        "LANTOA_MAX_BYTES": ("1073741824", "default"),
        "LANTOA_MAX_SECONDS": ("600", "default"),
        "LANTOA_UPLOAD_HOURS": ("72", "default"),
        "LANTOA_UPLOAD_DIRECT": ("off", "default"),
        "LANTOA_QUOTA_ACCOUNT_MB": ("20480", "default"),
        "LANTOA_QUOTA_ACCOUNT_CLIPS": ("200", "default"),
        "LANTOA_QUOTA_CLASS_MB": ("51200", "default"),
        "LANTOA_QUOTA_CLASS_CLIPS": ("1000", "default"),
        "LANTOA_QUOTA_SCHOOL_MB": ("204800", "default"),
        "LANTOA_QUOTA_SCHOOL_CLIPS": ("5000", "default"),
        "LANTOA_KEEP_ORIGINALS_DAYS": ("180", "default"),
        "LANTOA_KEEP_WITHDRAWN_DAYS": ("30", "default"),
        "LANTOA_TAKEDOWN_HOURS": ("24", "default"),
        "LANTOA_REPORTS_TO_HIDE": ("3", "default"),
        "LANTOA_REPORTS_ALONE_A_DAY": ("20", "default"),
        "LANTOA_REPORTS_COUNTED_A_DAY": ("20", "default"),
        "LANTOA_FEED_RATE": ("600", "default"),
        "LANTOA_WEBHOOK_HOSTS": ("", "default"),
        "LANTOA_SESSION_HOURS": ("12", "default"),
        "LANTOA_LOCALE": ("vi", "default"),
        "LANTOA_HELP_LINE": ("111", "default"),
        "LANTOA_COUNSELLING": ("", "default"),
        "LANTOA_OFFICE_NAME": ("Phòng Giáo dục và Đào tạo", "default"),
        "LANTOA_SMTP_URL": ("", "default"),
        "LANTOA_MAIL_FROM": ("lantoa@localhost", "default"),
        "LANTOA_DIGEST_HOUR": ("7", "default"),
        "LANTOA_TRUSTED_HOSTS": ("", "default"),
        "LANTOA_TRUSTED_PROXIES": ("0", "default"),
        "LANTOA_LOG_LEVEL": ("info", "default"),
        "LANTOA_ASR_MODEL": ("", "default"),
        "LANTOA_FACE_MODEL": ("", "default"),
        "LANTOA_TOKEN": ("******", "environment"),
    }
    assert "sesame" not in repr(found)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("", ""),
        ("lt_secret", "******"),
        ("postgresql://db/rows", "postgresql://db/rows"),
        ("postgresql://user@db/rows", "postgresql://user@db/rows"),
        ("amqp://user:p@ss@queue//", "amqp://user:******@queue//"),
        ("postgresql://u:a/b#c?d@db/rows", "postgresql://u:******@db/rows"),
        ("postgresql://db/rows?user=u&password=p", "postgresql://db/rows?user=u&password=******"),
    ],
)
def test_a_password_never_shows_whatever_letters_it_has(text: str, masked: str) -> None:
    assert mask(text) == masked


# The kept secret


def test_the_kept_secret_stays_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    umask = os.umask(0)
    try:
        first = settings(tmp_path)
    finally:
        os.umask(umask)
    file = tmp_path / "data" / "secret_key"

    assert (first.secret_key, first.sources["SECRET_KEY"]) == (file.read_text(), "kept file")
    assert len(first.secret_key) == 64
    assert file.stat().st_mode & 0o777 == 0o600
    assert settings(tmp_path).secret_key == first.secret_key
    assert [p.name for p in file.parent.iterdir()] == ["secret_key"]


def test_two_directories_have_two_secrets(tmp_path: Path) -> None:
    secrets = {load({}, data=tmp_path / name).secret_key for name in "ab"}

    assert len(secrets) == 2


def test_first_starts_at_once_agree_on_one_secret(tmp_path: Path) -> None:
    barrier = threading.Barrier(8)
    seen: list[str] = []

    def start() -> None:
        barrier.wait()
        seen.append(settings(tmp_path).secret_key)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert seen == [(tmp_path / "data" / "secret_key").read_text()] * 8
    assert [p.name for p in (tmp_path / "data").iterdir()] == ["secret_key"]


@pytest.mark.parametrize("content", [b"", b"short\n", b"\xff\x00" * 40])
def test_a_damaged_secret_is_never_used(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "data" / "secret_key"
    file.parent.mkdir()
    file.write_bytes(content)

    with pytest.raises(SettingsError) as caught:
        settings(tmp_path)

    assert str(caught.value) == f"{file} is damaged: remove it (everybody is then signed out)"
    assert file.read_bytes() == content


def test_a_directory_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not a directory")

    with pytest.raises(SettingsError) as caught:
        settings(tmp_path)

    assert str(caught.value) == (
        f"LANTOA_DATA='{tmp_path}/data': File exists ({tmp_path}/data); "
        "accepted: a directory to write in"
    )


def test_a_directory_that_can_not_be_written(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o500)
    program = "import sys; from storage_config.settings import load; load()"
    argv = [sys.executable, "-c", program]
    if os.getuid() == 0:  # which may write everywhere, unless this is taken from it
        argv = ["setpriv", "--bounding-set=-dac_override", *argv]
    done = subprocess.run(
        argv, env={"LANTOA_DATA": str(data)}, capture_output=True, text=True, check=False
    )
    last = done.stderr.strip().splitlines()[-1]

    assert last.startswith(
        f"storage_config.settings.SettingsError: LANTOA_DATA='{data}': Permission denied ("
    )
    assert last.endswith("; accepted: a directory to write in")
    assert list(data.iterdir()) == []
