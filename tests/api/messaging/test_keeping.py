"""What is kept of messages, for how long, and how many go at once."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from http_server import Received, Server, answer, running

from localloop.carriers import phones
from localloop.core import clock, sids
from localloop.jobs import Job, Worker
from localloop.products.messaging.keeping import batches, deletion, retention
from localloop.products.messaging.keeping.batches import Filters
from localloop.products.messaging.media import settings
from localloop.products.messaging.media.settings import Wish
from localloop.rest.request import Caller
from localloop.webhooks import KIND
from tests.api.messaging.conftest import FROM, TO, Phone
from tests.api.webhooks.test_forgetting import holding

TEXT = "xyzzy plugh"
OTHER = "+15558675311"
OK = answer("204 No Content", length=False)


async def insert(phone: Phone, caller: Caller, count: int, age: timedelta, **columns: Any) -> None:
    """Messages of this age, as if they had been sent then."""
    made = clock.now() - age
    start = sids.bound(made).int
    given = {"status": "delivered", "to_address": TO, "direction": "outbound-api", **columns}
    await phone.database.execute(
        "insert into messages (account_sid, id, world_sid, status, direction, to_address, from_address, body,"
        " date_created, date_updated) select $1, ids, $1, $3, $4, $5, $6, $7, $8, $8 from unnest($2::uuid[]) ids",
        caller.account_sid,
        [sids.uuid_of(f"SM{start + number:032x}") for number in range(1, count + 1)],
        given["status"],
        given["direction"],
        given["to_address"],
        FROM,
        TEXT,
        made,
    )


async def left(phone: Phone, caller: Caller) -> int:
    count: int = await phone.database.fetchval(
        "select count(*) from messages where account_sid = $1", caller.account_sid
    )
    return count


@pytest.mark.parametrize("path", ["delivered", "canceled", "failed"])
async def test_a_discarded_text_is_nowhere(server: Phone, caller: Caller, path: str, tmp_path: Path) -> None:
    """Not after the message has come to its end, however it did; the application has been told of it all the same."""

    async def respond(got: Received, writer: asyncio.StreamWriter) -> None:
        picture = answer("200 OK", TEXT.encode(), "Content-Type: image/png")
        writer.write(picture if got.method == "GET" else answer("500 Oops", got.body))

    async with running(Server(respond=respond)) as application:
        sent = await server.send(
            caller,
            Body=TEXT,
            ContentRetention="discard",
            StatusCallback=f"{application.url}/status",
            MediaUrl=[f"{application.url}/cat"] if path == "delivered" else None,
        )
        assert sent["body"] == TEXT
        if path == "canceled":
            await server.update(caller, sent["sid"], Status="canceled")
        if path == "failed":
            await server.database.execute("update accounts set status = 'suspended'")
        await run(server)
    message = await server.fetch(caller, sent["sid"])
    assert (message["status"], message["body"]) == (path, "")
    assert await holding(server.database, TEXT) == set()
    assert [file for file in (tmp_path / "objects").rglob("*") if file.is_file()] == []


async def run(phone: Phone) -> None:
    """Everything that is due, by a worker of our own."""
    webhooks = phone.messaging.webhooks
    assert webhooks is not None
    worker = Worker(phone.database, {KIND: webhooks.deliver, **phone.messaging.handlers()})
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(worker.run())
        await phone.settled()
        worker.stop()


async def test_an_obfuscated_recipient(working: Phone, caller: Caller) -> None:
    async with running(Server(OK)) as application:
        sent = await working.send(caller, AddressRetention="obfuscate", StatusCallback=application.url)
        assert sent["to"] == TO
        await working.settled()
        told = [request.form for request in application.requests]
    assert {form["To"] for form in told} == {TO}
    message = await working.fetch(caller, sent["sid"])
    assert (message["to"], message["body"], message["status"]) == (TO[:-4] + "XXXX", "hello", "delivered")
    assert await holding(working.database, TO) <= {"jobs"}  # a worker forgets deliveries a minute later
    [kept] = await phones.list_messages(working.database, caller.world_sid, TO)
    assert kept.body == "hello"


async def test_all_is_kept_unless_asked_otherwise(working: Phone, caller: Caller) -> None:
    sent = await working.send(caller, ContentRetention="retain", AddressRetention="retain")
    await working.idle()
    message = await working.fetch(caller, sent["sid"])
    assert (message["to"], message["body"]) == (TO, "hello")


async def test_days_that_an_account_keeps(server: Phone, caller: Caller, stranger: Caller) -> None:
    """What is older goes, in windows; what is on its way stays, and so does everybody else's."""
    for who in (caller, stranger):
        await insert(server, who, 1_200, timedelta(days=40))
        await insert(server, who, 3, timedelta(days=29))
    await insert(server, caller, 2, timedelta(days=39), status="queued")
    gentle = retention.Pace(a_second=1_000_000)
    assert await retention.prune(server.database, gentle) == 0
    await settings.change(server.database, caller.account_sid, Wish(retention_days=30), clock.now())
    assert await retention.prune(server.database, gentle) == 1_200
    assert (await left(server, caller), await left(server, stranger)) == (5, 1_203)
    everybody = retention.Pace(days=35, a_second=1_000_000)
    assert await retention.prune(server.database, everybody) == 1_200
    assert await left(server, stranger) == 3


async def test_an_account_may_keep_all_though_the_rest_does_not(server: Phone, caller: Caller) -> None:
    await insert(server, caller, 5, timedelta(days=40))
    await settings.change(server.database, caller.account_sid, Wish(retention_days=0), clock.now())
    assert await retention.prune(server.database, retention.Pace(days=30)) == 0
    await settings.change(server.database, caller.account_sid, Wish(retention_days=30), clock.now())
    assert await retention.prune(server.database, retention.Pace(days=30)) == 5


async def test_nothing_goes_in_a_busy_time(server: Phone, caller: Caller) -> None:
    await insert(server, caller, 5, timedelta(days=40))
    for _ in range(3):
        await server.send(caller)
    assert await retention.prune(server.database, retention.Pace(days=30, waiting=2)) == 0
    assert await retention.prune(server.database, retention.Pace(days=30, waiting=3)) == 5


async def begin(phone: Phone, caller: Caller, **filters: Any) -> deletion.Deletion:
    async with phone.database.unit() as unit:
        who = (caller.account_sid, caller.world_sid)
        deletion_id = await deletion.begin(unit, who, Filters(**filters), clock.now())
    found = await deletion.get(phone.database, caller.account_sid, deletion_id)
    assert found is not None
    return found


async def over(phone: Phone, caller: Caller, begun: deletion.Deletion) -> deletion.Deletion:
    await phone.until(
        f"select status in ('completed', 'canceled') from message_deletions where id = '{begun.id}'"
    )
    found = await deletion.get(phone.database, caller.account_sid, begun.id)
    assert found is not None
    return found


async def test_many_go_in_the_background(working: Phone, caller: Caller, stranger: Caller) -> None:
    for who in (caller, stranger):
        await insert(working, who, 1_100, timedelta(days=1))
    await insert(working, caller, 3, timedelta(hours=1), status="sent")
    begun = await begin(working, caller)
    assert (begun.status, begun.total, begun.deleted) == ("queued", None, 0)
    done = await over(working, caller, begun)
    assert (done.status, done.total, done.deleted, done.in_flight) == ("completed", 1_103, 1_100, 3)
    assert (await left(working, caller), await left(working, stranger)) == (3, 1_100)


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"to": OTHER}, 2),
        ({"from_": FROM, "to": TO}, 7),
        ({"status": "failed"}, 3),
        ({"direction": "inbound"}, 4),
        ({"direction": "outbound"}, 5),
        ({"created_until": timedelta(days=5)}, 4),
        ({"created_from": timedelta(days=5)}, 5),
        ({"created_from": timedelta(days=5), "status": "failed"}, 3),
    ],
)
async def test_which_go(working: Phone, caller: Caller, filters: dict[str, Any], count: int) -> None:
    await insert(working, caller, 4, timedelta(days=9), direction="inbound", status="received")
    await insert(working, caller, 3, timedelta(days=2), status="failed")
    await insert(working, caller, 2, timedelta(days=1), to_address=OTHER)
    given = {
        name: clock.now() - each if isinstance(each, timedelta) else each for name, each in filters.items()
    }
    done = await over(working, caller, await begin(working, caller, **given))
    assert (done.total, done.deleted, await left(working, caller)) == (count, count, 9 - count)


async def test_what_comes_later_stays(server: Phone, caller: Caller) -> None:
    await insert(server, caller, 2, timedelta(hours=1))
    begun = await begin(server, caller)
    await server.send(caller)
    await server.database.execute("update messages set status = 'delivered'")
    await run(server)
    found = await deletion.get(server.database, caller.account_sid, begun.id)
    assert found is not None
    assert (found.deleted, await left(server, caller)) == (2, 1)


async def test_it_goes_on_where_a_worker_died(
    server: Phone, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the first window the process is gone; the next one counts and deletes nothing twice."""
    monkeypatch.setattr(batches, "WINDOW", 100)
    await insert(server, caller, 250, timedelta(hours=1))
    begun = await begin(server, caller)
    row = await server.database.fetchrow("select * from jobs where kind = $1", deletion.DELETE)
    assert row is not None
    job = Job(row["id"], row["account_sid"], "", row["kind"], row["key"], row["payload"], row["due_at"], 1)
    windows = 0
    real = batches.delete

    async def dying(*args: Any) -> Any:
        nonlocal windows
        windows += 1
        if windows == 2:
            raise ConnectionError("died")
        return await real(*args, 100)

    monkeypatch.setattr(batches, "delete", dying)
    with pytest.raises(ConnectionError):
        await deletion.work(server.database, job)
    half = await deletion.get(server.database, caller.account_sid, begun.id)
    assert half is not None
    assert (half.status, half.deleted, await left(server, caller)) == ("in-progress", 100, 150)
    await deletion.work(server.database, job)
    done = await deletion.get(server.database, caller.account_sid, begun.id)
    assert done is not None
    assert (done.status, done.total, done.deleted, await left(server, caller)) == ("completed", 250, 250, 0)


async def test_one_that_is_canceled_stops(server: Phone, caller: Caller) -> None:
    await insert(server, caller, 3, timedelta(hours=1))
    begun = await begin(server, caller)
    assert await deletion.cancel(server.database, caller.account_sid, begun.id, clock.now())
    assert not await deletion.cancel(server.database, caller.account_sid, begun.id, clock.now())
    await run(server)
    assert await left(server, caller) == 3


@pytest.mark.parametrize("how", ["deletion", "retention"])
async def test_what_goes_is_forgotten_everywhere(
    working: Phone, caller: Caller, tmp_path: Path, how: str
) -> None:
    """Texts and files, and what deliveries, alerts and waiting notifications hold of them."""

    async def respond(got: Received, writer: asyncio.StreamWriter) -> None:
        picture = answer("200 OK", TEXT.encode(), "Content-Type: image/png")
        writer.write(picture if got.method == "GET" else answer("500 Oops", got.body))

    await working.own(caller, TO, sms_url="")
    async with running(Server(respond=respond)) as application:
        await working.own(caller, TO, sms_url=f"{application.url}/sms")
        await working.send(caller, Body=TEXT, MediaUrl=[f"{application.url}/cat"])
        await working.settled()
    assert await holding(working.database, TEXT) >= {"messages", "deliveries", "alerts"}
    assert await left(working, caller) == 2
    if how == "deletion":
        await over(working, caller, await begin(working, caller))
    else:
        await working.database.execute("update messages set date_created = date_created - interval '9 days'")
        assert await retention.prune(working.database, retention.Pace(days=8)) == 2
    await working.settled()
    assert await holding(working.database, TEXT) == set()
    assert [file for file in (tmp_path / "objects").rglob("*") if file.is_file()] == []
