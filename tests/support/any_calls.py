"""Calls by chance: any documents, any phones, anything that people and programs do to them; and what holds of all."""

from __future__ import annotations

import itertools
import random
from datetime import timedelta
from typing import Final
from uuid import UUID

from msgspec import Struct

from localloop.products.voice.call import lifecycle
from localloop.products.voice.call.events import (
    AnyEvent,
    Brought,
    HungUp,
    NotBrought,
    Ordered,
    Pressed,
    Said,
)
from localloop.products.voice.call.live import Asked
from localloop.products.voice.call.resource import Call, Detection, Options, Progress, Recorded, Webhook
from localloop.telephony.simulated import Persona
from localloop.telephony.simulated.persona import Step, Takes
from localloop.webhooks import Jar
from tests.support.house_of_calls import START, House

APP: Final = "https://app.example.com"
CALLER, AGENTS = "+15017770000", ("+12125550101", "+12125550102", "+12125550103", "+12125550104")
OWN: Final = ("+15005550110", "+15005550111")
_ENDS: Final = (
    "<Leave/>",
    "<Hangup/>",
    "<Reject/>",
    "<Reject reason='busy'/>",
    "<Refer><Sip>sip:a@b</Sip></Refer>",
    "<Nonsense/>",
    "<Gather actionOnEmptyResult='x'/>",
    "<Redirect/>",
)
_DIALS: Final = (
    f"<Dial>{AGENTS[0]}</Dial>",
    f"<Dial timeLimit='4'>{AGENTS[1]}</Dial>",
    "<Dial action='/d' hangupOnStar='true' record='record-from-ringing'>"
    f"<Number>{AGENTS[0]}</Number><Client>b</Client></Dial>",
    "<Dial sequential='true' answerOnBridge='true' timeout='6'>"
    f"<Number url='/s' statusCallback='{APP}/status' statusCallbackEvent='initiated ringing answered completed'>"
    f"{AGENTS[0]}</Number><Number>{AGENTS[2]}</Number></Dial>",
    f"<Dial answerOnBridge='true' action='/d' record='record-from-answer-dual'>"
    f"<Number sendDigits='1w1' url='/s'>{AGENTS[1]}</Number>"
    f"<Number machineDetection='Enable' amdStatusCallback='/amd'>{AGENTS[3]}</Number></Dial>",
    f"<Dial>{OWN[0]}</Dial>",
    f"<Dial action='/d' timeout='5'><Number url='/s'>{OWN[0]}</Number><Number>{OWN[1]}</Number></Dial>",
    "<Dial><Sip>sip:a@b.example</Sip></Dial>",
    "<Dial/>",
    "<Dial action='/d'><Sim>DE123</Sim></Dial>",
)
_OTHERS: Final = (
    "<Say>Hello there.</Say>",
    "<Say loop='0'>Please hold.</Say>",
    "<Play>a.mp3</Play>",
    "<Play digits='1w2'/>",
    "<Pause length='3'/>",
    "<Pause length='90000'/>",
    "<Gather numDigits='1' action='/g'><Say>Press one</Say></Gather>",
    "<Gather input='dtmf speech' actionOnEmptyResult='true' partialResultCallback='/p' timeout='2'/>",
    "<Gather input='speech' speechTimeout='auto' finishOnKey=''><Say>Speak</Say></Gather>",
    "<Gather timeout='auto' input='speech' bargeIn='false'><Say>Speak</Say></Gather>",
    "<Record/>",
    "<Record playBeep='false' action='/r' timeout='2' maxLength='5' recordingStatusCallback='/rs'/>",
    "<Record finishOnKey='#' action='/r' timeout='0' maxLength='20'/>",
    "<Redirect>/r</Redirect>",
    "<Pay statusCallback='/p'/>",
    "<Pay action='/pay' maxAttempts='1' timeout='1'/>",
    "<Start><Recording/></Start>",
    "<Echo/>",
)


class Played(Struct, frozen=True):
    """A house after everything that happened in it; of the calls that somebody led elsewhere, or whose limit was
    changed, less can be said."""

    house: House
    led: set[UUID]
    shortened: set[UUID]


def play(seed: int) -> Played:
    chance = random.Random(seed)
    house = House(_Application(chance).answer, chance if chance.random() < 0.5 else None)
    for number in (*AGENTS, "sip:a@b.example", "client:b", CALLER):
        house.personas[number] = _persona(chance)
    house.applications = {number: _options(chance, is_made=False) for number in OWN}
    if chance.random() < 0.5:
        house.call(chance.choice([CALLER, OWN[0]]), _options(chance, is_made=True))
    else:
        house.arrive(OWN[0], CALLER, _persona(chance))
    played = Played(house, set(), set())
    for seconds in sorted(chance.choice(_MOMENTS) for _ in range(chance.randint(0, 12))):
        house.run(START + timedelta(seconds=seconds))
        if house.living:
            _surprise(played, chance.choice(house.living), chance)
    house.run()
    return played


_MOMENTS: Final = (0, 0.5, 1, 1, 1.2, 2, 2, 3.3, 6, 6.1, 7, 10, 15, 30, 50, 120)


def _surprise(played: Played, call_id: UUID, chance: random.Random) -> None:
    limited = Options(time_limit=5, progress=Progress(url=f"{APP}/status", events=lifecycle.MILESTONES))
    events: list[AnyEvent] = [
        Pressed(chance.choice("1*#5")),
        Said("hello you"),
        HungUp(),
        Ordered(end="completed"),
        Ordered(end="canceled"),
        Ordered(url=f"{APP}/other"),
        Ordered(twiml=_document(chance)),
        Ordered(options=limited),
    ]
    event = chance.choice(events)
    if played.house.take(call_id, event) and isinstance(event, Ordered):
        if event.options is not None:
            played.shortened.add(call_id)
        if event.url or event.twiml:
            played.led.add(call_id)


class _Application:
    """Answers with any document, or badly; after a while it has nothing more to say."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._asked = 0

    def answer(self, asked: Asked) -> tuple[Brought | NotBrought, float]:
        self._asked += 1
        chance = self._chance
        seconds = chance.choice([0, 0, 0.1, 1.5, 14])
        if chance.random() < 0.07:
            return NotBrought(asked.n, chance.choice([11200, 11205]), "it does not answer"), seconds
        if self._asked > 40:
            body = "<Response/>"
        elif chance.random() < 0.05:
            body = chance.choice(["", "{}", "<Response><Say>", "<html/>"])
        else:
            body = _document(chance)
        return Brought(asked.n, asked.url, "text/xml", body.encode(), Jar()), seconds


def _document(chance: random.Random) -> str:
    some = chance.choice([_ENDS + _DIALS + _OTHERS, _OTHERS, _DIALS, _DIALS + _OTHERS])
    return f"<Response>{''.join(chance.choices(some, k=chance.randint(0, 4)))}</Response>"


def _options(chance: random.Random, *, is_made: bool) -> Options:
    detections = [None, None, Detection(), Detection(mode="DetectMessageEnd"), Detection(is_async=True)]
    detection = chance.choice(detections) if is_made else None
    return Options(
        webhook=Webhook(url=f"{APP}/voice", fallback_url=chance.choice(["", f"{APP}/fallback"])),
        progress=Progress(url=f"{APP}/status", events=lifecycle.MILESTONES),
        timeout=chance.choice([3, 20]),
        time_limit=chance.choice([14400, 14400, 7, 60]),
        detection=detection,
        send_digits=chance.choice(["", "1w"]) if is_made and detection is None else "",
        recorded=chance.choice([None, Recorded()]),
    )


_TAKES: Final[tuple[Takes, ...]] = (
    *(("answers",) * 6),
    "busy",
    "never",
    "rejects",
    "unreachable",
    "voicemail",
    "fax",
)


def _persona(chance: random.Random) -> Persona:
    steps = [
        chance.choice(
            [
                Step(wait="press"),
                Step(say="Yes please."),
                Step(press=chance.choice(["1", "12#", "*", "1w2"])),
                Step(pause=chance.choice([0, 1, 5.5, 20])),
                Step(hang_up=True),
            ]
        )
        for _ in range(chance.randint(0, 4))
    ]
    return Persona(
        takes=chance.choice(_TAKES),
        after=chance.choice([0, 1, 1, 2, 5]),
        greeting=chance.choice(["", "Hi."]),
        script=tuple(steps),
    )


# What holds of all calls -----------------------------------------------------------------------------------


def check(played: Played) -> None:
    """Nothing is left; each call has ended once and in time, with those that it dialled, and has told so in order."""
    house = played.house
    assert not house.left
    for call in house.calls.values():
        assert call.has_ended
        since = call.answer_time or call.start_time
        if since is not None and call.end_time is not None and call.id not in played.shortened:
            longest = call.options.time_limit if call.answer_time else max(call.options.time_limit, 20)
            assert call.end_time - since <= timedelta(seconds=longest)
        if call.parent_id is not None and call.id not in played.led:
            _ends_with(call, house.calls[call.parent_id])
        if call.options.progress.url:
            _told_in_order(call, [t for t in house.told[f"{APP}/status"] if t["CallSid"] == call.sid])


def _ends_with(child: Call, parent: Call) -> None:
    assert child.end_time is not None
    assert parent.end_time is not None
    assert child.end_time - parent.end_time <= 2 * House.LAG


def _told_in_order(call: Call, told: list[dict[str, str]]) -> None:
    statuses = [each["CallStatus"] for each in told]
    assert [each["SequenceNumber"] for each in told] == [str(number) for number in range(len(told))]
    if not told:
        assert call.status == "canceled"  # while it was queued, of which nobody hears
        return
    assert statuses[-1] == call.status
    assert sum(lifecycle.has_ended(each) for each in statuses) == 1  # type: ignore[arg-type]
    for before, after in itertools.pairwise(statuses):
        assert lifecycle.may_follow(before, after)  # type: ignore[arg-type]
