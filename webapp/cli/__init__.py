"""The command line, ``lantoa``. Exit status: 0 done, 1 failed, 2 wrong usage."""

from __future__ import annotations

import click

from webapp.cli.common import Commands, speak_utf8

SOURCES = {
    "up": "up:up",
    "web": "roles:web",
    "worker": "roles:worker",
    "scheduler": "roles:scheduler",
    "sweep": "roles:sweep",
    "migrate": "upkeep:migrate",
    "settings": "upkeep:settings",
    "doctor": "doctor:doctor",
    "seed-demo": "demo:seed_demo",
    "account": "people:account",
    "school": "places:school",
    "class": "places:school_class",
    "library": "mirror:library",
    "token": "programs:token",
    "audit": "audit:audit_commands",
    "submit": "submit:submit",
}


@click.group(
    cls=Commands,
    sources=SOURCES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="lantoa")
def lantoa() -> None:
    """Lan Tỏa: clips from schools, prepared, reviewed, shared, and taken back.

    Exit status of every command: 0 done, 1 failed, 2 wrong usage.
    """


def main() -> None:
    speak_utf8()
    lantoa(prog_name="lantoa")
