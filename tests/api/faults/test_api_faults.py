"""What goes wrong with requests to the API, as their client sees it."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from typing import Any

import aiohttp
import pytest
from faulty import FROM, PHONE, Loop, listening
from waiting import until

WISH = {"To": PHONE, "From": FROM, "Body": "hello"}


async def test_an_error_is_twilio_s_and_nothing_was_done(loop: Loop) -> None:
    for status, code in ((429, 20429), (500, 20500), (503, 20503)):
        await loop.fault("api-error", Status=status, match={"Operation": "CreateMessage"})
        reply = await loop.post(WISH)
        assert (reply.status, reply.json()["code"]) == (status, code)
        assert (await loop.ask("DELETE", "/lab/v1/Faults")).status == 204
    assert await loop.database.fetchval("select count(*) from messages") == 0
    assert [each["event"] for each in await loop.applied()] == ["CreateMessage"] * 3


async def test_a_closed_connection_did_nothing_and_a_lost_answer_everything(loop: Loop) -> None:
    await loop.fault("api-close", match={"Body": "closed"})
    await loop.fault("api-lose", match={"Body": "lost"})
    for body in ("closed", "lost"):
        with pytest.raises(ConnectionResetError):
            await loop.post({**WISH, "Body": body})
    assert await loop.database.fetchval("select array_agg(body) from messages") == ["lost"]
    assert (await loop.post(WISH)).status == 201


async def test_with_a_key_a_lost_answer_costs_no_duplicate(loop: Loop) -> None:
    await loop.fault("api-lose", Count=2, match={"Verb": "create"})
    number = f"/2010-04-01/Accounts/{loop.ask.account_sid}/IncomingPhoneNumbers.json"
    wish = {"PhoneNumber": "+15550002222"}
    with pytest.raises(ConnectionResetError):
        await loop.post(WISH, Idempotency_Key="a")
    with pytest.raises(ConnectionResetError):
        await loop.ask("POST", number, wish, headers={"Idempotency-Key": "b"})
    replies = [
        await loop.post(WISH, Idempotency_Key="a"),
        await loop.ask("POST", number, wish, headers={"Idempotency-Key": "b"}),
    ]
    assert [(each.status, each.headers["idempotency-replayed"]) for each in replies] == [(201, "true")] * 2
    assert await loop.database.fetchval("select count(*) from messages") == 1


async def test_what_a_client_asks_again_is_another_attempt(loop: Loop) -> None:
    """Half of all attempts, decided anew for each: who asks again gets through, and the same way with the same seed."""
    seen = []
    for _ in range(2):
        await loop.fault("api-error", Probability=0.5, Seed=11, match={"Verb": "create"})
        replies = [
            (await loop.post({**WISH, "To": f"+1555867{n:04}"})).status for n in range(3) for _ in range(6)
        ]
        seen.append(replies)
        await loop.ask("DELETE", "/lab/v1/Faults")
    assert seen[0] == seen[1]
    assert set(seen[0]) == {201, 503}


async def test_lab_and_other_reads_are_left_alone(loop: Loop) -> None:
    await loop.fault("api-error", match={"Method": "POST"})
    assert (await loop.ask("GET", "/2010-04-01/Accounts.json")).status == 200
    assert (await loop.ask("GET", "/lab/v1/Faults")).status == 200


async def test_over_a_socket_no_byte_of_an_answer_comes(loop: Loop) -> None:
    """And the next request is served, on another connection."""
    await loop.fault("api-lose", Count=1, match={"Verb": "create"})
    target = f"/2010-04-01/Accounts/{loop.ask.account_sid}/Messages.json"
    secret = b64encode(f"{loop.ask.account_sid}:{loop.token}".encode()).decode()
    headers = {"Authorization": f"Basic {secret}"}
    async with listening(loop.ask.app) as url, aiohttp.ClientSession(url, headers=headers) as session:
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await session.post(target, data=WISH)
        async with session.post(target, data=WISH) as second:
            assert second.status == 201
    assert await loop.database.fetchval("select count(*) from messages") == 2


async def test_slow_is_slow_and_goes_on(loop: Loop) -> None:
    await loop.fault("api-slow", Delay=60_000, match={"Body": "slow"})
    slow = asyncio.create_task(loop.post({**WISH, "Body": "slow"}))
    await until(loop.applied)
    assert (await loop.post(WISH)).status == 201
    assert not slow.done()
    slow.cancel()


async def test_an_unanswered_request_is_on_record_with_what_it_made(loop: Loop) -> None:
    rule = await loop.fault("api-lose", match={"Verb": "create"})
    with pytest.raises(ConnectionResetError):
        await loop.post(WISH)
    row = await until(
        lambda: loop.database.fetchrow("select * from requests where operation = 'api.v2010.CreateMessage'")
    )
    assert row is not None
    assert (row["status"], row["detail"]["fault"], row["detail"]["unanswered"]) == (201, rule["sid"], True)
    assert row["resource_sid"].startswith("SM")


async def test_what_an_application_makes_twice_is_told(loop: Loop) -> None:
    await loop.fault("api-lose", Count=1, match={"Verb": "create"})
    with pytest.raises(ConnectionResetError):
        await loop.post(WISH)
    made = (await loop.post(WISH)).json()["sid"]
    await loop.post({**WISH, "Body": "other"})

    async def told() -> list[dict[str, Any]]:
        return list((await loop.ask("GET", "/lab/v1/Retries?Duplicates=true")).json()["retries"])

    [story] = await until(told)
    assert (story["operation"], story["statuses"], story["duplicates"]) == ("CreateMessage", [None, 201], 1)
    assert story["resource_sids"][1] == made
    assert (story["storm"], story["idempotency_key"]) == (False, None)
