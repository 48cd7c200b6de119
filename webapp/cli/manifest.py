"""``submit --manifest``: many clips, checked first, then sent one after the other."""

from __future__ import annotations

import hashlib
import sys
import unicodedata
from dataclasses import asdict, dataclass, field
from pathlib import Path

import click
from tqdm import tqdm

from review import manifest
from review.errors import InvalidInput
from review.manifest import Entry, Outcome, Wrong
from review.manifest.report import RESULTS
from review.states import State
from webapp.cli.client import Api, Refused, Server, Unreachable, notice_dead_networks
from webapp.cli.common import FAILED, echo_json, say
from webapp.cli.resume import Places, key_of
from webapp.cli.tus import Sender

READ = 1024 * 1024


@dataclass(slots=True)
class Run:
    """One hand-in. Run again it goes on: a file's SHA-256 is the name of its draft."""

    server: Server
    path: Path
    report: Path | None
    skip_wrong: bool
    quiet: bool
    as_json: bool
    outcomes: list[Outcome] = field(default_factory=list)
    delimiter: str = ";"

    def all(self) -> int:
        """The exit status: 0 when every row is handed in."""
        entries = self._read()
        wrong = [e for e in entries if e.wrong]
        for entry in wrong:
            for one in entry.wrong:
                say(_told(one))
        if wrong and not self.skip_wrong:
            self.outcomes = [_outcome(e, "wrong" if e.wrong else "unsent") for e in entries]
            say(f"nothing was sent: {len(wrong)} of {len(entries)} clips have something wrong")
        else:
            self._send(entries)
        self._tell()
        return 0 if all(o.result in ("sent", "there") for o in self.outcomes) else FAILED

    def _read(self) -> list[Entry]:
        try:
            table = manifest.read(self.path.read_bytes())
            entries = manifest.parse(table)
        except InvalidInput as error:
            raise click.ClickException("\n  ".join(error.errors.values())) from None
        self.delimiter = table.delimiter
        try:
            most = Api(self.server, say=say).max_bytes()
        except (Refused, Unreachable) as error:
            raise click.ClickException(str(error)) from None
        manifest.check_files(
            entries, self._size, max_bytes=most, name_of=lambda n: str(self._find(n) or n)
        )
        return entries

    def _find(self, name: str) -> Path | None:
        """Beside the manifest; a Mac tells letters and marks apart in a name."""
        try:
            for form in ("NFC", "NFD"):
                path = self.path.parent / unicodedata.normalize(form, name)
                if path.is_file():
                    return path.resolve()
        except (OSError, ValueError):  # a name that no file can have
            pass
        return None

    def _size(self, name: str) -> int | None:
        path = self._find(name)
        return None if path is None else path.stat().st_size

    def _send(self, entries: list[Entry]) -> None:
        """One after the other; a network that is gone for good ends it, a refusal does not."""
        notice_dead_networks()
        stopped = ""
        for entry in entries:
            if entry.wrong:
                self.outcomes.append(_outcome(entry, "wrong"))
            elif stopped:
                self.outcomes.append(_outcome(entry, "unsent"))
            else:
                stopped = self._send_one(entry)
        if stopped:
            say(f"{stopped}\nThe same command goes on from here.")

    def _send_one(self, entry: Entry) -> str:
        """What ends the whole run, or nothing."""
        try:
            self.outcomes.append(self._hand_in(entry))
        except Refused as error:
            self.outcomes.append(_outcome(entry, "unsent", str(error)))
            return str(error) if error.status == 401 else ""
        except (Unreachable, OSError) as error:
            self.outcomes.append(_outcome(entry, "unsent", str(error)))
            return str(error) if isinstance(error, Unreachable) else ""
        except KeyboardInterrupt:
            self.outcomes.append(_outcome(entry, "unsent"))
            return "interrupted"
        return ""

    def _hand_in(self, entry: Entry) -> Outcome:
        file = self._find(entry.file)
        if file is None:
            raise FileNotFoundError(f"{entry.file} is gone")
        api = Api(self.server, say=say)
        clip = api.put_draft(_sha256(file), entry.body)
        clip_id = str(clip["id"])
        if clip["state"] != State.DRAFT:
            return _outcome(entry, "there", str(clip["state"]), clip_id)
        places = Places(Path.home() / ".cache" / "lantoa", say=say)
        key = f"{key_of(self.server, file)}-{clip_id}"
        size = file.stat().st_size
        with tqdm(
            total=size, unit="B", unit_scale=True, unit_divisor=1024, desc=file.name,
            disable=self.quiet,
        ) as bar:  # fmt: skip
            Sender(
                self.server,
                places,
                say=lambda text: bar.write(text, file=sys.stderr),
                progress=lambda offset: bar.update(offset - bar.n),
                clip=clip_id,
            ).send(file, key)
        places.forget(key)
        return _outcome(entry, "sent", "", clip_id)

    def _tell(self) -> None:
        target = self.report or self.path.with_name(f"{self.path.stem}-report.csv")
        try:
            target.write_text(manifest.as_csv(self.outcomes, self.delimiter), "utf-8", newline="")
            say(f"report: {target}")
        except OSError as error:
            say(f"the report could not be written: {error}")
        if self.as_json:
            echo_json([asdict(o) for o in self.outcomes])
            return
        for o in self.outcomes:
            rest = " · ".join(filter(None, (o.told, o.clip)))
            click.echo(f"{o.row}  {o.file}  {RESULTS[o.result]}{': ' + rest if rest else ''}")


def _outcome(entry: Entry, result: str, told: str = "", clip: str = "") -> Outcome:
    sentences = "; ".join(_told(w) for w in entry.wrong) if result == "wrong" else told
    return Outcome(entry.row, entry.file, entry.title, result, sentences, clip)


def _told(wrong: Wrong) -> str:
    where = f"Dòng {wrong.row}" + (f", cột «{wrong.column}»" if wrong.column else "")
    return f"{where}: {wrong.sentence}"


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while part := stream.read(READ):
            digest.update(part)
    return digest.hexdigest()
