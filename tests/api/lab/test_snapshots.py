"""A world is put away and taken out again; a fork and its parent go their ways."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from http_server import Server, answer, running
from msgspec import Struct
from waiting import until

from localloop.core import clock
from localloop.core.settings import Settings
from localloop.lab.shelf.tables import STATE, TABLES
from localloop.webhooks import FORGET
from tests.api.lab.conftest import FROM, TO, Refused, World

OK = answer("204 No Content", length=False)
OTHER = "+15017122662"
FAR = datetime(2100, 1, 1, tzinfo=UTC)


async def idle(world: World, *, planned: bool = False) -> None:
    """Until nothing of the world is to be done; what is done again a minute after a text was forgotten aside, and with
    `planned` what is due tomorrow."""
    sql = (
        "select not exists (select from jobs where account_sid in (select sid from accounts where world_sid = $1)"
        " and key is distinct from kind and kind <> $2 and (run_at < $3 or leased))"
    )
    soon = clock.now() + timedelta(hours=1) if planned else FAR
    await until(lambda: world.database.fetchval(sql, world.sid, FORGET, soon))


async def listed(world: World, what: str, key: str = "") -> list[dict[str, Any]]:
    shown = await world.ask("GET", f"/2010-04-01/Accounts/{world.sid}/{what}.json")
    rows: list[dict[str, Any]] = shown[key or what.lower()]
    return rows


async def bodies(world: World) -> set[str]:
    return {each["body"] for each in await listed(world, "Messages")}


def like(world: World, made: dict[str, Any]) -> World:
    return World(world.client.acting_as(made["account_sid"], made["auth_token"]), world.database)


async def buy(world: World, number: str, **params: str) -> dict[str, Any]:
    bought: dict[str, Any] = await world.ask(
        "POST",
        f"/2010-04-01/Accounts/{world.sid}/IncomingPhoneNumbers.json",
        {"PhoneNumber": number, **params},
    )
    return bought


async def pooled(world: World, number: str) -> str:
    """A messaging service with this number of the account's."""
    made = await world.ask("POST", "/messaging/v1/Services", {"FriendlyName": "pool"})
    own = {each["phone_number"]: each["sid"] for each in await numbers(world)}
    path = f"/messaging/v1/Services/{made['sid']}/PhoneNumbers"
    await world.ask("POST", path, {"PhoneNumberSid": own[number]})
    return str(made["sid"])


async def plan(world: World, service: str, body: str) -> dict[str, Any]:
    planned: dict[str, Any] = await world.send(
        Body=body, SendAt=world.ahead(days=1), ScheduleType="fixed", MessagingServiceSid=service
    )
    return planned


async def numbers(world: World) -> list[dict[str, Any]]:
    return await listed(world, "IncomingPhoneNumbers", "incoming_phone_numbers")


@pytest.fixture(scope="module")
def settings() -> Settings:
    return Settings(plain="allow", message_rate=0)


async def test_what_came_later_is_gone(world: World) -> None:
    kept = await world.send(Body="before")
    pool = await pooled(world, FROM)
    await plan(world, pool, "planned before")
    await idle(world, planned=True)
    saved = await world.lab("POST", "Snapshots", UniqueName="clean")
    assert (saved["resources"]["messages"], saved["resources"]["jobs"], saved["unique_name"]) == (
        2,
        1,
        "clean",
    )
    await world.send(Body="after")
    await plan(world, pool, "planned after")
    await world.ask("DELETE", f"/2010-04-01/Accounts/{world.sid}/Messages/{kept['sid']}.json")
    await world.ask("DELETE", f"/messaging/v1/Services/{pool}")
    await buy(world, OTHER)
    await idle(world, planned=True)
    assert (await world.lab("POST", "Snapshots/clean/Restore"))["sid"] == saved["sid"]
    assert await bodies(world) == {"before", "planned before"}
    assert (await world.message(kept["sid"]))["status"] == "delivered"
    assert [each["phone_number"] for each in await numbers(world)] == [FROM]
    await world.clock(mode="frozen", advance="25h")
    await idle(world)
    assert {each["status"] for each in await listed(world, "Messages")} == {"delivered"}
    await world.send(Body="goes on", MessagingServiceSid=pool)
    await buy(world, OTHER)


async def test_snapshots_are_kept_by_name_and_listed(world: World) -> None:
    first = await world.lab("POST", "Snapshots", UniqueName="one")
    with pytest.raises(Refused, match=r"409 20409: .*one already"):
        await world.lab("POST", "Snapshots", UniqueName="one")
    second = await world.lab("POST", "Snapshots")
    shown = await world.lab("GET", "Snapshots")
    assert [each["sid"] for each in shown["snapshots"]] == [second["sid"], first["sid"]]
    assert (await world.lab("GET", "Snapshots/one"))["sid"] == first["sid"]
    assert await world.lab("DELETE", f"Snapshots/{first['sid']}") is None
    for path in ("Snapshots/one", "Snapshots/one/Restore"):
        with pytest.raises(Refused, match="404"):
            await world.lab("POST" if path.endswith("Restore") else "GET", path)
    stranger = like(world, await world.lab("POST", "Worlds"))
    with pytest.raises(Refused, match="404"):
        await stranger.lab("POST", f"Snapshots/{second['sid']}/Restore")


async def test_time_goes_back_with_its_world(world: World) -> None:
    await world.clock(mode="frozen", at="2030-01-02T03:04:05Z")
    await world.lab("POST", "Snapshots", UniqueName="then")
    await world.clock(advance="40d")
    await world.lab("POST", "Snapshots/then/Restore")
    assert (await world.lab("GET", "Clock"))["at"] == "2030-01-02T03:04:05Z"
    assert (await world.send())["date_created"].startswith("Wed, 02 Jan 2030")
    await world.lab("POST", "World/Reset")
    assert (await world.lab("GET", "Clock"))["mode"] == "real"


class Pair(Struct):
    """A world that has something of everything, and its fork."""

    parent: World
    fork: World
    made: dict[str, Any]
    sent: dict[str, Any]
    planned: dict[str, Any]
    pool: str
    lists: str
    sub: str
    key: str

    async def number(self) -> str:
        return next(str(each["sid"]) for each in await numbers(self.fork) if each["phone_number"] == OTHER)


async def forked(world: World, url: str) -> Pair:
    await buy(world, OTHER, SmsUrl=url)
    sent = await world.send(Body="before", StatusCallback=url)
    pool = await pooled(world, FROM)
    planned = await plan(world, pool, "planned")
    sub = await world.ask("POST", "/2010-04-01/Accounts.json", {"FriendlyName": "sub"})
    key = await world.ask("POST", f"/2010-04-01/Accounts/{world.sid}/Keys.json", {"FriendlyName": "key"})
    lists = await world.ask("POST", "/sync/v1/Services", {"FriendlyName": "lists"})
    await world.lab("POST", f"Phones/{TO}", Behavior="30005")
    await idle(world, planned=True)
    made = await world.lab("POST", "World/Fork")
    return Pair(world, like(world, made), made, sent, planned, pool, lists["sid"], sub["sid"], key["sid"])


async def test_a_fork_is_the_same_under_other_names(world: World) -> None:
    async with running(Server(OK)) as server:
        pair = await forked(world, server.url)
    fork, made, sent = pair.fork, pair.made, pair.sent
    assert fork.sid != world.sid
    assert [each["replaces"] for each in made["accounts"]] == [world.sid, pair.sub]
    assert [each["replaces"] for each in made["keys"]] == [pair.key]
    assert (await fork.message(sent["sid"]))["account_sid"] == fork.sid
    assert {each["sid"] for each in await numbers(fork)} == {each["sid"] for each in await numbers(world)}
    key = made["keys"][0]
    theirs = World(fork.client.acting_as(key["sid"], key["secret"]), world.database)
    path = f"/2010-04-01/Accounts/{fork.sid}/Messages/{sent['sid']}.json"
    assert (await theirs.ask("GET", path))["sid"] == sent["sid"]
    sub = made["accounts"][1]
    assert await bodies(World(fork.client.acting_as(sub["sid"], sub["auth_token"]), world.database)) == set()


async def test_a_fork_and_its_parent_go_their_ways(world: World) -> None:
    async with running(Server(OK)) as first, running(Server(OK)) as second:
        pair = await forked(world, first.url)
        fork, sent, planned = pair.fork, pair.sent, pair.planned
        number, lists = await pair.number(), f"/sync/v1/Services/{pair.lists}"
        own = f"/2010-04-01/Accounts/{fork.sid}"
        await fork.ask("POST", f"{own}/IncomingPhoneNumbers/{number}.json", {"SmsUrl": second.url})
        await fork.ask("DELETE", f"{own}/Messages/{sent['sid']}.json")
        await fork.ask("POST", f"{own}/Messages/{planned['sid']}.json", {"Status": "canceled"})
        await fork.ask("POST", lists, {"FriendlyName": "other lists"})
        await fork.lab("POST", f"Phones/{TO}", Behavior="deliver")
        await fork.lab("POST", f"Phones/{TO}/Messages", To=OTHER, Body="to the fork")
        await idle(fork)
        assert [call.form["Body"] for call in second.requests] == ["to the fork"]
        assert {call.form.get("Body", "") for call in first.requests} == {""}
        assert (await world.message(sent["sid"]))["body"] == "before"
        assert (await world.message(planned["sid"]))["status"] == "scheduled"
        assert await bodies(world) == {"before", "planned"}
        assert (await world.ask("GET", lists))["friendly_name"] == "lists"
        assert (await world.lab("GET", f"Phones/{TO}"))["behavior"] == "30005"

        # And the other way round.
        await world.ask("DELETE", f"/messaging/v1/Services/{pair.pool}")
        await world.ask("DELETE", f"/2010-04-01/Accounts/{world.sid}/IncomingPhoneNumbers/{number}.json")
        assert len(await numbers(fork)) == 2
        assert (await fork.send(Body="goes", MessagingServiceSid=pair.pool))["account_sid"] == fork.sid
        with pytest.raises(Refused, match="401"):
            await World(world.client.acting_as(fork.sid, "0" * 32), world.database).send()
        await no_trace(fork, of=[world.sid, pair.sub, pair.key])
        await no_trace(world, of=[each["sid"] for each in pair.made["accounts"]])


async def no_trace(world: World, of: list[str]) -> None:
    """No row of the world, in whatever table, mentions these."""
    accounts = [
        row["sid"]
        for row in await world.database.fetch("select sid from accounts where world_sid = $1", world.sid)
    ]
    for table in STATE:
        where = table.where.replace(":accounts", "$1::text[]").replace(":world", "$2::text")
        text = (
            "t::text || coalesce(convert_from(t.payload, 'utf8'), '')" if "jobs" in table.name else "t::text"
        )
        sql = (
            f"select count(*) from {table.name} t, unnest($3::text[]) as w (word)"
            f" where {where} and ($1::text[] is not null and $2::text is not null) and strpos({text}, w.word) > 0"
        )
        assert await world.database.fetchval(sql, accounts, world.sid, of) == 0, table.name


async def test_a_fork_of_a_snapshot_is_what_was_saved(world: World) -> None:
    await world.send(Body="then")
    await idle(world)
    await world.lab("POST", "Snapshots", UniqueName="then")
    await world.send(Body="now")
    await idle(world)
    forks = [like(world, await world.lab("POST", "Snapshots/then/Fork")) for _ in range(2)]
    await forks[0].send(Body="first")
    assert [await bodies(each) for each in (world, *forks)] == [{"then", "now"}, {"then", "first"}, {"then"}]


async def test_an_api_key_made_later_and_a_rotated_token_go_back(world: World) -> None:
    await world.lab("POST", "Snapshots", UniqueName="keys")
    key = await world.ask("POST", f"/2010-04-01/Accounts/{world.sid}/Keys.json", {})
    second = await world.ask("POST", "/accounts/v1/AuthTokens/Secondary")
    promoted = await world.ask("POST", "/accounts/v1/AuthTokens/Promote")
    renewed = World(world.client.acting_as(world.sid, promoted["auth_token"]), world.database)
    assert second["secondary_auth_token"] == promoted["auth_token"]
    await renewed.lab("POST", "Snapshots/keys/Restore")
    assert await bodies(world) == set()
    for name, secret in ((world.sid, promoted["auth_token"]), (key["sid"], key["secret"])):
        with pytest.raises(Refused, match="401"):
            await World(world.client.acting_as(name, secret), world.database).send()


async def test_a_subaccount_made_later_is_gone(world: World) -> None:
    await world.lab("POST", "Snapshots", UniqueName="alone")
    made = await world.ask("POST", "/2010-04-01/Accounts.json", {"FriendlyName": "sub"})
    sub = like(world, {"account_sid": made["sid"], "auth_token": made["auth_token"]})
    await sub.send(Body="from below")
    await idle(world)
    await world.lab("POST", "Snapshots/alone/Restore")
    assert await world.database.fetchval("select count(*) from accounts where world_sid = $1", world.sid) == 1
    await no_trace(world, of=[made["sid"]])


async def test_a_world_for_a_test_is_alone_and_goes_without_a_trace(world: World) -> None:
    made = await world.lab("POST", "Worlds", PhoneNumber=[FROM, OTHER], Profile="twilio")
    assert (made["profile"], made["phone_numbers"]) == ("twilio", [FROM, OTHER])
    fresh = like(world, made)
    assert {each["phone_number"] for each in await numbers(fresh)} == {FROM, OTHER}
    await buy(fresh, "+15017122663")
    await fresh.lab("POST", "Snapshots", UniqueName="mine")
    await fresh.send()
    await idle(fresh)
    assert [each["account_sid"] for each in (await world.lab("GET", "Worlds"))["worlds"]] == [fresh.sid]
    await fresh.lab("POST", "World/Reset")
    assert await bodies(fresh) == set()
    assert {each["phone_number"] for each in await numbers(fresh)} == {FROM, OTHER}
    assert (await fresh.lab("GET", "World"))["profile"] == "twilio"
    fork = like(world, await fresh.lab("POST", "World/Fork"))
    await fork.send(Body="later")
    await idle(fork)
    await fork.lab("POST", "World/Reset")
    assert await bodies(fork) == set()
    assert {each["phone_number"] for each in await numbers(fork)} == {FROM, OTHER}
    stranger = like(world, await world.lab("POST", "Worlds"))
    with pytest.raises(Refused, match="404"):
        await stranger.lab("DELETE", f"Worlds/{fresh.sid}")
    await fresh.lab("DELETE", f"Worlds/{fork.sid}")
    await world.lab("DELETE", f"Worlds/{fresh.sid}")
    with pytest.raises(Refused, match="404"):
        await world.lab("DELETE", f"Worlds/{world.sid}")
    for table in TABLES:
        if table.name not in ("requests", "accounts"):
            sql = f"select count(*) from {table.name} t, unnest($1::text[]) w where strpos(t::text, w) > 0"
            assert await world.database.fetchval(sql, [fresh.sid, fork.sid]) == 0, table.name


async def test_short_links_of_a_fork_are_its_own(world: World) -> None:
    await buy(world, FROM)
    pool = await pooled(world, FROM)
    domain = await world.lab("POST", "LinkDomains")
    path = f"/messaging/v1/LinkShortening/Domains/{domain['sid']}/MessagingServices/{pool}"
    await world.ask("POST", path)
    sent = await world.send(
        Body="look: https://example.com/a/long/address", MessagingServiceSid=pool, ShortenUrls="true"
    )
    await idle(world)
    fork = like(world, await world.lab("POST", "World/Fork"))
    texts = [(await each.message(sent["sid"]))["body"] for each in (world, fork)]
    shown = [
        (await each.lab("GET", f"Phones/{TO}/Messages"))["messages"][0]["body"] for each in (world, fork)
    ]
    assert texts == shown
    assert texts[0] != texts[1]
    for each, text in zip((world, fork), texts, strict=True):
        code = text.rpartition("/")[2]
        sql = "select account_sid from short_links where code = $1"
        assert await world.database.fetchval(sql, code) == each.sid
