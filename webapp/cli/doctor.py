"""``doctor``: tries every part and says what is wrong and how to mend it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from storage_config.settings import SettingsError, load
from webapp.cli.checks import CHECKS, Finding, Grade
from webapp.cli.common import FAILED, data_option, echo_json, json_option

MARKS = {Grade.OK: "ok ", Grade.WARNING: "!  ", Grade.BAD: "BAD"}


@click.command()
@data_option
@json_option
@click.pass_context
def doctor(ctx: click.Context, data: Path | None, as_json: bool) -> None:
    """Try every part and say in words what is wrong and how to mend it.

    Exit status: 0 all is well (warnings included), 1 something is wrong.
    """
    findings = examine(data)
    if as_json:
        echo_json([asdict(f) for f in findings])
    else:
        click.echo("\n".join(describe(f) for f in findings))
    if any(f.grade is Grade.BAD for f in findings):
        ctx.exit(FAILED)


def examine(data: Path | None) -> list[Finding]:
    try:
        settings = load(data=data)
    except SettingsError as error:
        return [Finding("settings", Grade.BAD, str(error), "see `lantoa settings --help`")]
    findings = [Finding("settings", Grade.OK, f"read; data in {settings.data}")]
    for check in CHECKS:
        findings += check(settings)
    return findings


def describe(finding: Finding) -> str:
    line = f"{MARKS[finding.grade]} {finding.part.ljust(9)} {finding.what}"
    return line if not finding.mend else f"{line}\n{' ' * 14}mend: {finding.mend}"
