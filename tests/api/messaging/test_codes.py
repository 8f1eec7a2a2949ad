"""Every error of a message can be met here: by what is asked, or by a phone that was told to make it.

One server for all of them: each has a phone, and where it must an account, of its own.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct
from serving import HOST, Client

from localloop import server
from localloop.carriers import phones
from localloop.core.settings import Seed, Settings
from localloop.rest.shared import LocalRevocations
from localloop.store import Database
from localloop.store.worlds import set_profile
from tests.api.messaging.conftest import FROM, TO

TITLES = {
    int(line.split("\t")[0]): line.split("\t")[1]
    for line in Path(__file__).with_name("titles.tsv").read_text("utf-8").splitlines()
    if not line.startswith("#")
}
# What a request is answered where that is more than the title.
TEXTS = {
    21211: "The 'To' number {to} is not a valid phone number.",
    21212: "The 'From' number {from} is not a valid phone number, shortcode, or alphanumeric sender ID.",
    21266: "'To' and 'From' number cannot be the same: {to}",
    21408: "Permission to send an SMS has not been enabled for the region indicated by the 'To' number: {to}",
    21602: "Message body is required.",
    21603: "A 'From' phone number is required.",
    21604: "A 'To' phone number is required.",
    21606: "The From phone number {from} is not a valid, SMS-capable inbound phone number or short code for your"
    " account.",
    21608: "The number {to} is unverified. Trial accounts cannot send messages to unverified numbers; verify {to} at"
    " twilio.com/user/account/phone-numbers/verified, or purchase a Twilio number to send messages to unverified"
    " numbers",
    21609: "The 'StatusCallback' URL  is not a valid URL.",
    21612: "The 'To' phone number: {to}, is not currently reachable using the 'From' phone number: {from} via SMS.",
    21614: "To number: {to}, is not a mobile number",
    21617: "The concatenated message body exceeds the 1600 character limit.",
    21619: "A text message body or media urls must be specified.",
    21620: "Invalid media URL: ",
    21623: "Number of media files exceeds allowed limit.",
    21624: "The ValidityPeriod 0 is invalid, must be between 1 and 36000",
    21659: "'From' {from} is not a Twilio phone number or Short Code country mismatch",
    21660: "Mismatch between the 'From' number {from} and the account {account}",
    21661: "'From' {from} is not SMS-capable",
}
REFUSALS = [behavior for behavior in phones.BEHAVIORS if phones.refuses(behavior)]
FATES = [behavior for behavior in phones.BEHAVIORS if behavior.isdigit() and not phones.refuses(behavior)]
PREMIUM, LANDLINE, GERMAN = "+19005551234", "+493012345678", "+4915123456789"
_names = itertools.count()


class Desk(Struct):
    """A running server with a worker, asked over HTTP."""

    client: Client
    database: Database

    async def account(self, profile: str = "relaxed") -> Client:
        """The main account of another world."""
        number = f"{next(_names):032x}"
        client = self.client.acting_as(f"AC{number}", number)
        assert (await client("GET", "/lab/v1/Phones")).status == 200
        async with self.database.unit() as unit:
            await set_profile(unit, client.account_sid, profile)
        return client

    async def until(self, condition: str, *args: object) -> None:
        async with asyncio.timeout(20):
            while not await self.database.fetchval(condition, *args):
                await asyncio.sleep(0)


async def send(client: Client, **params: Any) -> dict[str, Any]:
    asked = {"To": TO, "From": FROM, "Body": "hello", **params}
    asked = {name: value for name, value in asked.items() if value is not None}
    answered = await client("POST", f"/2010-04-01/Accounts/{client.account_sid}/Messages.json", asked)
    found: dict[str, Any] = answered.json()
    assert answered.status == found["status"] if "code" in found else 201
    return found


@pytest.fixture(scope="module")
async def desk(standing_dsn: str) -> AsyncIterator[Desk]:
    settings = Settings(message_rate=0.0, recorded_requests=0, plain="allow")
    revocations = LocalRevocations()
    with tempfile.TemporaryDirectory() as folder:
        key = Path(folder) / "sealing.key"
        place = server.Place(dsn=standing_dsn, runtime=Path(folder), url=f"http://{HOST}", sealing_key=key)
        seeded = await server.prepare(settings, place, Seed())
        database = await Database.connect(standing_dsn)
        async with (
            server.open_api(settings, place) as app,
            server.open_worker(settings, place, revocations=revocations) as worker,
            asyncio.TaskGroup() as tasks,
        ):
            tasks.create_task(worker.run())
            yield Desk(Client(app, seeded.account_sid, seeded.auth_token), database)
            worker.stop()
        await database.close()


def phone_of(code: str) -> str:
    return f"+15017{code}1"


@pytest.mark.parametrize("code", REFUSALS)
async def test_a_phone_that_refuses(desk: Desk, code: str) -> None:
    """No message is made."""
    client, to = desk.client, phone_of(code)
    assert (await client("POST", f"/lab/v1/Phones/{to}", {"Behavior": code})).json()["behavior"] == code
    answered = await send(client, To=to)
    expected = TEXTS.get(int(code), TITLES[int(code)])
    words = {"to": to, "from": FROM, "account": client.account_sid}
    assert answered == {
        "code": int(code),
        "message": expected.format(**words),
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": 400,
    }


@pytest.mark.parametrize("code", FATES)
async def test_a_phone_that_gets_nothing(desk: Desk, code: str) -> None:
    """The message ends with the error and its title."""
    client, to = desk.client, phone_of(code)
    await client("POST", f"/lab/v1/Phones/{to}", {"Behavior": code})
    sent = await send(client, To=to)
    done = "select exists (select from messages where to_address = $1 and error_code is not null)"
    await desk.until(done, to)
    ended = (await client("GET", sent["uri"])).json()
    assert ended["status"] == ("failed" if phones.fails(code) else "undelivered")
    assert (ended["error_code"], ended["error_message"]) == (int(code), TITLES[int(code)])


ASKED: dict[int, dict[str, Any]] = {
    21211: {"To": "12"},
    21212: {"From": "not a sender!"},
    21265: {"To": "12345"},
    21266: {"To": FROM},
    21268: {"To": PREMIUM},
    21602: {"Body": " "},
    21603: {"From": None},
    21604: {"To": None},
    21609: {"StatusCallback": "mailto:me"},
    21612: {"From": "Acme"},
    21617: {"Body": "x" * 1601},
    21620: {"MediaUrl": "ftp://example.com/cat.png"},
    21623: {"MediaUrl": [f"https://example.com/{number}.png" for number in range(11)]},
    21624: {"ValidityPeriod": "36001"},
    21627: {"MaxPrice": "much"},
    21701: {"MessagingServiceSid": "MG" + "0" * 32, "From": None},
    35117: {"ScheduleType": "fixed", "SendAt": "tomorrow"},
    35118: {"ScheduleType": "fixed", "SendAt": "2026-01-31T12:00:00Z"},
    35126: {"ScheduleType": "daily"},
}


@pytest.mark.parametrize("code", sorted(ASKED))
async def test_a_request_that_asks_for_it(desk: Desk, code: int) -> None:
    answered = await send(desk.client, **ASKED[code])
    assert (answered["code"], answered["status"]) == (code, 400)
    assert answered["message"]


@pytest.mark.parametrize(
    ("code", "profile", "params"),
    [
        (21267, "trial", {"From": "Acme", "To": GERMAN}),
        (21608, "trial", {}),
        (21408, "twilio", {"To": GERMAN}),
        (21614, "twilio", {"To": LANDLINE}),
    ],
)
async def test_a_world_that_is_as_strict_as_twilios(
    desk: Desk, code: int, profile: str, params: dict[str, Any]
) -> None:
    client = await desk.account(profile)
    if code == 21614:
        wish = json.dumps({"country_code": "DE", "type": "country", "enabled": True})
        path = "/accounts/v1/Messaging/GeoPermissions"
        assert (await client("PATCH", path, {"Permissions": [wish]})).status == 200
    async with asyncio.timeout(10):
        while (await send(client, **params)).get("code") != code:
            await asyncio.sleep(0)  # the profile is news that spreads


@pytest.mark.parametrize("code", [21606, 21610, 21659, 21660])
async def test_what_others_did(desk: Desk, code: int) -> None:
    client, from_ = await desk.account(), f"+15017{code}2"
    await send(client, From=from_)
    where = "where world_sid = $1 and phone_number = $2"
    world = client.account_sid
    if code == 21606:
        await desk.database.execute(f"update phone_numbers set sms_enabled = false {where}", world, from_)
    if code == 21610:
        await client("POST", f"/lab/v1/Phones/{TO}/Messages", {"To": from_, "Body": "STOP"})
    if code == 21659:
        await desk.database.execute(f"delete from phone_numbers {where}", world, from_)
        await desk.database.execute(
            "insert into released_numbers (world_sid, phone_number, account_sid, released_at)"
            " select $1, $2, $1, date_created from accounts where sid = $1",
            world,
            from_,
        )
    if code == 21660:
        await desk.database.execute(
            f"update phone_numbers set account_sid = $3 {where}", world, from_, desk.client.account_sid
        )
    await desk.database.execute("select pg_notify('numbers', '')")
    async with asyncio.timeout(10):
        while (await send(client, From=from_)).get("code") != code:
            await asyncio.sleep(0)
