"""A signed sheet as it might look on a photograph: lines and scribbles, and no name that anybody could read."""

from __future__ import annotations

from io import BytesIO
from math import sin
from random import Random

from PIL import Image, ImageDraw

SIZE, LINES = (900, 1270), 14
PAPER, RULE, INK = (246, 243, 234), (120, 118, 110), (35, 45, 110)


def signed_sheet(seed: int) -> bytes:
    """Return a drawn sheet as JPEG; the same seed draws the same."""
    chance, sheet = Random(seed), Image.new("RGB", SIZE, PAPER)
    pen = ImageDraw.Draw(sheet)
    left, right, top, height = 60, SIZE[0] - 60, 180, 72
    pen.rectangle((left + 180, 80, right - 180, 110), fill=RULE)
    for line in range(LINES + 1):
        pen.line((left, top + line * height, right, top + line * height), fill=RULE, width=2)
    for column in (left, left + 90, left + 320, left + 540, right):
        pen.line((column, top, column, top + LINES * height), fill=RULE, width=2)
    for line in range(LINES - chance.randrange(2, 6)):
        y = top + line * height + 42
        pen.rectangle((left + 110, y - 14, left + 110 + chance.randrange(60, 160), y), fill=RULE)
        start, swing = left + 560 + chance.randrange(20), chance.uniform(7, 14)
        scribble = [
            (start + step * 4, y - 6 + swing * sin(step * chance.uniform(0.5, 0.9))) for step in range(34)
        ]
        pen.line(scribble, fill=INK, width=3, joint="curve")
    drawn = BytesIO()
    sheet.save(drawn, "JPEG", quality=70)
    return drawn.getvalue()
