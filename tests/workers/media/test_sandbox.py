"""Canaries: what a tool that was taken over could reach, in each cage that this machine has."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workers.media import taken_over
from tests.workers.media.canary import canary
from tests.workers.media.test_run import left_over, wait_for
from workers.media import MediaToolFailed, Sandbox, SandboxUnavailable
from workers.media.run import Done, Job, run
from workers.media.sandbox import TIERS, Caps, choose_sandbox

MIB = 1024 * 1024
GIB = 1024 * MIB
CAPS = Caps(memory_bytes=2 * GIB, file_bytes=8 * MIB, cpu_seconds=20)
ROOT = Path(__file__).parents[3]

# What a tool that was taken over can do in bubblewrap, namespaces and with limits alone: the
# table of docs/media.md.
PROMISES: dict[str, tuple[str, str, str]] = {
    "calls out": ("no", "no", "yes"),
    "reads other files": ("no", "yes", "yes"),
    "writes outside its folder": ("no", "yes", "yes"),
    "sees other processes": ("no", "yes", "yes"),
    "ends other processes": ("no", "no", "yes"),
    "leaves a child, or outlives its worker": ("no", "no", "no"),
    "takes more memory, CPU time, files or disk than its limits": ("no", "no", "no"),
    "gains privileges": ("no", "no", "no"),
    "starts many processes, until its time is over": ("yes", "yes", "yes"),
}


@pytest.fixture(params=TIERS)
def cage(request: pytest.FixtureRequest, tmp_path: Path) -> Sandbox:
    sandbox = Sandbox(request.param)
    probe = Job(["/bin/true"], tmp_path, (), CAPS, wall=20.0, stall=20.0)
    if run(probe, sandbox).status != 0:
        pytest.skip(f"{request.param} does not work on this machine")
    return sandbox


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "out"
    path.mkdir()
    return path


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """What lies beside the folder: settings, the database, another clip."""
    path = tmp_path / "secret"
    path.write_text("chim-hoang-yen-trong-tep")
    return path


def promised(cage: Sandbox, deed: str) -> str:
    return {"yes": "done", "no": "kept out"}[PROMISES[deed][TIERS.index(cage.tier)]]


def outcome(done: Done) -> str:
    return done.stdout.decode().strip() or f"ended with {done.status}: {done.stderr}"


def tried(
    cage: Sandbox, folder: Path, deed: str, *reads: Path, caps: Caps = CAPS, **values: object
) -> str:
    job = Job(taken_over.script(deed, **values), folder, reads, caps, wall=20.0, stall=20.0)
    return outcome(run(job, cage))


def test_the_documented_table_is_what_is_tried_here() -> None:
    text = (ROOT / "docs/media.md").read_text()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()]
    begin = rows.index(["a tool that was taken over", "bubblewrap", "namespaces", "limits"])
    told = {row[0]: tuple(row[1:]) for row in rows[begin + 2 : begin + 2 + len(PROMISES)]}
    assert told == PROMISES
    assert rows[begin + 2 + len(PROMISES)] == []


def test_calls(cage: Sandbox, folder: Path) -> None:
    with canary() as bird:
        said = tried(cage, folder, taken_over.CALL_OUT, port=bird.port)
        assert said == promised(cage, "calls out")
        assert bird.hits == (said == "done")


def test_reading(cage: Sandbox, folder: Path, secret: Path) -> None:
    """The database's folder, the code, the system's accounts."""
    word = promised(cage, "reads other files")
    places = [str(secret), __file__, "/etc/passwd"]
    assert [tried(cage, folder, taken_over.READ, path=p) for p in places] == [word] * 3
    assert tried(cage, folder, taken_over.READ, secret, path=str(secret)) == "done"


def test_writing(cage: Sandbox, folder: Path, secret: Path) -> None:
    word = promised(cage, "writes outside its folder")
    beside = folder.parent / "beside"
    assert tried(cage, folder, taken_over.WRITE, path=str(beside)) == word
    assert beside.exists() == (word == "done")
    # The clip itself, which is given for reading.
    assert tried(cage, folder, taken_over.WRITE, secret, path=str(secret)) == word
    assert (secret.read_text() == "taken over") == (word == "done")
    assert tried(cage, folder, taken_over.WRITE, path=str(folder / "made")) == "done"
    assert (folder / "made").read_text() == "taken over"


@pytest.mark.parametrize("cage", TIERS[:1], indirect=True)
@pytest.mark.parametrize("place", ["/x", "/tmp/x", "/dev/x", "/dev/shm/x", "/usr/x", "/etc/x"])
def test_nothing_of_the_cage_is_a_place_to_write(folder: Path, cage: Sandbox, place: str) -> None:
    """Neither the system nor memory that no limit counts."""
    assert tried(cage, folder, taken_over.WRITE, path=place) == "kept out"
    assert not Path(place).exists()


@pytest.fixture
def other() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["/bin/sleep", "60"])
    yield process
    process.kill()
    process.wait()


def test_other_processes(cage: Sandbox, folder: Path, other: subprocess.Popen[bytes]) -> None:
    said = tried(cage, folder, taken_over.SEE, pid=other.pid)
    assert said == promised(cage, "sees other processes")
    said = tried(cage, folder, taken_over.END, pid=other.pid)
    assert said == promised(cage, "ends other processes")
    assert (other.poll() is None) == (said == "kept out")


def test_its_launcher_is_not_ended_with_its_own_group(cage: Sandbox, folder: Path) -> None:
    """Else what left the group before would go free."""
    mark = f"98775{TIERS.index(cage.tier)}"
    deed = taken_over.LEAVE_A_CHILD.replace("return True", "os.kill(0, 9)")
    tried(cage, folder, deed, mark=mark)
    assert wait_for(lambda: not left_over(mark))


def test_a_child_that_tore_itself_off(cage: Sandbox, folder: Path) -> None:
    mark = f"98776{TIERS.index(cage.tier)}"
    assert tried(cage, folder, taken_over.LEAVE_A_CHILD, mark=mark) == "done"
    assert left_over(mark) == []
    assert promised(cage, "leaves a child, or outlives its worker") == "kept out"


@pytest.mark.parametrize("deed", [taken_over.HOARD, taken_over.MAP])
def test_memory(cage: Sandbox, folder: Path, deed: str) -> None:
    assert tried(cage, folder, deed, size=4 * GIB) == "kept out"
    assert tried(cage, folder, deed, size=GIB) == "done"


def test_one_large_file(cage: Sandbox, folder: Path) -> None:
    assert tried(cage, folder, taken_over.ONE_LARGE_FILE, size=10 * GIB) == "kept out"
    assert tried(cage, folder, taken_over.ONE_LARGE_FILE, size=8 * MIB) == "done"


def test_many_files(cage: Sandbox, folder: Path) -> None:
    """Sixteen gigabytes in files that are each within the limit."""
    with pytest.raises(MediaToolFailed, match="bytes are written, and no end"):
        tried(cage, folder, taken_over.MANY_FILES, size=8 * MIB)
    assert sum(path.stat().st_size for path in folder.iterdir()) < 3 * GIB


def test_open_files(cage: Sandbox, folder: Path) -> None:
    assert tried(cage, folder, taken_over.OPEN_FILES) == "kept out"


def test_cpu_time_of_who_catches_the_warning(cage: Sandbox, folder: Path) -> None:
    """The hard limit follows ten seconds after the soft one; the clock is quicker here."""
    caps = Caps(memory_bytes=GIB, file_bytes=MIB, cpu_seconds=1)
    mark = f"98791{TIERS.index(cage.tier)}"  # other tiers may be tried at this very time
    job = Job(taken_over.script(taken_over.BURN, mark=mark), folder, (), caps, wall=3.0, stall=20.0)
    with pytest.raises(MediaToolFailed) as caught:
        run(job, cage)
    assert caught.value.code == "tool_timeout"
    assert left_over(mark) == []


def test_privileges(cage: Sandbox, folder: Path) -> None:
    assert promised(cage, "gains privileges") == "kept out"
    assert tried(cage, folder, taken_over.PRIVILEGES) == "kept out"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make such a program")
def test_a_program_that_makes_its_user_root(cage: Sandbox, folder: Path) -> None:
    place = Path(tempfile.mkdtemp(dir="/var/tmp"))
    try:
        place.chmod(0o755)
        program = shutil.copy("/usr/bin/id", place / "id")
        program.chmod(0o4755)
        assert tried(cage, folder, taken_over.SETUID, place, program=str(program)) == "kept out"
    finally:
        shutil.rmtree(place)


@pytest.mark.parametrize("cage", TIERS[:1], indirect=True)
def test_the_settings_of_others_and_all_capabilities_are_gone(folder: Path, cage: Sandbox) -> None:
    """Also when the worker runs as root."""
    environment = f"/proc/{os.getpid()}/environ"
    assert tried(cage, folder, taken_over.READ, path=environment) == "kept out"
    script = "print(open('/proc/self/status').read())"
    job = Job(["/usr/bin/python3", "-c", script], folder, (), CAPS, wall=20.0, stall=20.0)
    status = run(job, cage).stdout.decode()
    found = {line.split(":")[0]: line.split()[-1] for line in status.splitlines() if ":" in line}
    assert int(found["CapEff"], 16) == int(found["CapPrm"], 16) == 0


def test_many_processes_end_with_it(cage: Sandbox, folder: Path) -> None:
    """Nothing counts them: RLIMIT_NPROC counts those of the whole user. But none stays."""
    mark = f"98777{TIERS.index(cage.tier)}"
    said = tried(cage, folder, taken_over.MANY_PROCESSES, mark=mark, count=40)
    assert said == promised(cage, "starts many processes, until its time is over")
    assert left_over(mark) == []


def test_require_refuses_to_go_without(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has neither of the two programs."""
    monkeypatch.setattr("workers.media.sandbox._tool", lambda name: f"/nowhere/{name}")
    assert choose_sandbox("auto") == Sandbox("limits")
    with pytest.raises(SandboxUnavailable, match="no cage works here: bubblewrap: "):
        choose_sandbox("require")
