"""The table of results: what was measured, both sides, their ratio and the bar."""

from __future__ import annotations

from msgspec import Struct


class NotRun(Exception):
    """A part that this machine cannot run; the text says what is missing."""


class Row(Struct, frozen=True, kw_only=True):
    what: str
    ours: str
    theirs: str = ""
    ratio: float | None = None
    bar: str = ""


def not_run(what: str, reason: str) -> Row:
    return Row(what=what, ours=f"not run: {reason}")


def rendered(rows: list[Row]) -> str:
    """As Markdown."""
    cells = [("measured", "localloop", "against", "ratio", "bar")]
    cells += [(row.what, row.ours, row.theirs, _ratio(row.ratio), row.bar) for row in rows]
    widths = [max(len(line[column]) for line in cells) for column in range(5)]
    lines = [
        "| " + " | ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) + " |"
        for line in cells
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def _ratio(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f}"


def rate(per_second: float) -> str:
    return f"{per_second:,.0f}/s"


def milliseconds(value: float) -> str:
    return f"{value:.1f} ms"


def megabytes(count: float) -> str:
    return f"{count / 1e6:.0f} MB"
