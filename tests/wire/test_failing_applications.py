"""Connection overrides × failures: how often, how long, which error, and that the fallback hears of it.

The rules are Twilio's ("Webhooks connection overrides", and the pages of the errors), applied by hand in `RETRIED`
and `expected`; the sockets are real and the time jumps (tests/support/jumping.py), so it is exact.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from functools import partial

import misbehaving
import pytest
from certificates import Authority
from http_server import Server, answer, running
from jumping import JumpingLoop
from msgspec import Struct
from webhook_keys import TOKEN

from localloop.webhooks import asking, attempts, connector, guard, outbound
from localloop.webhooks.attempts import Attempt
from localloop.webhooks.failure import Failure
from localloop.webhooks.instruction import Document, Instruction, document_of
from localloop.webhooks.outbound import Outbound

pytestmark = pytest.mark.invented_webhooks

ACCOUNT = "AC" + "0" * 32
GOOD = answer("200 OK", misbehaving.PAGE, "Content-Type: text/xml")


class Rules(Struct, frozen=True):
    """What one fragment means, in seconds; the defaults are Twilio's."""

    fragment: str
    ct: float = 5
    rt: float = 15
    tt: float = 15
    rc: int = 1
    rp: frozenset[str] = frozenset({"ct"})


ALL = frozenset({"4xx", "5xx", "ct", "rt"})
FRAGMENTS = [
    Rules(""),
    Rules("#rc=0", rc=0),
    Rules("#rc=2&ct=1000", rc=2, ct=1),
    Rules("#rp=ct,rt&rt=5000", rt=5, rp=frozenset({"ct", "rt"})),
    Rules("#rc=5&rp=all&ct=2000&rt=2000", rc=5, ct=2, rt=2, rp=ALL),
    Rules("#rc=3&rp=4xx", rc=3, rp=frozenset({"4xx"})),
    Rules("#rc=3&rp=5xx&tt=8000", rc=3, tt=8, rp=frozenset({"5xx"})),
    Rules("#rc=5&rp=rt&rt=100&tt=250", rc=5, rt=0.1, tt=0.25, rp=frozenset({"rt"})),
    Rules("#tt=3000&ct=10000&rt=10000&rp=all&rc=5", ct=10, rt=10, tt=3, rc=5, rp=ALL),
    # Beyond the documented ranges, and what is none.
    Rules("#ct=99999&rt=1&tt=99999&rc=99&rp=all", ct=10, rt=0.1, rc=5, rp=ALL),
    Rules("#ct=soon&rc=-1&rt=&tt=1e3&sni=maybe&x=y"),
]
# What of a retry policy (`rp`) asks for another attempt; None: partial and complete answers are never asked for again.
RETRIED = {
    "refused": "ct",
    "slow connect": "ct",
    "silent": "rt",
    "slow first byte": "rt",
    "slow body": None,
    "stuck body": None,
    "half-closed": "rt",
    "404": "4xx",
    "503": "5xx",
    "no TLS": "ct",
    "TLS unasked": "rt",
    "expired": "ct",
    "redirect loop": None,
    "3 MB": None,
}
CODES = {
    "refused": 11202,
    "slow connect": 11201,
    "silent": 11205,
    "slow first byte": 11205,
    "slow body": 11205,
    "stuck body": 11205,
    "half-closed": 11206,
    "404": 11200,
    "503": 11200,
    "no TLS": 11220,
    "TLS unasked": 11206,
    "expired": 11236,
    "redirect loop": 11215,
    "3 MB": 11750,
}


class Expected(Struct, frozen=True):
    attempts: int
    seconds: float
    code: int | None  # None: it is answered in time


def expected(way: str, rules: Rules) -> Expected:
    """The documentation, applied."""
    takes = {
        "slow connect": rules.ct,
        "silent": rules.rt,
        "slow first byte": min(rules.rt, 12),
        # A byte every 900 ms: the read timeout is between packets, so only a shorter one ends it.
        "slow body": rules.rt if rules.rt < 0.9 else 99,
        "stuck body": rules.rt,
    }.get(way, 0)
    allowed = 1 + rules.rc if RETRIED[way] in rules.rp else 1
    out_of_time = 11203 if "tt=" in rules.fragment and "tt=1e3" not in rules.fragment else 11205
    spent = 0.0
    for attempt in range(1, allowed + 1):
        if spent + takes >= rules.tt:
            return Expected(attempt, rules.tt, out_of_time)
        spent += takes
    answered = way == "slow first byte" and takes == 12
    return Expected(
        1 if answered else allowed, spent if not answered else 12, None if answered else CODES[way]
    )


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def ways(authority: Authority) -> misbehaving.Ways:
    host = "127.0.0.1"
    return misbehaving.ways(authority.server_context(host), authority.server_context(host, expired=True))


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, object]]:
    return "asyncio", {"loop_factory": JumpingLoop}


@pytest.fixture
async def client(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Outbound]:
    """Its stop-watch is the loop's time."""
    for module in (attempts, outbound, connector):
        monkeypatch.setattr(module, "perf_counter", asyncio.get_running_loop().time)
    opened = Outbound(guard.UP, ca_file=str(authority.ca_file))
    yield opened
    await opened.close()


class Outcome(Struct):
    """What came of one cell of the matrix."""

    answer: object
    primary: Sequence[Attempt]
    seconds: float  # until the first URL was given up
    seen: list[str]  # the tokens that the failing server saw
    fallback: Server


async def instruct(client: Outbound, way: misbehaving.Ways, name: str, rules: Rules) -> Outcome:
    records: list[list[Attempt]] = []
    times: list[float] = []
    time = asyncio.get_running_loop().time

    async def fetch_and_note(asked: Instruction) -> Document | Failure:
        records.append(await asking.attempted(client, asked, TOKEN, ""))
        times.append(time())
        return document_of(records[-1])

    async with way[name]() as failing, running(Server(GOOD)) as fallback:
        instruction = Instruction(
            failing.address(f"/sms?a=1{rules.fragment}"),
            ACCOUNT,
            {"Body": "x"},
            fallback_url=f"{fallback.url}/fallback",
        )
        began = time()
        answered = await asking.answered(fetch_and_note, instruction)
        seen = [each.headers["i-twilio-idempotency-token"] for each in failing.requests]
    return Outcome(answered, records[0], times[0] - began, seen, fallback)


async def fetch(client: Outbound, instruction: Instruction) -> Document | Failure:
    return document_of(await asking.attempted(client, instruction, TOKEN, ""))


@pytest.mark.parametrize("name", RETRIED)
async def test_every_fragment_at_an_application_that_fails(
    client: Outbound, ways: misbehaving.Ways, name: str
) -> None:
    async with asyncio.TaskGroup() as cells:
        running_cells = [cells.create_task(instruct(client, ways, name, rules)) for rules in FRAGMENTS]
    for rules, cell in zip(FRAGMENTS, running_cells, strict=True):
        check(name, rules, cell.result())


def check(name: str, rules: Rules, outcome: Outcome) -> None:
    wanted = expected(name, rules)
    assert (len(outcome.primary), outcome.seconds) == (wanted.attempts, pytest.approx(wanted.seconds)), rules
    assert isinstance(outcome.answer, Document), rules
    assert len(set(outcome.seen)) <= 1  # each attempt has the same token
    if wanted.code is None:
        assert outcome.answer.fallback_for is None
        assert outcome.fallback.requests == []
        return
    assert outcome.answer.fallback_for is not None
    assert outcome.answer.fallback_for.code == wanted.code, rules
    [told] = outcome.fallback.requests
    address = outcome.primary[0].url
    assert "#" not in address
    assert (told.form["ErrorCode"], told.form["ErrorUrl"]) == (str(wanted.code), address)
    assert told.headers["i-twilio-idempotency-token"] not in outcome.seen


async def test_twilios_default_is_two_connections_of_five_seconds(
    client: Outbound, ways: misbehaving.Ways
) -> None:
    """ "Twilio will try for 10 seconds to establish a TCP connection to your URL (two 5-second attempts)" (11205)."""
    outcome = await instruct(client, ways, "slow connect", Rules(""))
    assert [each.duration_ms for each in outcome.primary] == [5_000, 5_000]
    assert {each.failure.code for each in outcome.primary if each.failure} == {11201}


async def test_fallbacks_have_overrides_and_time_of_their_own(
    client: Outbound, ways: misbehaving.Ways
) -> None:
    time = asyncio.get_running_loop().time
    async with ways["silent"]() as first, ways["silent"]() as second:
        instruction = Instruction(
            first.address("/a#tt=2000"), ACCOUNT, fallback_url=second.address("/b#rc=2&rp=rt&rt=1000")
        )
        began = time()
        answered = await asking.answered(partial(fetch, client), instruction)
    assert (time() - began, len(first.requests), len(second.requests)) == (pytest.approx(5), 1, 3)
    assert getattr(answered, "code", None) == 11205
    assert second.requests[0].form == {"ErrorCode": "11203", "ErrorUrl": first.address("/a")}


async def test_redirects_share_the_time_of_their_attempt(client: Outbound, ways: misbehaving.Ways) -> None:
    time = asyncio.get_running_loop().time
    async with ways["silent"]() as silent:
        moved = answer("307 Moved", b"", f"Location: {silent.address('/b')}")
        async with running(Server(respond=misbehaving.after(4, moved))) as first:
            began = time()
            instruction = Instruction(f"{first.url}/a#tt=6000&rc=5&rp=all", ACCOUNT)
            answered = await asking.answered(partial(fetch, client), instruction)
    assert (time() - began, len(silent.requests)) == (pytest.approx(6), 1)
    assert getattr(answered, "code", None) == 11203
