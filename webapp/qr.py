"""QR codes as SVG that may stand in a page: no style and no script in them."""

from __future__ import annotations

import segno
from markupsafe import Markup


def qr_svg(text: str) -> Markup:
    """Black on white in light and dark pages, with the quiet zone that readers need. Error
    correction M, more where it costs no space."""
    made = segno.make(text, error="m", micro=False, boost_error=True)
    svg = made.svg_inline(border=4, dark="#000", light="#fff", omitsize=True, svgclass=None)
    return Markup(svg)  # noqa: S704 - of numbers alone
