"""User-defined messages: between an application and the client of a Voice SDK, while they are on a call."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson

from tests.api.calls.conftest import Loop

ALICE = "client:alice"
MESSAGE = '{"order":"17"}'
OTHER = '{"order":"18"}'


async def begun(loop: Loop, to: str = ALICE) -> str:
    loop.app.documents["/voice"] = "<Response><Pause length='60'/></Response>"
    made = await loop.call(To=to)
    await loop.advance(timedelta(seconds=10))
    return str(made["sid"])


async def post(loop: Loop, call_sid: str, resource: str, **params: str) -> Any:
    return await loop.ask("POST", f"{loop.path}/{call_sid}/{resource}.json", params)


async def test_a_client_gets_a_message_once_for_each_key(loop: Loop) -> None:
    sid = await begun(loop)
    first = await post(loop, sid, "UserDefinedMessages", Content=MESSAGE, IdempotencyKey="1")
    again = await post(loop, sid, "UserDefinedMessages", Content=MESSAGE, IdempotencyKey="1")
    assert (first.status, first.json()["sid"][:2], first.json()["call_sid"]) == (201, "KX", sid)
    assert again.json() == first.json()
    await post(loop, sid, "UserDefinedMessages", Content=OTHER)
    found = (await loop.ask("GET", f"/lab/v1/Phones/{ALICE}/Calls/{sid}")).json()["lines"]
    assert [(line["kind"], line["text"]) for line in found] == [("received", MESSAGE), ("received", OTHER)]


async def test_who_subscribed_hears_what_a_client_sends(loop: Loop) -> None:
    """As JSON, with its number, until the subscription is deleted."""
    sid = await begun(loop)
    made = await post(loop, sid, "UserDefinedMessageSubscriptions", Callback=f"{loop.app.url}/messages")
    assert (made.status, made.json()["sid"][:2]) == (201, "ZY")
    phone = f"/lab/v1/Phones/{ALICE}/Calls/{sid}"

    async def told() -> list[dict[str, str]]:
        await loop.quiet()
        heard = [each for each in loop.app.server.requests if each.path.startswith("/messages")]
        return [orjson.loads(each.body) for each in heard]

    for content in (MESSAGE, OTHER):
        assert (await loop.ask("POST", phone, {"Message": content})).status == 200
    found = [(each["CallSid"], each["Content"], each["SequenceNumber"]) for each in await told()]
    assert found == [(sid, MESSAGE, "1"), (sid, OTHER, "2")]
    path = f"{loop.path}/{sid}/UserDefinedMessageSubscriptions/{made.json()['sid']}.json"
    assert (await loop.ask("DELETE", path)).status == 204
    assert (await loop.ask("DELETE", path)).status == 404
    assert (await loop.ask("POST", phone, {"Message": MESSAGE})).status == 200
    assert len(await told()) == 2


async def test_what_is_no_message(loop: Loop) -> None:
    """Calls of numbers have no client, which is refused as a bad request (Twilio names no code)."""
    sid, number = await begun(loop), await begun(loop, "+15558675310")

    async def code(call_sid: str, content: str) -> int:
        return int((await post(loop, call_sid, "UserDefinedMessages", Content=content)).json()["code"])

    assert await code(sid, "hello") == 32702
    assert await code(sid, '{"a":"' + "b" * 10_240 + '"}') == 32703
    assert await code(number, MESSAGE) == 20001
    await loop.advance(timedelta(minutes=2))
    await loop.ended(sid)
    assert await code(sid, MESSAGE) == 21220
    assert await code("CA" + "0" * 32, MESSAGE) == 20404
