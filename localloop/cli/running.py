"""The note that a running localloop leaves, so that `status`, `env`, `text` and `inbox` find it."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
from msgspec import Struct

NOTE = "running.json"


class Running(Struct, frozen=True, kw_only=True):
    pid: int
    url: str
    proxy: str = ""  # the intercepting proxy; "" from a localloop that had none
    authority: str = ""  # the folder of its certificate authority
    account_sid: str
    auth_token: str
    data: str
    database: str  # embedded | external
    started: str  # ISO 8601
    test_account_sid: str = ""
    test_auth_token: str = ""


def write(directory: Path, note: Running) -> Path:
    """Readable by its owner alone: it holds the auth token."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = directory / NOTE
    temporary = path.with_suffix(".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(note)))
    temporary.replace(path)
    return path


def remove(directory: Path, pid: int) -> None:
    """Only our own: a newer localloop may have left its note meanwhile."""
    note = read(directory)
    if note is not None and note.pid == pid:
        (directory / NOTE).unlink(missing_ok=True)


def read(directory: Path) -> Running | None:
    try:
        return msgspec.json.decode((directory / NOTE).read_bytes(), type=Running)
    except (FileNotFoundError, NotADirectoryError, PermissionError, msgspec.DecodeError):
        return None


def is_up(directory: Path) -> bool:
    note = read(directory)
    return note is not None and is_alive(note)


def is_alive(note: Running) -> bool:
    try:
        os.kill(note.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
