"""Who owns the database's folder: one supervisor at a time, and an unprivileged user when we are root."""

from __future__ import annotations

import fcntl
import os
import pwd
import stat
from pathlib import Path
from typing import IO, Any, ClassVar, Final

from msgspec import Struct

from localloop.store.failures import FolderInUse, FolderUnreachable

_PREFERRED_USERS: Final = ("postgres", "_postgres", "nobody")


class ServerUser(Struct, frozen=True):
    """The system user that the server runs as; `switch` when that is not ourselves."""

    uid: int
    gid: int
    name: str
    switch: bool

    def own(self, path: Path) -> None:
        """Give this file or folder to the server's user."""
        if self.switch:
            os.chown(path, self.uid, self.gid)

    def process_options(self) -> dict[str, Any]:
        """What makes `subprocess.Popen` start a child as this user, and without our groups."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.switch else {}


def choose_user(pgdata: Path) -> ServerUser:
    """Ourselves; as root the owner of the existing data, else the first unprivileged user that the system
    has."""
    if os.geteuid() != 0:
        return ServerUser(os.geteuid(), os.getegid(), str(os.geteuid()), switch=False)
    if pgdata.exists() and pgdata.stat().st_uid != 0:
        entry = pwd.getpwuid(pgdata.stat().st_uid)
        return ServerUser(entry.pw_uid, entry.pw_gid, entry.pw_name, switch=True)
    names = {entry.pw_name: entry for entry in pwd.getpwall() if entry.pw_uid > 0}
    for name in _PREFERRED_USERS:
        if name in names:
            return ServerUser(names[name].pw_uid, names[name].pw_gid, name, switch=True)
    last = max(names.values(), key=lambda entry: entry.pw_uid)
    return ServerUser(last.pw_uid, last.pw_gid, last.pw_name, switch=True)


def may_enter(folder: Path, user: ServerUser) -> bool:
    """Whether this user passes every folder on the way, and this one."""
    return _blocked_at(folder, user) is None


def demand_reachable(folder: Path, user: ServerUser) -> None:
    """Raise FolderUnreachable when the server's user cannot come to its own folder."""
    blocked = _blocked_at(folder, user)
    if blocked:
        raise FolderUnreachable(folder, user.name, blocked)


def _blocked_at(folder: Path, user: ServerUser) -> Path | None:
    if not user.switch:
        return None
    for step in (*reversed(folder.resolve().parents), folder):
        if not _may_search(step.stat(), user):
            return step
    return None


def _may_search(status: os.stat_result, user: ServerUser) -> bool:
    if status.st_uid == user.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == user.gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


class FolderLock:
    """One supervisor per folder. A record lock: the system drops it when we die, and forked children do not
    keep it."""

    _held: ClassVar[set[Path]] = set()  # a record lock does not exclude its own process

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: IO[str] | None = None

    def acquire(self) -> None:
        """Create the folder if need be and lock it; raises FolderInUse. Acquiring again what we hold is
        harmless."""
        if self._file:
            return
        if self._folder in self._held:
            raise FolderInUse(self._folder, os.getpid())
        self._folder.mkdir(parents=True, exist_ok=True)
        # Append mode: opening must not wipe the holder's number.
        file = (self._folder / "lock").open("a+", encoding="ascii")
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            number = file.read().strip()
            file.close()
            raise FolderInUse(self._folder, int(number) if number.isdigit() else None) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._file = file
        self._held.add(self._folder)

    def release(self) -> None:
        """Let others in; harmless when nothing is held."""
        if self._file:
            self._file.close()
            self._file = None
            self._held.discard(self._folder)
