"""What has a time goes by its world's clock: expiries, windows, limits, what is kept, and every date."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from http_server import Server, answer, running

from localloop.core.settings import Settings
from localloop.products.messaging.message.reply import LOOP_REPLIES
from tests.api.lab.conftest import FROM, TO, World
from tests.api.lab.test_waits import wait

NOON = "2031-05-06T12:00:00Z"
PNG = bytes.fromhex("89504e470d0a1a0a")


@pytest.fixture(scope="module")
def settings() -> Settings:
    """Two segments a second over all senders of an account, none of which is slow itself."""
    return Settings(plain="allow", message_rate=0, account_message_rate=2)


@pytest.fixture
async def noon(world: World) -> World:
    await world.clock(mode="frozen", at=NOON)
    return world


async def test_an_access_token_ends_in_the_worlds_time(noon: World) -> None:
    app = await noon.ask("POST", "/iam/v1/Account/OAuthApps", {"friendly_name": "jobs"})
    asked = {"grant_type": "client_credentials", "client_id": app["sid"], "client_secret": app["secret"]}
    form = urlencode(asked).encode()
    issued = await noon.client("POST", "/oauth/v2/token", form, headers={"authorization": ""})
    bearer = {"authorization": f"Bearer {issued.json()['access_token']}"}
    path = f"/2010-04-01/Accounts/{noon.sid}/Messages.json"
    for later, status in (("59m", 200), ("2m", 401)):
        await noon.clock(advance=later)
        assert (await noon.client("GET", path, headers=bearer)).status == status


async def test_the_address_of_a_file_ends_in_the_worlds_time(noon: World) -> None:
    async with running(Server(answer("200 OK", PNG, "Content-Type: image/png"))) as application:
        sent = await noon.send(MediaUrl=f"{application.url}/a.png")
        await wait(noon, "Messages", Status="delivered")
    listed = await noon.ask("GET", f"/2010-04-01/Accounts/{noon.sid}/Messages/{sent['sid']}/Media.json")
    [media] = listed["media_list"]
    redirect = await noon.client("GET", media["uri"].removesuffix(".json"))
    signed = urlsplit(redirect.headers["location"])
    address = f"{signed.path}?{signed.query}"
    for later, status in (("0", 200), ("3h59m", 200), ("1m", 404)):
        await noon.clock(advance=later)
        assert (await noon.client("GET", address, headers={"authorization": ""})).status == status


async def test_the_address_of_a_list_ends_in_the_worlds_time(noon: World) -> None:
    redirect = await noon.client("GET", "/messaging/v1/Deactivations?Date=2031-05-05")
    path = urlsplit(redirect.headers["location"]).path
    assert (await noon.client("GET", path, headers={"authorization": ""})).status == 200
    await noon.clock(advance="1d")
    assert (await noon.client("GET", path, headers={"authorization": ""})).status == 404


async def test_an_account_sends_as_fast_as_it_may_in_the_worlds_time(noon: World) -> None:
    sent = [await noon.send(To=f"+1555867{number:04}") for number in range(6)]
    await noon.clock(advance="1m")
    messages = [await noon.message(each["sid"]) for each in sent]
    seconds = [parsedate_to_datetime(each["date_sent"]).second for each in messages]
    assert sorted(seconds) == [0, 0, 1, 1, 2, 2]


async def test_messages_are_kept_for_days_of_the_world(noon: World) -> None:
    await noon.lab("POST", "MessagingSettings", RetentionDays=30)
    sent = await noon.send()
    await wait(noon, "Messages", Status="delivered")
    for days, left in ((29, 1), (2, 0)):
        await noon.clock(advance=f"{days}d")
        kept = await noon.ask("GET", f"/2010-04-01/Accounts/{noon.sid}/Messages.json")
        assert [each["sid"] for each in kept["messages"]] == [sent["sid"]] * left


async def test_a_loop_is_one_only_within_half_a_minute_of_the_world(noon: World) -> None:
    twiml = b"<Response><Message>pong</Message></Response>"
    async with running(Server(answer("200 OK", twiml, "Content-Type: text/xml"))) as application:
        await noon.ask(
            "POST",
            f"/2010-04-01/Accounts/{noon.sid}/IncomingPhoneNumbers.json",
            {"PhoneNumber": FROM, "SmsUrl": application.url},
        )
        for number in range(LOOP_REPLIES + 1):
            await noon.lab("POST", f"Phones/{TO}/Messages", To=FROM, Body=f"ping {number}")
            await noon.clock(advance="10s")
    assert (await wait(noon, "Messages", Direction="outbound-reply", Timeout=0))["count"] == LOOP_REPLIES + 1


async def test_every_date_is_the_worlds(noon: World) -> None:
    """Of what behaves, and of what is only kept."""
    made: list[dict[str, Any]] = [
        await noon.send(),
        await noon.ask("POST", "/messaging/v1/Services", {"FriendlyName": "one"}),
        await noon.ask("POST", "/sync/v1/Services", {"FriendlyName": "two"}),
        await noon.ask("POST", f"/2010-04-01/Accounts/{noon.sid}/Keys.json", {"FriendlyName": "three"}),
        await noon.ask("POST", "/2010-04-01/Accounts.json", {"FriendlyName": "four"}),
    ]
    dates = [_date(each["date_created"]) for each in made]
    assert dates == [datetime.fromisoformat(NOON.replace("Z", "+00:00"))] * len(made)
    await noon.clock(advance="90m")
    changed = await noon.ask("POST", f"/sync/v1/Services/{made[2]['sid']}", {"FriendlyName": "later"})
    assert _date(changed["date_updated"]) - dates[0] == timedelta(minutes=90)


def _date(text: str) -> datetime:
    if text[:1].isdigit():
        return datetime.fromisoformat(text.replace("Z", "+00:00"))
    return parsedate_to_datetime(text)
