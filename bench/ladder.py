"""Our ladder beside what one would write by hand, on three clips, at two presets.

.venv/bin/python bench/ladder.py [--rounds 5] [--seconds 6] [--preset veryfast] [--clip phone]

- ours: `render_ladder` whole, in the strongest cage: encode, signals, pictures, single files,
  hashes, playlists.
- by hand: one ffmpeg command for the same outputs, and one that copies the single files.
- ladder alone: our command without signals and samples.
- a process each, at once: for every rung its own ffmpeg, which decodes again; all run together.
- one after the other: the same processes, each when the one before has ended.

Ratios are of pairs of one run; CPU seconds and memory come from a run without a cage, which
keeps its programs' to itself.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench import sources
from bench.measure import in_turns, ratio, row, seconds, table
from workers.media import MediaFacts, MediaLimits, Sandbox, choose_sandbox, commands, render_ladder
from workers.media import ladder as rules
from workers.media.commands import Plan
from workers.media.ladder import Rung, rungs_for
from workers.media.posters import POSTERS
from workers.media.probe import probe
from workers.media.run import run
from workers.media.sound import LOW_PEAK_DBTP, PEAK_DBTP, SoundPlan
from workers.media.tool import job_for

LIMITS = MediaLimits()
OPEN = Sandbox("limits")
# What `examine` hands on: the gain, and that the posters are there.
NOTICED = {"sound_plan": {"gain_db": 6.0, "limited": True}, "posters": list(POSTERS)}
_LIMITER = "aresample=192000,alimiter=limit={}:level=0:attack=2:release=60,aresample=48000"
CLIPS: dict[str, Callable[[Path, float], Path]] = {
    "phone": sources.phone,
    "four_k": sources.four_k,
    "drawn": sources.drawn,
}


def ours(source: Path, out: Path, facts: MediaFacts, cage: Sandbox) -> None:
    render_ladder(source, out, facts=facts, limits=LIMITS, sandbox=cage, noticed=NOTICED)


def alone(source: Path, out: Path, facts: MediaFacts, cage: Sandbox, *, looks: bool) -> None:
    """Our argument list itself, with signals and samples or without."""
    plan = Plan(rungs_for(facts.short_side), rules.rate_for(facts), SoundPlan(6.0, limited=True))
    (out / "hls").mkdir()
    argv = commands.render(source, facts, LIMITS, plan, "hls", looks=looks)
    done = run(job_for(argv, (source,), out, facts, LIMITS), cage)
    assert done.status == 0, done.stderr


def encoder(rung: Rung, index: int) -> list[str]:
    """The same settings, as one would type them."""
    line = (
        f"-c:v:{index} libx264 -preset:v:{index} {rules.PRESET} -crf:v:{index} {rung.crf} "
        f"-maxrate:v:{index} {rung.max_kbps}k -bufsize:v:{index} {2 * rung.max_kbps}k "
        f"-profile:v:{index} high -g:v:{index} 60 -keyint_min:v:{index} 60 "
        f"-sc_threshold:v:{index} 0"
    )
    return line.split()


def sounds(first: int = 0) -> list[str]:
    return (
        f"-c:a aac -ar 48000 -b:a:{first} 128k -ac:a:{first} 2 -b:a:{first + 1} 48k "
        f"-ac:a:{first + 1} 1"
    ).split()


def _both_sounds() -> list[str]:
    """The loud one in stereo and the small one in mono, as parts of a graph."""
    loud = _LIMITER.format(commands.ceiling(PEAK_DBTP))
    small = _LIMITER.format(commands.ceiling(LOW_PEAK_DBTP))
    both = (
        "[0:a]aresample=48000:async=1:first_pts=0,aformat=channel_layouts=stereo:sample_fmts=fltp"
    )
    return [
        f"{both},volume=6dB,{loud},asetnsamples=1024:p=0,asplit=2[a0][b]",
        f"[b]pan=mono|c0=0.5*c0+0.5*c1,{small},asetnsamples=1024:p=0[a1]",
    ]


def hls(names: str) -> list[str]:
    return [
        *("-threads", "2", "-f", "hls", "-hls_time", "4", "-hls_playlist_type", "vod"),
        *("-hls_segment_type", "fmp4", "-hls_flags", "single_file+independent_segments"),
        *("-hls_segment_filename", "hls/%v.mp4", "-var_stream_map", names, "hls/%v.m3u8"),
    ]


def tool(out: Path, *argv: str) -> None:
    line = ["ffmpeg", "-nostdin", "-y", "-v", "error", *argv]
    subprocess.run(line, cwd=out, check=True)


def copies(out: Path, rungs: tuple[Rung, ...]) -> None:
    """The single files, in one command."""
    argv: list[str] = []
    wanted = rules.single_files(rungs)
    for rung in wanted:
        sound = "audio-low" if rung.low else "audio"
        argv += ["-i", f"hls/{rung.name}.mp4", "-i", f"hls/{sound}.mp4"]
    argv += ["-i", "hls/audio.mp4"]
    for number, rung in enumerate(wanted):
        argv += ["-map", f"{2 * number}:v", "-map", f"{2 * number + 1}:a", "-c", "copy"]
        argv += ["-movflags", "+faststart", f"{rung.name}.mp4"]
    tool(out, *argv, "-map", f"{2 * len(wanted)}:a", "-c", "copy", "sound.m4a")


def by_hand(source: Path, out: Path, facts: MediaFacts) -> None:
    """One command: a decode, a cascade of scalers, every rung, both sounds, frames to look at."""
    (out / "hls").mkdir()
    larger_first = tuple(reversed(rungs_for(facts.short_side)))
    graph, at = [], "[0:v]fps=30:start_time=0"
    for number, rung in enumerate(larger_first):
        width, height = rules.size_for(facts, rung.side)
        scale = f"scale={width}:{height}:flags=bicubic,setsar=1,format=yuv420p"
        count = 3 if rung.side == 240 else 2
        ends = f"[v{number}][n{number}]" + ("[w]" if rung.side == 240 else "")
        graph.append(f"{at},{scale},split={count}{ends}")
        at = f"[n{number}]null"
    graph.append(f"{at},scale=48:27:flags=area,format=rgb24[signals]")
    wide = "180:320" if facts.height > facts.width else "320:180"
    graph.append(f"[w]fps=1/0.25:start_time=0,scale={wide}:flags=area,format=rgb24[samples]")
    graph += _both_sounds()
    maps, names, options = [], [], []
    for number, rung in enumerate(larger_first):
        maps += ["-map", f"[v{number}]"]
        names.append(f"v:{number},agroup:{'low' if rung.low else 'sound'},name:{rung.name}")
        options += encoder(rung, number)
    maps += ["-map", "[a0]", "-map", "[a1]"]
    names += ["a:0,agroup:sound,name:audio", "a:1,agroup:low,name:audio-low"]
    raw = ("-c:v", "rawvideo", "-f", "rawvideo")
    tool(
        out,
        *("-threads", "2", "-i", str(source), "-filter_complex", ";".join(graph)),
        *maps,
        *options,
        *sounds(),
        *hls(" ".join(names)),
        *("-map", "[signals]", *raw, "signals.rgb", "-map", "[samples]", *raw, "samples.rgb"),
    )
    copies(out, tuple(reversed(larger_first)))


def one_rung(source: Path, out: Path, facts: MediaFacts, rung: Rung) -> None:
    """A process of its own: it decodes the original again, and scales straight from it."""
    width, height = rules.size_for(facts, rung.side)
    scale = f"scale={width}:{height}:flags=bicubic,setsar=1,format=yuv420p"
    graph = f"[0:v]fps=30:start_time=0,{scale}[v]"
    maps, names, options = ["-map", "[v]"], [f"v:0,name:{rung.name}"], encoder(rung, 0)
    tool(
        out,
        *("-threads", "2", "-i", str(source), "-filter_complex", graph, *maps, *options),
        *hls(" ".join(names)),
    )


def sound_alone(source: Path, out: Path) -> None:
    graph = ";".join(_both_sounds())
    maps = ("-map", "[a0]", "-map", "[a1]")
    tool(
        out,
        *("-vn", "-i", str(source), "-filter_complex", graph, *maps, *sounds()),
        *hls("a:0,name:audio a:1,name:audio-low"),
    )


def each(source: Path, out: Path, facts: MediaFacts, *, at_once: bool) -> None:
    (out / "hls").mkdir()
    rungs = rungs_for(facts.short_side)
    with ThreadPoolExecutor(len(rungs) + 1 if at_once else 1) as pool:
        waits = [pool.submit(one_rung, source, out, facts, r) for r in reversed(rungs)]
        waits.append(pool.submit(sound_alone, source, out))
    for wait in waits:
        wait.result()
    copies(out, rungs)


def ways(source: Path, facts: MediaFacts, folder: Path) -> dict[str, Callable[[], None]]:
    cage = choose_sandbox("auto")

    def fresh(work: Callable[[Path], None]) -> Callable[[], None]:
        def do() -> None:
            with tempfile.TemporaryDirectory(dir=folder) as name:
                work(Path(name))

        return do

    return {
        "ours": fresh(lambda out: ours(source, out, facts, cage)),
        "by hand": fresh(lambda out: by_hand(source, out, facts)),
        "with signals": fresh(lambda out: alone(source, out, facts, cage, looks=True)),
        "ladder alone": fresh(lambda out: alone(source, out, facts, cage, looks=False)),
        "a process each, at once": fresh(lambda out: each(source, out, facts, at_once=True)),
        "one after the other": fresh(lambda out: each(source, out, facts, at_once=False)),
    }


def compare(name: str, source: Path, folder: Path, rounds: int) -> None:
    facts = probe(source, limits=LIMITS, sandbox=OPEN)
    mbits = source.stat().st_size * 8 / facts.duration_s / 1e6
    print(
        f"\n### {name}: {facts.duration_s:.0f} s, {facts.width}x{facts.height}, "
        f"{facts.video_codec}, {mbits:.0f} Mbit/s; {rules.PRESET}; {rounds} pairs",
        flush=True,
    )
    found = in_turns(ways(source, facts, folder), rounds)
    table("way", "wall, s", "CPU, s", "ours, of its wall")
    for way, costs in found.items():
        # In the cage the CPU seconds can not be seen: "ours" is measured below.
        cpu = "" if way in ("ours", "with signals", "ladder alone") else seconds(costs, "tool")
        row(way, seconds(costs), cpu, ratio(found["ours"], costs))
    print(f"\nsignals and samples: {ratio(found['with signals'], found['ladder alone'])}")
    memory(source, facts, folder)


def memory(source: Path, facts: MediaFacts, folder: Path) -> None:
    """CPU and the largest program of one run, by a child of its own."""
    code = (
        "import sys,resource;from pathlib import Path;sys.path.insert(0,sys.argv[1]);"
        "from bench.ladder import *;from bench.measure import cost;"
        "rules.PRESET=sys.argv[4];s=Path(sys.argv[2]);"
        "f=probe(s,limits=LIMITS,sandbox=OPEN);o=Path(sys.argv[3]);"
        "c=cost(lambda:ours(s,o,f,OPEN));"
        "m=resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss//1024;"
        "print(f'{c.tool:.1f} {c.own:.2f} {m}')"
    )
    with tempfile.TemporaryDirectory(dir=folder) as out:
        root = str(Path(__file__).parents[1])
        argv = [sys.executable, "-c", code, root, str(source), out, rules.PRESET]
        said = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split()
    tool_cpu, own, largest = (float(n) for n in said)
    print(
        f"ours, without a cage: {tool_cpu:.1f} CPU seconds of the tool, {own:.2f} of Python "
        f"({100 * own / tool_cpu:.1f} %); largest process {largest:.0f} MiB",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--preset", action="append", default=[])
    parser.add_argument("--clip", action="append", default=[], choices=CLIPS)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for clip in asked.clip or CLIPS:
            source = CLIPS[clip](folder, asked.seconds)
            for preset in asked.preset or ["veryfast"]:
                rules.PRESET = preset
                compare(clip, source, folder, asked.rounds)
            source.unlink()


if __name__ == "__main__":
    main()
