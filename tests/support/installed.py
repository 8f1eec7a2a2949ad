"""The installed `localloop` command as a person at a terminal runs it."""

from __future__ import annotations

import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

from memory import roomy_memory

from localloop.core import sids

COMMAND = str(Path(sys.executable).parent / "localloop")
START_S = 60.0
STOP_S = 15.0
_LAST_LINE = "Ctrl-C stops it."


class NotUp(Exception):
    """It ended, or took too long; the text is what it said."""


def public_folder() -> Path:
    """A temporary folder that the user of the database server may pass when the tests run as root."""
    folder = Path(tempfile.mkdtemp(prefix="ll-", dir=roomy_memory()))
    folder.chmod(0o755)
    return folder


@dataclass
class Home:
    """A machine of its own: no setting, no data and no running localloop of the person who tests."""

    folder: Path = field(default_factory=public_folder)

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        folder = str(self.folder)
        return {**kept, "HOME": folder, "XDG_STATE_HOME": f"{folder}/state", "TMPDIR": folder}

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def run(self, *arguments: str, timeout: float = START_S) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [COMMAND, *arguments],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def up(self, *options: str) -> Up:
        """Started, and through with its banner; raises NotUp."""
        errors = self.folder / "stderr.log"
        with errors.open("ab") as log:
            process = subprocess.Popen(
                [COMMAND, "up", "--port", "0", *options],
                env=self.environment,
                cwd=self.folder,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        up = Up(process, errors)
        try:
            up.read_banner()
        except BaseException:
            up.destroy()
            raise
        return up

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


@dataclass
class Up:
    """One `localloop up`."""

    process: subprocess.Popen[bytes]
    errors: Path
    banner: str = ""

    def read_banner(self) -> None:
        deadline = time.monotonic() + START_S
        while _LAST_LINE not in self.banner:
            chunk = self._read(deadline)
            if not chunk:
                raise NotUp(self.banner + self.errors.read_text("utf-8"))
            self.banner += chunk

    def read_to_end(self, timeout: float) -> None:
        """Returns when nobody holds its standard output any more: it and all that it forked are gone."""
        deadline = time.monotonic() + timeout
        while self._read(deadline):
            pass

    def _read(self, deadline: float) -> str:
        assert self.process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise NotUp("too slow: " + self.banner + self.errors.read_text("utf-8"))
        return os.read(self.process.stdout.fileno(), 65536).decode()

    def after(self, label: str) -> str:
        """What follows this label on its line of the banner."""
        line = next(line for line in self.banner.splitlines() if label in line)
        return line.split(label, 1)[1].strip()

    @property
    def url(self) -> str:
        return self.after("is up:")

    @property
    def curl(self) -> str:
        return "curl " + self.after("curl ")

    @property
    def sid(self) -> str:
        return self.after("account SID")

    @property
    def token(self) -> str:
        return self.after("auth token")

    def ask(self, path: str, form: dict[str, Any] | None = None, method: str | None = None) -> Any:
        """The answer's JSON, None where it has no body."""
        body = None if form is None else urlencode(form, doseq=True).encode()
        return self._answer(Request(self.url + path, body, method=method))

    def tell(self, path: str, given: dict[str, Any]) -> Any:
        """The same for an operation that takes JSON."""
        headers = {"Content-Type": "application/json"}
        return self._answer(Request(self.url + path, json.dumps(given).encode(), headers, method="POST"))

    def _answer(self, request: Request) -> Any:
        secret = b64encode(f"{self.sid}:{self.token}".encode()).decode()
        request.add_header("Authorization", f"Basic {secret}")
        with build_opener(ProxyHandler({})).open(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")

    def refusal(self, path: str, form: dict[str, Any]) -> str:
        """The SID of a request that is refused."""
        try:
            self.ask(path, form)
        except HTTPError as error:
            with error:
                return str(error.headers["Twilio-Request-Id"])
        raise AssertionError(f"{path} was not refused")

    def for_another(self) -> Up:
        """The same localloop, as whoever has a new account sees it: what was printed names that one."""
        banner = self.banner.replace(self.sid, sids.new("AC")).replace(self.token, sids.new_secret())
        other = replace(self, banner=banner)
        other.ask(f"/2010-04-01/Accounts/{other.sid}.json")  # at its first use it is there
        link = other.ask("/console/api/links", {})["url"]
        return replace(other, banner=banner.replace(self.after("console"), link))

    def children(self) -> set[int]:
        """The processes that it forked, without PostgreSQL."""
        # `ww`: with COLUMNS set, ps cuts its lines even when it writes to a pipe.
        table = subprocess.run(
            ["ps", "-axwwo", "pid=,ppid=,args="], capture_output=True, text=True, check=True
        )
        rows = [line.split(None, 2) for line in table.stdout.splitlines()]
        mine = [row for row in rows if row[1] == str(self.process.pid) and " up " in row[2]]
        return {int(row[0]) for row in mine}

    def stop(self, signum: int = signal.SIGTERM) -> int:
        """Its exit status; what is left of its processes would keep us waiting, and fail."""
        self.process.send_signal(signum)
        status = self.process.wait(STOP_S)
        self.read_to_end(STOP_S)
        self._close()
        return status

    def destroy(self) -> None:
        """The end of a test, however it went."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(STOP_S)
        self._close()

    def _close(self) -> None:
        if self.process.stdout is not None:
            self.process.stdout.close()
