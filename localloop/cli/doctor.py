"""`localloop doctor`: what localloop needs, whether it is here, and what to do where it is not."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from msgspec import Struct

from localloop.cli import running
from localloop.cli.places import PlaceUnusable, default_directory, listen
from localloop.store import binaries
from localloop.store.failures import PostgresError
from localloop.store.folder import choose_user

_OPTIONAL = {"curl": "the examples in the documentation use it", "ffmpeg": "it converts media"}
_MARKS = {"good": "✓", "bad": "✗", "optional": "-"}


class Finding(Struct, frozen=True):
    """One line of the report."""

    state: Literal["good", "bad", "optional"]
    text: str


def examine(data: str, port: int, pg_bin: str) -> bool:
    """Prints the findings; False when something that is needed is not here."""
    directory = (Path(data) if data else default_directory()).expanduser()
    findings = [
        *_python(),
        *_postgres(directory, pg_bin),
        *_folder(directory),
        *_port(directory, port),
        *_tools(),
    ]
    for finding in findings:
        print(f"{_MARKS[finding.state]} {finding.text}")
    return all(finding.state != "bad" for finding in findings)


def _python() -> Iterator[Finding]:
    # An older Python does not get as far as this.
    yield Finding("good", f"Python {platform.python_version()}")


def _postgres(directory: Path, pg_bin: str) -> Iterator[Finding]:
    try:
        found = binaries.find(Path(pg_bin) if pg_bin else None)
    except PostgresError as error:
        yield Finding("bad", str(error))
        return
    yield Finding("good", f"PostgreSQL {found.major} in {found.folder}")
    if os.geteuid() == 0:
        user = choose_user(directory / "postgres" / "pgdata")
        yield Finding("good", f"PostgreSQL will run as the user {user.name}, since it refuses to run as root")


def _folder(directory: Path) -> Iterator[Finding]:
    there = directory
    while not there.exists():
        there = there.parent
    if not there.is_dir():
        yield Finding("bad", f"{there} is not a folder: name another data folder with --data")
    elif not os.access(there, os.W_OK | os.X_OK):
        yield Finding("bad", f"{there} may not be written by this user: name another data folder with --data")
    else:
        yield Finding("good", f"data folder {directory}" + ("" if directory.exists() else " (to be created)"))


def _port(directory: Path, port: int) -> Iterator[Finding]:
    note = running.read(directory)
    if note is not None and running.is_alive(note):
        yield Finding("good", f"localloop is up: {note.url} (process {note.pid})")
        if note.url.endswith(f":{port}"):
            return
    try:
        listen("127.0.0.1", port).close()
    except PlaceUnusable as error:
        yield Finding("bad", str(error))
    else:
        yield Finding("good", f"port {port} is free")


def _tools() -> Iterator[Finding]:
    for name, use in _OPTIONAL.items():
        where = shutil.which(name)
        yield (
            Finding("good", f"{name}: {where}") if where else Finding("optional", f"{name} is missing: {use}")
        )
