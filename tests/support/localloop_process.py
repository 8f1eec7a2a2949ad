"""The installed command as a subprocess: started on a free port, waited for, and stopped as a person would."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import requests
import validators
from memory import roomy_memory
from msgspec import Struct

from localloop.core import sids

COMMAND = Path(sys.executable).with_name("localloop")
_START_S = 60.0
_STOP_S = 30.0


class Credentials(Struct, frozen=True):
    """An account, and where the server is that knows it."""

    url: str
    account_sid: str
    auth_token: str

    @property
    def auth(self) -> tuple[str, str]:
        return self.account_sid, self.auth_token

    def environment(self) -> dict[str, str]:
        """What a program written for Twilio finds in its environment."""
        return {
            **os.environ,
            "LOCALLOOP_URL": self.url,
            "TWILIO_ACCOUNT_SID": self.account_sid,
            "TWILIO_AUTH_TOKEN": self.auth_token,
        }


def new_world(url: str) -> Credentials:
    """An account that nobody has seen yet: `up` makes it, and its world, when it is first used."""
    made = Credentials(url, sids.new("AC"), sids.new_secret())
    validators.expect(made.account_sid, made.auth_token)
    return made


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(*options: str) -> Iterator[Credentials]:
    """`localloop up --ephemeral` with these options, until the block ends."""
    port = free_port()
    seeded = new_world(f"http://127.0.0.1:{port}")
    with tempfile.TemporaryDirectory(prefix="ll-", dir=roomy_memory()) as folder:
        home = Path(folder)
        home.chmod(0o711)  # where we are root, PostgreSQL runs as somebody else, who passes through here
        log = home / "output"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [COMMAND, "up", "--ephemeral", "--port", str(port), *options],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=_environment(seeded, home),
                cwd=home,
                start_new_session=True,
            )
        try:
            _wait(process, seeded.url, log)
            yield seeded
        finally:
            _stop(process, log)


def _environment(seeded: Credentials, home: Path) -> dict[str, str]:
    settings = {
        "HOME": str(home),
        "TMPDIR": str(home),
        "XDG_STATE_HOME": str(home),
        "LOCALLOOP_MESSAGE_RATE": "0",
    }
    return seeded.environment() | settings


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    until = time.monotonic() + _START_S
    pause = threading.Event()
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"localloop ended with {process.returncode}:\n{log.read_text()}")
        with contextlib.suppress(requests.ConnectionError, requests.Timeout):
            if requests.get(f"{url}/health", timeout=5).ok:
                return
        pause.wait(0.05)
    raise RuntimeError(f"localloop did not answer within {_START_S:.0f} s:\n{log.read_text()}")


def _stop(process: subprocess.Popen[bytes], log: Path) -> None:
    """As Ctrl-C or a service manager does; what does not stop by itself is a failure, and is killed."""
    process.terminate()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(_STOP_S)
        raise RuntimeError(f"localloop did not stop within {_STOP_S:.0f} s:\n{log.read_text()}") from None
