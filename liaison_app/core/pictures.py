"""Photographs that people send: known by their content, made anew, and nothing of the file that came is kept."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageOps

from .errors import N_, Refused

log = logging.getLogger("liaison.pictures")

MIMETYPE = "image/jpeg"
KINDS = ("JPEG", "PNG", "WEBP")
# A telephone's largest picture passes, a few kilobytes that unfold into gigabytes do not (SECURITY H7). What is
# decoded is smaller still: a JPEG is read at half or a quarter of its size.
MOST_PIXELS, MOST_DECODED = 64_000_000, 30_000_000
LARGEST_BYTES = 10 * 1024 * 1024
# An A4 page at about 200 dots an inch: handwriting can be read.
LONGEST_SIDE, QUALITY = 2400, 82


class NoPicture(Refused):
    message = N_("这个文件不是照片，或者坏了。请用手机拍的 JPG、PNG 或 WebP。")


class PictureTooLarge(Refused):
    message = N_("照片太大（最大 10 MB、6400 万像素）。请把像素调小再拍，或者截一张图传上来。")


@dataclass(frozen=True)
class Picture:
    """A JPEG without a word about where, when and by which telephone it was taken."""

    content: bytes
    width: int
    height: int


def made_anew(data: bytes) -> Picture:
    """Return the picture that `data` shows, upright, not larger than LONGEST_SIDE.

    Neither name nor type that came along is asked. Raises NoPicture, PictureTooLarge.
    """
    if len(data) > LARGEST_BYTES:
        raise PictureTooLarge
    try:
        with Image.open(BytesIO(data), formats=KINDS) as found:
            _refuse_bomb(found.size, MOST_PIXELS)
            found.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
            _refuse_bomb(found.size, MOST_DECODED)
            upright = _on_white(ImageOps.exif_transpose(found))
    except PictureTooLarge:
        raise
    except Image.DecompressionBombError as error:
        raise PictureTooLarge from error
    except Exception as error:
        # What a decoder says of bytes that a stranger made up is of many kinds, and none of them is a fault of ours.
        log.info("no picture: %s", type(error).__name__)
        raise NoPicture from error
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    # A fresh canvas carries nothing over: no EXIF, no place, no profile, no comment.
    clean = Image.new("RGB", upright.size)
    clean.paste(upright)
    made = BytesIO()
    clean.save(made, "JPEG", quality=QUALITY, optimize=True)
    return Picture(made.getvalue(), *clean.size)


def _refuse_bomb(size: tuple[int, int], most: int) -> None:
    if size[0] * size[1] > most:
        raise PictureTooLarge


def _on_white(found: Image.Image) -> Image.Image:
    """Return a picture in colour, its see-through parts white as paper."""
    if found.has_transparency_data:
        layer = found.convert("RGBA")
        paper = Image.new("RGBA", layer.size, "white")
        paper.alpha_composite(layer)
        found = paper
    return found.convert("RGB")
