"""The one function that runs the tool, with tools that hang, crash, flood, fork and hoard."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from workers.media import MediaToolFailed, Sandbox
from workers.media.run import KEPT_STDERR, Done, Job, run
from workers.media.sandbox import TIERS, Caps, choose_sandbox

MIB = 1024 * 1024
CAPS = Caps(memory_bytes=1024 * MIB, file_bytes=8 * MIB, cpu_seconds=20)
PATIENCE = 20.0  # seconds that a test waits for something to happen


def _works(tier: str) -> bool:
    if tier == "limits":
        return True
    argv = Sandbox(tier).wrap(["/bin/true"], folder=Path("/var/tmp"), reads=(), caps=CAPS)
    return subprocess.run(argv, env={}, capture_output=True, check=False).returncode == 0


@pytest.fixture(params=TIERS)
def cage(request: pytest.FixtureRequest) -> Sandbox:
    if not _works(request.param):
        pytest.skip(f"{request.param} does not work on this machine")
    return Sandbox(request.param)


@pytest.fixture
def tool(tmp_path: Path, cage: Sandbox) -> Callable[..., Done]:
    """Run a small shell script as if it were the media tool."""

    def start(script: str, **more: object) -> Done:
        job = job_of(script, tmp_path, **more)
        return run(job, cage)

    return start


def job_of(script: str, folder: Path, **more: object) -> Job:
    settings: dict[str, object] = {"wall": PATIENCE, "stall": PATIENCE, "caps": CAPS, **more}
    return Job(argv=["/bin/sh", "-c", script], folder=folder, reads=(), **settings)  # type: ignore[arg-type]


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(MediaToolFailed) as caught:
        call()
    return caught.value.code


def left_over(mark: str) -> list[int]:
    """Processes whose command line has ``mark`` in it."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                line = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if mark.encode() in line and int(entry.name) != os.getpid():
                found.append(int(entry.name))
    return found


def wait_for(what: Callable[[], bool]) -> bool:
    until = time.monotonic() + PATIENCE
    while not what():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def test_status_answer_and_last_words(tool: Callable[..., Done]) -> None:
    assert tool("echo answer; echo words >&2; exit 3") == Done(3, b"answer\n", "words\n")


def test_the_tool_gets_an_empty_environment_and_no_input(tool: Callable[..., Done]) -> None:
    done = tool("cat; env | sed 's/=.*//' | sort | tr '\\n' ' '")
    # The rest is the shell's own.
    assert set(done.stdout.split()) <= {b"MALLOC_ARENA_MAX", b"PWD", b"OLDPWD", b"SHLVL", b"_"}


def test_limits_stand(tool: Callable[..., Done]) -> None:
    done = tool(
        "ulimit -v; ulimit -f; ulimit -t; ulimit -n; ulimit -c; grep NoNew /proc/self/status"
    )
    kib, blocks, seconds, files, core, *privileges = done.stdout.split()
    assert (int(kib), int(blocks), int(seconds), int(files), int(core)) == (
        CAPS.memory_bytes // 1024,
        CAPS.file_bytes // 512,
        CAPS.cpu_seconds,
        256,
        0,
    )
    assert privileges == [b"NoNewPrivs:", b"1"]


def test_a_tool_that_hangs_is_timed_out(tool: Callable[..., Done]) -> None:
    assert code_of(lambda: tool("exec sleep 987601", wall=0.3)) == "tool_timeout"
    assert wait_for(lambda: not left_over("987601"))


def test_a_tool_that_shows_no_progress_has_stalled(tool: Callable[..., Done]) -> None:
    """It goes on talking, but makes nothing more."""
    script = "while :; do echo frame=7; echo out_time_us=280000; sleep 0.1; done"
    assert code_of(lambda: tool(script, stall=1.0, duration=10.0)) == "tool_stalled"


def test_a_tool_that_gets_on_is_left_alone(tmp_path: Path, cage: Sandbox) -> None:
    script = (
        "for i in 1 2 3 4 5 6 7 8; do echo frame=$i; echo out_time_us=${i}00000; sleep 0.3; done"
    )
    seen: list[float] = []
    done = run(job_of(script, tmp_path, stall=1.5, duration=1.0), cage, seen.append)
    assert done.status == 0
    assert seen == sorted(seen)
    assert seen[-1] == 0.8


def test_a_crash_is_told_by_its_signal(tool: Callable[..., Done]) -> None:
    assert tool("kill -SEGV $$").status == -signal.SIGSEGV
    assert tool("kill -KILL $$").status == -signal.SIGKILL


def test_a_hoarder_is_refused_memory(tool: Callable[..., Done]) -> None:
    done = tool("exec /usr/bin/python3 -c 'bytearray(3 << 30)'")
    assert done.status == 1
    assert "MemoryError" in done.stderr


def test_a_burner_is_out_of_time(tool: Callable[..., Done]) -> None:
    caps = Caps(memory_bytes=1024 * MIB, file_bytes=MIB, cpu_seconds=1)
    assert tool("while :; do :; done", caps=caps).status == -signal.SIGXCPU


def test_a_file_without_end_is_cut(tool: Callable[..., Done], tmp_path: Path) -> None:
    tool("exec cat /dev/zero > flood")
    assert (tmp_path / "flood").stat().st_size == CAPS.file_bytes


def test_floods_of_words_take_no_memory(tool: Callable[..., Done]) -> None:
    """As an answer, as progress, and as error messages."""
    assert code_of(lambda: tool("exec yes")) == "tool_crashed"
    assert code_of(lambda: tool("exec yes", duration=10.0, stall=1.0)) == "tool_stalled"
    done = tool("yes 'no, no' | head -c 3000000 >&2; echo the end >&2")
    assert len(done.stderr) == KEPT_STDERR
    assert done.stderr.endswith("the end\n")


def test_what_the_tool_leaves_running_is_ended(tool: Callable[..., Done]) -> None:
    done = tool("sleep 987602 & echo made; exit 0")
    assert (done.status, done.stdout) == (0, b"made\n")
    assert wait_for(lambda: not left_over("987602"))


def test_even_what_left_its_group_is_ended(tool: Callable[..., Done]) -> None:
    tool("setsid sleep 987603 >/dev/null 2>&1 & sleep 0.2")
    assert wait_for(lambda: not left_over("987603"))


def test_a_withdrawn_clip_stops_the_tool(tmp_path: Path, cage: Sandbox) -> None:
    class Withdrawn(Exception):
        pass

    def progress(fraction: float) -> None:
        raise Withdrawn

    with pytest.raises(Withdrawn):
        run(job_of("exec sleep 987604", tmp_path), cage, progress)
    assert wait_for(lambda: not left_over("987604"))


@pytest.mark.parametrize("status", [0, 1])
def test_a_full_disk_is_nobodys_fault(tool: Callable[..., Done], status: int) -> None:
    words = "echo 'av_interleaved_write_frame(): No space left on device' >&2"
    assert code_of(lambda: tool(f"{words}; exit {status}")) == "no_space"


def test_what_can_not_be_decoded_is_counted(tool: Callable[..., Done]) -> None:
    """In the words of ffmpeg 5 and of ffmpeg 7; more than the words that are kept."""
    script = """
    for i in $(seq 500); do
      echo 'Error while decoding stream #0:0: Invalid data found' >&2
      echo '[dec:h264 @ 0x1] Error submitting packet to decoder: Invalid data found' >&2
      echo 'something else' >&2
    done"""
    assert tool(script).undecodable == 1000


# Each line makes a worker, which runs the tool; then it is waited for.
WORKERS = """
import os, sys
sys.path[:0] = [{root!r}]
from pathlib import Path
from workers.media.run import Job, run
from workers.media.sandbox import Caps, Sandbox
for line in sys.stdin:
    argv = ["/bin/sh", "-c", "echo begun > begun; exec sleep " + line.strip()]
    job = Job(argv, Path({folder!r}), (), Caps({memory}, 1 << 20, 100), wall=100.0, stall=100.0)
    worker = os.fork()
    if worker == 0:
        run(job, Sandbox({tier!r}))
    print(worker, flush=True)
    os.waitpid(worker, 0)
"""


@pytest.fixture
def workers(tmp_path: Path, cage: Sandbox) -> Iterator[Callable[[str], int]]:
    """Call it with a mark for one more worker: its process id. The one before must be dead."""
    text = WORKERS.format(
        root=str(Path(__file__).parents[3]),
        folder=str(tmp_path),
        memory=CAPS.memory_bytes,
        tier=cage.tier,
    )
    pipe = subprocess.PIPE
    maker = subprocess.Popen(
        [sys.executable, "-c", text], stdin=pipe, stdout=pipe, text=True, bufsize=1
    )

    def make(mark: str) -> int:
        assert maker.stdin is not None
        assert maker.stdout is not None
        maker.stdin.write(f"{mark}\n")
        return int(maker.stdout.readline())

    yield make
    maker.communicate()


@pytest.mark.faults
def test_a_killed_worker_takes_the_tool_with_it(
    tmp_path: Path, cage: Sandbox, workers: Callable[[str], int]
) -> None:
    """SIGKILL: no handler of ours runs, and yet nothing stays behind."""
    mark = f"98770{TIERS.index(cage.tier)}"
    worker = workers(mark)
    try:
        assert wait_for((tmp_path / "begun").exists)
        assert left_over(mark)
    finally:
        os.kill(worker, signal.SIGKILL)
    assert wait_for(lambda: not left_over(mark))


@pytest.mark.faults
def test_a_worker_that_is_killed_while_the_tool_starts(
    tmp_path: Path, cage: Sandbox, workers: Callable[[str], int]
) -> None:
    """At every half millisecond of the way through launcher, limits and cage: each of them has a
    moment at which it would not yet hear of its parent's death."""
    mark = f"98770{TIERS.index(cage.tier)}"
    begun = []
    for step in range(100):
        (tmp_path / "begun").unlink(missing_ok=True)
        worker = workers(mark)
        time.sleep(step * 0.0005)
        os.kill(worker, signal.SIGKILL)
        begun.append((tmp_path / "begun").exists())
    assert not begun[0]
    assert wait_for(lambda: not left_over(mark))


@pytest.mark.faults
def test_a_launcher_that_is_killed_takes_the_tool_with_it(tmp_path: Path, cage: Sandbox) -> None:
    """As a system without memory does; then the tool has crashed."""
    mark = f"98772{TIERS.index(cage.tier)}"
    ended: list[Done] = []
    job = job_of(f"echo begun > begun; exec sleep {mark}", tmp_path)
    thread = threading.Thread(target=lambda: ended.append(run(job, cage)))
    thread.start()
    assert wait_for((tmp_path / "begun").exists)
    (launcher,) = (
        pid
        for pid in left_over(mark)
        if b"launcher.py" in Path(f"/proc/{pid}/cmdline").read_bytes()
    )
    os.kill(launcher, signal.SIGKILL)
    thread.join(PATIENCE)
    assert [done.status for done in ended] == [-signal.SIGKILL]
    assert wait_for(lambda: not left_over(mark))


def test_a_program_that_is_not_there(tool: Callable[..., Done]) -> None:
    assert tool("exec /nowhere/tool").status == 127


def test_auto_takes_the_strongest_and_off_only_limits() -> None:
    strongest = next(tier for tier in TIERS if _works(tier))
    assert choose_sandbox("auto") == Sandbox(strongest)
    assert choose_sandbox("off") == Sandbox("limits")


def test_only_run_starts_programs() -> None:
    """`subprocess` and ffmpeg-python's `run` and `probe` stand in no other module that works on
    clips; the cage's self-test and the version are the exceptions."""
    package = Path(__file__).parents[3] / "workers"
    users = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if re.search(r"\bsubprocess\b|ffmpeg\.(run|probe)|os\.system", path.read_text())
    }
    assert users == {"__main__.py", "media/run.py", "media/sandbox.py"}
