"""Few colours for many pixels: a page has some dozen colours, and shades of them at the edges of letters."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Final, cast

from PIL import Image

_EXACT: Final = 176  # the most common ones stay what they are, or a page would change its tint
_ALL: Final = 256


def opened(shot: bytes) -> Image.Image:
    return Image.open(BytesIO(shot)).convert("RGB")


class Palette:
    """The colours for some pictures of one size."""

    def __init__(self, samples: Sequence[Image.Image]) -> None:
        sheet = _sheet(samples)
        self._nearest = _chosen(sheet)
        self._colours = self._mended(sheet)

    def paint(self, picture: Image.Image) -> Image.Image:
        painted = picture.quantize(palette=self._nearest, dither=Image.Dither.NONE)
        painted.putpalette(self._colours)
        return painted

    def _mended(self, sheet: Image.Image) -> list[int]:
        """Nearest colours are looked up coarsely, so each is told to be what it most often stands for."""
        painted = sheet.quantize(palette=self._nearest, dither=Image.Dither.NONE)
        colours = list(painted.getpalette() or []) + [0] * 3 * _ALL
        both = Image.merge("CMYK", (*sheet.split(), Image.frombytes("L", sheet.size, painted.tobytes())))
        for _, found in sorted(both.getcolors(_pixels(both)) or []):
            red, green, blue, index = cast(tuple[int, int, int, int], found)
            colours[3 * index : 3 * index + 3] = red, green, blue
        return colours[: 3 * _ALL]


def _sheet(samples: Sequence[Image.Image]) -> Image.Image:
    """All of them, one below the other."""
    width, height = samples[0].size
    sheet = Image.new("RGB", (width, height * len(samples)))
    for index, sample in enumerate(samples):
        sheet.paste(sample, (0, index * height))
    return sheet


def _chosen(sheet: Image.Image) -> Image.Image:
    counted = sorted(sheet.getcolors(_pixels(sheet)) or [], reverse=True)[:_EXACT]
    rest = sheet.quantize(_ALL - len(counted), method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    common = [channel for _, colour in counted if isinstance(colour, tuple) for channel in colour]
    palette = Image.new("P", (1, 1))
    palette.putpalette((common + (rest.getpalette() or []))[: 3 * _ALL])
    return palette


def _pixels(picture: Image.Image) -> int:
    return picture.width * picture.height
