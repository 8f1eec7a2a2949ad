"""A recording as a file that is fetched: of one or two channels, whole or a part of it (RFC 9110 §14). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import parse_qs

from msgspec import Struct

from localloop.products.voice.recording import silence
from localloop.products.voice.recording.take import Recording

_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_TYPES: Final = {"wav": "audio/x-wav", "mp3": "audio/mpeg"}


class File(Struct, frozen=True):
    """`kind` is wav or mp3."""

    kind: str
    seconds: int
    channels: int

    @property
    def content_type(self) -> str:
        return _TYPES[self.kind]

    @property
    def size(self) -> int:
        if self.kind == "mp3":
            return silence.mp3_size(self.seconds)
        return silence.wav_size(self.seconds, self.channels)

    def pieces(self, part: range) -> Iterator[bytes]:
        """The bytes of this part."""
        written = silence.mp3 if self.kind == "mp3" else silence.wav
        begins = 0
        for piece in written(self.seconds, self.channels):
            since, until = max(part.start - begins, 0), min(part.stop - begins, len(piece))
            if since < until:
                yield piece[since:until]
            begins += len(piece)
            if begins >= part.stop:
                return


def file_of(now: Recording, kind: str, query: str) -> File:
    """`RequestedChannels=1` mixes two into one; one cannot be taken apart."""
    asked = parse_qs(query).get("RequestedChannels", [""])[0]
    channels = 1 if asked == "1" else now.wish.channels
    return File(kind, now.duration or 0, channels)


def part_of(size: int, asked: str) -> range | None:
    """Which bytes a Range asks for: all, unless it is one range of bytes. None: there are none of these."""
    found = _RANGE.fullmatch(asked.replace(" ", ""))
    if found is None or not any(found.groups()):
        return range(size)
    first, last = found.groups()
    if not first:
        part = range(max(0, size - int(last)), size)
    else:
        part = range(int(first), min(int(last) + 1 if last else size, size))
    if last and first and int(last) < int(first):
        return range(size)  # an invalid one is ignored
    return part if part else None
