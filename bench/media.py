"""What the choices of the media part cost, on real filmed footage scaled to 1080p.

.venv/bin/python bench/media.py [--seconds 20]

Prints wall and CPU seconds of each way, and each as a ratio of one full decode. CPU seconds are
those of the programs that were started: they hold on a machine that others use, too.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.clips import ffmpeg, film
from workers.media import MediaFacts, MediaLimits, Sandbox, commands, render_ladder
from workers.media.ladder import rungs_for
from workers.media.probe import probe
from workers.media.run import run
from workers.media.tool import job_for

LIMITS = MediaLimits()
SANDBOX = Sandbox("limits")  # a cage keeps its programs' CPU seconds to itself


def phone_clip(folder: Path, seconds: int) -> Path:
    """The filmed street over and over, 1920x1080 at 25 frames a second, 18 Mbit/s, with sound."""
    path = folder / "phone.mp4"
    ffmpeg(
        *("-stream_loop", "-1", "-i", film("bikes"), "-stream_loop", "-1"),
        *("-i", film("bigbuckbunny"), "-t", str(seconds), "-map", "0:v", "-map", "1:a"),
        *("-vf", "scale=1920:1080,setsar=1,noise=alls=6:allf=t", "-c:v", "libx264"),
        *("-preset", "ultrafast", "-b:v", "18M", "-maxrate", "18M", "-bufsize", "18M"),
        *("-pix_fmt", "yuv420p", "-c:a", "aac", "-ac", "2", path),
    )
    return path


def decode(source: Path) -> None:
    argv = ["ffmpeg", "-nostdin", "-v", "error", "-threads", "2", "-i", str(source)]
    subprocess.run([*argv, "-f", "null", "-"], check=True)


def tool(argv: list[str], source: Path, out: Path, facts: MediaFacts) -> None:
    done = run(job_for(argv, (source,), out, facts, LIMITS), SANDBOX)
    assert done.status == 0, done.stderr


def one_by_one(source: Path, out: Path, facts: MediaFacts) -> None:
    """A process for each rung, each with its own decode and its own sound."""
    (out / "hls").mkdir()
    for rung in rungs_for(facts.short_side):
        tool(commands.render(source, facts, LIMITS, (rung,), "hls"), source, out, facts)


def measured(work: Callable[[], object]) -> tuple[float, float]:
    """Wall and CPU seconds."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    work()
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - begun
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=20)
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = phone_clip(folder, seconds)
        facts = probe(source, limits=LIMITS, sandbox=SANDBOX)
        encoded = replace(facts, profile="one that browsers do not play")

        def preview(of: MediaFacts) -> Callable[[], None]:
            argv = commands.preview(source, of, LIMITS, "proxy.mp4")
            return lambda: tool(argv, source, folder, facts)

        def new(place: str) -> Path:
            (folder / place).mkdir()
            return folder / place

        ways: dict[str, Callable[[], object]] = {
            "full decode": lambda: decode(source),
            "preview, remux": preview(facts),
            "preview, 480p proxy": preview(encoded),
            "ladder, one process, cascade": lambda: render_ladder(
                source, new("one"), facts=facts, limits=LIMITS, sandbox=SANDBOX
            ),
            "ladder, a process for each rung": lambda: one_by_one(source, new("each"), facts),
        }
        rate = source.stat().st_size * 8 / facts.duration_s / 1e6
        print(
            f"{facts.duration_s:.0f} s, {facts.width}x{facts.height}, {rate:.0f} Mbit/s, ", end=""
        )
        print(f"cage: {SANDBOX.tier}")
        results = {way: measured(work) for way, work in ways.items()}
        unit = results["full decode"][1]
        for way, (wall, cpu) in results.items():
            print(
                f"{way:33s} {wall:7.1f} s wall {cpu:7.1f} s CPU {cpu / unit:6.2f} of a decode's CPU"
            )


if __name__ == "__main__":
    main()
