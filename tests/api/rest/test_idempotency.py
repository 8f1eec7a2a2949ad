"""`Idempotency-Key`: a create is done once, whoever asks again gets the first answer, and none is doubled silently."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from serving import HOST, Client, Reply, served

from localloop import server
from localloop.core import clock
from localloop.core.clock import WorldTime
from localloop.core.settings import Seed, Settings
from localloop.store import Database, answers
from localloop.store.worlds import move_clock

TEXT = {"To": "+15558675310", "From": "+15017122661", "Body": "hello"}
REPLAYED = "idempotency-replayed"


@pytest.fixture
async def ask(database: Database) -> AsyncIterator[Client]:
    async with served(database) as client:
        yield client


def keyed(ask: Client, params: Mapping[str, Any], key: str = "k-1", path: str = "Messages.json") -> Any:
    target = path if path.startswith("/") else f"/2010-04-01/Accounts/{ask.account_sid}/{path}"
    return ask("POST", target, params, headers={"Idempotency-Key": key})


async def count(database: Database, table: str) -> int:
    return int(await database.fetchval(f"select count(*) from {table}"))


def said(reply: Reply) -> tuple[int, str]:
    return reply.status, reply.json()["message"]


async def test_a_message_is_sent_once(ask: Client, database: Database) -> None:
    first, second = await keyed(ask, TEXT), await keyed(ask, TEXT)
    assert (first.status, second.status) == (201, 201)
    assert first.body == second.body
    assert (first.headers.get(REPLAYED), second.headers[REPLAYED]) == (None, "true")
    assert await count(database, "messages") == 1
    assert (await keyed(ask, TEXT, "k-2")).json()["sid"] != first.json()["sid"]


async def test_without_a_key_nothing_is_kept(ask: Client, database: Database) -> None:
    for _ in range(2):
        await ask("POST", f"/2010-04-01/Accounts/{ask.account_sid}/Messages.json", TEXT)
    assert await count(database, "messages") == 2
    assert await count(database, "kept_answers") == 0


async def test_another_body_is_a_mistake(ask: Client, database: Database) -> None:
    await keyed(ask, TEXT)
    status, words = said(await keyed(ask, {**TEXT, "Body": "bye"}))
    assert (status, "another request" in words) == (409, True)
    assert await count(database, "messages") == 1


async def test_a_crowd_makes_one(ask: Client, database: Database) -> None:
    replies = await asyncio.gather(*(keyed(ask, TEXT) for _ in range(8)))
    assert {reply.status for reply in replies} <= {201, 409}
    assert len({reply.json()["sid"] for reply in replies if reply.status == 201}) == 1
    assert await count(database, "messages") == 1


async def test_two_processes_make_one(database: Database, tmp_path: Path) -> None:
    """Another process, which does not know what runs in the first, is held up by the key's row alone."""
    key = tmp_path / "sealing.key"
    place = server.Place(dsn=database.dsn, runtime=tmp_path / "run", url=f"http://{HOST}", sealing_key=key)
    seeded = await server.prepare(Settings(), place, Seed())
    async with server.open_api(Settings(), place) as one, server.open_api(Settings(), place) as other:
        clients = [Client(app, seeded.account_sid, seeded.auth_token) for app in (one, other)]
        replies = await asyncio.gather(*(keyed(each, TEXT) for each in clients * 3))
    assert len({reply.json()["sid"] for reply in replies if reply.status == 201}) == 1
    assert await count(database, "messages") == 1


async def test_a_refused_message_keeps_no_key(ask: Client, database: Database) -> None:
    assert (await keyed(ask, {**TEXT, "To": "nobody"})).status == 400
    assert (await keyed(ask, TEXT)).status == 201
    assert await count(database, "kept_answers") == 1


async def test_what_only_is_kept_is_made_once(ask: Client, database: Database) -> None:
    wish = {"FriendlyName": "mine"}
    first, second = [await keyed(ask, wish, path="/sync/v1/Services") for _ in range(2)]
    assert (first.status, first.body) == (second.status, second.body) == (201, first.body)
    assert second.headers[REPLAYED] == "true"
    assert await count(database, "resources") == 1
    assert (await keyed(ask, {**wish, "FriendlyName": "else"}, path="/sync/v1/Services")).status == 409


async def test_what_behaves_is_made_once_under_a_claim(ask: Client, database: Database) -> None:
    number = {"PhoneNumber": "+15550002222"}
    bought, again = [await keyed(ask, number, path="IncomingPhoneNumbers.json") for _ in range(2)]
    assert (bought.status, again.status, bought.body == again.body) == (201, 201, True)
    assert await count(database, "phone_numbers") == 1
    refused = await keyed(ask, {"PhoneNumber": "junk"}, "k-2", "IncomingPhoneNumbers.json")
    assert refused.status == 400
    assert (
        await keyed(ask, {"PhoneNumber": "+15550003333"}, "k-2", "IncomingPhoneNumbers.json")
    ).status == 201


async def test_who_died_over_it_is_told(ask: Client, database: Database) -> None:
    number = {"PhoneNumber": "+15550002222"}
    await keyed(ask, number, path="IncomingPhoneNumbers.json")
    await database.execute("update kept_answers set state = 'claimed', answer = null")
    status, words = said(await keyed(ask, number, path="IncomingPhoneNumbers.json"))
    assert (status, "still runs" in words) == (409, True)
    await database.execute("update kept_answers set claimed_at = claimed_at - interval '1 hour'")
    status, words = said(await keyed(ask, number, path="IncomingPhoneNumbers.json"))
    assert (status, "not known how far" in words) == (409, True)
    assert await count(database, "phone_numbers") == 1


async def test_a_secret_is_told_again_and_lies_sealed(ask: Client, database: Database) -> None:
    first, second = [await keyed(ask, {"FriendlyName": "key"}, path="Keys.json") for _ in range(2)]
    secret = first.json()["secret"]
    assert second.json()["secret"] == secret
    kept = await database.fetchval("select encode(answer, 'escape') from kept_answers")
    assert secret not in kept
    assert first.json()["sid"] not in kept


async def test_xml_and_json_are_what_was_asked_for(ask: Client) -> None:
    first, second = [await keyed(ask, TEXT, path="Messages") for _ in range(2)]
    assert first.body == second.body
    assert first.headers["content-type"] == second.headers["content-type"] == "application/xml"
    assert (await keyed(ask, TEXT)).status == 409, "another address is another request"


async def test_a_key_is_an_account_s_own(ask: Client, database: Database) -> None:
    other = ask.acting_as("AC" + "7" * 32, "t" * 32)
    first, second = await keyed(ask, TEXT), await keyed(other, TEXT)
    assert (first.status, second.status) == (201, 201)
    assert first.json()["sid"] != second.json()["sid"]


@pytest.mark.parametrize("key", ["x" * 256, "a\tb"])
async def test_what_is_no_key_is_refused(ask: Client, key: str) -> None:
    assert (await keyed(ask, TEXT, key)).status == 400


async def test_other_requests_know_no_key(ask: Client, database: Database) -> None:
    sid = (await keyed(ask, TEXT)).json()["sid"]
    await database.execute("update messages set status = 'delivered'")
    for _ in range(2):
        reply = await keyed(ask, {"Body": ""}, "k-9", f"Messages/{sid}.json")
        assert (reply.status, reply.headers.get(REPLAYED)) == (200, None)
    assert await count(database, "kept_answers") == 1


async def test_after_a_day_of_its_world_the_key_is_free(ask: Client, database: Database) -> None:
    async def at(moment: WorldTime) -> None:
        async with database.unit() as unit:
            await move_clock(unit, ask.account_sid, moment)

    start = clock.now()
    await at(WorldTime("frozen", frozen_at=start))
    sids = [(await keyed(ask, TEXT)).json()["sid"]]
    for hours in (23, 24):
        await at(WorldTime("frozen", frozen_at=start + timedelta(hours=hours, seconds=1)))
        sids.append((await keyed(ask, TEXT)).json()["sid"])
    assert sids[0] == sids[1] != sids[2]


async def test_answers_go_by_the_time_of_their_worlds(ask: Client, database: Database) -> None:
    other = ask.acting_as("AC" + "7" * 32, "t" * 32)
    for each in (ask, other):
        await keyed(each, TEXT)
    tomorrow = clock.now() + timedelta(days=1, minutes=1)
    await answers.prune(database, clock.now(), {other.account_sid: tomorrow})
    left = [row["account_sid"] for row in await database.fetch("select account_sid from kept_answers")]
    assert left == [ask.account_sid]
    await answers.prune(database, tomorrow, {})
    assert await count(database, "kept_answers") == 0


async def test_a_text_that_is_forgotten_is_not_told_again(ask: Client, database: Database) -> None:
    sid = (await keyed(ask, TEXT)).json()["sid"]
    await database.execute("update messages set status = 'delivered'")
    assert (await ask("DELETE", f"/2010-04-01/Accounts/{ask.account_sid}/Messages/{sid}.json")).status == 204
    assert await database.fetchval("select answer from kept_answers") is None
    status, words = said(await keyed(ask, TEXT))
    assert (status, sid in words) == (409, True)
    assert await count(database, "messages") == 0
