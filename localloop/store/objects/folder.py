"""A folder of this machine as a place for bytes: each lies in a file of its own, written whole or not at all."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from localloop.store.objects.place import ObjectsUnavailable

T = TypeVar("T")


class Folder:
    """Files are ours alone. They are written in threads, so that a slow disk holds up nobody else."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def put(self, key: str, content: bytes) -> None:
        await self._done(lambda: _write(self._file(key), content))

    async def get(self, key: str, start: int = 0, end: int | None = None) -> bytes | None:
        return await self._done(lambda: _read(self._file(key), start, end))

    async def delete(self, keys: Sequence[str]) -> None:
        def remove() -> None:
            for key in keys:
                self._file(key).unlink(missing_ok=True)

        await self._done(remove)

    async def close(self) -> None:
        """Nothing is open."""

    def _file(self, key: str) -> Path:
        return self._path.joinpath(*key.split("/"))

    async def _done(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(work)
        except OSError as error:
            raise ObjectsUnavailable(f"the object store {self._path}: {error.strerror or error}") from error


def _write(file: Path, content: bytes) -> None:
    """Under another name first: a reader, and a restart, find all of it or nothing."""
    made = _make(file.parent)
    draft = file.with_name(f".{file.name}.{uuid4().hex}")
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
    for folder in (file.parent, *made):
        _sync(folder)


def _make(folder: Path) -> list[Path]:
    """The folder with those above it; those in which something new stands."""
    if folder.is_dir():
        return []
    above = _make(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    return [folder.parent, *above]


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(file: Path, start: int, end: int | None) -> bytes | None:
    try:
        with file.open("rb") as handle:
            handle.seek(start)
            return handle.read() if end is None else handle.read(max(0, end - start))
    except FileNotFoundError:
        return None
