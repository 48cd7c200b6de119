"""What can be wrong with a source, and what can go wrong with the media tool."""

from __future__ import annotations

# Every code that `Refused` carries. The sentences for people stand elsewhere, under these codes.
REFUSALS: tuple[str, ...] = (
    "empty_file",
    "not_a_video",
    "playlist_not_video",
    "no_video_track",
    "too_long",
    "too_short",
    "too_large",
    "truncated",
    "unreadable",
    "too_many_streams",
    "picture_too_small",
    "picture_too_large",
    "codec_not_supported",
    "encrypted",
    "sound_broken",
    "sound_too_long",
    "too_many_pictures",
)

# Every code that `MediaToolFailed` carries: not the source's fault, or not surely.
FAILURES: tuple[str, ...] = (
    "tool_crashed",
    "tool_timeout",
    "tool_stalled",
    "bad_output",
    "no_space",
)


class Refused(Exception):
    """The source can not become a clip: final, its owner has to send another."""

    def __init__(self, code: str, detail: str = "") -> None:
        assert code in REFUSALS, code
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class MediaToolFailed(Exception):
    """The tool crashed, hung, or made something wrong: may be tried again."""

    def __init__(self, code: str, detail: str = "") -> None:
        assert code in FAILURES, code
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class SandboxUnavailable(Exception):
    """`require` was asked for, and no cage of this machine passed its self-test."""
