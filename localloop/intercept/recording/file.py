"""The file of a recording: a head that says how it was made, then a line of JSON for every exchange."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from localloop.core import clock
from localloop.intercept.recording.exchange import Exchange
from localloop.intercept.recording.scrub import Scrubber

VERSION: Final = 1


class Damaged(Exception):
    """A file that is no recording, or not one that we can read; the text says where and why."""


class Head(Struct, frozen=True, kw_only=True):
    """The first line."""

    localloop_recording: int  # the version of the format
    recorded: str  # ISO 8601
    bodies: bool = True  # what people wrote is as they wrote it
    numbers: bool = True  # phone numbers are the real ones


class Recording(Struct, frozen=True):
    head: Head
    exchanges: tuple[Exchange, ...]


class RecordingFile:
    """A sink that writes to a file, without secrets; each exchange is in the file as soon as it is over."""

    def __init__(self, path: Path, scrubber: Scrubber) -> None:
        """A file that exists is written anew. Raises OSError."""
        # Readable by its owner alone: what is no secret may still be nobody else's business.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.fchmod(descriptor, 0o600)  # it may have been there, open to others
        self._file = os.fdopen(descriptor, "wb", buffering=0)
        self._scrubber = scrubber
        self.counts = {"request": 0, "callback": 0}
        self._write(
            Head(
                localloop_recording=VERSION,
                recorded=clock.now().isoformat(timespec="seconds"),
                bodies=not scrubber.hides_bodies,
                numbers=not scrubber.hides_numbers,
            )
        )

    def keep(self, exchange: Exchange) -> None:
        self._write(self._scrubber.scrub(exchange))
        self.counts[exchange.kind] += 1

    def close(self) -> None:
        self._file.close()

    def _write(self, line: Head | Exchange) -> None:
        self._file.write(msgspec.json.encode(line) + b"\n")


def is_recording(beginning: bytes) -> bool:
    return beginning.lstrip().startswith(b'{"localloop_recording":')


def read(lines: Iterable[bytes]) -> Recording:
    """Raises Damaged. A last line that was cut off (the machine stopped) is left out."""
    numbered = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not numbered:
        raise Damaged("the file is empty")
    head = _head(numbered[0][1])
    exchanges: list[Exchange] = []
    for number, line in numbered[1:]:
        try:
            exchanges.append(msgspec.json.decode(line, type=Exchange))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            if number == numbered[-1][0] and not line.endswith(b"\n"):
                break
            raise Damaged(f"line {number}: {error}") from None
    return Recording(head, tuple(exchanges))


def _head(line: bytes) -> Head:
    try:
        head = msgspec.json.decode(line, type=Head)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Damaged("this is no recording: its first line is not the head of one") from None
    if head.localloop_recording != VERSION:
        raise Damaged(f"this recording is of version {head.localloop_recording}, and only {VERSION} is known")
    return head
