"""What goes on beside the document."""

from __future__ import annotations

from msgspec import Struct


class Running(Struct, frozen=True):
    """A stream, a transcription, a recording …: `n` is the number of the command that began it."""

    n: int
    kind: str
    name: str = ""
    tracks: int = 0
