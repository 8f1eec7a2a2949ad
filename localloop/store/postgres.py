"""Our own PostgreSQL server: found, created, started, stopped and reaped by the process that supervises us.

Everything lies in one folder: `pgdata` (the cluster), `run` (the socket), `postgres.log`, `password` (for
TCP) and `lock`. Clients come in over a unix socket in a folder that only the server's user may enter; where
sockets cannot be had, over loopback with a password. PostgreSQL refuses to run as root, so root hands it to
an unprivileged user that exists already. The code is synchronous: a supervisor forks, and has no event loop.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Final
from urllib.parse import quote

from localloop.store import binaries as installed
from localloop.store.binaries import Binaries
from localloop.store.failures import ForeignMajor, StartFailed
from localloop.store.folder import FolderLock, ServerUser, choose_user, demand_reachable, may_enter
from localloop.store.settings import access_rules, server_settings

ROLE: Final = "localloop"
DATABASE: Final = "postgres"
_PORT: Final = 5432  # names the socket file; nothing listens on TCP
_SOCKET_PATH_LIMIT: Final = 100
_LOG_LIMIT: Final = 4 << 20
_TICK: Final = 0.004


class Postgres:
    """One server in one folder, owned by the process that starts it. A fleeting one's data are not wanted after it."""

    def __init__(self, folder: Path, *, pg_bin: Path | None = None, fleeting: bool = False) -> None:
        self.folder = folder.resolve()
        self._pg_bin = pg_bin
        self._fleeting = fleeting
        self._pgdata = self.folder / "pgdata"
        self._log = self.folder / "postgres.log"
        self._lock = FolderLock(self.folder)
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self._user: ServerUser | None = None
        self._socket_folder: Path | None = None
        self._port = 0  # of the address that was chosen

    def start(self, timeout: float = 60.0) -> str:
        """Start, creating the cluster at first, and return the address once it answers.

        May be called again when the server has died; one that runs is restarted. The address stays the same until
        `stop`, since clients have it. Raises a PostgresError.
        """
        self._lock.acquire()
        try:
            return self._start(time.monotonic() + timeout)
        except BaseException:
            self.stop()
            raise

    def _start(self, deadline: float) -> str:
        self._end_process(10.0)
        found = self._found_major()
        programs = installed.find(self._pg_bin, found)
        if found is not None and found != programs.major:
            raise ForeignMajor(self.folder, found, programs.major)
        self._user = choose_user(self._pgdata)
        self._prepare_folder(self._user)
        programs = self._reachable_copy(programs, self._user)
        self._clear_leftover(deadline)
        if found is None:
            self._create(programs, deadline)
        self._choose_address()
        self._configure(programs.major)
        self._launch(programs, deadline)
        return self.dsn

    @property
    def dsn(self) -> str:
        """The address of the running server."""
        if self._socket_folder:
            host = quote(str(self._socket_folder), safe="/")
            return f"postgresql://{ROLE}@/{DATABASE}?host={host}&port={self._port}"
        password = (self.folder / "password").read_text("utf-8").strip()
        return f"postgresql://{ROLE}:{password}@127.0.0.1:{self._port}/{DATABASE}"

    @property
    def pid(self) -> int | None:
        """The postmaster's process id, None when it does not run."""
        return self._process.pid if self._process and self._process.returncode is None else None

    @property
    def log_tail(self) -> list[str]:
        """The last lines that the server wrote."""
        try:
            with self._log.open("rb") as log:
                log.seek(max(0, self._log.stat().st_size - 4096))
                return log.read().decode("utf-8", "replace").strip().splitlines()[-4:]
        except OSError:
            return []

    def reap(self) -> int | None:
        """Collect the server if it has died, and return its exit status; None while it runs or was never
        started.

        A postmaster that is dead and not collected would make the next one refuse to start.
        """
        if self._process is None or os.getpid() != self._owner:
            return None
        return self._process.poll()

    def stop(self, timeout: float = 10.0) -> None:
        """Stop cleanly (open transactions are rolled back), harder when that takes too long."""
        if os.getpid() != (self._owner or os.getpid()):
            return
        self._end_process(timeout)
        if self._socket_folder and self._socket_folder.parent != self.folder:
            shutil.rmtree(self._socket_folder, ignore_errors=True)
        self._socket_folder, self._port = None, 0
        self._lock.release()

    def _end_process(self, timeout: float) -> None:
        process, self._process = self._process, None
        for request in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            if process is None or process.poll() is not None:
                return
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(request)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout)

    def _found_major(self) -> int | None:
        try:
            return int((self._pgdata / "PG_VERSION").read_text("ascii").partition(".")[0])
        except FileNotFoundError:
            return None

    def _prepare_folder(self, user: ServerUser) -> None:
        self.folder.chmod(0o700)
        user.own(self.folder)
        run = self.folder / "run"
        run.mkdir(mode=0o700, exist_ok=True)
        user.own(run)
        demand_reachable(self.folder, user)

    def _reachable_copy(self, programs: Binaries, user: ServerUser) -> Binaries:
        """The programs, copied into our folder when the server's user may not enter theirs
        (`/root/.venv`)."""
        if may_enter(programs.folder, user) or not installed.in_wheel(programs):
            return programs
        package = programs.folder.parent.parent
        home = self.folder / f"server-{programs.major}"
        if not home.exists():
            fresh = Path(tempfile.mkdtemp(dir=self.folder))
            fresh.chmod(0o755)
            unneeded = shutil.ignore_patterns("include", "*.py", "__pycache__", "*.a")
            for source in (package, package.with_name(f"{package.name}.libs")):
                if source.exists():
                    shutil.copytree(source, fresh / source.name, ignore=unneeded, symlinks=True)
            fresh.rename(home)
        return Binaries(home / package.name / "pginstall" / "bin", programs.major)

    def _clear_leftover(self, deadline: float) -> None:
        """Stop a server that outlived its supervisor. We hold the folder's lock, so nobody else supervises
        it."""
        file = self._pgdata / "postmaster.pid"
        try:
            lines = file.read_text("utf-8").splitlines()
        except FileNotFoundError:
            return
        pid = abs(int(lines[0]))
        address = _Address.of(lines)
        while address.answers() and time.monotonic() < deadline:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGINT)
            time.sleep(_TICK)
        if file.exists():
            # The number may belong to a zombie or to a stranger by now, and PostgreSQL would refuse to start.
            # Its parent's number it ignores, and it still checks by shared memory that no backend is left.
            file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n", "utf-8")
            for remains in (self.folder / "run").iterdir():
                remains.unlink()
        if address.socket and address.socket.parent.parent != self.folder:
            shutil.rmtree(address.socket.parent, ignore_errors=True)

    def _create(self, programs: Binaries, deadline: float) -> None:
        """Make the cluster under another name and rename it: a half-made one is never taken for whole."""
        fresh = self.folder / "pgdata.new"
        shutil.rmtree(fresh, ignore_errors=True)
        password = self.folder / "password"
        password.touch(mode=0o600)
        password.write_text(secrets.token_hex(16) + "\n", "utf-8")
        self._server_user.own(password)
        command = [
            *(programs.program("initdb"), "-D", str(fresh), "-U", ROLE, "--pwfile", str(password)),
            *("--auth-local=trust", "--auth-host=scram-sha-256", "--encoding=UTF8", "--locale=C"),
            *("--no-sync", "--no-instructions"),
        ]
        with self._log.open("ab") as log:
            self._server_user.own(self._log)
            process = self._spawn(command, log.fileno())
            try:
                status = process.wait(max(0.1, deadline - time.monotonic()))
            except BaseException as error:  # whoever asks us to stop leaves no initdb behind
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)
                status = process.wait(5)
                if not isinstance(error, subprocess.TimeoutExpired):
                    raise
        if status != 0:
            raise StartFailed("initdb failed", self.log_tail)
        fresh.rename(self._pgdata)

    def _choose_address(self) -> None:
        if self._port and self._is_usable_again():
            return
        self._socket_folder, self._port = self._usable_socket_folder(), _PORT
        if self._socket_folder is None:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                self._port = probe.getsockname()[1]

    def _is_usable_again(self) -> bool:
        """Whether the address of the server that died still serves; a temporary folder may have been tidied away."""
        folder = self._socket_folder
        if folder is None:
            return True
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            return folder.is_dir() and folder.stat().st_uid == self._server_user.uid
        self._server_user.own(folder)
        return True

    def _usable_socket_folder(self) -> Path | None:
        """Our `run` folder, a temporary one where the path is too long or the file system has no sockets, or
        None."""
        if not hasattr(socket, "AF_UNIX"):
            return None
        run = self.folder / "run"
        if _holds_sockets(run):
            return run
        short = Path(tempfile.mkdtemp(prefix="localloop-"))
        self._server_user.own(short)
        if _holds_sockets(short) and may_enter(short, self._server_user):
            return short
        short.rmdir()
        return None

    def _configure(self, major: int) -> None:
        settings = server_settings(major, self._socket_folder, self._port, fleeting=self._fleeting)
        (self._pgdata / "postgresql.conf").write_text(settings, "utf-8")
        (self._pgdata / "pg_hba.conf").write_text(access_rules(), "utf-8")

    def _launch(self, programs: Binaries, deadline: float) -> None:
        if self._log.exists() and self._log.stat().st_size > _LOG_LIMIT:
            self._log.replace(self._log.with_suffix(".log.1"))
        command = [programs.program("postgres"), "-D", str(self._pgdata)]
        while True:
            with self._log.open("ab") as log:
                self._process, self._owner = self._spawn(command, log.fileno()), os.getpid()
            if self._becomes_ready(deadline):
                return
            tail = self.log_tail
            # Backends of a server that was killed may take a moment to notice and go.
            lingering = any("still in use" in line for line in tail)
            if not lingering or time.monotonic() > deadline:
                status = self._process.poll()
                raise StartFailed(f"exit status {status}" if status is not None else "too slow", tail)
            time.sleep(0.05)

    def _becomes_ready(self, deadline: float) -> bool:
        assert self._process is not None
        pid = str(self._process.pid)
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                lines = (self._pgdata / "postmaster.pid").read_text("utf-8").splitlines()
            except FileNotFoundError:
                lines = []
            if len(lines) >= 8 and lines[0] == pid and lines[7].strip() == "ready":
                return True
            time.sleep(_TICK)
        return False

    def _spawn(self, command: list[str], output: int) -> subprocess.Popen[bytes]:
        # A session of its own: Ctrl-C in the terminal is for the supervisor, which stops us in order.
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=self.folder,
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            start_new_session=True,
            **self._server_user.process_options(),
        )

    @property
    def _server_user(self) -> ServerUser:
        assert self._user is not None
        return self._user


class _Address:
    """Where the server that wrote a postmaster.pid listens."""

    def __init__(self, socket_path: Path | None, port: int | None) -> None:
        self.socket = socket_path
        self._port = port

    @classmethod
    def of(cls, lines: list[str]) -> _Address:
        """Lines 4, 5 and 6: port, socket folder, listening address."""
        port = int(lines[3]) if len(lines) > 3 and lines[3].isdigit() else None
        folder = lines[4].strip() if len(lines) > 4 else ""
        return cls(Path(folder, f".s.PGSQL.{port}") if folder else None, port)

    def answers(self) -> bool:
        with socket.socket(socket.AF_UNIX if self.socket else socket.AF_INET) as probe:
            probe.settimeout(1.0)
            try:
                probe.connect(str(self.socket) if self.socket else ("127.0.0.1", self._port or 1))
            except OSError:
                return False
            return True


def _holds_sockets(folder: Path) -> bool:
    path = folder / f".s.PGSQL.{_PORT}"
    if len(str(path)) > _SOCKET_PATH_LIMIT:
        return False
    probe_path = folder / ".probe"
    probe_path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.bind(str(probe_path))
        except OSError:
            return False
    probe_path.unlink()
    return True
