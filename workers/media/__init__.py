"""Plain functions on media files. Imports nothing of ours; one function runs the tool.

:func:`examine` makes a clip reviewable, :func:`render_ladder` makes it playable everywhere.
"""

from workers.media.errors import (
    FAILURES,
    REFUSALS,
    MediaToolFailed,
    Refused,
    SandboxUnavailable,
)
from workers.media.examine import examine
from workers.media.facts import (
    Examined,
    MediaFacts,
    MediaLimits,
    OutputFile,
    Rendered,
    Rendition,
)
from workers.media.render import render_ladder
from workers.media.sandbox import Sandbox, choose_sandbox

__all__ = [
    "FAILURES",
    "REFUSALS",
    "Examined",
    "MediaFacts",
    "MediaLimits",
    "MediaToolFailed",
    "OutputFile",
    "Refused",
    "Rendered",
    "Rendition",
    "Sandbox",
    "SandboxUnavailable",
    "choose_sandbox",
    "examine",
    "render_ladder",
]
