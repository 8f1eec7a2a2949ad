"""`--seed-file`: a localloop starts with what a file says, at every start, and is set back to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from serving import HOST, Client

from localloop import server
from localloop.core.settings import Seed, Settings, SettingsError
from localloop.store import Database
from tests.api.lab.conftest import World
from tests.api.lab.test_snapshots import bodies, numbers
from tests.unit.lab.test_seeds import EXAMPLE

ONE = """
[[numbers]]
phone_number = "+15005550006"
sms_url = "http://127.0.0.1:5000/sms"
"""
MORE = """
[[numbers]]
phone_number = "+15017122662"
"""


class Started:
    """Starts one localloop after another on the same data."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.folder = database, folder

    @asynccontextmanager
    async def __call__(self, text: str) -> AsyncIterator[World]:
        file = self.folder / "seed.toml"
        file.write_text(text)
        settings = Settings(plain="allow", message_rate=0, seed_file=str(file))
        place = server.Place(
            dsn=self.database.dsn,
            runtime=self.folder,
            url=f"http://{HOST}",
            sealing_key=self.folder / "sealing.key",
        )
        seeded = await server.prepare(settings, place, Seed())
        async with server.open_api(settings, place) as app:
            yield World(Client(app, seeded.account_sid, seeded.auth_token), self.database)


@pytest.fixture
def started(database: Database, tmp_path: Path) -> Started:
    return Started(database, tmp_path)


async def services(world: World) -> list[str]:
    shown = await world.ask("GET", "/messaging/v1/Services")
    return [each["sid"] for each in shown["services"]]


async def test_the_example_at_every_start(started: Started) -> None:
    text = EXAMPLE.read_text("utf-8")
    async with started(text) as world:
        own = {each["phone_number"]: each for each in await numbers(world)}
        assert own["+15005550006"]["sms_url"] == "http://127.0.0.1:5000/sms"
        assert own["+15005550006"]["friendly_name"] == "Support"
        [service] = await services(world)
        pool = await world.ask("GET", f"/messaging/v1/Services/{service}/PhoneNumbers")
        assert [each["sid"] for each in pool["phone_numbers"]] == [own["+15017122661"]["sid"]]
        assert (await world.lab("GET", "Phones/+15558675309"))["behavior"] == "30003"
        assert (await world.lab("GET", "WebhookSettings"))["retries"] == "extended"
        staging = World(world.client.acting_as("AC" + "2".zfill(32), "2".zfill(32)), world.database)
        assert [each["sms_url"] for each in await numbers(staging)] == ["http://127.0.0.1:5001/sms"]
        assert (await staging.lab("GET", "World"))["profile"] == "us-a2p"
        # A message, a number given back, another answer: that is the user's, and stays so.
        await world.send(Body="kept")
        path = f"/2010-04-01/Accounts/{world.sid}/IncomingPhoneNumbers/{own['+15005550006']['sid']}.json"
        await world.ask("POST", path, {"SmsUrl": "http://127.0.0.1:9000/mine"})
    async with started(text) as world:
        assert {each["sms_url"] for each in await numbers(world)} == {"http://127.0.0.1:9000/mine", ""}
        assert (await bodies(world), await services(world)) == ({"kept"}, [service])
        await world.lab("POST", "World/Reset")
        assert await bodies(world) == set()
        assert {each["sid"]: each["phone_number"] for each in await numbers(world)} == {
            each["sid"]: number for number, each in own.items()
        }
        assert await services(world) == [service]
        assert (await world.lab("GET", "Phones/+15558675309"))["behavior"] == "30003"


async def test_a_file_that_has_changed_counts(started: Started) -> None:
    async with started(ONE) as world:
        await world.send(Body="kept", From="+15005550006")
    async with started(MORE + ONE.replace("5000/sms", "5005/sms")) as world:
        own = {each["phone_number"]: each["sms_url"] for each in await numbers(world)}
        assert own == {"+15005550006": "http://127.0.0.1:5005/sms", "+15017122662": ""}
        assert await bodies(world) == {"kept"}
        assert (await world.lab("GET", "Snapshots"))["snapshots"] == []
        await world.lab("POST", "World/Reset")
        assert {each["phone_number"]: each["sms_url"] for each in await numbers(world)} == own


async def test_what_the_api_refuses_is_told_with_its_line(started: Started) -> None:
    bad = '\n[[numbers]]\nphone_number = "+15005550006"\nsms_url = "ftp://nowhere"\n'
    with pytest.raises(SettingsError, match=r"seed.toml, line 2: \+15005550006: .*[Uu]"):
        async with started(bad):
            pass
    with pytest.raises(SettingsError, match=r"seed.toml, line 1: wrong: unknown"):
        async with started("wrong = 1\n"):
            pass
