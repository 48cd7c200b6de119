"""Argument lists for the media tool: built here with ffmpeg-python's ``compile``, run elsewhere.

Every list forces the demuxer, allows only local files, and drops every tag, subtitle, data
stream and chapter. Names of files that are made are relative to the working directory.
"""

from workers.media.commands.graph import ceiling
from workers.media.commands.preview import (
    KEY_FRAMES,
    LOW_SOUND,
    SAMPLE_TIMES,
    SAMPLES,
    SOUND,
    key_frames,
    loudness,
    posters,
    preview,
)
from workers.media.commands.questions import ffprobe, packet_times, video_packets
from workers.media.commands.rungs import SIGNALS, Plan, motion, render, same_picture, single_files

__all__ = [
    "KEY_FRAMES",
    "LOW_SOUND",
    "SAMPLES",
    "SAMPLE_TIMES",
    "SIGNALS",
    "SOUND",
    "Plan",
    "ceiling",
    "ffprobe",
    "key_frames",
    "loudness",
    "motion",
    "packet_times",
    "posters",
    "preview",
    "render",
    "same_picture",
    "single_files",
    "video_packets",
]
