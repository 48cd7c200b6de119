"""How soon a clip can be reviewed, beside one decode of it.

.venv/bin/python bench/examine.py [--rounds 5] [--seconds 30]

- what browsers play: `examine` whole (facts, remux, pictures, loudness) beside one full decode;
- what they do not: `examine` whole beside one command that decodes and encodes 480p.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench import sources
from bench.ladder import LIMITS, tool
from bench.measure import in_turns, ratio, row, seconds, table
from workers.media import choose_sandbox, examine
from workers.media import ladder as rules


def decode(source: Path, out: Path) -> None:
    tool(out, "-threads", "2", "-i", str(source), "-f", "null", "-")


def proxy(source: Path, out: Path) -> None:
    """Decode, 480p with our settings, sound."""
    rung = rules.PROXY
    line = (
        f"-vf fps=30,scale=-2:{rung.side}:flags=bicubic,format=yuv420p -c:v libx264 "
        f"-preset {rules.PRESET} -crf {rung.crf} -maxrate {rung.max_kbps}k "
        f"-bufsize {2 * rung.max_kbps}k -profile:v high -g 60 -keyint_min 60 -sc_threshold 0 "
        "-threads 2 -c:a aac -b:a 96k -ac 2 -ar 48000 -movflags +faststart"
    )
    tool(out, "-threads", "2", "-i", str(source), *line.split(), "proxy.mp4")


def compare(
    name: str,
    source: Path,
    folder: Path,
    other: tuple[str, Callable[[Path, Path], None]],
    rounds: int,
) -> None:
    cage = choose_sandbox("auto")

    def fresh(work: Callable[[Path, Path], object]) -> Callable[[], None]:
        def do() -> None:
            with tempfile.TemporaryDirectory(dir=folder) as out:
                work(source, Path(out))

        return do

    def whole(of: Path, out: Path) -> None:
        examine(of, out, limits=LIMITS, sandbox=cage)

    found = in_turns({"examine": fresh(whole), other[0]: fresh(other[1])}, rounds)
    row(
        name,
        seconds(found["examine"]),
        other[0],
        seconds(found[other[0]]),
        ratio(found["examine"], found[other[0]]),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=30.0)
    asked = parser.parse_args()
    table("source", "examine, s", "beside", "s", "ratio")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        decoded = ("one full decode", decode)
        encoded = ("decode and a 480p encode", proxy)
        phone = sources.phone(folder, asked.seconds)
        compare(f"phone, 1080p H.264, {asked.seconds:.0f} s", phone, folder, decoded, asked.rounds)
        phone.unlink()
        hevc = sources.hevc(folder, asked.seconds)
        compare(f"1080p HEVC, {asked.seconds:.0f} s", hevc, folder, encoded, asked.rounds)


if __name__ == "__main__":
    main()
