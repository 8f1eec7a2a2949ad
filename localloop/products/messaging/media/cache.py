"""Files that were fetched lately and may be used again: by what their servers said (RFC 9111), as Twilio does.

One process remembers which object has the bytes; whether the object is still there shows when it is held.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping
from time import monotonic
from typing import Final
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

MOST: Final = 4_096
_LONGEST_S: Final = 86_400.0
_MAX_AGE: Final = re.compile(r"(?:^|[,\s])(?:s-maxage|max-age)\s*=\s*\"?(\d{1,9})", re.IGNORECASE)
_NEVER: Final = re.compile(r"(?:^|[,\s])(?:no-store|private)(?:[,;\s]|$)", re.IGNORECASE)
_ALWAYS_ASK: Final = re.compile(r"(?:^|[,\s])no-cache(?:[,;\s=]|$)", re.IGNORECASE)


class Copy(Struct, frozen=True):
    """A file that we have, and what its server said of it."""

    object_id: UUID
    content_type: str
    size: int
    fresh_until: float = 0.0
    etag: str = ""
    last_modified: str = ""

    @property
    def is_fresh(self) -> bool:
        return monotonic() < self.fresh_until

    @property
    def conditions(self) -> dict[str, str]:
        """Headers that ask for the file only if it is another."""
        asked = {"If-None-Match": self.etag, "If-Modified-Since": "" if self.etag else self.last_modified}
        return {name: value for name, value in asked.items() if value}


class Copies:
    """By account and URL: an application's server may answer each account differently."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str], Copy] = OrderedDict()

    def find(self, account_sid: str, url: str) -> Copy | None:
        copy = self._known.get((account_sid, url))
        if copy is not None:
            self._known.move_to_end((account_sid, url))
        return copy

    def note(self, account_sid: str, url: str, copy: Copy, headers: Mapping[str, str]) -> Copy:
        """The copy with what these headers say; remembered where they allow it."""
        key = account_sid, url
        control = headers.get("Cache-Control", "")
        told = replace(
            copy,
            fresh_until=monotonic() + _seconds(control),
            etag=headers.get("ETag", copy.etag),
            last_modified=headers.get("Last-Modified", copy.last_modified),
        )
        if _NEVER.search(control) or not (told.is_fresh or told.conditions):
            self._known.pop(key, None)
            return told
        self._known[key] = told
        self._known.move_to_end(key)
        if len(self._known) > MOST:
            self._known.popitem(last=False)
        return told

    def forget(self, account_sid: str, url: str) -> None:
        self._known.pop((account_sid, url), None)


def _seconds(control: str) -> float:
    """How long it may be used unasked."""
    found = _MAX_AGE.search(control)
    if found is None or _ALWAYS_ASK.search(control):
        return 0.0
    return min(float(found[1]), _LONGEST_S)
