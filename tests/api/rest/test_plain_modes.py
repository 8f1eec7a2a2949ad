"""What an operation without behaviour does, as the operator wants it."""

from __future__ import annotations

import pytest
from serving import served
from structlog.testing import capture_logs

from localloop.rest.app import PlainMode
from localloop.store import Database

SERVICES = "/sync/v1/Services"


@pytest.mark.parametrize(("plain", "lines"), [("warn", 1), ("allow", 0)])
async def test_it_is_kept_and_says_so_and_is_told_once(
    database: Database, plain: PlainMode, lines: int
) -> None:
    async with served(database, plain=plain) as client:
        with capture_logs() as log:
            for _ in range(3):
                reply = await client("POST", SERVICES, {"FriendlyName": "x"})
                assert (reply.status, reply.headers["localloop-coverage"]) == (201, "plain")
    told = [line for line in log if line["event"].startswith("plain operation")]
    assert [line["operation"] for line in told] == ["sync.v1.CreateService"] * lines


async def test_it_is_refused_and_keeps_nothing(database: Database) -> None:
    async with served(database, plain="refuse") as client:
        for method in ("POST", "GET"):
            reply = await client(method, SERVICES)
            assert (reply.status, reply.json()["code"]) == (501, 20501)
            assert "sync.v1." in reply.json()["message"]
    assert await database.fetchval("select count(*) from resources") == 0
