"""What Twilio's Console shows and sets, over the lab; and the file of deactivated numbers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import date, timedelta
from urllib.parse import urlsplit

import pytest
from serving import Client, served

from localloop.core import clock
from localloop.store import Database
from tests.api.messaging.conftest import FROM, TO

SERVICE = "MG" + "6" * 32


@pytest.fixture
async def client(database: Database) -> AsyncIterator[Client]:
    async with served(database) as client:
        yield client


def messages(client: Client) -> str:
    return f"/2010-04-01/Accounts/{client.account_sid}/Messages.json"


async def code_of_send(client: Client, **params: str) -> int | None:
    asked = {"To": TO, "From": FROM, "Body": "hello", **params}
    answered = (await client("POST", messages(client), asked)).json()
    return None if "sid" in answered else int(answered["code"])


async def test_a_stop_from_a_phone_is_seen_by_the_next_request(client: Client) -> None:
    assert await code_of_send(client) is None
    texted = await client("POST", f"/lab/v1/Phones/{TO}/Messages", {"To": FROM, "Body": "Stop"})
    assert texted.status == 201
    assert await code_of_send(client) == 21610
    [kept] = (await client("GET", "/lab/v1/Consents?Status=opt-out")).json()["consents"]
    assert (kept["recipient"], kept["sender"], kept["source"]) == (TO, FROM, "opt-out-message")
    assert (await client("GET", "/lab/v1/Consents?Status=opt-in")).json()["consents"] == []
    await client("POST", f"/lab/v1/Phones/{TO}/Messages", {"To": FROM, "Body": "START"})
    assert await code_of_send(client) is None


async def test_consents_and_contacts_are_paged(client: Client) -> None:
    numbers = [f"+1501712266{digit}" for digit in range(5)]
    items = [
        json.dumps(
            {
                "contact_id": number,
                "correlation_id": "a" * 32,
                "sender_id": SERVICE,
                "status": "opt-out",
                "source": "offline",
                "country_iso_code": "US",
                "zip_code": "94105",
            }
        )
        for number in numbers
    ]
    for kind, name in (("Consents", "recipient"), ("Contacts", "contact_id")):
        kept = await client("POST", f"/accounts/v1/{kind}/Bulk", {"Items": items})
        assert [each["error_code"] for each in kept.json()["items"]] == [0] * 5
        seen: list[str] = []
        target: str | None = f"/lab/v1/{kind}?PageSize=2"
        while target:
            page = (await client("GET", target)).json()
            seen += [row[name] for row in page[kind.lower()]]
            following = page["meta"]["next_page_url"]
            target = following and urlsplit(following)._replace(scheme="", netloc="").geturl()
        assert seen == numbers


async def test_how_a_sender_takes_keywords(client: Client) -> None:
    path = f"/lab/v1/OptOutHandlings/{FROM}"
    usual = (await client("GET", path)).json()
    assert (usual["mode"], usual["keywords"], usual["date_created"]) == ("default", [], None)
    entry = {"type": "STOP", "keywords": ["BASTA"], "reply": "Ciao.", "country": "", "language": "it"}
    kept = (await client("POST", path, {"Keywords": json.dumps([entry])})).json()
    assert (kept["mode"], kept["keywords"]) == ("advanced", [entry])
    assert await code_of_send(client) is None
    await client("POST", f"/lab/v1/Phones/{TO}/Messages", {"To": FROM, "Body": "basta"})
    assert await code_of_send(client) == 21610
    off = (await client("POST", path, {"Mode": "off"})).json()
    assert (off["mode"], off["keywords"]) == ("off", [entry])
    listed = (await client("GET", "/lab/v1/OptOutHandlings")).json()["opt_out_handlings"]
    assert [each["sender"] for each in listed] == [FROM]
    assert (await client("DELETE", path)).status == 204
    assert (await client("GET", path)).json()["mode"] == "default"
    for wrong in ("{", '[{"type": "MAYBE"}]', json.dumps([{"type": "STOP", "keywords": ["x"] * 501}])):
        assert (await client("POST", path, {"Keywords": wrong})).json()["code"] == 20001
    assert (await client("GET", "/lab/v1/OptOutHandlings/%20")).json()["code"] == 21212


async def test_blocked_prefixes(client: Client) -> None:
    made = await client("POST", "/lab/v1/BlockedPrefixes", {"Prefix": "49151"})
    assert (made.status, made.json()["prefix"]) == (201, "+49151")
    listed = (await client("GET", "/lab/v1/BlockedPrefixes")).json()["blocked_prefixes"]
    assert [each["prefix"] for each in listed] == ["+49151"]
    assert (await client("POST", "/lab/v1/BlockedPrefixes", {"Prefix": "x"})).json()["code"] == 20001
    assert (await client("DELETE", "/lab/v1/BlockedPrefixes/+49151")).status == 204
    assert (await client("DELETE", "/lab/v1/BlockedPrefixes/+49151")).status == 404


async def test_deactivated_numbers(client: Client) -> None:
    day = (clock.now() - timedelta(days=1)).date()
    for number in ("+15017122670", "+15017122669"):
        made = (await client("POST", "/lab/v1/Deactivations", {"PhoneNumber": number})).json()
        assert made == {"phone_number": number, "date": day.isoformat()}
    phone = (await client("GET", "/lab/v1/Phones/+15017122670")).json()
    assert phone["behavior"] == "30005"
    answered = await client("GET", f"/messaging/v1/Deactivations?Date={day}")
    assert answered.status == 307
    assert answered.json() == {"redirect_to": answered.headers["location"]}
    address = urlsplit(answered.headers["location"])
    assert f"{address.scheme}://{address.netloc}" == "http://127.0.0.1:4010"
    public = {"authorization": ""}
    listed = await client("GET", address.path, headers=public)
    assert (listed.status, listed.body) == (200, b"+15017122669\n+15017122670\n")
    assert listed.headers["content-type"].startswith("text/plain")
    forged = address.path.replace(day.isoformat(), (day - timedelta(days=1)).isoformat())
    for wrong in (forged, f"{address.path}0", address.path.replace(day.isoformat(), "never")):
        assert (await client("GET", wrong, headers=public)).json()["code"] == 20404


@pytest.mark.parametrize(
    ("asked", "code", "text"),
    [
        ("?Date=2020-08-26", 30113, "Specified date is too old"),
        ("?Date={today}", 30114, "Specified date is not available yet"),
        ("?Date=26.8.2020", 30115, "Date format is incorrect"),
        ("", 30115, "Date format is incorrect"),
    ],
    ids=["30113", "30114", "30115", "none"],
)
async def test_days_without_a_list(client: Client, asked: str, code: int, text: str) -> None:
    today: date = clock.now().date()
    answered = await client("GET", "/messaging/v1/Deactivations" + asked.format(today=today))
    assert answered.status == 400
    assert (answered.json()["code"], answered.json()["message"]) == (code, text)


async def test_the_oldest_list_is_empty(client: Client) -> None:
    answered = await client("GET", "/messaging/v1/Deactivations?Date=2020-08-27")
    path = urlsplit(answered.headers["location"]).path
    assert (await client("GET", path)).body == b""


async def test_a_short_code_of_another_country(client: Client) -> None:
    leased = await client("POST", "/lab/v1/ShortCodes", {"ShortCode": "54321", "IsoCountry": "de"})
    assert leased.status == 201
    assert await code_of_send(client, From="54321") == 21659
    assert await code_of_send(client, From="54321", To="+4915123456789") is None
