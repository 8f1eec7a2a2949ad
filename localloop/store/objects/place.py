"""Where bytes lie, behind one Protocol: a folder of this machine, or a bucket that speaks S3.

A place knows keys and bytes, and nothing of who needs them; `holding` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from localloop.store.database import Unavailable

SCHEME = "s3"


class ObjectsUnavailable(Unavailable):
    """The place does not answer; what was to be done there may be tried again."""


class ObjectsUnusable(Exception):
    """The place cannot be used as it was named; the text is one line for the person at the terminal."""


class ObjectPlace(Protocol):
    """Raises ObjectsUnavailable from any method when the place does not answer."""

    async def put(self, key: str, content: bytes) -> None:
        """Durable when it returns. The same key may be put again with the same bytes."""
        ...

    async def get(self, key: str, start: int = 0, end: int | None = None) -> bytes | None:
        """The bytes from `start` to before `end`; None when nothing lies there."""
        ...

    async def delete(self, keys: Sequence[str]) -> None:
        """Harmless for keys where nothing lies."""
        ...

    async def close(self) -> None: ...


def open_place(name: str | Path) -> ObjectPlace:
    """The place of this name: `s3://bucket/prefix?endpoint=…`, else a folder. Raises ObjectsUnusable."""
    if isinstance(name, str) and urlsplit(name).scheme == SCHEME:
        from localloop.store.objects.bucket import Bucket

        return Bucket.of(name)
    from localloop.store.objects.folder import Folder

    return Folder(Path(name))


async def check(name: str | Path) -> None:
    """Said once at the start: whether bytes can be put there, read and taken away. Raises ObjectsUnusable."""
    place = open_place(name)
    try:
        await place.put("check/probe", b"localloop")
        if await place.get("check/probe") != b"localloop":
            raise ObjectsUnusable(f"the object store {name} does not give back what was put there")
        await place.delete(["check/probe"])
    except ObjectsUnavailable as error:
        raise ObjectsUnusable(str(error)) from None
    finally:
        await place.close()
