"""Where one localloop lives: its data folder, held by one at a time, and the address that it listens on."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from localloop.core.settings import Settings, state_directory
from localloop.store.folder import FolderLock

_ROOTS_STATE: Final = Path("/var/lib/localloop")
_BACKLOG: Final = 2048


class PlaceUnusable(Exception):
    """The address or the data folder cannot be had; the text is one line for the person at the terminal."""


def default_directory(environ: Mapping[str, str] = os.environ) -> Path:
    """The platform's state directory. Root's home is closed to the user that PostgreSQL runs as for root."""
    if named := environ.get("LOCALLOOP_DATA"):
        return Path(named)
    if os.geteuid() == 0 and not environ.get("XDG_STATE_HOME"):
        return _ROOTS_STATE
    return state_directory(environ, sys.platform)


@dataclass
class DataFolder:
    """The folder that holds everything of one localloop; ours alone while we run."""

    path: Path
    ephemeral: bool
    _lock: FolderLock

    @classmethod
    def take(cls, settings: Settings) -> DataFolder:
        """Raises PlaceUnusable, or FolderInUse when another localloop runs on it."""
        if settings.ephemeral:
            path = Path(tempfile.mkdtemp(prefix="localloop-"))
        else:
            path = (Path(settings.data) if settings.data else default_directory()).expanduser().resolve()
        lock = FolderLock(path)
        try:
            path.mkdir(parents=True, exist_ok=True, mode=0o711 if os.geteuid() == 0 else 0o700)
            _let_server_through(path)
            lock.acquire()
        except OSError as error:
            reason = error.strerror or str(error)
            raise PlaceUnusable(
                f"the data folder {path} cannot be used: {reason}; name another with --data"
            ) from None
        return cls(path, settings.ephemeral, lock)

    @property
    def postgres(self) -> Path:
        return self.path / "postgres"

    @property
    def authority(self) -> Path:
        return self.path / "authority"

    def fresh_runtime(self) -> Path:
        """An empty folder for what the processes of one run share."""
        runtime = self.path / "runtime"
        shutil.rmtree(runtime, ignore_errors=True)
        runtime.mkdir(mode=0o700)
        return runtime

    def release(self) -> None:
        shutil.rmtree(self.path / "runtime", ignore_errors=True)
        self._lock.release()
        if self.ephemeral:
            shutil.rmtree(self.path, ignore_errors=True)


def _let_server_through(path: Path) -> None:
    """PostgreSQL does not run as root: its user passes this folder, and may list nothing in it."""
    status = path.stat()
    if os.geteuid() == 0 and status.st_uid == 0:
        path.chmod((status.st_mode & 0o777) | 0o011)


def listen(host: str, port: int, *, option: str = "--port") -> socket.socket:
    """Bound first of all, so that a port in use is told before anything is started. `option` named the port."""
    host = host.strip("[]")
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except socket.gaierror as error:
        raise PlaceUnusable(f"--host {host}: {error.strerror}") from None
    except OSError as error:
        raise PlaceUnusable(_why_not(host, port, option, error)) from None


def _why_not(host: str, port: int, option: str, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        hint = " (0 = any free one)" if option == "--port" else ""
        return f"port {port} is in use; stop what runs there or choose another with {option}{hint}"
    if error.errno == errno.EACCES:
        return f"port {port} may not be used by this user; choose one above 1023 with {option}"
    return f"cannot listen on {host} port {port}: {os.strerror(error.errno or 0)}"


def url_of(sock: socket.socket) -> str:
    """The address to print: one that a client on this machine can use."""
    host, port = sock.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
