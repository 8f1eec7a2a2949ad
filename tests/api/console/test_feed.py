"""The live feed: what arrives, what changes, what was missed while away, and what it costs when nobody looks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from waiting import until

from localloop.console import feed, watching
from localloop.console.feed import Feeds, Reader
from localloop.console.queries import Scope
from localloop.console.watching import Batch, Watcher, caught_up
from localloop.core import clock, sids
from localloop.store import Database
from tests.api.console.conftest import FROM, TO, Page, Server


class Events:
    """An open feed, as a browser reads it."""

    def __init__(self, content: Any) -> None:
        self._content = content
        self.cursor = ""

    async def next(self) -> dict[str, Any]:
        """The next batch."""
        async with asyncio.timeout(10):
            while True:
                event = (await self._content.readuntil(b"\n\n")).decode()
                fields = dict(line.split(": ", 1) for line in event.splitlines() if ": " in line)
                if fields.get("event") == "batch":
                    self.cursor = fields["id"]
                    batch: dict[str, Any] = orjson.loads(fields["data"])
                    return batch

    async def until(self, status: str) -> dict[str, Any]:
        """The row of the first message that is told with this status."""
        while True:
            for row in (await self.next())["messages"]:
                if row["status"] == status:
                    found: dict[str, Any] = row
                    return found

    async def call(self, sid: str) -> dict[str, Any]:
        """The call the next time that something is told of it."""
        while True:
            for row in (await self.next())["calls"]:
                if row["sid"] == sid:
                    found: dict[str, Any] = row
                    return found


@asynccontextmanager
async def watching_as(page: Page, cursor: str = "") -> AsyncIterator[Events]:
    headers = {"Last-Event-ID": cursor} if cursor else {}
    async with page.request("GET", "feed", headers=headers) as answer:
        assert answer.status == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield Events(answer.content)


def rows(batch: dict[str, Any]) -> int:
    return sum(len(batch[kind]) for kind in watching.KINDS)


async def test_the_first_event_comes_at_once(page: Page) -> None:
    async with watching_as(page) as events:
        first = await events.next()
    assert rows(first) == 0
    assert first["skipped"] == dict.fromkeys(watching.KINDS, 0)
    assert first["gone"] == []


async def test_a_message_arrives_with_all_that_follows(server: Server, page: Page) -> None:
    async with watching_as(page) as events:
        await events.next()
        sid = await page.send(Body="hello", StatusCallback="http://127.0.0.1:9/x")
        seen: dict[str, list[Any]] = {"messages": [], "deliveries": [], "phone_messages": []}
        while "delivered" not in [row["status"] for row in seen["messages"]] or not all(seen.values()):
            batch = await events.next()
            for kind, found in seen.items():
                found += batch[kind]
    assert {row["sid"] for row in seen["messages"]} == {sid}
    assert seen["messages"][-1] == (await page.get(f"messages/{sid}"))["message"]
    assert seen["deliveries"][0]["resource_sid"] == sid
    text = seen["phone_messages"][0]
    assert (text["number"], text["body"], text["status"]) == (TO, "hello", "delivered")


async def test_a_change_arrives(server: Server, page: Page) -> None:
    await page.post(f"lab/v1/Phones/{TO}", Behavior="slow", Delay=86_400_000)
    async with watching_as(page) as events:
        await events.next()
        sid = await page.send()
        assert (await events.until("sent"))["sid"] == sid
        await server.database.execute("update messages set status = 'undelivered', error_code = 30003")
        changed = await events.until("undelivered")
    assert (changed["sid"], changed["error_code"]) == (sid, 30003)


async def test_what_did_not_arrive_shows_on_its_phone(page: Page) -> None:
    await page.post(f"lab/v1/Phones/{TO}", Behavior="30003")
    async with watching_as(page) as events:
        await events.next()
        sid = await page.send()
        texts: list[Any] = []
        while not texts:
            texts = (await events.next())["phone_messages"]
    assert (texts[0]["sid"], texts[0]["status"], texts[0]["error_code"]) == (sid, "undelivered", 30003)


async def test_a_feed_goes_on_where_it_was_left(server: Server, page: Page) -> None:
    async with watching_as(page) as events:
        await events.next()
        await page.send(Body="seen", To=TO)
        await events.until("delivered")
        cursor = events.cursor
    await backdate(server, 120)
    await page.send(Body="missed")
    await server.idle()
    async with watching_as(page, cursor) as events:
        batch = await events.next()
    assert [row["body"] for row in batch["messages"]] == ["missed"]
    assert [row["body"] for row in batch["phone_messages"]] == ["missed"]


async def backdate(server: Server, seconds: int) -> None:
    """Rows as if they were older, so that what is told again after a return can be told from what is new."""
    for table in ("messages", "phone_messages"):
        await server.database.execute(
            f"update {table} set id = (lpad(to_hex(('x' || substr(replace(id::text, '-', ''), 1, 12))::bit(48)::bigint"
            f" - {seconds * 1000}), 12, '0') || substr(replace(id::text, '-', ''), 13))::uuid"
        )


@pytest.mark.parametrize("cursor", ["x", "0" * 31, "f" * 12 + "0" * 20, "DROP", "0" * 32])
async def test_an_odd_cursor_does_no_harm(page: Page, cursor: str) -> None:
    async with watching_as(page, cursor) as events:
        assert rows(await events.next()) == 0


async def test_worlds_and_subaccounts_hear_their_own(server: Server, page: Page) -> None:
    sub = await server.subaccount()
    its = await server.page(sub)
    async with watching_as(page) as whole, watching_as(its) as own:
        await whole.next()
        await own.next()
        await page.send(Body="of the main account")
        assert (await whole.until("delivered"))["body"] == "of the main account"
        await its.send(Body="its own", From="+15017122662")
        row = await own.until("delivered")
        assert (row["body"], row["account_sid"]) == ("its own", sub)
        assert (await whole.until("delivered"))["body"] == "its own"


async def test_signing_out_ends_the_feed(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "HEARTBEAT_S", 0.1)
    async with page.request("GET", "feed") as answer:
        assert await page.status("DELETE", "session") == 204
        async with asyncio.timeout(10):
            await answer.content.read()


async def test_signing_out_ends_a_busy_feed(
    server: Server, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "HEARTBEAT_S", 0.5)
    other = await server.page()
    async with page.request("GET", "feed") as answer:
        assert await page.status("DELETE", "session") == 204
        reading = asyncio.ensure_future(answer.content.read())
        async with asyncio.timeout(10):
            while not reading.done():
                await other.send()


async def test_looking_at_the_feed_opens_none(page: Page) -> None:
    async with asyncio.timeout(5):
        assert await page.status("HEAD", "feed") == 200
        assert await page.status("GET", "session") == 200


async def test_a_feed_that_cannot_go_on_ends(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the browser comes again, which is a new start."""

    async def fail(_: Watcher) -> Batch | None:
        raise asyncio.CancelledError

    monkeypatch.setattr(Watcher, "look", fail)
    async with page.request("GET", "feed") as answer, asyncio.timeout(5):
        await answer.content.read()


async def test_the_server_stops_while_somebody_watches(server: Server, page: Page) -> None:
    async with page.request("GET", "feed") as answer:
        server.surface.end_streams()
        async with asyncio.timeout(5):
            await answer.content.read()


# Without a socket -------------------------------------------------------------------------------------------


@pytest.fixture
async def scope(database: Database) -> Scope:
    sid = sids.new("AC")
    await database.execute(
        "insert into accounts (sid, world_sid, owner_account_sid, friendly_name, auth_token,"
        " token_key, date_created, date_updated) values ($1, $1, $1, 'test', '', '', $2, $2)",
        sid,
        clock.now(),
    )
    return Scope(sid, sid)


async def fill(database: Database, scope: Scope, count: int, status: str = "delivered") -> None:
    async with database.unit() as unit:
        await unit.executemany(
            "insert into messages (account_sid, id, world_sid, status, direction, from_address, to_address, body,"
            " date_created, date_updated) values ($1, $2, $1, $3, 'outbound-api', $4, $5, '', $6, $6)",
            [
                (scope.account_sid, sids.uuid_of(sids.new("SM")), status, FROM, TO, clock.now())
                for _ in range(count)
            ],
        )


def opened(batch: Batch | None) -> dict[str, Any]:
    assert batch is not None
    event = batch.event().decode()
    data: dict[str, Any] = orjson.loads(event.split("data: ", 1)[1])
    return data


async def test_nothing_new_is_nothing_told(database: Database, scope: Scope) -> None:
    watcher = Watcher(database, scope)
    assert await watcher.look() is None
    await fill(database, scope, 1)
    assert len(opened(await watcher.look())["messages"]) == 1
    assert await watcher.look() is None


async def test_the_newest_are_told_and_the_rest_is_counted(database: Database, scope: Scope) -> None:
    watcher = Watcher(database, scope)
    told = skipped = 0
    for count in (150, 450, 0, 1_000, 10):
        await fill(database, scope, count)
        batch = await watcher.look()
        if batch is not None:
            data = opened(batch)
            assert len(data["messages"]) <= watching.MOST
            told += len(data["messages"])
            skipped += data["skipped"]["messages"]
    assert told + skipped == 1_610
    newest = await database.fetchval("select id from messages order by id desc limit 1")
    await fill(database, scope, 1)
    data = opened(await watcher.look())
    assert data["messages"][0]["sid"] > sids.from_uuid("SM", newest)


async def test_a_row_that_was_committed_late_is_told(database: Database, scope: Scope) -> None:
    watcher = Watcher(database, scope)
    late = sids.uuid_of(sids.new("SM"))
    await fill(database, scope, 3)
    await watcher.look()
    await database.execute(
        "insert into messages (account_sid, id, world_sid, status, direction, to_address, date_created, date_updated)"
        " values ($1, $2, $1, 'queued', 'outbound-api', $3, $4, $4)",
        scope.account_sid,
        late,
        TO,
        clock.now(),
    )
    assert [row["sid"] for row in opened(await watcher.look())["messages"]] == [sids.from_uuid("SM", late)]


async def test_changes_are_followed_until_a_message_is_done(database: Database, scope: Scope) -> None:
    watcher = Watcher(database, scope)
    await fill(database, scope, 20, "queued")
    await watcher.look()
    for status in ("sent", "delivered"):
        await database.execute("update messages set status = $1", status)
        assert {row["status"] for row in opened(await watcher.look())["messages"]} == {status}
        assert await watcher.look() is None
    assert not watcher._pending


async def test_what_is_followed_is_bounded(
    database: Database, scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "MAX_PENDING", 50)
    watcher = Watcher(database, scope)
    for _ in range(4):
        await fill(database, scope, 30, "queued")
        await watcher.look()
    assert len(watcher._pending) == 50
    newest = await database.fetch("select id from messages order by id desc limit 50")
    assert set(watcher._pending) == {row["id"] for row in newest}


async def test_a_return_counts_what_is_too_much(database: Database, scope: Scope) -> None:
    cursor = sids.bound(clock.now()).hex
    await fill(database, scope, 500)
    data = opened(await caught_up(database, scope, cursor))
    assert len(data["messages"]) == watching.MOST
    assert data["skipped"]["messages"] == 500 - watching.MOST


def test_a_slow_reader_gets_the_newest_and_a_count() -> None:
    reader = Reader()
    nothing = dict.fromkeys(watching.KINDS, 0)
    for number in range(100):
        told = {**nothing, "messages": number}
        reader.offer(Batch(str(number), b'"messages":[]', told, {**nothing, "messages": 1}))
    assert len(reader._batches) <= 8
    waiting = sum(batch.told["messages"] + batch.skipped["messages"] for batch in reader._batches)
    assert waiting + reader._missed["messages"] == sum(range(100)) + 100


async def test_a_slow_reader_is_told_what_it_missed() -> None:
    reader = Reader()
    nothing = dict.fromkeys(watching.KINDS, 0)
    for _ in range(9):
        reader.offer(Batch("c", b'"messages":[]', {**nothing, "deliveries": 2}, nothing))
    event = await reader.wait(1)
    assert orjson.loads(event.split(b"data: ", 1)[1])["skipped"]["deliveries"] == 16


async def test_nobody_looks_when_nobody_watches(database: Database, scope: Scope) -> None:
    feeds = Feeds(database)
    async with browsing(feeds, scope) as first:
        await first.get()
        async with browsing(feeds, scope) as second:
            await second.get()
            assert feeds.watching == 1
        assert feeds.watching == 1
    assert feeds.watching == 0
    await feeds.close()


async def test_readers_share_a_look(
    database: Database, scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[Batch] = []
    look = Watcher.look

    async def noted(self: Watcher) -> Batch | None:
        batch = await look(self)
        if batch is not None:
            looked.append(batch)
        return batch

    monkeypatch.setattr(Watcher, "look", noted)
    feeds = Feeds(database)
    async with browsing(feeds, scope) as first, browsing(feeds, scope) as second:
        for reader in (first, second):
            await reader.get()
        await fill(database, scope, 5)
        events = [await first.get(), await second.get()]
    assert events[0] == events[1]
    assert len(looked) == 1
    await feeds.close()


@asynccontextmanager
async def browsing(feeds: Feeds, scope: Scope) -> AsyncIterator[asyncio.Queue[bytes]]:
    """A feed without a socket: each event as it is sent."""
    sent: asyncio.Queue[bytes] = asyncio.Queue()
    gone = asyncio.Event()

    async def send(message: Any) -> None:
        if message.get("body"):
            sent.put_nowait(message["body"])

    async def receive() -> dict[str, str]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def is_signed_in() -> bool:
        return True

    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        tasks.create_task(feeds.stream(scope, "", is_signed_in)({}, receive, send))
        yield sent
        gone.set()


async def test_what_happens_to_a_call_is_told(server: Server, page: Page) -> None:
    """A call that lived before anybody looked, and each of its events until it is over."""
    path = f"2010-04-01/Accounts/{page.account_sid}/Calls.json"
    twiml = "<Response><Gather timeout='600'/></Response>"
    sid = (await page.post(path, To=TO, From=FROM, Twiml=twiml))["sid"]
    answered = "select status = 'in-progress' from calls where id = $1"
    await until(lambda: server.database.fetchval(answered, sids.uuid_of(sid)))
    async with watching_as(page) as events:
        await events.next()
        told = await events.call(sid)
        assert (told["status"], told["phone"], told["duration"]) == ("in-progress", TO, None)
        await page.post(f"lab/v1/Phones/{TO}/Calls/{sid}", Press="5")
        pressed = await events.call(sid)
        assert pressed["version"] > told["version"]
        await page.post(f"lab/v1/Phones/{TO}/Calls/{sid}", Status="completed")
        ended = pressed
        while ended["version"] is not None:
            ended = await events.call(sid)
        assert ended["status"] == "completed"
        calls = f"rest/2010-04-01/Accounts/{page.account_sid}/Calls"
        assert await page.status("DELETE", f"{calls}/{sid}.json") == 204
        while sid not in (await events.next())["gone"]:
            pass
