"""The judges can fail: servers that are wrong in one way each are found out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from serving import Client, Reply, served

from localloop.contract import load
from localloop.core import sids
from localloop.core.errors import ApiError
from localloop.rest.routing import Router
from localloop.store import Database
from tests.conformance import values
from tests.conformance.examine import Examination
from tests.conformance.seeds import Seeds
from tests.conformance.test_operations import places_of
from tests.conformance.walk import Walk

SAMPLE = frozenset({"proxy", "wireless"})
Spoil = Callable[[str, str, Reply], Reply]


class Nulls:
    """A server in Twilio's shape without a value in it: every field there, every one null."""

    account_sid = sids.new("AC")

    def __init__(self) -> None:
        self._router = Router(load().apis)

    async def __call__(self, method: str, target: str, data: Any = None, *, json: Any = None) -> Reply:
        try:
            route = self._router.match(self._router.place("127.0.0.1"), target.partition("?")[0]).route
        except ApiError:
            return Reply(200, {}, b"{}")
        operation = route.operations.get(method)
        if operation is None:
            return Reply(200, {}, b"{}")
        record = {field.name: None for field in operation.fields}
        answer = {operation.list_key: [record]} if operation.list_key else record
        return Reply(operation.status, {}, orjson.dumps(answer))


class NothingPlanted:
    """Seeds where nothing is kept."""

    async def elsewhere(self, kind: str) -> str | None:
        return None

    async def plant(self, path: Any, *_: Any) -> tuple[str, dict[str, Any]]:
        fields = path.operations[0].fields
        own = sids.new((load().kind(path.kind).prefixes or ("XX",))[0])
        return own, {field.name: values.of_field(field, {}) for field in fields}

    async def type_code(self, validation: Any) -> None:
        return None


async def test_a_server_of_nulls_fails() -> None:
    server: Any = Nulls()
    seeds: Any = NothingPlanted()
    examination = Examination(Walk(server, seeds), server)
    passing = [
        place[3].id
        for place in places_of(frozenset(api.product for api in load().apis))
        if place[3].fields and not await examination.examine(place)
    ]
    assert passing == []
    assert examination.filled == 0


class Spoiled:
    """The real server behind somebody who spoils what it is asked or what it answers."""

    def __init__(self, client: Client, spoil: Spoil, ask: Callable[[str, str], str]) -> None:
        self.account_sid = client.account_sid
        self._client, self._spoil, self._ask = client, spoil, ask

    async def __call__(self, method: str, target: str, data: Any = None, *, json: Any = None) -> Reply:
        reply = await self._client(method, self._ask(method, target), data, json=json)
        return self._spoil(method, target, reply)


def untouched(method: str, target: str, reply: Reply) -> Reply:
    return reply


def edited(change: Callable[[dict[str, Any]], Any]) -> Spoil:
    """Changes the record, or every row, of each good answer."""

    def spoil(method: str, target: str, reply: Reply) -> Reply:
        if reply.status >= 300 or not reply.body:
            return reply
        answer = reply.json()
        rows = next(
            (rows for rows in answer.values() if isinstance(rows, list) and "meta" in answer), [answer]
        )
        for row in rows:
            change(row)
        return Reply(reply.status, reply.headers, orjson.dumps(answer))

    return spoil


def when_read(change: Callable[[dict[str, Any]], Any]) -> Spoil:
    spoil = edited(change)
    return lambda method, target, reply: spoil(method, target, reply) if method == "GET" else reply


def refusing(status: int, other: Reply) -> Spoil:
    return lambda method, target, reply: other if reply.status == status else reply


def error(status: int, code: int) -> Reply:
    return Reply(status, {}, orjson.dumps({"code": code, "message": "", "status": status}))


def forget(row: dict[str, Any]) -> None:
    row.pop("date_created", None)


def mislead(row: dict[str, Any]) -> None:
    row["links"] = {name: f"{link}x" for name, link in (row.get("links") or {}).items()}


SPOILS: dict[str, tuple[Spoil, str]] = {
    "fields are left out": (edited(forget), "missing fields"),
    "links lead nowhere": (edited(mislead), "address"),
    "names are not kept": (when_read(lambda row: row.update(unique_name="x")), "is fetched as"),
    "names are not echoed": (edited(lambda row: row.update(unique_name="x")), "and reads"),
    "the account is another": (edited(lambda row: row.update(account_sid="AC")), "not the account"),
    "nothing is refused": (refusing(400, Reply(200, {}, b"{}")), "200/None in place of 400/20001"),
    "it is refused with another code": (refusing(400, error(400, 20002)), "400/20002 in place"),
    "everybody's records are there": (refusing(404, Reply(200, {}, b"{}")), "200/None in place of 404/20404"),
    "what is missing has another code": (refusing(404, error(404, 20001)), "404/20001 in place"),
}


async def faults_of(database: Database, spoil: Spoil, ask: Callable[[str, str], str]) -> list[str]:
    async with served(database) as client:
        seeds = Seeds(database, client.account_sid)
        account = (await client("POST", "/2010-04-01/Accounts.json")).json()
        stranger = client.acting_as(account["sid"], account["auth_token"])
        spoiled: Any = Spoiled(client, spoil, ask)
        strange: Any = Spoiled(stranger, spoil, ask)
        examination = Examination(Walk(spoiled, seeds), strange)
        faults = [line for place in places_of(SAMPLE) for line in await examination.examine(place)]
        await seeds.close()
    return faults


async def test_the_sample_is_sound(database: Database) -> None:
    assert await faults_of(database, untouched, lambda method, target: target) == []


@pytest.mark.parametrize("way", SPOILS)
async def test_a_server_that_is_wrong_in_one_way_fails(database: Database, way: str) -> None:
    spoil, expected = SPOILS[way]
    faults = await faults_of(database, spoil, lambda method, target: target)
    assert [line for line in faults if expected in line], faults[:5]


async def test_a_server_that_ignores_filters_fails(database: Database) -> None:
    def unfiltered(method: str, target: str) -> str:
        return target.partition("?")[0] if method == "GET" else target

    faults = await faults_of(database, untouched, unfiltered)
    assert [line for line in faults if "keeps the record" in line], faults[:5]
