"""A chart of known colours, filmed in the ways in which a file can mean them."""

from __future__ import annotations

from pathlib import Path

from tests.clips.base import Made, ffmpeg, void

# Red, green and blue as a screen shows them (sRGB), row by row.
PATCHES = (
    *((200, 40, 40), (40, 170, 60), (50, 70, 200), (235, 235, 235)),
    *((210, 190, 50), (180, 60, 170), (60, 180, 190), (110, 110, 110)),
)
COLUMNS, ROWS = 4, 2


class Colours(Made):
    """One second and a bit of the chart, without sound."""

    def _chart(self, width: int, height: int) -> Path:
        w, h = width // COLUMNS, height // ROWS
        rows = []
        for row in range(ROWS):
            line = b"".join(bytes(PATCHES[row * COLUMNS + c]) * w for c in range(COLUMNS))
            rows.append(line * h)
        content = f"P6 {width} {height} 255\n".encode() + b"".join(rows)
        name = f"chart_{width}.ppm"
        return self._once(name, lambda path: void(path.write_bytes(content)))

    def _painted(self, name: str, size: tuple[int, int], *argv: str) -> Path:
        chart = self._chart(*size)
        return self._once(
            name,
            lambda path: ffmpeg(
                *("-loop", "1", "-framerate", "25", "-t", "1.2", "-i", chart, *argv, path)
            ),
        )

    def _plain(self, name: str, size: tuple[int, int], matrix: str, *argv: str) -> Path:
        scale = f"scale=out_color_matrix={matrix}:out_range=tv:flags=accurate_rnd,format=yuv420p"
        coded = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "12")
        return self._painted(name, size, "-vf", scale, *coded, *argv)

    def bare_sd(self) -> Path:
        """Says nothing of its colours; small, so it means BT.601."""
        bare = ("-bsf:v", "h264_metadata=colour_primaries=2:matrix_coefficients=2")
        return self._plain("bare_sd.mp4", (640, 360), "bt601", *bare)

    def bare_hd(self) -> Path:
        """Says nothing of its colours; large, so it means BT.709."""
        bare = ("-bsf:v", "h264_metadata=colour_primaries=2:matrix_coefficients=2")
        return self._plain("bare_hd.mp4", (1280, 720), "bt709", *bare)

    def said_601(self) -> Path:
        """Large, and says BT.601."""
        return self._plain("said_601.mp4", (1280, 720), "bt601", *_named("smpte170m"))

    def said_709(self) -> Path:
        """Small, and says BT.709."""
        return self._plain("said_709.mp4", (640, 360), "bt709", *_named("bt709"))

    def full_range(self) -> Path:
        """A phone that uses all 256 steps of brightness."""
        scale = "scale=out_color_matrix=bt601:out_range=pc:flags=accurate_rnd,format=yuvj420p"
        return self._painted(
            "full_range.mp4",
            (640, 360),
            *("-vf", scale, "-c:v", "libx264", "-preset", "ultrafast", "-crf", "12"),
            *(*_named("smpte170m"), "-color_range", "pc"),
        )

    def wide(self) -> Path:
        """BT.2020 of ordinary range, 10 bits."""
        return self._mapped("wide.mp4", "bt709", "bt2020-10", "bt2020-10", 100)

    def pq_chart(self) -> Path:
        """HDR (PQ); white as BT.2408 has it: 203 cd/m²."""
        return self._mapped("pq_chart.mp4", "iec61966-2-1", "smpte2084", "smpte2084", 203)

    def hlg_chart(self) -> Path:
        """HDR (HLG): white at three quarters of the signal (BT.2408)."""
        return self._mapped("hlg_chart.mp4", "iec61966-2-1", "arib-std-b67", "arib-std-b67", 203)

    def _mapped(self, name: str, curve: str, transfer: str, said: str, white: int) -> Path:
        steps = (
            f"format=gbrp,setparams=color_primaries=bt709:color_trc={curve}:colorspace=gbr",
            f"zscale=transfer=linear:npl={white}",
            "format=gbrpf32le",
            f"zscale=primaries=bt2020:transfer={transfer}:matrix=bt2020nc:range=tv:npl={white}",
            "format=yuv420p10le",
        )
        x265 = f"log-level=error:colorprim=bt2020:transfer={said}:colormatrix=bt2020nc:crf=12"
        return self._painted(
            name,
            (640, 360),
            *("-vf", ",".join(steps), "-c:v", "libx265", "-preset", "ultrafast"),
            *("-tag:v", "hvc1", "-x265-params", x265, "-color_primaries", "bt2020"),
            *("-color_trc", said, "-colorspace", "bt2020nc"),
        )


def _named(name: str) -> tuple[str, ...]:
    return ("-color_primaries", name, "-color_trc", name, "-colorspace", name)
