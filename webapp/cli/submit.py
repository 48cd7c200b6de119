"""``submit``: upload a clip over tus and hand it in."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TextIO

import click
from tqdm import tqdm

from review.consent import Scope
from review.details import LANGUAGES, LEVELS, LICENCES, MUSIC, TOPICS, Details, parse_people
from review.problems import message
from storage_config.settings import load
from webapp import seed
from webapp.cli import lock
from webapp.cli.client import Api, Refused, Server, Unreachable, notice_dead_networks
from webapp.cli.common import data_option, echo_json, json_option, say
from webapp.cli.manifest import Run
from webapp.cli.resume import Places, key_of
from webapp.cli.tus import Sender
from webapp.cli.up import LOCK
from webapp.cli.waiting import GOOD_ENDS, wait_for

DEFAULT_SERVER = "http://127.0.0.1:8000"
_ELSEWHERE = "if it was started with another DATA, add --data and that folder."


def details_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What is said about the clip; the names are those of the API."""
    options = (
        click.option("--title", default=None, help="Needed for one FILE."),
        click.option("--summary", default=""),
        click.option("--language", type=click.Choice(LANGUAGES), default="vi", show_default=True),
        click.option("--level", type=click.Choice(LEVELS), default=None),
        click.option("--topic", "topics", type=click.Choice(tuple(TOPICS)), multiple=True),
        click.option("--campaign", default=None, help="The campaign's short name."),
        click.option("--credit", default=None, help='The credit line; "" hides it.'),
        click.option("--licence", type=click.Choice(LICENCES), default=None),
        click.option("--music", type=click.Choice(MUSIC), default="unknown", show_default=True),
        click.option("--reenactment", is_flag=True, help="The scene is played."),
        click.option("--scope", type=click.Choice([str(s) for s in Scope]), default=None),
        click.option(
            "--people",
            type=click.File("r", encoding="utf-8"),
            default=None,
            help="JSON list of the people in the clip and their consents, as in the API.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def server_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``server`` and ``token``, as :func:`find_server` takes them."""

    @wraps(command)
    def read(token: str | None, token_file: TextIO | None, **rest: Any) -> Any:
        if token_file is not None:
            token = token_file.readline().strip()
        return command(token=token, **rest)

    options = (
        click.option(
            "--server", default=None, help=f"Address of the server  [default: {DEFAULT_SERVER}]"
        ),
        click.option(
            "--token", default=None, help="Bearer token; safer: --token-file or LANTOA_TOKEN."
        ),
        click.option(
            "--token-file", type=click.File("r"), default=None, help="'-': standard input."
        ),
    )
    found: Callable[..., Any] = read
    for option in reversed(options):
        found = option(found)
    return found


@click.command()
@click.argument(
    "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False
)
@details_options
@click.option(
    "--manifest",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=None,
    help="CSV of many clips instead of FILE; see docs/manifest.md.",
)
@click.option("--skip-wrong", is_flag=True, help="Send the right rows although others are wrong.")
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    help="Where the CSV of what came of each row goes  [default: beside the manifest]",
)
@server_options
@click.option("--wait", is_flag=True, help="Wait until the clip is prepared or refused.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
@json_option
@data_option
def submit(
    file: Path | None,
    manifest: Path | None,
    skip_wrong: bool,
    report: Path | None,
    server: str | None,
    token: str | None,
    wait: bool,
    quiet: bool,
    as_json: bool,
    data: Path | None,
    people: TextIO | None,
    **details: Any,
) -> None:
    """Upload FILE and submit it; prints the clip's id.

    With --manifest many clips, one after the other: all rows are checked before anything is sent,
    what was handed in before is not sent again, and a CSV says what came of each row.

    An interrupted upload goes on where it stopped, also in the next call for the same file.
    Without --token the server of this machine gets the demo teacher's, read from demo.json of
    the data directory: give --data when it was started with another DATA. With --wait the exit
    status is 1 when the clip was refused, rejected or withdrawn, or when processing failed.
    """
    if manifest is not None:
        if file is not None or any(details[name] for name in ("title", "summary", "topics")):
            raise click.UsageError("--manifest says it all: no FILE, --title, ... beside it")
        target = find_server(server, token, data)
        run = Run(target, manifest, report, skip_wrong=skip_wrong, quiet=quiet, as_json=as_json)
        raise SystemExit(run.all())
    if file is None or details["title"] is None:
        raise click.UsageError("FILE and --title are needed, or --manifest")
    body = read_details(details, people)
    if file.stat().st_size == 0:
        raise click.ClickException(message("empty_file"))
    target = find_server(server, token, data)
    try:
        clip = hand_in(target, file, body, quiet=quiet)
        if not as_json:
            click.echo(clip["id"])
        if wait:
            clip = wait_for(Api(target, say=say), str(clip["id"]), say=say)
            say(f"{target.url}/clips/{clip['id']}")
    except (Refused, Unreachable) as error:
        guessed = not (server and token)
        raise click.ClickException(f"{error}{_hint(error, data) if guessed else ''}") from None
    except KeyboardInterrupt:
        raise click.ClickException("interrupted; the same command goes on from here") from None
    if as_json:
        echo_json(clip)
    if wait and clip["state"] not in GOOD_ENDS:
        raise SystemExit(1)


def _hint(error: Refused | Unreachable, data: Path | None) -> str:
    """Where the address or the token was read, when that may have been the wrong folder."""
    if isinstance(error, Refused) and error.code != "unknown_token":
        return ""
    folder = load(data=data).data
    return f"\n  The server or its demo token was looked up in {folder}: {_ELSEWHERE}"


def read_details(details: dict[str, Any], people: TextIO | None) -> dict[str, Any]:
    """The API's body, checked before a single byte is sent."""
    body = {k: list(v) if k == "topics" else v for k, v in details.items() if v is not None}
    if people is not None:
        try:
            body["people"] = json.load(people)
        except ValueError as error:
            raise click.UsageError(f"--people: {people.name} is no JSON: {error}") from None
        parse_people(body["people"])
    Details.parse(body)
    return body


def find_server(
    url: str | None, token: str | None, data: Path | None, *, whose: str = "teacher"
) -> Server:
    """What was asked for, else the server that runs on this machine, with the token of the demo's
    teacher or ``library``."""
    if url is not None and not url.lower().startswith(("http://", "https://")):
        raise click.UsageError(f"--server: {url!r} has no http:// or https:// before it")
    if url is not None and token:
        return Server(url.rstrip("/"), token)
    settings = load(data=data)
    found = url or lock.running_address(settings.data / LOCK) or DEFAULT_SERVER
    server = Server(found.rstrip("/"), token or settings.token)
    if server.token:
        return server
    kept = seed.read_kept(settings.data)
    demo = {**kept.get("accounts", {}), "library": kept.get("library", {})}
    secret = demo.get(whose, {}).get("token")
    if not server.is_local or not secret:
        raise click.UsageError(
            f"which {whose} asks? Give --token-file or LANTOA_TOKEN (from `lantoa token add`)."
            f"\n  There is no demo token for {server.url} in {settings.data}: {_ELSEWHERE}"
        )
    return Server(server.url, secret)


def hand_in(server: Server, file: Path, body: dict[str, Any], *, quiet: bool) -> dict[str, Any]:
    """Upload and submit; the clip as the API shows it."""
    notice_dead_networks()
    places = Places(Path.home() / ".cache" / "lantoa", say=say)
    key = key_of(server, file)
    size = file.stat().st_size
    with tqdm(
        total=size, unit="B", unit_scale=True, unit_divisor=1024, desc=file.name, disable=quiet
    ) as bar:

        def progress(offset: int) -> None:
            bar.update(offset - bar.n)

        def write_aside(text: str) -> None:
            bar.write(text, file=sys.stderr)  # above the bar, which stays whole

        upload = Sender(server, places, say=write_aside, progress=progress).send(file, key)
    try:
        clip = Api(server, say=say).create_clip({**body, "upload": upload})
    except Refused as error:
        if error.code == "upload_used":
            places.forget(key)
        raise
    places.forget(key)
    return clip
