"""How localloop ends, on purpose and otherwise, and starts again on the same data."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest
from installed import Home, Up


@pytest.fixture
def up(home: Home) -> Iterator[Up]:
    up = home.up("--data", str(home.data))
    yield up
    up.destroy()


def _postgres(data: Path) -> int:
    return int((data / "postgres" / "pgdata" / "postmaster.pid").read_text("ascii").split("\n", 1)[0])


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_stops_cleanly(home: Home, up: Up, signum: int) -> None:
    server = _postgres(home.data)
    assert up.stop(signum) == 0
    with pytest.raises(ProcessLookupError):
        os.kill(server, 0)
    assert home.run("status", "--data", str(home.data)).returncode == 1


def test_its_data_folder_is_in_use(home: Home, up: Up) -> None:
    answer = home.run("up", "--port", "0", "--data", str(home.data))
    assert answer.returncode == 1
    assert f"{home.data} is in use by process {up.process.pid}" in answer.stderr
    assert len(answer.stderr.splitlines()) == 1


def test_children_that_die_are_replaced(up: Up) -> None:
    before = up.children()
    assert before
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    # The supervisor keeps the listening socket, so the request waits for the process that follows.
    assert up.ask("/ready")["status"] == "ok"
    assert not before & up.children()


def _ask_again(up: Up, path: str) -> Any:
    """What was under way when the database went is a 503, which says: ask again."""
    deadline = time.monotonic() + 20
    while True:
        try:
            return up.ask(path)
        except HTTPError as error:
            if error.code != 503 or time.monotonic() > deadline:
                raise
            error.close()


def test_a_database_server_that_dies_is_replaced(home: Home, up: Up) -> None:
    before = _postgres(home.data)
    accounts = f"/2010-04-01/Accounts/{up.sid}.json"
    assert up.ask(accounts)["sid"] == up.sid
    os.kill(before, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while "PostgreSQL ended, starting it again" not in up.errors.read_text("utf-8"):
        assert time.monotonic() < deadline
        _ask_again(up, accounts)  # a connection of the dead server may answer for a moment
    assert _ask_again(up, accounts)["sid"] == up.sid
    assert up.stop() == 0


def test_a_supervisor_that_is_killed_takes_its_children_along(home: Home, up: Up) -> None:
    up.process.kill()
    up.process.wait(5)
    up.read_to_end(20)
    again = home.up("--data", str(home.data))
    try:
        assert (again.sid, again.token) == (up.sid, up.token)
        assert again.ask("/ready")["status"] == "ok"
    finally:
        assert again.stop() == 0
