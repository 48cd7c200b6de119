"""How much memory the tool takes at its largest: resident, of one process, as the kernel says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.workers.conftest import Works

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("shaped")]

# Works on a clip and prints the largest resident set of its children, in kilobytes.
WORK = """
import json, resource, sys
from pathlib import Path
from workers.media import MediaLimits, Sandbox, examine, render_ladder
source, out = map(Path, sys.argv[1:])
bound = dict(limits=MediaLimits(), sandbox=Sandbox("limits"))
made = examine(source, out, **bound)
first = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
render_ladder(source, out, facts=made.facts, noticed=made.signals, **bound)
both = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
# Not by getrusage: there the size of whoever started this program counts, too.
own = int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
print(json.dumps({"examine": first // 1024, "both": both // 1024, "own": own // 1024}))
"""


@pytest.mark.parametrize(("name", "mib"), [("heavy_hd", 700), ("heavy_4k", 900)])
def test_the_tool_stays_within_its_memory(
    works: Works, tmp_path: Path, name: str, mib: int
) -> None:
    """1920x1080 with every rung; 3840x2160 of 10 bits in HDR, the heaviest that a phone makes."""
    argv = [sys.executable, "-c", WORK, str(works.clips.get(name)), str(tmp_path)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=200, check=True)
    peak = json.loads(done.stdout)
    assert peak["both"] <= mib, peak
    # What Python adds to look at the pictures.
    assert peak["own"] <= 300, peak
