"""Few colours for many pixels: a page has some dozen colours, and shades of them at the edges of letters."""

from __future__ import annotations

from io import BytesIO

from PIL import Image

_EXACT = 176  # the most common ones stay what they are, or a page would change its tint
_ALL = 256


def opened(shot: bytes) -> Image.Image:
    return Image.open(BytesIO(shot)).convert("RGB")


def palette_of(picture: Image.Image) -> Image.Image:
    """The colours for a picture, or for a sheet of several."""
    counted = picture.getcolors(picture.width * picture.height) or []
    common = [colour for _, colour in sorted(counted, reverse=True)[:_EXACT]]
    rest = picture.quantize(_ALL - len(common), method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    channels = [channel for colour in common if isinstance(colour, tuple) for channel in colour]
    palette = Image.new("P", (1, 1))
    palette.putpalette((channels + (rest.getpalette() or []))[: 3 * _ALL])
    return palette


def painted(picture: Image.Image, palette: Image.Image) -> Image.Image:
    return picture.quantize(palette=palette, dither=Image.Dither.NONE)
