"""Conferences on a real database: what REST shows and changes of them, and what leaves with that."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from asking import Asker
from msgspec.structs import replace

from localloop.core import clock, sids
from localloop.products.voice.conference import queries, resource
from localloop.products.voice.conference.callbacks import Subscription
from localloop.products.voice.conference.desk import Desk, Host
from localloop.products.voice.conference.room import Entry, Room, Tell
from localloop.products.voice.recording.desk import Recorder
from localloop.rest.request import Caller, PageRequest
from localloop.store import Database
from tests.api.voice.conftest import NewAccount, Noted, refusal

TO, FROM = "+14155550100", "+15017122661"


@pytest.fixture
def ask(database: Database, calls: Noted) -> Asker:
    return Asker(resource.bindings(database, calls, recorder(database)))


def recorder(database: Database) -> Recorder:
    return Recorder(database, "https://loop.example.com")


def host(caller: Caller, name: str = "Room 1") -> Host:
    return Host(
        account_sid=caller.account_sid,
        world_sid=caller.world_sid,
        name=name,
        at=clock.now(caller.world_sid),
    )


async def enter(database: Database, caller: Caller, name: str = "Room 1", **changes: Any) -> Room:
    async with database.unit() as unit:
        entry = Entry(call_sid=sids.new("CA"), **changes)
        entered = await Desk(recorder(database)).enter(unit, host(caller, name), entry)
        return await queries.whole(unit, entered.room)


async def shown(ask: Asker, caller: Caller, room: Room) -> dict[str, Any]:
    return await ask.item("api.v2010.FetchConference", caller, Sid=room.sid)


async def participants(ask: Asker, caller: Caller, room: Room, **filters: Any) -> list[str]:
    found = await ask.items("api.v2010.ListParticipant", caller, filters, ConferenceSid=room.sid)
    return [each["call_sid"] for each in found.items]


async def test_one_room_of_a_name_until_it_is_over(database: Database, caller: Caller, ask: Asker) -> None:
    rooms = await asyncio.gather(*(enter(database, caller) for _ in range(6)))
    assert len({room.id for room in rooms}) == 1
    assert (await shown(ask, caller, rooms[0]))["status"] == "in-progress"
    assert len(await participants(ask, caller, rooms[0])) == 6
    ended = await ask.item("api.v2010.UpdateConference", caller, {"Status": "completed"}, Sid=rooms[0].sid)
    assert (ended["status"], ended["reason_conference_ended"]) == ("completed", "conference-ended-via-api")
    assert await participants(ask, caller, rooms[0]) == []
    again = await enter(database, caller)
    assert again.id != rooms[0].id
    assert (await shown(ask, caller, again))["status"] == "init"


async def test_callbacks_leave_with_the_change(database: Database, caller: Caller, ask: Asker) -> None:
    wanted = Subscription("https://example.com/events", "POST", ("start", "join", "end"))
    await enter(database, caller, subscription=wanted)
    room = await enter(database, caller)
    await ask.item("api.v2010.UpdateConference", caller, {"Status": "completed"}, Sid=room.sid)
    rows = await database.fetch("select key from jobs where account_sid = $1", caller.account_sid)
    assert [row["key"] for row in rows] == [f"webhook:{room.sid}"] * 4  # join, start, join, end


async def test_lists_and_filters(
    database: Database, caller: Caller, ask: Asker, new_account: NewAccount
) -> None:
    rooms = [await enter(database, caller, name) for name in ("a", "b", "c")]
    await enter(database, caller, "b")
    await ask.item("api.v2010.UpdateConference", caller, {"Status": "completed"}, Sid=rooms[2].sid)

    async def listed(page: PageRequest | None = None, **params: Any) -> list[str]:
        found = await ask.items("api.v2010.ListConference", caller, params, page=page)
        return [each["friendly_name"] for each in found.items]

    assert await listed() == ["c", "b", "a"]
    assert await listed(Status="init") == ["a"]
    assert await listed(Status="completed") == ["c"]
    assert await listed(FriendlyName="b") == ["b"]
    today = clock.now().date()
    assert await listed(DateCreated=today) == ["c", "b", "a"]
    assert await listed(**{"DateCreated>": today + timedelta(days=1)}) == []
    assert await listed(PageRequest(size=1, after=rooms[2].sid)) == ["b"]
    assert await listed(PageRequest(size=1, before=rooms[0].sid)) == ["b"]
    stranger = await new_account()
    assert await refusal(ask("api.v2010.FetchConference", stranger, Sid=rooms[0].sid)) == (404, 20404)


async def test_a_participant_is_changed_and_its_call_told(
    database: Database, caller: Caller, ask: Asker, calls: Noted
) -> None:
    first = (await enter(database, caller, label="host")).participants[0].call_sid
    room = await enter(database, caller)
    second = room.participants[1].call_sid

    async def change(one: str, **params: Any) -> dict[str, Any]:
        return await ask.item(
            "api.v2010.UpdateParticipant", caller, params, ConferenceSid=room.sid, CallSid=one
        )

    held = await change("host", Hold=True, HoldUrl="https://example.com/hold", Muted=True)
    assert (held["call_sid"], held["hold"], held["muted"]) == (first, True, True)
    await change(second, AnnounceUrl="https://example.com/a", AnnounceMethod="GET")
    assert calls.told == [
        Tell(call_sid=first, what="hold", url="https://example.com/hold", method="GET"),
        Tell(call_sid=second, what="announce", url="https://example.com/a", method="GET"),
    ]
    assert await participants(ask, caller, room, Muted=True) == [first]
    assert await participants(ask, caller, room, Hold=False) == [second]
    assert await refusal(change(second, Coaching=True, CallSidToCoach=first)) == (400, 16027)
    assert await refusal(change(second, Coaching=True, CallSidToCoach=sids.new("CA"))) == (400, 16028)
    assert await refusal(change(second, Coaching=True)) == (400, 20001)
    assert await refusal(change(sids.new("CA"), Muted=True)) == (404, 20404)


async def test_nobody_to_announce_to(database: Database, caller: Caller, ask: Asker) -> None:
    room = await enter(database, caller)
    sent = {"AnnounceUrl": "https://example.com/a"}
    alone = ask("api.v2010.UpdateConference", caller, sent, Sid=room.sid)
    assert await refusal(alone) == (400, 16001)
    wrong = ask("api.v2010.UpdateConference", caller, {"AnnounceUrl": "nowhere"}, Sid=room.sid)
    assert await refusal(wrong) == (400, 20001)


async def test_who_is_kicked_leaves_alone(
    database: Database, caller: Caller, ask: Asker, calls: Noted
) -> None:
    await enter(database, caller, label="host", end_on_exit=True)
    room = await enter(database, caller)
    gone, host_sid = room.participants[1].call_sid, room.participants[0].call_sid
    await ask("api.v2010.DeleteParticipant", caller, ConferenceSid=room.sid, CallSid=gone)
    assert await participants(ask, caller, room) == [host_sid]
    await ask("api.v2010.DeleteParticipant", caller, ConferenceSid=room.sid, CallSid="host")
    assert [(each.call_sid, each.what) for each in calls.told] == [(gone, "left"), (host_sid, "left")]
    ended = await shown(ask, caller, room)
    assert ended["call_sid_ending_conference"] == host_sid
    assert ended["reason_conference_ended"] == "participant-with-end-conference-on-exit-kicked"


async def test_somebody_is_called_into_it(
    database: Database, caller: Caller, ask: Asker, calls: Noted
) -> None:
    sent = {
        "To": TO,
        "From": FROM,
        "Label": "guest",
        "EndConferenceOnExit": True,
        "Beep": "onEnter",
        "WaitUrl": "https://example.com/wait?a=1&b=2",
        "Timeout": 20,
        "ConferenceStatusCallback": "https://example.com/events",
        "ConferenceStatusCallbackEvent": ["start end", "join"],
    }
    made = await ask.item("api.v2010.CreateParticipant", caller, sent, ConferenceSid="Sales & co")
    assert (made["status"], made["label"], made["end_conference_on_exit"]) == ("queued", "guest", True)
    assert made["queue_time"] == "1500"
    [call] = calls.made
    assert {name: call[name] for name in ("To", "From", "Timeout")} == {"To": TO, "From": FROM, "Timeout": 20}
    assert call["Twiml"] == (
        '<Response><Dial><Conference startConferenceOnEnter="true" endConferenceOnExit="true" beep="onEnter"'
        ' muted="false" maxParticipants="250" participantLabel="guest"'
        ' waitUrl="https://example.com/wait?a=1&amp;b=2">Sales &amp; co</Conference></Dial></Response>'
    )
    conference = await ask.item("api.v2010.FetchConference", caller, Sid=made["conference_sid"])
    assert (conference["friendly_name"], conference["status"]) == ("Sales & co", "init")

    async def status() -> str:
        found = await ask.item(
            "api.v2010.FetchParticipant", caller, ConferenceSid=made["conference_sid"], CallSid="guest"
        )
        return str(found["status"])

    seen = []
    for call_status in ("initiated", "ringing", "busy"):
        calls.known[made["call_sid"]] = call_status
        seen.append(await status())
    assert seen == ["connecting", "ringing", "failed"]

    async with database.unit() as unit:
        entry = Entry(call_sid=made["call_sid"], label="guest")
        room = (await Desk(recorder(database)).enter(unit, host(caller, "Sales & co"), entry)).room
    assert room.subscription == Subscription("https://example.com/events", "POST", ("start", "end", "join"))
    assert await status() == "connected"


@pytest.mark.parametrize(
    ("params", "refused"),
    [
        ({"Label": "host"}, (400, 16026)),
        ({"Label": "a/b"}, (400, 16024)),
        ({"MaxParticipants": 2}, (400, 16020)),
        ({"MaxParticipants": 251}, (400, 20001)),
        ({"Beep": "loud"}, (400, 20001)),
        ({"JitterBufferSize": "huge"}, (400, 20001)),
        ({"ConferenceRecord": "maybe"}, (400, 20001)),
        ({"ConferenceTrim": "a little"}, (400, 20001)),
        ({"WaitUrl": "nowhere"}, (400, 20001)),
        ({"Coaching": True, "CallSidToCoach": sids.new("CA")}, (400, 16028)),
        ({"ConferenceStatusCallback": "nowhere"}, (400, 20001)),
    ],
)
async def test_who_cannot_be_called_into_it(
    database: Database, caller: Caller, ask: Asker, params: dict[str, Any], refused: tuple[int, int]
) -> None:
    await enter(database, caller, label="host")
    room = await enter(database, caller)
    sent = {"To": TO, "From": FROM, **params}
    assert await refusal(ask("api.v2010.CreateParticipant", caller, sent, ConferenceSid=room.sid)) == refused


async def test_nobody_is_called_into_one_that_is_over(database: Database, caller: Caller, ask: Asker) -> None:
    room = await enter(database, caller)
    await ask.item("api.v2010.UpdateConference", caller, {"Status": "completed"}, Sid=room.sid)
    called = ask("api.v2010.CreateParticipant", caller, {"To": TO, "From": FROM}, ConferenceSid=room.sid)
    assert await refusal(called) == (404, 20404)


async def test_a_fork_of_a_world_has_rooms_of_its_own(
    database: Database, caller: Caller, new_account: NewAccount, ask: Asker
) -> None:
    """The row says whose it is, whatever the room inside remembers."""
    room, other = await enter(database, caller), await new_account()
    await database.execute(
        "insert into conferences select $1, id, $1, friendly_name, status, state, date_created, date_updated"
        " from conferences where account_sid = $2",
        other.account_sid,
        caller.account_sid,
    )
    assert (await shown(ask, other, replace(room)))["account_sid"] == other.account_sid
