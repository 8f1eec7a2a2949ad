"""No call is lost: workers and the database are killed during two hundred live calls, within every kind of verb.

Each call ends as it would have, nothing is said twice, and every callback comes.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg
import pytest
from aiohttp import ClientSession, web

from benchmarks.instance import ACCOUNT_SID, BASIC, Instance

pytestmark = pytest.mark.long

SEED = int(os.environ.get("LOCALLOOP_KILL_SEED") or 20_261_121)
CALLS: Final = 200
ROOMFUL: Final = 24  # numbers, of which every sixth comes into the conference
KILLS: Final = ("worker", "postgres", "worker", "worker")
AGENT: Final = "+15005550110"
FROM: Final = "+15017122661"
BACK_WITHIN_S: Final = 60.0
ENDED_WITHIN_S: Final = 240.0  # a killed worker's leases run out after a minute
# What each kind of call does, and what is heard in it.
DOCUMENTS: Final = {
    "gather": "<Gather timeout='2'><Say>Press one.</Say></Gather><Say>Bye.</Say>",
    "dial": f"<Dial>{AGENT}</Dial><Say>After.</Say>",
    "conference": "<Dial timeLimit='3'><Conference waitUrl='' statusCallback='/room' record='record-from-start'"
    " statusCallbackEvent='start join leave end'>{room}</Conference></Dial><Say>After it.</Say>",
    "enqueue": "<Enqueue waitUrl='/wait'>line</Enqueue><Say>Left.</Say>",
    "record": "<Record timeout='2' action='/kept' finishOnKey=''/>",
    "pay": "<Pay securityCode='false' postalCode='false' action='/paid'>"
    "<Prompt for='payment-card-number'><Say>Card.</Say></Prompt>"
    "<Prompt for='expiration-date'><Say>Date.</Say></Prompt>"
    "<Prompt for='payment-processing'><Say>Paying.</Say></Prompt></Pay>",
}
PAYER: Final = (
    '[{"pause": 2}, {"press": "42424242"}, {"pause": 1}, {"press": "42424242"},'
    ' {"pause": 2}, {"press": "1230"}]'
)
PAID: Final = "<Say>Paid.</Say>"
WAIT: Final = "<Say>Wait.</Say><Pause length='2'/><Leave/>"
KEPT: Final = "<Say>Kept.</Say>"
HEARD: Final = {
    "gather": ["Press one.", "Bye."],
    "dial": ["After."],
    "conference": ["After it."],
    "enqueue": ["Wait.", "Left."],
    "record": ["Kept."],
    "pay": ["Card.", "Date.", "Paying.", "Paid."],
}


class Program:
    """Leads calls, and hears of them."""

    def __init__(self) -> None:
        self.told: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
        self.met: defaultdict[str, set[tuple[int, str]]] = defaultdict(set)  # what is told of each conference
        self.paid: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
        self.url = ""

    async def lead(self, request: web.Request) -> web.Response:
        form = await request.post()
        kind = request.match_info["kind"]
        four = str(int(str(form["To"])[-4:]) // ROOMFUL)
        if kind == "paid":
            self.paid[str(form["CallSid"])].add((str(form["Result"]), str(form.get("PaymentCardNumber"))))
        text = {"wait": WAIT, "kept": KEPT, "paid": PAID, **DOCUMENTS}[kind].replace("{room}", four)
        return web.Response(text=f"<Response>{text}</Response>", content_type="text/xml")

    async def hear(self, request: web.Request) -> web.Response:
        form = await request.post()
        self.told[str(form["CallSid"])].add((str(form["SequenceNumber"]), str(form["CallStatus"])))
        return web.Response(status=204)

    async def meet(self, request: web.Request) -> web.Response:
        form = await request.post()
        event = int(str(form["SequenceNumber"])), str(form["StatusCallbackEvent"])
        self.met[str(form["ConferenceSid"])].add(event)
        return web.Response(status=204)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Program]:
        app = web.Application()
        app.router.add_post("/status", self.hear)
        app.router.add_post("/room", self.meet)
        app.router.add_post("/{kind}", self.lead)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, backlog=512).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()


async def _made(instance: Instance, program: Program) -> dict[str, str]:
    """The kind of each call."""
    made = {}
    async with ClientSession(instance.url, headers={"Authorization": BASIC}) as session:
        await _set_up(session, AGENT, '[{"pause": 2}, {"hang_up": true}]')
        kinds = list(DOCUMENTS)
        for number in range(CALLS):
            kind = kinds[number % len(kinds)]
            if kind == "pay":
                await _set_up(session, f"+1212555{number:04}", PAYER)
            wish = {
                "From": FROM,
                "To": f"+1212555{number:04}",
                "Url": f"{program.url}/{kind}",
                "StatusCallback": f"{program.url}/status",
                "StatusCallbackEvent": "initiated ringing answered completed",
            }
            path = f"/2010-04-01/Accounts/{ACCOUNT_SID}/Calls.json"
            made[await _call(session, path, wish)] = kind
    return made


async def _set_up(session: ClientSession, number: str, script: str) -> None:
    """How somebody takes calls; said again while the database is away."""
    while True:
        async with session.post(f"/lab/v1/Phones/{number}/Voice", data={"Script": script}) as answer:
            if answer.status == 200:
                return
            assert answer.status == 503, await answer.text()
        await asyncio.sleep(0.1)


async def _call(session: ClientSession, path: str, wish: dict[str, str]) -> str:
    """Its SID; asked again while the database is away."""
    while True:
        async with session.post(path, data=wish) as answer:
            if answer.status == 201:
                return str((await answer.json())["sid"])
            assert answer.status == 503, await answer.text()
        await asyncio.sleep(0.1)


async def _ask(instance: Instance, sql: str) -> list[Any]:
    """Patient with a database that is coming back."""
    deadline = time.monotonic() + BACK_WITHIN_S
    while True:
        try:
            place = instance.database
            connection = await asyncpg.connect(**place | {"port": int(place["port"])}, timeout=10)
            try:
                return list(await connection.fetch(sql))
            finally:
                await connection.close()
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.2)


async def _kill_on(instance: Instance) -> None:
    chance = random.Random(SEED)
    for kind in KILLS:
        await asyncio.sleep(chance.uniform(0.5, 2.0))
        os.kill(instance.postmaster() if kind == "postgres" else instance.children()[-1], 9)
        print(f"killed: {kind}", flush=True)


async def _over(instance: Instance) -> None:
    left = (
        "select (select count(*) from live_calls) + (select count(*) from jobs where kind = 'webhook') as n"
    )
    async with asyncio.timeout(ENDED_WITHIN_S):
        while (await _ask(instance, left))[0]["n"]:
            await asyncio.sleep(0.5)


async def test_calls_go_on_elsewhere() -> None:
    program = Program()
    with Instance(call_rate="0") as instance:
        async with program.listening():
            async with asyncio.TaskGroup() as tasks:
                making = tasks.create_task(_made(instance, program))
                tasks.create_task(_kill_on(instance))
            made = making.result()
            await _over(instance)
        ended = await _ask(instance, "select id, status from calls where direction = 'outbound-api'")
        rooms = await _ask(instance, "select id, status from conferences")
        recorded = await _ask(instance, "select conference_id, status, duration from recordings")
        inside = (await _ask(instance, "select count(*) as n from conference_participants"))[0]["n"]
        lines = await _ask(
            instance, "select call_id, body from phone_call_lines where kind = 'heard' order by id"
        )
    heard = defaultdict(list)
    for line in lines:
        heard[f"CA{line['call_id'].hex}"].append(line["body"])
    statuses = {f"CA{row['id'].hex}": row["status"] for row in ended}
    assert {sid: statuses[sid] for sid in made} == dict.fromkeys(made, "completed")
    assert {sid: heard[sid] for sid in made} == {sid: HEARD[kind] for sid, kind in made.items()}
    steps = enumerate(("initiated", "ringing", "in-progress", "completed"))
    wanted = {(str(number), status) for number, status in steps}
    assert {sid: program.told[sid] for sid in made} == dict.fromkeys(made, wanted)
    payers = [sid for sid, kind in made.items() if kind == "pay"]
    assert dict(program.paid) == {sid: {("success", "xxxxxxxxxxxx4242")} for sid in payers}
    assert inside == 0
    assert {row["status"] for row in rooms} == {"completed"}
    for row in rooms:
        _check_room(sorted(program.met[f"CF{row['id'].hex}"]))
    begun = {sid for sid, events in program.met.items() if "conference-start" in {what for _, what in events}}
    of_rooms = [row for row in recorded if row["conference_id"] is not None]
    assert {f"CF{row['conference_id'].hex}" for row in of_rooms} == begun
    assert len(of_rooms) == len(begun)
    assert {row["status"] for row in recorded} <= {"completed", "absent"}


def _check_room(events: list[tuple[int, str]]) -> None:
    """Every event is told under its number, and whoever has come has left."""
    names = [what for _, what in events]
    assert [number for number, _ in events] == list(range(1, len(events) + 1))
    assert names.count("participant-join") == names.count("participant-leave")
    assert names[-1] == "conference-end"
    assert names.count("conference-start") <= 1
