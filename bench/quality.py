"""What the choices of the ladder do to the picture: cascade, preset, CRF, kinds of clips.

.venv/bin/python bench/quality.py [--seconds 4]

SSIM is of all frames against the source (scaled up to it where the rung is smaller).
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench import sources
from bench.ladder import LIMITS, OPEN, encoder, tool
from bench.measure import cost, row, table
from workers.media import MediaFacts, render_ladder
from workers.media import ladder as rules
from workers.media.ladder import Rung, rungs_for
from workers.media.probe import probe


def ssim(made: Path, source: Path, facts: MediaFacts) -> float:
    graph = (
        f"[0:v]scale={facts.width}:{facts.height}:flags=bicubic,fps=30:start_time=0,"
        "settb=AVTB,setpts=PTS-STARTPTS[a];[1:v]fps=30:start_time=0,settb=AVTB,"
        "setpts=PTS-STARTPTS[b];[a][b]ssim"
    )
    argv = ["ffmpeg", "-nostdin", "-hide_banner", "-i", str(made), "-i", str(source)]
    argv += ["-lavfi", graph, "-f", "null", "-"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    return float(re.findall(r"All:([0-9.]+)", done.stderr)[-1])


def kbps(path: Path, facts: MediaFacts) -> float:
    return path.stat().st_size * 8 / facts.duration_s / 1000


def direct(source: Path, out: Path, facts: MediaFacts, rung: Rung) -> Path:
    width, height = rules.size_for(facts, rung.side)
    scale = f"fps=30:start_time=0,scale={width}:{height}:flags=bicubic,format=yuv420p"
    path = out / f"direct-{rung.name}.mp4"
    tool(out, "-i", str(source), "-an", "-vf", scale, *encoder(rung, 0), "-threads", "2", path.name)
    return path


def cascade(name: str, source: Path, folder: Path) -> None:
    """Each rung made from the next larger one, beside the same straight from the source."""
    facts = probe(source, limits=LIMITS, sandbox=OPEN)
    with tempfile.TemporaryDirectory(dir=folder) as place:
        out = Path(place)
        render_ladder(source, out, facts=facts, limits=LIMITS, sandbox=OPEN)
        for rung in rungs_for(facts.short_side):
            made = out / "hls" / f"{rung.name}.mp4"
            if not made.exists():
                continue
            ours = ssim(made, source, facts)
            theirs = ssim(direct(source, out, facts, rung), source, facts)
            row(name, rung.name, f"{ours:.4f}", f"{theirs:.4f}", f"{ours - theirs:+.4f}")


def presets(name: str, source: Path, folder: Path, side: int) -> None:
    facts = probe(source, limits=LIMITS, sandbox=OPEN)
    rung = next(r for r in rungs_for(facts.short_side) if r.side == side)
    usual = rules.PRESET
    for preset in ("ultrafast", "superfast", "veryfast", "faster", "medium"):
        for crf in (20, 23, 26) if preset == usual else (rung.crf,):
            rules.PRESET = preset
            trial = Rung(rung.side, rung.max_kbps, crf)
            used = cost(lambda trial=trial: direct(source, folder, facts, trial))  # type: ignore[misc]
            made = folder / f"direct-{rung.name}.mp4"
            row(
                name,
                preset,
                str(crf),
                f"{kbps(made, facts):.0f}",
                f"{ssim(made, source, facts):.4f}",
                f"{used.tool:.1f}",
            )
    rules.PRESET = usual


def kinds(name: str, source: Path, folder: Path) -> None:
    facts = probe(source, limits=LIMITS, sandbox=OPEN)
    with tempfile.TemporaryDirectory(dir=folder) as place:
        out = Path(place)
        render_ladder(source, out, facts=facts, limits=LIMITS, sandbox=OPEN)
        rates = []
        for rung in rules.LADDER:
            path = out / "hls" / f"{rung.name}.mp4"
            rates.append(f"{kbps(path, facts):.0f}" if path.exists() else "–")
        row(name, *rates)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=4.0)
    length = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        phone, drawn = sources.phone(folder, length), sources.drawn(folder, length)
        face, still = sources.talking(folder, length), sources.slides(folder, 2 * length)
        table("clip", "rung", "SSIM, cascade", "SSIM, direct", "difference")
        cascade("phone", phone, folder)
        cascade("drawn, upright", drawn, folder)
        table("clip, 720p", "preset", "CRF", "kbit/s", "SSIM", "CPU, s")
        presets("phone", phone, folder, 720)
        presets("talking", face, folder, 720)
        table("kbit/s of", *(r.name for r in rules.LADDER))
        kinds("street, filmed", phone, folder)
        kinds("face, filmed", face, folder)
        kinds("pictures that stand", still, folder)


if __name__ == "__main__":
    main()
