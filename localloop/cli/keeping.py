"""The localloop of a test run: up for as long as anybody uses it, and gone with the last.

    python -m localloop.cli.keeping FOLDER [OPTION OF up]...

`localloop.testing.server` starts this beside the tests. Whoever uses the server holds the folder's file `users` locked,
shared; the lock that nobody else can have meanwhile comes to us when all have let go. The kernel lets go for those who
crash, so nobody counts, and nothing stays behind: not the server, not its data, not the folder.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Final

import msgspec

from localloop.cli import lending, running
from localloop.cli.client import Failed
from localloop.cli.places import default_directory
from localloop.cli.run import environment_of

READY: Final = "ready.json"
_LOG: Final = "server.log"
# Whose settings they are: the tests' server has its own, and never sees real credentials.
_NOT_OURS: Final = ("LOCALLOOP_", "TWILIO_")


def main() -> None:
    folder, options = Path(sys.argv[1]), sys.argv[2:]
    signal.signal(signal.SIGTERM, _end)
    with (folder / "users").open("w") as users:
        try:
            process, note = _start(folder, options)
        except Failed as failed:
            _tell(folder, {"error": f"{failed} (all of it: {folder / _LOG})"})
            return
        try:
            _tell(folder, _answer(note))
            fcntl.flock(users, fcntl.LOCK_EX)
            (folder / READY).unlink(missing_ok=True)
        finally:
            lending.stop(process.pid, process)
        # Before the lock goes: who waits for it sees that this folder is not there any more.
        shutil.rmtree(folder, ignore_errors=True)


def _end(_signum: int, _frame: FrameType | None) -> None:
    raise SystemExit(1)


def _start(folder: Path, options: Sequence[str]) -> tuple[subprocess.Popen[bytes], running.Running]:
    environ = _environment(folder, os.environ)
    log = folder / _LOG
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                *(sys.executable, "-P", "-m", "localloop", "up", "--ephemeral"),
                *("--port", "0", "--proxy-port", "0", "--single", *options),
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environ,
            cwd=folder,  # no .env and no localloop.toml of the project
        )
    try:
        return process, lending.until_noted(process, default_directory(environ), log)
    except BaseException:
        lending.stop(process.pid, process)
        raise


def _environment(folder: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """All that it leaves, it leaves in the folder."""
    kept = {name: value for name, value in environ.items() if not name.startswith(_NOT_OURS)}
    return {**kept, "HOME": str(folder), "XDG_STATE_HOME": str(folder / "state"), "TMPDIR": str(folder)}


def _answer(note: running.Running) -> dict[str, object]:
    return {
        "url": note.url,
        "account_sid": note.account_sid,
        "auth_token": note.auth_token,
        "environment": environment_of(note, "", ""),
    }


def _tell(folder: Path, answer: Mapping[str, object]) -> None:
    new = folder / f"{READY}.new"
    new.write_bytes(msgspec.json.encode(answer))
    new.replace(folder / READY)


if __name__ == "__main__":
    main()
