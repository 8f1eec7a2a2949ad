"""Nothing that anybody sends over REST makes a bug answer: seeded random requests over the whole contract.

Paths, parameters, bodies, methods and headers are drawn from what the contract allows and from what nobody should
send. Each request comes from its own generator, seeded by the run's seed and its number, so one that fails is made
again by `LOCALLOOP_FUZZ_SEED=… LOCALLOOP_FUZZ_ONLY=…`. After a while everybody goes on in a new world, for a request
may well close the account that sends it.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
import xml.etree.ElementTree as ElementTree
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote, quote_plus

import aiohttp
import asyncpg
import pytest
from msgspec import Struct
from yarl import URL

from benchmarks.instance import Instance
from localloop.contract import load
from localloop.contract.model import Api, Operation, Param
from localloop.core import sids
from localloop.lab import API as LAB

pytestmark = pytest.mark.long

BUDGET_S = float(os.environ.get("LOCALLOOP_LONG_SECONDS") or 1200)
SEED = int(os.environ.get("LOCALLOOP_FUZZ_SEED") or 20_261_121)
ONLY = os.environ.get("LOCALLOOP_FUZZ_ONLY")
DURATION_S = min(300.0, BUDGET_S / 4)
CLIENTS = 4
PER_WORLD = 150  # requests before somebody goes on in a world that nobody has touched
LONGEST_ANSWER_S = 20.0
NOTHING = "http://127.0.0.1:9/"  # where nobody listens: no request of ours may leave the machine
FORM = "application/x-www-form-urlencoded"

_JUNK: Sequence[str] = (
    "",
    " ",
    "\0",
    "a\0b",
    "null",
    "-1",
    "0",
    "99999999999999999999",
    "1e309",
    "NaN",
    "true",
    "'; drop table messages; --",
    "%",
    "%s%n",
    "{}",
    "[1,2",
    '{"a":{"b":[1,null,"\\u0000"]}}',
    "\ud83d".encode("utf-8", "replace").decode(),
    "\N{GRINNING FACE}" * 3,
    "\N{RIGHT-TO-LEFT OVERRIDE}abc",
    "\uffff\ufeff",
    "../../etc/passwd",
    "x" * 5_000,
    "+",
    "+1",
    "2026-02-30",
    "2026-11-21T99:00:00Z",
    "0001-01-01",
    "9999-12-31T23:59:59Z",
    "<Response>",
    "AC" + "g" * 32,
)
_RAW_SEGMENTS = ("%", "%zz", "%00", "%ff", "%2F", "%2e%2e", "..", ".", "a%20b", "~", ";a=b", "x" * 3_000)
_TYPES = (
    FORM,
    "application/json",
    "text/plain",
    "multipart/form-data",
    "multipart/form-data; boundary=",
    "",
    "\xff",
)


class Case(Struct):
    """One request, as it goes over the wire; `place` is the collection that a new record's id belongs to."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    place: str


class Known:
    """The ids that answers named in this world, by the collection whose records they are."""

    def __init__(self) -> None:
        self.everywhere: list[str] = []
        self.at: dict[str, list[str]] = {}

    def learn(self, place: str, value: str) -> None:
        for kept in (self.everywhere, self.at.setdefault(place, [])):
            if value not in kept:
                kept.append(value)
                del kept[:-40]


class Surface:
    """Every operation with where it is, and generators of what may be sent there."""

    def __init__(self, apis: Sequence[Api]) -> None:
        self.places: list[tuple[Api, str, Operation]] = [
            (api, path.template, operation)
            for api in apis
            for resource in api.resources
            for path in resource.paths
            for operation in path.operations
        ]

        self.creates = [place for place in self.places if place[2].verb == "create"]

    def case(self, rng: random.Random, account_sid: str, known: Known) -> Case:
        api, template, operation = rng.choice(self.creates if rng.random() < 0.3 else self.places)
        params = [param for param in operation.params if param.location in ("query", "body")]
        parts = template.strip("/").split("/")
        places = [f"{api.product}/{'/'.join(parts[:at])}" for at in range(len(parts))]
        segments = [
            _segment(rng, part, account_sid, known.at.get(place, []))
            for part, place in zip(parts, places, strict=True)
        ]
        prefix = "" if api.product == "api" else f"/{api.product}"
        suffix = rng.choice((".json", ".json", ".json", "", ".xml", ".csv")) if api.style == "2010" else ""
        method = (
            operation.method if rng.random() < 0.9 else rng.choice(("GET", "POST", "PUT", "DELETE", "PATCH"))
        )
        query, headers, body = self._content(rng, operation, params, known.everywhere)
        # A rule that makes the API itself fail would be obeyed, and a bug could not be told from it.
        body = body.replace(b"Kind=api-", b"Kind=")
        target = f"{prefix}/{'/'.join(segments)}{suffix}{'?' + query if query else ''}"
        if rng.random() < (0.5 if operation.if_match else 0.02):
            headers["If-Match"] = rng.choice(("*", '"0"', "x", "-1", '"2147483648"', "9" * 5_000))
        return Case(method, target, headers, body, f"{api.product}/{'/'.join(parts)}")

    def _content(
        self, rng: random.Random, operation: Operation, params: list[Param], known: Sequence[str]
    ) -> tuple[str, dict[str, str], bytes]:
        chosen = [param for param in params if param.required or rng.random() < 0.3]
        if rng.random() < 0.1:
            chosen = chosen[1:]
        pairs = [(param.name, value) for param in chosen for value in _values(rng, param, known)]
        if operation.method in ("GET", "DELETE"):
            pairs += [
                (name, rng.choice(_JUNK)) for name in ("PageSize", "Page", "PageToken") if rng.random() < 0.1
            ]
            return _encoded(rng, pairs), {}, b""
        kind = FORM if operation.body == "form" else "application/json"
        if rng.random() < 0.08:
            kind = rng.choice(_TYPES)
        headers = {"Content-Type": kind} if kind else {}
        if rng.random() < 0.08:
            return "", headers, rng.randbytes(rng.randrange(300))
        if "json" in kind:
            return "", headers, _json(rng, pairs)
        return "", headers, _encoded(rng, pairs).encode("latin-1")


def _segment(rng: random.Random, part: str, account_sid: str, known: Sequence[str]) -> str:
    if not part.startswith("{"):
        return part if rng.random() < 0.995 else part.swapcase()
    chance = rng.random()
    if part == "{AccountSid}" and chance < 0.95:
        return account_sid
    if chance < 0.85 and known:
        return quote(rng.choice(known), safe="")
    if chance < 0.9:
        return rng.choice(("AC", "SM", "PN", "IS", "VA", "XX")) + f"{rng.getrandbits(128):032x}"
    return rng.choice(_RAW_SEGMENTS) if chance < 0.95 else quote(rng.choice(_JUNK)[:500], safe="")


def _values(rng: random.Random, param: Param, known: Sequence[str]) -> list[str]:
    count = rng.choice((1, 1, 2, 12)) if param.type == "array" else 1
    return [_value(rng, param.items or param, known) for _ in range(count)]


def _value(rng: random.Random, param: Param, known: Sequence[str]) -> str:
    if param.name == "Timeout":
        return rng.choice(("0", "0.05", "-1", "x"))
    if rng.random() < 0.25:
        return rng.choice(_JUNK)
    if param.enum:
        return rng.choice(param.enum)
    if param.sid or (param.name.endswith("Sid") and known):
        return rng.choice(known) if known and rng.random() < 0.7 else f"{(param.sid or ('XX',))[0]}{'0' * 32}"
    by_type: dict[str, Callable[[], str]] = {
        "boolean": lambda: rng.choice(("true", "false", "True", "1")),
        "integer": lambda: str(rng.randrange(-5, 100_000)),
        "number": lambda: str(rng.uniform(-5, 100_000)),
        "object": lambda: json.dumps({"a": rng.choice(_JUNK)}),
    }
    by_format: dict[str, Callable[[], str]] = {
        "uri": lambda: NOTHING + rng.choice(("", "a", "a?b=c#rc=2", "#", "%zz")),
        "phone-number": lambda: rng.choice(
            ("+15005550006", "+4420794600", "12345", "sms:+15005550007", "ACME")
        ),
        "date-time": lambda: rng.choice(
            ("2026-01-02T03:04:05Z", "2026-01-02", "Fri, 02 Jan 2026 03:04:05 +0000")
        ),
        "date": lambda: "2026-01-02",
        "http-method": lambda: rng.choice(("GET", "POST", "get")),
    }
    made = by_format.get(param.format or "") or by_type.get(param.type)
    return made() if made else rng.choice((param.name, f"{param.name} {rng.randrange(50)}", "name"))


def _encoded(rng: random.Random, pairs: list[tuple[str, str]]) -> str:
    text = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs)
    return (
        text
        if rng.random() < 0.95
        else text + rng.choice(("&", "&&=", "&%ff=%ff", "&a", "&=b", "&a=%zz", "%00"))
    )


def _json(rng: random.Random, pairs: list[tuple[str, str]]) -> bytes:
    document: Any = {
        name: rng.choice((value, [value], {"x": value}, None, 1, 1.5, True)) for name, value in pairs
    }
    if rng.random() < 0.1:
        document = rng.choice((None, [], "x", 7, {"a": {}}))
        for _ in range(rng.choice((1, 50, 900))):
            document = [document]
    return json.dumps(document).encode()


class Fuzzer:
    """One client after the other's seeds; what went wrong, and how often each status came."""

    def __init__(self, instance: Instance, numbers: range | Sequence[int], ends: float) -> None:
        self.statuses: Counter[int] = Counter()
        self.wrong: list[str] = []
        self._instance = instance
        self._surface = Surface((*load().apis, LAB))
        self._numbers = iter(numbers)
        self._ends = ends

    async def run(self) -> None:
        timeout = aiohttp.ClientTimeout(total=LONGEST_ANSWER_S)
        async with (
            aiohttp.ClientSession(timeout=timeout, auto_decompress=False) as http,
            asyncio.TaskGroup() as group,
        ):
            for _ in range(CLIENTS):
                group.create_task(self._client(http))

    async def _client(self, http: aiohttp.ClientSession) -> None:
        account_sid, authorization, known = "", "", Known()
        for done, number in enumerate(self._numbers):
            if time.monotonic() > self._ends or len(self.wrong) > 20:
                return
            if done % PER_WORLD == 0:
                account_sid, known = sids.new("AC"), Known()
                authorization = "Basic " + b64encode(f"{account_sid}:{sids.new_secret()}".encode()).decode()
            rng = random.Random(f"{SEED}-{number}")
            case = self._surface.case(rng, account_sid, known)
            if rng.random() < 0.98:
                case.headers["Authorization"] = authorization
            await self._ask(http, number, case, known)

    async def _ask(self, http: aiohttp.ClientSession, number: int, case: Case, known: Known) -> None:
        url = URL(self._instance.url + case.target, encoded=True)
        try:
            async with http.request(
                case.method, url, data=case.body or None, headers=case.headers, allow_redirects=False
            ) as answer:
                body = await answer.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            self.wrong.append(f"{SEED}-{number}: {error!r}: {case}")
            return
        self.statuses[answer.status] += 1
        problem = _problem(answer.status, answer.content_type, body)
        if problem:
            self.wrong.append(f"{SEED}-{number}: {answer.status} {problem}: {case} → {body[:500]!r}")
        for value in _ids(body):
            known.learn(case.place, value)


def _problem(status: int, content_type: str, body: bytes) -> str:
    if status >= 500:
        return "is our fault"
    try:
        if content_type.endswith("json") and body:
            answer = json.loads(body)
            if status >= 400 and not {"code", "message", "status"} <= answer.keys():
                return "has no code"
        elif content_type.endswith("xml"):
            ElementTree.fromstring(body)
    except (ValueError, ElementTree.ParseError) as error:
        return f"cannot be read ({error})"
    return ""


def _ids(body: bytes) -> list[str]:
    """The ids that an answer names: what the next requests are about."""
    try:
        answer = json.loads(body)
    except ValueError:
        return []
    found = (
        [answer.get(name) for name in ("sid", "phone_number", "unique_name")]
        if isinstance(answer, dict)
        else []
    )
    return [value for value in found if isinstance(value, str) and value]


async def _dead_jobs(instance: Instance) -> list[Any]:
    place = instance.database
    connection = await asyncpg.connect(**place | {"port": int(place["port"])}, timeout=10)
    try:
        rows = await connection.fetch("select kind, reason from dead_jobs")
    finally:
        await connection.close()
    return [tuple(row) for row in rows]


async def _fuzz() -> None:
    numbers = [int(ONLY)] if ONLY else range(10**9)
    with Instance() as instance:
        fuzzer = Fuzzer(instance, numbers, time.monotonic() + DURATION_S)
        await fuzzer.run()
        dead = await _dead_jobs(instance)
        log = instance.log.read_text("utf-8", "replace")
    asked = fuzzer.statuses.total()
    print(f"seed {SEED}, {asked} requests, {dict(sorted(fuzzer.statuses.items()))}", flush=True)
    assert not fuzzer.wrong, "\n".join(fuzzer.wrong)
    assert "Traceback" not in log, log[log.index("Traceback") - 500 :][:3000]
    assert not dead
    # A run in which hardly anything was let in would prove nothing.
    assert ONLY or fuzzer.statuses[200] + fuzzer.statuses[201] > asked / 10


def test_no_request_is_answered_by_a_bug() -> None:
    asyncio.run(_fuzz())
