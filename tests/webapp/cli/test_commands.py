"""The commands that end at once, on a data directory of their own."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from review import accounts, schema
from review.models import Library
from review.policy import Role
from storage_config.database import Database
from storage_config.settings import load
from webapp.cli import SOURCES, lantoa

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Call ``lantoa`` on ``tmp_path``; the result has .stdout, .stderr and .exit_code."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANTOA_DATA", str(tmp_path / "data"))

    def call(*argv: str, stdin: str | None = None) -> Result:
        return CliRunner().invoke(lantoa, argv, input=stdin, prog_name="lantoa")

    return call


@pytest.fixture
def ready(run: Run) -> Run:
    """The same, with a schema."""
    assert run("migrate").exit_code == 0
    return run


def answer(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def rows(tmp_path: Path) -> Database:
    return Database(load({}, data=tmp_path / "data").database_url)


def test_every_command_has_help(run: Run) -> None:
    for name in SOURCES:
        result = run(name, "--help")
        assert (result.exit_code, result.stdout.startswith(f"Usage: lantoa {name} ")) == (0, True)


def test_wrong_usage_is_status_2(run: Run) -> None:
    assert run("no-such-command").exit_code == 2
    assert run("up", "--port", "0").exit_code == 2
    assert run("worker", "--concurrency", "none").exit_code == 2
    assert run("token", "add").exit_code == 2


def test_a_wrong_setting_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANTOA_MAX_SECONDS", "soon")
    result = run("migrate")

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "Error: settings: LANTOA_MAX_SECONDS='soon': not a whole number; "
        "accepted: a whole number from 1 to 21600\n"
    )


def test_settings_mask_secrets(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANTOA_TOKEN", "lt_very_secret")
    shown = {line["name"]: line for line in answer(run("settings", "--json"))}

    assert (shown["LANTOA_TOKEN"]["value"], shown["LANTOA_TOKEN"]["source"]) == (
        "******",
        "environment",
    )
    assert "lt_very_secret" not in run("settings").output


def test_migrate_twice(run: Run) -> None:
    assert run("migrate").stdout == "the schema is up to date now\n"
    assert run("migrate").stdout == "the schema was up to date\n"


def test_an_older_program_leaves_a_newer_database_alone(ready: Run, tmp_path: Path) -> None:
    database = rows(tmp_path)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    commands = (("migrate",), ("seed-demo",), ("school", "add", "Trường THCS Bình Minh"))
    results = [ready(*words) for words in commands]

    told = f"the database has schema 9999, this program knows up to {schema.head()}"
    assert [(r.exit_code, r.stdout) for r in results] == [(1, "")] * 3
    assert {r.stderr.partition(":")[2].strip().split(":")[0] for r in results} == {told}
    doctor = ready("doctor")
    assert doctor.exit_code == 1
    assert "BAD database  its schema is newer than this program" in doctor.stdout
    assert schema.current(database.engine) == "9999"


def test_people_need_a_schema(run: Run, tmp_path: Path) -> None:
    """And what only looks for a database makes none."""
    place = tmp_path / "data" / "lantoa.sqlite3"
    result = run("school", "add", "Trường THCS Bình Minh")
    assert (result.exit_code, result.stderr) == (
        1,
        f"Error: there is no database at {place}: run `lantoa migrate`\n",
    )
    doctor = run("doctor")
    assert f"BAD database  there is none at {place}" in doctor.stdout
    assert not place.exists()


def test_a_server_is_asked_for_over_http(run: Run, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"a clip")
    for address in ("ftp://example.org", "file:///etc", "example.org:8000", "javascript://x"):
        result = run("submit", str(clip), "--title", "Clip", "--server", address, "--token", "lt_x")
        assert (result.exit_code, result.stdout) == (2, "")
        assert f"--server: {address!r} has no http:// or https:// before it" in result.stderr


def test_whoever_submits_to_another_folders_server_is_told_of_data(
    run: Run, tmp_path: Path
) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"a clip")
    result = run("submit", str(clip), "--title", "Clip")
    told = " ".join(result.stderr.split())
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"There is no demo token for http://127.0.0.1:8000 in {tmp_path / 'data'}" in told
    assert "if it was started with another DATA, add --data and that folder." in told


# How each role says that it can not start; `sweep`, `worker` and `scheduler` become programs.
ROLES = ("web", "worker", "scheduler", "sweep")


def started(role: str, data: Path) -> tuple[int, list[str]]:
    """Exit status and the lines that it ended with."""
    argv = [sys.executable, "-m", "webapp.cli", role, "--data", str(data)]
    port = ["--port", "18999"] if role == "web" else []
    done = subprocess.run([*argv, *port], capture_output=True, text=True, timeout=60, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, [x for x in done.stderr.splitlines() if x.startswith("Error: ")]


@pytest.mark.slow
@pytest.mark.parametrize("role", ROLES)
def test_a_role_starts_only_on_a_database_of_its_version(
    ready: Run, tmp_path: Path, role: str
) -> None:
    nowhere = tmp_path / "nowhere"
    place = nowhere / "lantoa.sqlite3"
    told = f"Error: there is no database at {place}: run `lantoa migrate`"
    assert started(role, nowhere) == (1, [told])
    assert not place.exists()

    database, data = rows(tmp_path), tmp_path / "data"
    versions = {
        "0001": "is not up to date: run `lantoa migrate`",
        "9999": "start the newer program",
    }
    for version, words in versions.items():
        with database.engine.begin() as connection:
            connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{version}'")
        status, (line,) = started(role, data)
        assert (status, words in line) == (1, True), line
        assert schema.current(database.engine) == version


@pytest.mark.slow
def test_a_sweep_of_what_can_not_be_written_is_one_line(ready: Run, tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    for options in (["--bind", data, data], ["-o", "remount,ro,bind", data]):
        if subprocess.run(["mount", *options], capture_output=True, check=False).returncode:
            pytest.skip("nothing can be mounted here")
    try:
        status, (line,) = started("sweep", tmp_path / "data")
        assert status == 1
        assert "can not be used: " in line
    finally:
        subprocess.run(["umount", "-l", data], check=True)


@pytest.mark.slow
def test_a_sweep_of_what_is_no_database_is_one_line(ready: Run, tmp_path: Path) -> None:
    place = tmp_path / "data" / "lantoa.sqlite3"
    place.write_bytes(b"Not a database, but somebody's diary." * 100)
    for beside in place.parent.glob("lantoa.sqlite3-*"):
        beside.unlink()
    status, (line,) = started("sweep", place.parent)
    assert (status, line) == (
        1,
        "Error: the database can not be used: file is not a database",
    )


def test_a_school_its_class_and_its_teacher(ready: Run, tmp_path: Path) -> None:
    school = answer(ready("school", "add", "Trường THCS Bình Minh", "--json"))
    group = answer(ready("class", "add", "Lớp 6B", "--school", school["name"], "--json"))
    added = ready(
        *("account", "add", "Co.Lan", "--role", "teacher", "--label", "Giáo viên lớp 6B"),
        *("--school", school["id"], "--class", "Lớp 6B", "--password-stdin", "--json"),
        stdin="hoa sen nở\n",
    )
    teacher = answer(added)

    assert teacher == {"id": teacher["id"], "username": "co.lan", "role": "teacher"}
    with rows(tmp_path).read() as session:
        actor = accounts.actor_of(accounts.sign_in(session, "co.lan", "hoa sen nở"))
        assert (actor.role, actor.school_id, actor.class_id) == (
            Role.TEACHER,
            school["id"],
            group["id"],
        )
    assert answer(ready("account", "list", "--json")) == [
        {
            "username": "co.lan",
            "role": "teacher",
            "school": "Trường THCS Bình Minh",
            "label": "Giáo viên lớp 6B",
            "id": teacher["id"],
        }
    ]
    assert answer(ready("class", "list", "--school", school["id"], "--json")) == [
        {"name": "Lớp 6B", "code": group["code"], "id": group["id"]}
    ]


def test_a_generated_password_is_shown_once_and_works(ready: Run, tmp_path: Path) -> None:
    made = answer(ready("account", "add", "quanly", "--role", "admin", "--generate", "--json"))
    renewed = answer(ready("account", "password", "quanly", "--generate", "--json"))

    assert renewed["password"] != made["password"]
    with rows(tmp_path).read() as session:
        assert accounts.sign_in(session, "quanly", renewed["password"]).id == made["id"]


def test_a_password_that_is_asked_for_is_not_shown(ready: Run) -> None:
    result = ready("account", "add", "quanly", "--role", "admin", stdin="một hai ba\nmột hai ba\n")

    assert result.exit_code == 0
    assert "một hai ba" not in result.output


def test_what_the_rules_refuse_is_told_field_by_field(ready: Run) -> None:
    result = ready("account", "add", "co.lan", "--role", "teacher", "--password-stdin", stdin="x\n")

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "Error: school: Vai trò này cần một trường.\n  password: Mật khẩu cần ít nhất 10 ký tự.\n"
    )


def test_tokens_are_shown_once_and_can_be_revoked(ready: Run, tmp_path: Path) -> None:
    library = answer(ready("library", "add", "Thư viện huyện", "--json"))
    second = ready("token", "add", "--library", "Thư viện huyện").stdout.strip()

    with rows(tmp_path).read() as session:
        owners = [accounts.token_owner(session, t) for t in (library["token"], second)]
        assert [isinstance(o, Library) and o.id for o in owners] == [library["id"]] * 2
    assert answer(ready("token", "revoke", "--library", library["id"], "--json")) == {"revoked": 2}
    with rows(tmp_path).read() as session:
        assert accounts.token_owner(session, second) is None


def test_what_is_not_there_is_told(ready: Run) -> None:
    told = [
        ready("token", "add", "--account", "nobody").stderr,
        ready("token", "add", "--library", "nobody").stderr,
        ready("class", "list", "--school", "nowhere").stderr,
    ]

    assert told == [
        "Error: there is no account 'nobody': see `lantoa account list`\n",
        "Error: there is no library 'nobody': see `lantoa library list`\n",
        "Error: there is no school 'nowhere': see `lantoa school list`\n",
    ]


class TestSeedDemo:
    def test_it_has_the_promised_shape_and_everything_works(self, run: Run, tmp_path: Path) -> None:
        given = answer(run("seed-demo", "--json"))

        assert list(given) == ["accounts", "library", "class_code"]
        names = ["teacher", "reviewer", "reviewer2", "moderator", "safeguarding", "admin"]
        assert list(given["accounts"]) == names
        with rows(tmp_path).write() as session:
            for name, account in given["accounts"].items():
                signed_in = accounts.sign_in(session, account["username"], account["password"])
                by_token = accounts.token_owner(session, account["token"])
                assert (signed_in.role, by_token) == (name.removesuffix("2"), signed_in)
            assert isinstance(accounts.token_owner(session, given["library"]["token"]), Library)
            assert accounts.join_class(session, given["class_code"]).role == Role.PUPIL

    def test_it_gives_the_same_again(self, run: Run, tmp_path: Path) -> None:
        given = answer(run("seed-demo", "--json"))

        assert answer(run("seed-demo", "--json")) == given
        kept = tmp_path / "data" / "demo.json"
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        assert json.loads(kept.read_text("utf-8")) == given

    def test_it_renews_everything_when_its_file_is_gone(self, run: Run, tmp_path: Path) -> None:
        given = answer(run("seed-demo", "--json"))
        (tmp_path / "data" / "demo.json").unlink()
        renewed = answer(run("seed-demo", "--json"))

        assert secrets_of(renewed).isdisjoint(secrets_of(given))
        assert renewed["class_code"] == given["class_code"]
        with rows(tmp_path).read() as session:
            assert accounts.token_owner(session, given["accounts"]["admin"]["token"]) is None
            admin = renewed["accounts"]["admin"]
            assert accounts.sign_in(session, admin["username"], admin["password"])

    def test_it_mends_what_no_longer_works(self, run: Run, tmp_path: Path) -> None:
        given = answer(run("seed-demo", "--json"))
        teacher = given["accounts"]["teacher"]["username"]
        run("account", "password", teacher, "--password-stdin", stdin="another password\n")
        run("token", "revoke", "--account", teacher)
        mended = answer(run("seed-demo", "--json"))

        token = mended["accounts"]["teacher"].pop("token")
        assert token != given["accounts"]["teacher"].pop("token")
        assert mended == given
        with rows(tmp_path).read() as session:
            password = given["accounts"]["teacher"]["password"]
            signed_in = accounts.sign_in(session, teacher, password)
            assert accounts.token_owner(session, token) == signed_in


def secrets_of(given: Mapping[str, Any]) -> set[str]:
    people = given["accounts"].values()
    return {given["library"]["token"]} | {p[k] for p in people for k in ("password", "token")}


class TestDoctor:
    def test_it_finds_what_is_wrong_and_how_to_mend_it(self, ready: Run, tmp_path: Path) -> None:
        key = tmp_path / "data" / "secret_key"
        key.chmod(0o644)
        (tmp_path / "data" / "blobs").write_text("a file where a folder should be")
        result = ready("doctor", "--json")
        bad = {f["part"]: f["mend"] for f in json.loads(result.stdout) if f["grade"] == "bad"}

        assert result.exit_code == 1
        assert bad["secrets"] == f"chmod 600 {key}"
        assert bad["storage"] == "check LANTOA_STORAGE_URL, the rights on it, and the credentials"
        assert {"database", "data", "broker", "ffmpeg", "clock"}.isdisjoint(bad)

    def test_it_says_when_the_schema_is_old(self, ready: Run, tmp_path: Path) -> None:
        with rows(tmp_path).engine.begin() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
        result = ready("doctor")

        assert result.exit_code == 1
        assert "BAD database  the schema is not up to date\n              mend: lantoa migrate" in (
            result.stdout
        )

    def test_wrong_settings_are_a_finding_too(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("LANTOA_STORAGE_URL", "ftp://somewhere")
        result = run("doctor")

        assert result.exit_code == 1
        assert result.stdout.startswith("BAD settings")
