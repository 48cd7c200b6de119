"""Deeds of a tool that was taken over, as small scripts to be run in the tool's place.

Each says "done" when it succeeded, and "kept out" when something held it back.
"""

from __future__ import annotations

_TRIED = """
import mmap, os, resource, signal, socket, subprocess, sys, time
from pathlib import Path
def deed():
{deed}
try:
    done = deed()
except (OSError, MemoryError, ValueError) as error:
    done = False
    print(repr(error), file=sys.stderr)
print("done" if done else "kept out", flush=True)
"""

CALL_OUT = """
with socket.create_connection(("127.0.0.1", {port}), 3):
    return True
"""
READ = """
return bool(Path({path!r}).read_bytes())
"""
WRITE = """
Path({path!r}).write_bytes(b"taken over")
return True
"""
SEE = """
return os.path.exists("/proc/{pid}/cmdline")
"""
END = """
os.kill({pid}, 9)
return True
"""
# Out of its group and its session, with the pipes closed: nothing ties it to the tool any more.
LEAVE_A_CHILD = """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in (0, 1, 2):
            os.close(number)
        os.execv("/bin/sleep", ["/bin/sleep", "{mark}"])
    os._exit(0)
time.sleep(0.3)
return True
"""
HOARD = """
return len(bytearray({size}))
"""
MAP = """
return len(mmap.mmap(-1, {size}))
"""
ONE_LARGE_FILE = """
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with open("flood", "wb") as file:
    file.truncate({size})
return True
"""
MANY_FILES = """
block = bytes({size})
for number in range(2000):
    Path("flood-%d" % number).write_bytes(block)
    time.sleep(0.01)
return True
"""
# It catches the signal of the soft limit.
BURN = """
signal.signal(signal.SIGXCPU, signal.SIG_IGN)
until = time.monotonic() + 60  # {mark}
while time.monotonic() < until:
    pass
return True
"""
OPEN_FILES = """
held = [open("/dev/null") for _ in range(3000)]
return True
"""
PRIVILEGES = """
status = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
return status["NoNewPrivs"].strip() != "1"
"""
# Becomes nobody, then starts a program that would make root of nobody.
SETUID = """
os.setgroups([])
os.setresgid(65534, 65534, 65534)
os.setresuid(65534, 65534, 65534)
return subprocess.run([{program!r}, "-u"], stdout=subprocess.PIPE).stdout.strip() == b"0"
"""
# A lightly made bomb: it stands still.
MANY_PROCESSES = """
started = [subprocess.Popen(["/bin/sleep", "{mark}"]) for _ in range({count})]
return all(process.poll() is None for process in started)
"""


def script(deed: str, **values: object) -> list[str]:
    """The argument list that does ``deed``."""
    lines = deed.strip().format(**values).splitlines()
    text = _TRIED.replace("{deed}", "\n".join(f"    {line}" for line in lines))
    return ["/usr/bin/python3", "-c", text]
