"""The localloop that tests use: the one that LOCALLOOP_URL names, else one of the test run's own.

It is started at first use and shared by all processes of the run. Each holds a file locked for as long as it lives; a
keeper beside them (`localloop.cli.keeping`) stops the server when nobody holds it any more, however they went.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

from msgspec import Struct

from localloop.testing.lab import Lab

START_S: Final = 120.0
_POLL_S: Final = 0.02
_READY: Final = "ready.json"
# What all processes of one run of pytest-xdist have in common.
_RUN: Final = "PYTEST_XDIST_TESTRUNUID"


class NotStarted(Exception):
    """There is no server to test with; the text says why."""


class Server(Struct, frozen=True, kw_only=True):
    """A running localloop, and an account of it; a server that somebody else started may have no account for us."""

    url: str
    account_sid: str = ""
    auth_token: str = ""
    environment: Mapping[str, str] = {}  # by which programs of any kind come to it in Twilio's place

    @property
    def lab(self) -> Lab | None:
        """Its client as our account there, if there is one."""
        return Lab(self.url, self.account_sid, self.auth_token) if self.account_sid else None


class Servers:
    """The servers that this process uses: one for each set of options, from its first use on."""

    def __init__(self, run_id: str = "") -> None:
        self._run_id = run_id or os.environ.get(_RUN) or uuid.uuid4().hex
        self._given = _given()  # now: a world says the same to the programs that it is for
        self._held: dict[tuple[str, ...], tuple[Server, IO[str] | None]] = {}

    def get(self, *options: str) -> Server:
        """Raises NotStarted."""
        if options not in self._held:
            joined = (self._given, None) if self._given else _joined(_folder(self._run_id, options), options)
            self._held[options] = joined
        return self._held[options][0]

    def close(self) -> None:
        """This process needs them no more; another `get` starts anew."""
        for _, users in self._held.values():
            if users is not None:
                users.close()
        self._held.clear()


def _given() -> Server | None:
    url = os.environ.get("LOCALLOOP_URL", "").rstrip("/")
    if not url:
        return None
    sid, token = os.environ.get("TWILIO_ACCOUNT_SID", ""), os.environ.get("TWILIO_AUTH_TOKEN", "")
    return Server(url=url, account_sid=sid, auth_token=token)


def _folder(run_id: str, options: tuple[str, ...]) -> Path:
    """The same for all processes of a run, and for nobody else."""
    name = uuid.uuid5(uuid.NAMESPACE_URL, " ".join((run_id, *options))).hex[:16]
    return Path(tempfile.gettempdir()) / f"localloop-{os.getuid()}-{name}"


def _joined(folder: Path, options: tuple[str, ...]) -> tuple[Server, IO[str]]:
    users = _held(folder)
    try:
        with _turn(folder):
            answer = _read(folder) or _start(folder, options)
    except BaseException:
        users.close()
        raise
    return Server(**answer), users


def _held(folder: Path) -> IO[str]:
    """The folder's file of users, locked; a folder that its keeper was just removing is made anew."""
    while True:
        # PostgreSQL, which does not run as root, passes through here.
        folder.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, exist_ok=True)
        if folder.stat().st_uid != os.geteuid():
            raise NotStarted(f"{folder} belongs to somebody else")
        try:
            users = (folder / "users").open("w")
        except FileNotFoundError:
            continue
        fcntl.flock(users, fcntl.LOCK_SH)
        try:
            if os.path.samestat(os.fstat(users.fileno()), (folder / "users").stat()):
                return users
        except FileNotFoundError:
            pass
        users.close()


@contextmanager
def _turn(folder: Path) -> Iterator[None]:
    with (folder / "start").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        yield


def _start(folder: Path, options: tuple[str, ...]) -> dict[str, Any]:
    with (folder / "keeper.log").open("wb") as log:
        keeper = subprocess.Popen(
            [sys.executable, "-P", "-m", "localloop.cli.keeping", str(folder), *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # a Ctrl-C is for the tests; it goes when they have gone
        )
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        answer = _read(folder)
        if answer is not None:
            keeper.returncode = 0  # it outlives us on purpose: nobody here waits for it
            return answer
        if keeper.poll() is not None:
            break
        time.sleep(_POLL_S)
    keeper.terminate()
    keeper.wait()
    said = (folder / "keeper.log").read_text("utf-8", "replace").strip()
    raise NotStarted(f"localloop does not start: {said or 'it took too long'}")


def _read(folder: Path) -> dict[str, Any] | None:
    try:
        answer: dict[str, Any] = json.loads((folder / _READY).read_bytes())
    except FileNotFoundError:
        return None
    if "error" in answer:
        raise NotStarted(f"localloop does not start: {answer['error']}")
    return answer
