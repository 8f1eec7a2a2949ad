"""Calls by chance through real workers: queues and conferences with the rest, people and programs that interfere; in
the end nothing is left, and each call has told how it went, once and in order."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import timedelta
from typing import Any

import pytest

from tests.api.calls.conftest import Loop

MEETINGS = (
    "<Enqueue waitUrl='/wait' action='/q'>line</Enqueue>",
    "<Enqueue maxQueueSize='2'>line</Enqueue>",
    "<Dial timeout='6' action='/d'><Queue url='/whisper'>line</Queue></Dial>",
    "<Dial timeout='6'><Queue>line</Queue></Dial>",
    "<Dial timeLimit='9'><Conference waitUrl='/wait' statusCallback='/room' statusCallbackEvent='start end join leave'>"
    "room</Conference></Dial>",
    "<Dial hangupOnStar='true'><Conference endConferenceOnExit='true' startConferenceOnEnter='false'>room</Conference>"
    "</Dial>",
    "<Dial><Conference waitUrl='' maxParticipants='2'>room</Conference></Dial>",
)
OTHERS = (
    "<Say>Hello there.</Say>",
    "<Gather numDigits='1' action='/g' timeout='2'><Say>Press one</Say></Gather>",
    "<Record timeout='2' maxLength='5' action='/r'/>",
    "<Dial timeout='5' action='/d'><Number url='/whisper'>+12125550101</Number><Number>+12125550102</Number></Dial>",
    "<Dial timeout='5'>+15005550110</Dial>",
    "<Pause length='3'/>",
    "<Redirect>/again</Redirect>",
)
WAITS = (
    "<Say>Please hold the line.</Say>",
    "<Say>Please hold.</Say><Leave/>",
    "<Gather numDigits='1' action='/wait' timeout='2'/>",
    "<Hangup/>",
    "<Dial>+12125550101</Dial>",
)
ACTS: tuple[dict[str, str], ...] = (
    {"Status": "completed"},
    {"Status": "canceled"},
    {"Twiml": f"<Response>{MEETINGS[0]}</Response>"},
    {"Twiml": f"<Response>{MEETINGS[4]}</Response>"},
    {"Twiml": "<Response><Pause length='2'/></Response>"},
)
DEEDS = ({"Press": "1*"}, {"Say": "Hello you."}, {"Status": "completed"})
LEFT = {
    "jobs": "kind like 'call.%'",
    "queue_members": "true",
    "queue_takers": "true",
    "conference_participants": "true",
    "conferences": "status <> 'completed'",
    "recordings": "status in ('in-progress', 'paused')",
    "calls": "end_time is null",
}
ENDS = ("completed", "busy", "failed", "no-answer", "canceled")
MOST = 60  # documents of a path
PHONES = [f"+1212555{number:04}" for number in range(101, 107)]


class Scenes(dict[str, str | bytes]):
    """Another document each time that a path is asked for, and after a while the end."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._seed = seed
        self._times: defaultdict[str, int] = defaultdict(int)

    def get(self, path: str, default: Any = None) -> Any:
        self._times[path] += 1
        times = self._times[path]
        if path in ("/status", "/room"):
            return "<Response/>"
        if times > MOST:
            return "<Response><Hangup/></Response>"
        chance = random.Random(f"{self._seed} {path} {times}")
        some = WAITS if path in ("/wait", "/whisper") else MEETINGS + OTHERS
        return f"<Response>{''.join(chance.choices(some, k=chance.randint(1, 3)))}</Response>"


async def _many(loop: Loop, seed: int, calls: int, steps: int) -> None:
    chance = random.Random(seed)
    loop.app.documents = Scenes(seed)
    own = {
        "PhoneNumber": "+15005550110",
        "VoiceUrl": f"{loop.app.url}/own",
        "StatusCallback": f"{loop.app.url}/status",
    }
    account = f"/2010-04-01/Accounts/{loop.ask.account_sid}"
    assert (await loop.ask("POST", f"{account}/IncomingPhoneNumbers.json", own)).status == 201
    for phone in PHONES:
        await loop.persona(phone, **_persona(chance))
    made = [
        await loop.call(
            To=chance.choice([*PHONES, "+15005550110"]),
            Timeout=8,
            TimeLimit=chance.choice([20, 60]),
            StatusCallback=f"{loop.app.url}/status",
            StatusCallbackEvent=["initiated", "ringing", "answered", "completed"],
        )
        for _ in range(calls)
    ]
    for _ in range(steps):
        await loop.go_on(timedelta(seconds=chance.choice([1, 1, 2, 4])))
        await _interfere(loop, chance, chance.choice(made))
    for call in made:
        await loop.update(call["sid"], TimeLimit="60")
    for _ in range(10):  # a slow machine moves on before all has been done
        await loop.go_on(timedelta(hours=5))
        if not await loop.database.fetchval("select count(*) from live_calls"):
            break


def _persona(chance: random.Random) -> dict[str, Any]:
    steps = [
        {"press": "1"},
        {"say": "Yes please."},
        {"pause": 3},
        {"pause": 12},
        {"hang_up": True},
        {"press": "*"},
    ]
    return {
        "takes": chance.choice(["answers", "answers", "answers", "busy", "never", "voicemail"]),
        "after": chance.choice([0, 1, 3]),
        "script": [chance.choice(steps) for _ in range(chance.randint(0, 4))],
    }


async def _interfere(loop: Loop, chance: random.Random, call: dict[str, Any]) -> None:
    """Whatever comes of it: a call may refuse."""
    if chance.random() < 0.5:
        reply = await loop.update(call["sid"], **chance.choice(ACTS))
    else:
        deed = chance.choice(DEEDS)
        reply = await loop.ask("POST", f"/lab/v1/Phones/{call['to']}/Calls/{call['sid']}", deed)
    assert reply.status in (200, 400, 404), reply.body


async def _nothing_is_left(loop: Loop) -> None:
    await loop.until("not exists (select from live_calls)")
    await loop.quiet()
    for table, which in LEFT.items():
        assert await loop.database.fetch(f"select * from {table} where {which}") == []


def _each_told_in_order(loop: Loop) -> None:
    told: defaultdict[str, list[dict[str, str]]] = defaultdict(list)
    for params in loop.app.told("/status"):
        told[params["CallSid"]].append(params)
    for each in told.values():
        numbers = sorted(int(params["SequenceNumber"]) for params in each)
        assert numbers == list(range(len(each)))
        ends = [params for params in each if params["CallStatus"] in ENDS]
        assert [params["SequenceNumber"] for params in ends] == [str(len(each) - 1)]


async def test_a_few_calls(loop: Loop) -> None:
    await _many(loop, seed=7, calls=4, steps=2)
    await _nothing_is_left(loop)
    _each_told_in_order(loop)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(6))
async def test_many_calls(loop: Loop, seed: int) -> None:
    await _many(loop, seed=seed, calls=25, steps=25)
    await _nothing_is_left(loop)
    _each_told_in_order(loop)
