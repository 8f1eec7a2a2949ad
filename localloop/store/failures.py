"""Why the embedded PostgreSQL cannot be had: each error is one line for the person at the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Final

OLDEST_MAJOR: Final = 14


class PostgresError(Exception):
    """The database server cannot be had; the text is one line."""


class BinariesNotFound(PostgresError):
    """No usable PostgreSQL on this machine; `searched` says where it was looked for."""

    def __init__(self, searched: list[str]) -> None:
        super().__init__(
            f"no PostgreSQL {OLDEST_MAJOR} or newer found (looked in {', '.join(searched)}); "
            "install one, name its programs with --pg-bin, or a running server with --database-url"
        )
        self.searched = searched


class FolderInUse(PostgresError):
    """Another localloop runs on this data folder."""

    def __init__(self, folder: Path, pid: int | None) -> None:
        by = f" by process {pid}" if pid else ""
        super().__init__(f"the data folder {folder} is in use{by}: stop that localloop or use another folder")
        self.folder, self.pid = folder, pid


class FolderUnreachable(PostgresError):
    """The user that must run the server may not enter a folder on the way to its data."""

    def __init__(self, folder: Path, user: str, blocked: Path) -> None:
        super().__init__(
            f"PostgreSQL runs as the user {user}, who may not enter {blocked}: "
            f"choose a data folder elsewhere than {folder}"
        )
        self.folder, self.user, self.blocked = folder, user, blocked


class ForeignMajor(PostgresError):
    """The folder was made by another major version of PostgreSQL."""

    def __init__(self, folder: Path, found: int, wanted: int) -> None:
        super().__init__(
            f"the data in {folder} was made by PostgreSQL {found}, but this is PostgreSQL {wanted}: "
            f"name the programs of {found} with --pg-bin, or use another data folder"
        )
        self.folder, self.found, self.wanted = folder, found, wanted


class StartFailed(PostgresError):
    """The server, or the creation of its folder, gave up or took too long; `log` has the last lines."""

    def __init__(self, what: str, log: list[str]) -> None:
        super().__init__(f"PostgreSQL does not start ({what}): {' | '.join(log) or 'it left no word'}")
        self.log = log
