"""The localloop that `run` uses: the one that runs here, else one that it starts, and that the last user stops."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Final

from localloop.cli import running
from localloop.cli.client import Client, Failed, Refused
from localloop.cli.places import PlaceUnusable, default_directory, listen
from localloop.core.settings import SettingsError, load

START_S: Final = 60.0
STOP_S: Final = 20.0
_POLL_S: Final = 0.05
_SERVER: Final = "server.pid"
_LOG: Final = "server.log"


@contextlib.contextmanager
def borrowed(data: str, environ: Mapping[str, str], *, ephemeral: bool) -> Iterator[running.Running]:
    """The note of a localloop that answers. Raises Failed.

    Several programs may run at once: whoever comes finds what the first one started, and the last one stops it. Nobody
    stops a localloop that `up` started.
    """
    with _folder(data, ephemeral=ephemeral) as folder:
        ours = folder / "run"
        ours.mkdir(parents=True, exist_ok=True)
        with (ours / "users").open("w") as users:
            fcntl.flock(users, fcntl.LOCK_SH)
            try:
                yield _found_or_started(folder, ours, environ)
            finally:
                _leave(folder, ours, users)


@contextlib.contextmanager
def _folder(data: str, *, ephemeral: bool) -> Iterator[Path]:
    if not ephemeral:
        yield (Path(data) if data else default_directory()).expanduser().resolve()
        return
    folder = Path(tempfile.mkdtemp(prefix="localloop-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _found_or_started(folder: Path, ours: Path, environ: Mapping[str, str]) -> running.Running:
    with (ours / "start").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        note = running.read(folder)
        if note is None or not running.is_alive(note) or not _answers(note):
            note = _start(folder, ours, environ)
    if not note.proxy:
        raise Failed(f"the localloop at {note.url} has no proxy: it is an older one; stop it, and run again")
    return note


def _answers(note: running.Running) -> bool:
    try:
        Client(note.url, note.account_sid, note.auth_token).get("/health", timeout=5.0)
    except (Failed, Refused):
        return False
    return True


def _start(folder: Path, ours: Path, environ: Mapping[str, str]) -> running.Running:
    options = _port(environ)
    try:
        return _launch(folder, ours, environ, options)
    except Failed:
        if options or not (options := _port(environ)):  # unless somebody took the port meanwhile
            raise
        return _launch(folder, ours, environ, options)


def _launch(folder: Path, ours: Path, environ: Mapping[str, str], options: list[str]) -> running.Running:
    # -P: a file of the program's folder is not to stand in for a module of ours.
    command = [sys.executable, "-P", "-m", "localloop", "up", "--data", str(folder), *options]
    log = ours / _LOG
    process: subprocess.Popen[bytes] | None = None
    try:
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=dict(environ),
                start_new_session=True,  # a Ctrl-C is for the program; we go when it has gone
            )
        (ours / _SERVER).write_text(str(process.pid))
        return until_noted(process, folder, log)
    except BaseException:  # a signal among them, from the moment on at which there is something to stop
        if process is not None:
            stop(process.pid, process)
        raise


def _port(environ: Mapping[str, str]) -> list[str]:
    """The usual port, unless something else has it: the program is told where we are."""
    settings_file = Path("localloop.toml")
    try:
        settings = load(
            "up", {}, environ, settings_file.read_text("utf-8") if settings_file.is_file() else ""
        )
        listen(settings.host, settings.port).close()
    except PlaceUnusable:
        return ["--port", "0"]
    except (SettingsError, OSError, UnicodeDecodeError) as error:
        raise Failed(str(error)) from None
    return []


def until_noted(process: subprocess.Popen[bytes], folder: Path, log: Path) -> running.Running:
    """The note that a localloop leaves in `folder` once it is up. Raises Failed, with what it said last."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        note = running.read(folder)
        if note is not None and note.pid == process.pid:
            return note
        if process.poll() is not None:
            said = log.read_text("utf-8", "replace").strip().splitlines()
            raise Failed((said[-1] if said else "localloop does not start").removeprefix("localloop: "))
        time.sleep(_POLL_S)
    raise Failed(f"localloop did not start within {START_S:.0f} s; see {log}")


def _leave(folder: Path, ours: Path, users: IO[str]) -> None:
    """Whoever is the last stops what a `run` started; who comes meanwhile waits, and starts another."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    note = running.read(folder)
    with contextlib.suppress(FileNotFoundError, ValueError):
        pid = int((ours / _SERVER).read_text())
        if note is not None and note.pid == pid:
            stop(pid)
        (ours / _SERVER).unlink()


def stop(pid: int, process: subprocess.Popen[bytes] | None = None) -> None:
    """Returns when it has gone, or has taken too long."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_S
    while time.monotonic() < deadline and _is_there(pid, process):
        time.sleep(_POLL_S)


def _is_there(pid: int, process: subprocess.Popen[bytes] | None) -> bool:
    if process is not None:
        return process.poll() is None
    with contextlib.suppress(ChildProcessError):  # a child of ours, or of another `run`
        return os.waitpid(pid, os.WNOHANG)[0] == 0
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
