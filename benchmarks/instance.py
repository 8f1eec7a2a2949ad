"""A localloop of our own: the installed command on a durable database in a folder that is thrown away afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from benchmarks import processes

COMMAND = Path(sys.executable).with_name("localloop")
ACCOUNT_SID = "AC" + "5eed" * 8
AUTH_TOKEN = "ben" + "c4" * 14 + "d"
BASIC = "Basic " + b64encode(f"{ACCOUNT_SID}:{AUTH_TOKEN}".encode()).decode()
MESSAGES = f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json"
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 30.0


class NotStarted(Exception):
    """The command ended or never answered; the text is the end of what it wrote."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Instance:
    """One folder and one port; started, killed and started again as often as wanted."""

    def __init__(self, *options: str, **settings: str) -> None:
        # Directly below the temporary folder and open: PostgreSQL's user must come to its own folder.
        self._home = Path(tempfile.mkdtemp(prefix="ll-"))
        self._home.chmod(0o755)
        self.data = self._home / "d"
        self.log = self._home / "log"
        self.port = free_port()
        self._options = options
        self.settings = {
            "message_rate": "0",
            "log_format": "json",
            "proxy_port": str(free_port()),
            **settings,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Instance:
        try:
            self.start()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self._home, ignore_errors=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> float:
        """Seconds until the first authenticated request was answered."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LOCALLOOP_")}
        environment |= {"TWILIO_ACCOUNT_SID": ACCOUNT_SID, "TWILIO_AUTH_TOKEN": AUTH_TOKEN}
        environment |= {f"LOCALLOOP_{name.upper()}": value for name, value in self.settings.items()}
        command = [str(COMMAND), "up", "--port", str(self.port), "--data", str(self.data), *self._options]
        began = time.monotonic()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment, cwd=self._home
            )
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() - began > START_TIMEOUT_S:
                raise NotStarted(self.log_tail)
            time.sleep(0.01)
        return time.monotonic() - began

    def answers(self) -> bool:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            path = f"/2010-04-01/Accounts/{ACCOUNT_SID}.json"
            connection.request("GET", path, headers={"Authorization": BASIC})
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def stop(self) -> None:
        """As Ctrl-C does it, then harder."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)

    def kill(self) -> list[int]:
        """SIGKILL for the supervisor alone; the pids of the children that it leaves behind."""
        children = self.children()
        assert self._process is not None
        self._process.kill()
        self._process.wait(5)
        return children

    def family(self) -> list[int]:
        """Every process, PostgreSQL's backends included."""
        return [member.pid for member in processes.family(self.pid)]

    def children(self) -> list[int]:
        """What the supervisor forked from itself, in the order of their start; not PostgreSQL."""
        postmaster = self.postmaster()
        return sorted(
            member.pid
            for member in processes.running()
            if member.parent == self.pid and member.pid != postmaster
        )

    def postmaster(self) -> int:
        return abs(int(self._postmaster_file()[0]))

    @property
    def database(self) -> dict[str, str]:
        """Where the embedded PostgreSQL listens, in the words of libpq and asyncpg."""
        lines = self._postmaster_file()
        place = {"port": lines[3], "user": "localloop", "database": "postgres"}
        if lines[4].strip():
            return place | {"host": lines[4].strip()}
        password = next(self.data.rglob("password")).read_text("utf-8").strip()
        return place | {"host": "127.0.0.1", "password": password}

    def _postmaster_file(self) -> list[str]:
        found = next(self.data.rglob("postmaster.pid"), None)
        if found is None:
            raise NotStarted("PostgreSQL does not run")
        return found.read_text("utf-8").splitlines()

    @property
    def log_tail(self) -> str:
        return self.log.read_text("utf-8", "replace")[-2000:]
