"""Spans of time as people write them: `30d`, `1h30m`, `90`, `PT10H`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

LONGEST: Final = timedelta(days=3_660)
_UNITS: Final = {"w": 604_800.0, "d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|[wdhms])")
_SPAN: Final = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|[wdhms]))+")
_ISO: Final = re.compile(r"p((?:\d+(?:\.\d+)?[wd])*)(?:t((?:\d+(?:\.\d+)?[hms])+))?")


def parse(text: str) -> timedelta:
    """Seconds, or numbers with units (w, d, h, m, s, ms), or as in ISO 8601 without months and years. ValueError."""
    written = text.strip().lower().replace(" ", "")
    if re.fullmatch(r"\d+(?:\.\d+)?", written):
        written += "s"
    elif iso := _ISO.fullmatch(written):
        written = f"{iso[1]}{iso[2] or ''}"
    if not _SPAN.fullmatch(written):
        raise ValueError(f"{text!r} is no span of time: write 90, 30d, 1h30m or PT10H")
    seconds = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(written))
    if seconds > LONGEST.total_seconds():
        raise ValueError(f"{text!r} is longer than {LONGEST.days} days")
    return timedelta(seconds=seconds)
