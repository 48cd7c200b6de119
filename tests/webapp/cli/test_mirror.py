"""``lantoa library sync``, ``pack`` and ``unpack`` as programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from storage_config.blobs import LocalBlobs
from tests.mirrors import Ours, publish
from tests.serving import served
from tests.webapp.cli.processes import Running
from tests.webapp.conftest import *  # noqa: F403 - the application behind the server
from tests.world import World
from webapp.cli import lantoa as cli


@pytest.fixture
def ours(app: Flask, world: World, tmp_path: Path) -> Iterator[Ours]:
    with served(app) as url:
        yield Ours(url, world.library()[1], tmp_path / "mirror")


def lantoa(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(cli, ["library", *arguments], input=stdin)


def sync(ours: Ours, *more: str) -> Result:
    options = ("--server", ours.url, "--token-file", "-", "--quiet", "--json")
    return lantoa("sync", str(ours.folder), *options, *more, stdin=f"{ours.token}\n")


def test_a_mirror_becomes_a_pack_and_a_schools_folder(
    world: World, blobs: LocalBlobs, ours: Ours, tmp_path: Path
) -> None:
    clip_id = publish(world, blobs)
    done = sync(ours, "--once")
    assert (done.exit_code, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert (told["clips"], told["fetched"], told["right"], told["failed"]) == (1, 1, True, [])
    assert list(ours.shown()) == [clip_id]

    out, school = tmp_path / "pack.zip", tmp_path / "school"
    packed = lantoa("pack", str(ours.folder), "--out", str(out), "--json")
    key = json.loads(packed.stdout)["key_file"]
    unpacked = lantoa("unpack", str(out), str(school), "--key-file", key, "--json")
    assert json.loads(unpacked.stdout)["clips"] == 1
    assert (school / "clips" / clip_id / "index.html").exists()

    (tmp_path / "other.key").write_text("lantoa-key-" + "0" * 64)
    refused = lantoa("unpack", str(out), str(school), "--key-file", str(tmp_path / "other.key"))
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr.startswith("Error: this pack was not made with this key")


def test_what_is_wrong_is_one_line(ours: Ours, tmp_path: Path) -> None:
    away = lantoa("unpack", str(tmp_path / "no.zip"), str(tmp_path), "--key-file", "no.key")
    wrong = lantoa("sync", str(ours.folder), "--server", ours.url, "--token", "x", "--quiet")

    assert (away.exit_code, away.stderr) == (1, "Error: No such file or directory: no.key\n")
    assert (wrong.exit_code, wrong.stderr.count("\n")) == (1, 1)
    both = sync(ours, "--once", "--every", "5")
    assert (both.exit_code, "exclude each other" in both.stderr) == (2, True)


@pytest.mark.faults
def test_killed_while_it_follows_and_started_again(
    world: World, blobs: LocalBlobs, ours: Ours, start: Callable[..., Running], tmp_path: Path
) -> None:
    first = publish(world, blobs, title="một")
    token = tmp_path / "token"
    token.write_text(ours.token)
    argv = ("-m", "webapp.cli", "library", "sync", str(ours.folder), "--server", ours.url)
    following = start(*argv, "--token-file", str(token), "--every", "1", "--quiet", "--json")
    following.line_with('"clips": 1')
    busy = sync(ours)
    world.withdraw(first)
    following.line_with('"withdrawn": 1')
    assert ours.shown() == {}
    second = publish(world, blobs, title="hai")
    following.end(9)
    assert sync(ours).exit_code == 0

    assert ours.shown() == {second: "hai"}
    assert (busy.exit_code, busy.stderr) == (
        1,
        f"Error: another program works in {ours.folder}\n",
    )
