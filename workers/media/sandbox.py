"""The cage of the media tool: three tiers, the strongest that passes its self-test.

Whatever the tier, `launcher.py` ends the tool and its children when the worker dies, `setpriv`
takes away new privileges, and `prlimit` sets the limits; the two are in every Debian, and all run
before the tool, so nothing has to be set between fork and exec of a program with threads.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workers.media.errors import SandboxUnavailable

TIERS = ("bubblewrap", "namespaces", "limits")


@dataclass(frozen=True, slots=True)
class Caps:
    """Limits of one run: bytes of address space and of one file, CPU seconds, open files."""

    memory_bytes: int
    file_bytes: int
    cpu_seconds: int
    open_files: int = 256


@dataclass(frozen=True, slots=True)
class Sandbox:
    tier: str

    def wrap(
        self, argv: Sequence[str], *, folder: Path, reads: Sequence[Path], caps: Caps
    ) -> list[str]:
        """The argument list that runs ``argv`` in this cage: ``folder`` can be written, ``reads``
        can be read, and in the strongest tier nothing else of ours can."""
        return [*_launcher(caps), *self._cage(folder, reads), *argv]

    def _cage(self, folder: Path, reads: Sequence[Path]) -> list[str]:
        if self.tier == "namespaces":
            # A process space of its own: what the tool starts ends with it. Its first process is
            # a shell, since signals mean nothing to a first process.
            spaces = ("--map-root-user", "--net", "--pid", "--fork", "--kill-child")
            return [_tool("unshare"), *spaces, "--", "/bin/sh", "-c", '"$@"; exit $?', "sh"]
        if self.tier == "limits":
            return []
        inputs = [part for path in reads for part in ("--ro-bind", str(path), str(path))]
        return [
            _tool("bwrap"),
            "--unshare-all",
            "--die-with-parent",
            *("--cap-drop", "ALL"),
            *("--ro-bind", "/usr", "/usr"),
            *_system_links(),
            # The libraries that ffmpeg loads are found through these.
            *("--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"),
            *("--ro-bind-try", "/etc/alternatives", "/etc/alternatives"),
            *("--proc", "/proc", "--dev", "/dev"),
            *("--bind", str(folder), str(folder)),
            *inputs,
            # These two lie in memory that no limit of ours counts.
            *("--remount-ro", "/", "--remount-ro", "/dev"),
            *("--chdir", str(folder), "--"),
        ]


def _launcher(caps: Caps) -> list[str]:
    return [
        _tool("setpriv"),
        "--no-new-privs",
        _tool("prlimit"),
        f"--as={caps.memory_bytes}",
        f"--fsize={caps.file_bytes}",
        # The soft limit ends the tool, the hard one whatever catches the signal.
        f"--cpu={caps.cpu_seconds}:{caps.cpu_seconds + 10}",
        f"--nofile={caps.open_files}",
        "--core=0",
    ]


def _system_links() -> list[str]:
    """/bin, /lib, /lib64: links into /usr on today's Debian, folders on older systems."""
    parts: list[str] = []
    for name in ("/bin", "/sbin", "/lib", "/lib64"):
        path = Path(name)
        if path.is_symlink():
            parts += ["--symlink", str(path.readlink()), name]
        elif path.is_dir():
            parts += ["--ro-bind", name, name]
    return parts


def _tool(name: str) -> str:
    """The absolute path of a system tool: the cage has no PATH."""
    return shutil.which(name, path="/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin") or name


def choose_sandbox(mode: str) -> Sandbox:
    """The strongest tier that works here. ``require``: bubblewrap or namespaces, else
    :class:`SandboxUnavailable`; ``auto``: whatever works; ``off``: limits only."""
    if mode == "off":
        return Sandbox("limits")
    failures = []
    for tier in TIERS[:2]:
        reason = _self_test(Sandbox(tier))
        if reason is None:
            return Sandbox(tier)
        failures.append(f"{tier}: {reason}")
    if mode == "require":
        raise SandboxUnavailable("no cage works here: " + "; ".join(failures))
    return Sandbox("limits")


def _self_test(sandbox: Sandbox) -> str | None:
    """None when the tool runs in the cage; else why not."""
    tool = [_tool("ffmpeg"), "-nostdin", "-v", "error", "-version"]
    caps = Caps(2 << 30, 1 << 20, 20)
    try:
        with tempfile.TemporaryDirectory() as folder:
            argv = sandbox.wrap(tool, folder=Path(folder), reads=(), caps=caps)
            done = subprocess.run(argv, env={}, capture_output=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode != 0:
        return done.stderr.decode(errors="replace").strip()[-200:] or f"exit {done.returncode}"
    return None
