"""localloop on the PostgreSQL of the system's packages: its programs, and a server that is running already."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from installed import Home, Up

from localloop.store.postgres import Postgres
from tests.needs import find, needs

PHONE = "+15551230001"
pytestmark = needs("postgresql")


@pytest.fixture(scope="module")
def programs() -> Path:
    return find("postgresql")


def text_arrives(home: Home, up: Up, *data: str) -> None:
    messages = f"/2010-04-01/Accounts/{up.sid}/Messages.json"
    assert up.ask(messages, {"To": PHONE, "From": "+15551230000", "Body": "hello"})["status"] == "queued"
    arrived = home.run("inbox", PHONE, "--wait", "20", "--since", "2020-01-01T00:00:00Z", *data)
    assert arrived.stdout.endswith("received from +15551230000: hello\n"), arrived.stderr


def test_its_programs(home: Home, programs: Path) -> None:
    data = ("--data", str(home.data))
    up = home.up(*data, "--pg-bin", str(programs))
    try:
        assert (home.data / "postgres/pgdata/PG_VERSION").read_text().strip() == programs.parent.name
        text_arrives(home, up, *data)
    finally:
        assert up.stop() == 0
    again = home.up(*data)  # programs of the folder's version are found without being named
    try:
        assert again.sid == up.sid
    finally:
        assert again.stop() == 0


@pytest.fixture
def running_server(programs: Path) -> Iterator[str]:
    """A server that somebody else runs, with an empty database."""
    home = Home()
    server = Postgres(home.folder / "pg", pg_bin=programs)
    try:
        yield server.start()
    finally:
        server.stop()
        home.remove()


def test_a_server_that_is_running(home: Home, running_server: str) -> None:
    data = ("--data", str(home.folder / "keys"))
    up = home.up(*data, "--database-url", running_server)
    try:
        text_arrives(home, up, *data)
        assert "external database" in home.run("status", *data).stdout
        assert not (home.folder / "keys" / "postgres").exists()
    finally:
        assert up.stop() == 0
