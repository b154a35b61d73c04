"""QR codes."""

from __future__ import annotations

import segno
from markupsafe import Markup


def qr_inline(address: str) -> Markup:
    """Return a QR code that stands in the page itself: what it says may be for this reader alone, and is no file."""
    return Markup(
        segno.make(address, error="m", micro=False).svg_inline(
            border=3, light="#fff", svgclass="qr", omitsize=True
        )
    )
