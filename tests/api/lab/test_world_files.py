"""A world leaves as a file and comes back, here or elsewhere."""

from __future__ import annotations

import gzip
import json
from base64 import b64encode
from typing import Any

import pytest
from serving import Client

from localloop.core.settings import Settings
from tests.api.lab.conftest import Refused, World
from tests.api.lab.test_snapshots import OTHER, bodies, buy, idle, like, no_trace, numbers, pooled
from tests.api.rest.test_message_lab import PNG, form

PHONE = "+15558675310"


@pytest.fixture(scope="module")
def settings() -> Settings:
    return Settings(plain="allow", message_rate=0)


async def exported(world: World, path: str = "World/Export") -> bytes:
    reply = await world.client("GET", f"/lab/v1/{path}")
    assert (reply.status, reply.headers["content-type"]) == (200, "application/gzip"), reply.body
    return reply.body


async def load(world: World, file: bytes, **params: str) -> Any:
    return await world.lab("POST", "World/Load", Content=b64encode(file).decode(), **params)


async def picture(world: World) -> str:
    body, headers = form("image/png")
    made = await world.client("POST", "/lab/v1/Uploads", body, headers=headers)
    return str(made.json()["address"])


async def seen(client: Client, account_sid: str, message_sid: str) -> bytes:
    base = f"/2010-04-01/Accounts/{account_sid}/Messages/{message_sid}/Media"
    media = (await client("GET", f"{base}.json")).json()["media_list"][0]
    reply = await client("GET", f"{base}/{media['sid']}")
    if reply.status in (302, 307):
        reply = await client(
            "GET", reply.headers["location"].partition("4010")[2], headers={"authorization": ""}
        )
    return reply.body


async def test_a_file_becomes_another_world(world: World) -> None:
    sent = await world.send(Body="hello", MediaUrl=await picture(world))
    pool = await pooled(world, sent["from"])
    sub = await world.ask("POST", "/2010-04-01/Accounts.json", {"FriendlyName": "below"})
    await world.clock(mode="frozen", at="2031-02-03T04:05:06Z")
    await idle(world)
    file = await exported(world)
    other = like(world, await world.lab("POST", "Worlds"))
    await buy(other, OTHER)
    loaded = await load(other, file)
    assert loaded["resources"]["messages"] == 1
    assert [each["replaces"] for each in loaded["accounts"]] == [sub["sid"]]
    assert loaded["accounts"][0]["sid"] != sub["sid"]
    assert [each["phone_number"] for each in await numbers(other)] == [sent["from"]]
    assert (await other.message(sent["sid"]))["account_sid"] == other.sid
    assert await seen(other.client, other.sid, sent["sid"]) == PNG
    assert (await other.lab("GET", "Clock"))["at"] == "2031-02-03T04:05:06Z"
    assert (await other.send(MessagingServiceSid=pool))["account_sid"] == other.sid
    await no_trace(other, of=[world.sid, sub["sid"]])
    assert await bodies(world) == {"hello"}
    # The bytes stay for one world when they go from the other.
    await world.ask("DELETE", f"/2010-04-01/Accounts/{world.sid}/Messages/{sent['sid']}.json")
    assert await seen(other.client, other.sid, sent["sid"]) == PNG


async def test_no_secret_is_in_a_file_unless_it_is_asked_for(world: World) -> None:
    key = await world.ask("POST", f"/2010-04-01/Accounts/{world.sid}/Keys.json", {})
    plain = gzip.decompress(await exported(world)).decode()
    assert key["sid"] not in plain
    assert world.sid in plain
    full = gzip.decompress(await exported(world, "World/Export?Secrets=true")).decode()
    assert json.loads(full.split("\n", 1)[0])["secrets"] == {world.sid: "0" * 32, key["sid"]: key["secret"]}
    other = like(world, await world.lab("POST", "Worlds"))
    loaded = await load(other, gzip.compress(full.encode()))
    assert [each["replaces"] for each in loaded["keys"]] == [key["sid"]]
    theirs = World(other.client.acting_as(loaded["keys"][0]["sid"], key["secret"]), world.database)
    shown = await theirs.ask("GET", f"/2010-04-01/Accounts/{other.sid}/Messages.json")
    assert shown["messages"] == []


async def test_it_comes_back_where_it_was(world: World) -> None:
    sub = await world.ask("POST", "/2010-04-01/Accounts.json", {"FriendlyName": "below"})
    await world.send(Body="kept")
    await idle(world)
    await world.lab("POST", "Snapshots", UniqueName="then")
    file = await exported(world, "Snapshots/then/Export")
    await world.lab("POST", "World/Reset")
    assert await bodies(world) == set()
    half = len(file) // 2
    first = await load(world, file[:half], More="true")
    assert first["load_sid"].startswith("WL")
    loaded = await load(world, file[half:], LoadSid=first["load_sid"])
    assert [(each["sid"], each["replaces"]) for each in loaded["accounts"]] == [(sub["sid"], sub["sid"])]
    assert await bodies(world) == {"kept"}


async def test_what_is_no_file_of_ours_is_refused_by_its_reason(world: World) -> None:
    await world.send(Body="kept")
    await idle(world)
    file = await exported(world)
    lines = gzip.decompress(file).split(b"\n")
    head, own = json.loads(lines[0]), world.sid.encode()
    for changed, reason in (
        (b"hello", "not compressed"),
        (file[:-20], "cut off"),
        (gzip.compress(b"hello"), "no file of a world"),
        (packed({**head, "version": 9}, lines), "version 9"),
        (packed({**head, "schema": "0000"}, lines), "schema 0000"),
        (packed({**head, "columns": {**head["columns"], "messages": ["id"]}}, lines), "differs in messages"),
        (gzip.compress(b"\n".join([*lines, b"[1"])), f"Line {len(lines) + 1} of the file"),
        (
            gzip.compress(lines[0] + b"\n" + b"\n".join(lines[1:]).replace(own, b"AC" + b"9" * 32)),
            "contradicts",
        ),
        (packed({**head, "accounts": []}, lines), "no account"),
    ):
        with pytest.raises(Refused, match=reason):
            await load(world, changed)
    with pytest.raises(Refused, match="Base64"):
        await world.lab("POST", "World/Load", Content="%%%")
    assert await bodies(world) == {"kept"}


def packed(head: dict[str, Any], lines: list[bytes]) -> bytes:
    return gzip.compress(b"\n".join([json.dumps(head).encode(), *lines[1:]]))
