"""``library sync``, ``library pack``, ``library unpack``: the library site's side."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from webapp.cli.client import Refused, Server, Unreachable
from webapp.cli.common import data_option, json_option
from webapp.cli.programs import library
from webapp.cli.records import show
from webapp.cli.submit import find_server, server_options
from webapp.libraryclient import Remote, Shelf, Sync
from webapp.libraryclient.files import Malformed
from webapp.libraryclient.manifest import WrongSignature, make_key, read_key
from webapp.libraryclient.pack import pack
from webapp.libraryclient.shelf import InUse, WrongServer
from webapp.libraryclient.unpack import OlderPack, unpack

_FOLDER = click.Path(file_okay=False, path_type=Path)
_FILE = click.Path(dir_okay=False, path_type=Path)


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except (InUse, WrongServer, Malformed, WrongSignature, OlderPack) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{error.strerror}: {error.filename}") from None


@library.command("sync")
@click.argument("folder", metavar="DIR", type=_FOLDER)
@server_options
@click.option("--once", is_flag=True, help="One run, as without --every.")
@click.option("--every", type=click.IntRange(1), help="Again and again, so many seconds apart.")
@click.option("--max-height", type=click.IntRange(1), help="No film with a larger picture.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
@json_option
@data_option
def sync(
    folder: Path,
    server: str | None,
    token: str | None,
    once: bool,
    every: int | None,
    max_height: int | None,
    quiet: bool,
    as_json: bool,
    data: Path | None,
) -> None:
    """Mirror the feed and its files in DIR; what is withdrawn is removed.

    Killed at any moment, the same command goes on from there. Exit status 1: the copy is not the
    server's yet, or some files could not be had.
    """
    if once and every:
        raise click.UsageError("--once and --every exclude each other")
    target = find_server(server, token, data, whose="library")
    with _in_words(), Shelf(folder, target.url) as shelf:
        while True:
            good = _round(shelf, target, max_height, quiet=quiet, as_json=as_json, last=not every)
            if not every:
                raise SystemExit(0 if good else 1)
            time.sleep(every)


def _round(
    shelf: Shelf, target: Server, max_height: int | None, *, quiet: bool, as_json: bool, last: bool
) -> bool:
    """One run; with others to come a server that is away is only told."""
    with tqdm(unit="B", unit_scale=True, unit_divisor=1024, disable=quiet, leave=False) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        def aside(text: str) -> None:
            bar.write(text, file=sys.stderr)

        run = Sync(shelf, Remote(target, say=aside), max_height=max_height, progress=progress)
        try:
            result = run.run()
        except (Refused, Unreachable, Malformed) as error:
            if last:
                raise click.ClickException(str(error)) from None
            aside(f"{error}; the next run tries again")
            return False
    told: dict[str, Any] = result.to_dict()
    show(as_json, **told)
    return result.is_good


@library.command("pack")
@click.argument("folder", metavar="DIR", type=_FOLDER)
@click.option("--out", type=_FILE, required=True, help="The ZIP file.")
@click.option("--key-file", type=_FILE, default=None, help="[default: DIR/.lantoa/pack.key]")
@json_option
def pack_command(folder: Path, out: Path, key_file: Path | None, as_json: bool) -> None:
    """Make a signed ZIP of a mirror, for schools without internet.

    The key is made at the first pack. Schools need it, once, on another way than the pack itself.
    """
    with _in_words(), Shelf(folder) as shelf:
        key_path = key_file or shelf.own / "pack.key"
        made = pack(shelf, out, make_key(key_path))
    show(
        as_json,
        file=str(out),
        bytes=out.stat().st_size,
        clips=len(made.clips),
        withdrawn=len(made.withdrawn),
        seq=made.seq,
        key_file=str(key_path),
    )


@library.command("unpack")
@click.argument("file", type=_FILE)
@click.argument("folder", metavar="DIR", type=_FOLDER)
@click.option("--key-file", type=_FILE, required=True, help="The library's key.")
@json_option
def unpack_command(file: Path, folder: Path, key_file: Path, as_json: bool) -> None:
    """Bring DIR up to date from a pack, without internet; what is withdrawn is removed.

    A pack with a wrong signature is refused, and so is one that is older than the last.
    """
    with _in_words():
        done = unpack(file, folder, read_key(key_file))
    show(as_json, clips=done.clips, removed=done.removed, written=done.written, seq=done.seq)
