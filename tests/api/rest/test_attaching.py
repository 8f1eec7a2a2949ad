"""Records that exist elsewhere, attached: numbers and short codes in sender pools, on trunks, in proxies."""

from __future__ import annotations

from typing import Any

from serving import Client

from localloop.core import sids
from localloop.products import numbers
from localloop.store import Database


async def made(client: Client, target: str, **params: Any) -> dict[str, Any]:
    reply = await client("POST", target, params)
    assert reply.status == 201, reply.body
    record: dict[str, Any] = reply.json()
    return record


async def number(client: Client, phone_number: str = "+14152345678") -> dict[str, Any]:
    target = f"/2010-04-01/Accounts/{client.account_sid}/IncomingPhoneNumbers.json"
    return await made(client, target, PhoneNumber=phone_number, FriendlyName="Desk")


async def pool(client: Client) -> str:
    service = await made(client, "/messaging/v1/Services", FriendlyName="pool")
    return f"/messaging/v1/Services/{service['sid']}"


async def test_a_number_in_a_sender_pool_shows_what_it_is(client: Client) -> None:
    owned, service = await number(client), await pool(client)
    attached = await made(client, f"{service}/PhoneNumbers", PhoneNumberSid=owned["sid"])
    assert (attached["sid"], attached["phone_number"]) == (owned["sid"], "+14152345678")
    assert (attached["country_code"], attached["capabilities"]) == ("US", ["Voice", "SMS", "MMS"])
    listed = (await client("GET", f"{service}/PhoneNumbers")).json()["phone_numbers"]
    assert [row["phone_number"] for row in listed] == ["+14152345678"]
    again = await client("POST", f"{service}/PhoneNumbers", {"PhoneNumberSid": owned["sid"]})
    assert again.status == 409


async def test_a_number_that_nobody_bought_is_not_attached(client: Client) -> None:
    reply = await client("POST", f"{await pool(client)}/PhoneNumbers", {"PhoneNumberSid": sids.new("PN")})
    assert (reply.status, reply.json()["code"]) == (404, 20404)


async def test_nobody_attaches_the_number_of_another(client: Client) -> None:
    owned = await number(client)
    account = (await client("POST", "/2010-04-01/Accounts.json")).json()
    other = client.acting_as(account["sid"], account["auth_token"])
    reply = await other("POST", f"{await pool(other)}/PhoneNumbers", {"PhoneNumberSid": owned["sid"]})
    assert (reply.status, reply.json()["code"]) == (404, 20404)


async def test_a_number_on_a_trunk_keeps_its_name_and_abilities(client: Client) -> None:
    owned = await number(client)
    trunk = await made(client, "/trunking/v1/Trunks", FriendlyName="trunk")
    attached = await made(
        client, f"/trunking/v1/Trunks/{trunk['sid']}/PhoneNumbers", PhoneNumberSid=owned["sid"]
    )
    assert (attached["friendly_name"], attached["phone_number"]) == ("Desk", "+14152345678")
    assert attached["capabilities"]["sms"] is True


async def test_a_proxy_takes_a_number_by_itself(client: Client) -> None:
    owned = await number(client)
    service = await made(client, "/proxy/v1/Services", UniqueName="proxy")
    target = f"/proxy/v1/Services/{service['sid']}/PhoneNumbers"
    attached = await made(client, target, PhoneNumber="+14152345678")
    assert (attached["sid"], attached["iso_country"]) == (owned["sid"], "US")
    assert (await client("GET", f"{target}/{owned['sid']}")).status == 200


async def test_a_short_code_in_a_sender_pool(client: Client, database: Database) -> None:
    world = await database.fetchval("select world_sid from accounts where sid = $1", client.account_sid)
    leased = await numbers.add_short_code(database, world, client.account_sid, "12345")
    assert leased is not None
    attached = await made(client, f"{await pool(client)}/ShortCodes", ShortCodeSid=leased.sid)
    assert (attached["sid"], attached["short_code"], attached["country_code"]) == (leased.sid, "12345", "US")
