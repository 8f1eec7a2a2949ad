"""Recordings on a real database: controlled over REST, made ready by a job, heard and deleted."""

from __future__ import annotations

import asyncio
import io
import wave
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from asking import Asker
from schemas import faults
from serving import served
from waiting import until

from localloop.core import clock, sids
from localloop.core.clock import WorldTime
from localloop.jobs import Done, Job, Worker
from localloop.products.voice.call.live import Live
from localloop.products.voice.call.queries import insert as insert_calls
from localloop.products.voice.call.resource import Call
from localloop.products.voice.conference.desk import Desk, Host
from localloop.products.voice.conference.room import Entry
from localloop.products.voice.recording import take, transcription
from localloop.products.voice.recording.desk import Recorder
from localloop.products.voice.recording.resource import Recordings, binding
from localloop.products.voice.recording.take import Of, Recording, Wish
from localloop.products.voice.recording.transcription import Transcriber
from localloop.rest.request import Caller, Raw, Stream
from localloop.store import Database
from localloop.webhooks import FORGET, KIND, Notification
from tests.api.voice.conftest import NewAccount, Noted, refusal

CALLBACK = "https://example.com/recordings"


@pytest.fixture
def recorder(database: Database) -> Recorder:
    return Recorder(database, "https://loop.example.com")


@pytest.fixture
def ask(recorder: Recorder, calls: Noted) -> Asker:
    return Asker((binding(Recordings(recorder, calls)), transcription.binding(recorder.database)))


@pytest.fixture
def told() -> list[Notification]:
    """What leaves by webhook."""
    return []


@pytest.fixture
async def working(database: Database, recorder: Recorder, told: list[Notification]) -> AsyncIterator[None]:
    """With a worker, that sends nothing."""

    async def note(job: Job) -> Done:
        told.append(job.read(Notification))
        return Done()

    async def forget(_: Job) -> Done:
        return Done()

    transcriber = Transcriber(database, "https://loop.example.com", None)
    handlers = {**recorder.handlers(), **transcriber.handlers()}
    worker = Worker(database, {KIND: note, FORGET: forget, **handlers})
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(worker.run())
        yield
        worker.stop()


@pytest.fixture
def call_sid(calls: Noted) -> str:
    sid = sids.new("CA")
    calls.known[sid] = "in-progress"
    return sid


def move(caller: Caller, seconds: float) -> None:
    ahead = clock.world_time(caller.world_sid).advanced(timedelta(seconds=seconds))
    clock.set_world(caller.world_sid, ahead)


@pytest.fixture
def still(caller: Caller) -> Caller:
    """The caller, whose world's clock stands still."""
    clock.set_world(caller.world_sid, WorldTime("frozen", frozen_at=clock.now()))
    return caller


async def start(ask: Asker, caller: Caller, call_sid: str, **params: Any) -> dict[str, Any]:
    return await ask.item("api.v2010.CreateCallRecording", caller, params, CallSid=call_sid)


async def change(ask: Asker, caller: Caller, call_sid: str, sid: str, **params: Any) -> dict[str, Any]:
    return await ask.item("api.v2010.UpdateCallRecording", caller, params, CallSid=call_sid, Sid=sid)


async def shown(ask: Asker, caller: Caller, call_sid: str, sid: str) -> dict[str, Any]:
    return await ask.item("api.v2010.FetchCallRecording", caller, CallSid=call_sid, Sid=sid)


async def settled(database: Database) -> None:
    await until(lambda: database.fetchval("select not exists (select from jobs where run_at < 'infinity')"))


async def heard(ask: Asker, caller: Caller, named: str) -> tuple[Stream, bytes]:
    answer = await ask("api.v2010.FetchRecording", caller, Sid=named)
    assert isinstance(answer, Stream)
    return answer, b"".join([piece async for piece in answer.chunks])


async def test_from_start_to_its_callback(
    database: Database, working: None, ask: Asker, still: Caller, call_sid: str, told: list[Notification]
) -> None:
    wanted = {"RecordingStatusCallback": CALLBACK, "RecordingStatusCallbackEvent": ["in-progress completed"]}
    made = await start(ask, still, call_sid, RecordingChannels="dual", **wanted)
    assert (made["status"], made["source"], made["channels"]) == ("in-progress", "StartCallRecordingAPI", 2)
    assert made["media_url"].endswith(f"/2010-04-01/Accounts/{still.account_sid}/Recordings/{made['sid']}")
    move(still, 61)
    stopped = await change(ask, still, call_sid, "Twilio.CURRENT", Status="stopped")
    assert (stopped["sid"], stopped["status"], stopped["duration"]) == (made["sid"], "stopped", None)
    await settled(database)
    done = await shown(ask, still, call_sid, made["sid"])
    assert (done["status"], done["duration"], done["price"]) == ("completed", "61", "-0.00500")
    assert [each.params["RecordingStatus"] for each in told] == ["in-progress", "completed"]
    assert {each.url for each in told} == {CALLBACK}


async def test_pauses(database: Database, working: None, ask: Asker, still: Caller, call_sid: str) -> None:
    made = await start(ask, still, call_sid)
    steps = ({"Status": "paused", "PauseBehavior": "skip"}, {"Status": "in-progress"}, {"Status": "stopped"})
    for step in steps:
        move(still, 10)
        await change(ask, still, call_sid, made["sid"], **step)
    await settled(database)
    assert (await shown(ask, still, call_sid, made["sid"]))["duration"] == "20"
    late = change(ask, still, call_sid, made["sid"], Status="paused")
    assert await refusal(late) == (400, 21220)


@pytest.mark.parametrize(
    ("params", "refused"),
    [
        ({"RecordingChannels": "three"}, (400, 20001)),
        ({"RecordingTrack": "all"}, (400, 20001)),
        ({"Trim": "some"}, (400, 20001)),
        ({"RecordingStatusCallback": "nowhere"}, (400, 21609)),
    ],
)
async def test_what_cannot_be_wished(
    ask: Asker, caller: Caller, call_sid: str, params: dict[str, Any], refused: tuple[int, int]
) -> None:
    assert await refusal(start(ask, caller, call_sid, **params)) == refused


async def test_only_a_call_that_goes_on_and_once_at_a_time(
    ask: Asker, caller: Caller, call_sid: str, calls: Noted
) -> None:
    made = await start(ask, caller, call_sid)
    assert await refusal(start(ask, caller, call_sid)) == (400, 16108)
    assert await refusal(start(ask, caller, sids.new("CA"))) == (404, 20404)
    calls.known[call_sid] = "completed"
    assert await refusal(start(ask, caller, call_sid)) == (400, 21220)
    running = ask("api.v2010.DeleteRecording", caller, Sid=made["sid"])
    assert await refusal(running) == (409, 20009)
    assert await refusal(heard(ask, caller, made["sid"])) == (404, 20404)


async def test_it_ends_with_its_call(
    database: Database, working: None, ask: Asker, still: Caller, call_sid: str, recorder: Recorder
) -> None:
    made = await start(ask, still, call_sid)
    move(still, 5)
    async with database.unit() as unit:
        ended = (still.account_sid, sids.uuid_of(call_sid), clock.now(still.world_sid))
        await recorder.calls_ended(unit, [ended])
    await settled(database)
    done = await shown(ask, still, call_sid, made["sid"])
    assert (done["status"], done["duration"]) == ("completed", "5")


async def kept(database: Database, caller: Caller, wish: Wish | None = None, **changes: Any) -> Recording:
    """One that is over."""
    now = clock.now(caller.world_sid)
    of = Of(account_sid=caller.account_sid, world_sid=caller.world_sid, at=now, **changes)
    begun = take.begin(of, wish or Wish(source="RecordVerb", channels=1))
    done = take.finish(take.stop(begun, now + timedelta(seconds=3)), now + timedelta(seconds=3))
    async with database.unit() as unit:
        await Recorder(database, "").begin(unit, [begun])
        await Recorder(database, "").keep(unit, done)
    return done


async def test_what_is_heard_says_that_it_is_silence(database: Database, ask: Asker, caller: Caller) -> None:
    recording = await kept(database, caller, call_id=sids.new_id())
    for named in (recording.sid, f"{recording.sid}.wav"):
        answer, written = await heard(ask, caller, named)
        with wave.open(io.BytesIO(written)) as read:
            assert read.getnframes() == 3 * 8000
        assert answer.headers == {
            "Localloop-Coverage": "silence",
            "Accept-Ranges": "bytes",
            "Content-Length": str(len(written)),
        }
    answer, written = await heard(ask, caller, f"{recording.sid}.mp3")
    assert (answer.content_type, written[:2]) == ("audio/mpeg", b"\xff\xe3")


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("bytes=0-43", (0, 44)),
        ("bytes=44-", (44, 96_044)),
        ("bytes=-100", (95_944, 96_044)),
        ("bytes=96000-999999", (96_000, 96_044)),
    ],
)
async def test_a_part_of_it(
    database: Database, ask: Asker, caller: Caller, asked: str, given: tuple[int, int]
) -> None:
    recording = await kept(database, caller, call_id=sids.new_id(), wish=Wish(source="DialVerb", channels=2))
    _, whole = await heard(ask, caller, recording.sid)
    answer = await ask("api.v2010.FetchRecording", caller, headers={"range": asked}, Sid=recording.sid)
    assert isinstance(answer, Stream)
    assert (answer.status, answer.headers["Content-Range"]) == (
        206,
        f"bytes {given[0]}-{given[1] - 1}/{len(whole)}",
    )
    assert b"".join([piece async for piece in answer.chunks]) == whole[slice(*given)]


async def test_a_part_that_is_not_there(database: Database, ask: Asker, caller: Caller) -> None:
    recording = await kept(database, caller, call_id=sids.new_id())
    beyond = await ask(
        "api.v2010.FetchRecording", caller, headers={"range": "bytes=99999999-"}, Sid=recording.sid
    )
    assert isinstance(beyond, Raw)
    assert (beyond.status, beyond.headers["Content-Range"]) == (416, f"bytes */{44 + 3 * 16_000}")


@pytest.mark.parametrize(("has", "asked", "given"), [(2, "1", 1), (2, "2", 2), (1, "2", 1), (2, "", 2)])
async def test_its_channels_are_mixed_and_not_taken_apart(
    database: Database, ask: Asker, caller: Caller, has: int, asked: str, given: int
) -> None:
    recording = await kept(
        database, caller, call_id=sids.new_id(), wish=Wish(source="DialVerb", channels=has)
    )
    answer = await ask(
        "api.v2010.FetchRecording", caller, query=f"RequestedChannels={asked}", Sid=recording.sid
    )
    assert isinstance(answer, Stream)
    written = b"".join([piece async for piece in answer.chunks])
    with wave.open(io.BytesIO(written)) as read:
        assert (read.getnchannels(), read.getnframes()) == (given, 3 * 8000)


async def room(database: Database, caller: Caller) -> str:
    at = clock.now(caller.world_sid)
    host = Host(account_sid=caller.account_sid, world_sid=caller.world_sid, name="a", at=at)
    async with database.unit() as unit:
        return (await Desk(Recorder(database, "")).enter(unit, host, Entry(call_sid=sids.new("CA")))).room.sid


async def test_views_and_filters(
    database: Database, ask: Asker, caller: Caller, calls: Noted, new_account: NewAccount
) -> None:
    call_id, conference_id = sids.new_id(), sids.new_id()
    of_call = await kept(database, caller, call_id=call_id)
    of_conference = await kept(database, caller, conference_id=conference_id)
    call, conference = sids.from_uuid("CA", call_id), sids.from_uuid("CF", conference_id)
    calls.known[call] = "completed"

    async def listed(operation: str, params: dict[str, Any] | None = None, **ids: str) -> list[str]:
        found = await ask.items(f"api.v2010.{operation}", caller, params, **ids)
        return [each["sid"] for each in found.items]

    assert await listed("ListRecording") == [of_conference.sid, of_call.sid]
    assert await listed("ListRecording", {"CallSid": call}) == [of_call.sid]
    assert await listed("ListRecording", {"ConferenceSid": conference}) == [of_conference.sid]
    assert await listed("ListRecording", {"CallSid": "nonsense"}) == []
    assert await listed("ListRecording", {"DateCreated<": clock.now().date() - timedelta(days=1)}) == []
    assert await listed("ListCallRecording", CallSid=call) == [of_call.sid]
    unknown = ask("api.v2010.ListConferenceRecording", caller, ConferenceSid=conference)
    assert await refusal(unknown) == (404, 20404)
    assert await listed("ListConferenceRecording", ConferenceSid=await room(database, caller)) == []
    wrong = ask("api.v2010.FetchCallRecording", caller, CallSid=call, Sid=of_conference.sid)
    assert await refusal(wrong) == (404, 20404)
    stranger = await new_account()
    assert await refusal(heard(ask, stranger, of_call.sid)) == (404, 20404)


async def test_what_is_deleted_is_heard_no_more(database: Database, ask: Asker, caller: Caller) -> None:
    recording = await kept(database, caller, call_id=sids.new_id())
    await ask("api.v2010.DeleteRecording", caller, Sid=recording.sid)
    assert await refusal(heard(ask, caller, recording.sid)) == (404, 20404)
    assert (await ask.items("api.v2010.ListRecording", caller)).items == []
    found = await ask.items("api.v2010.ListRecording", caller, {"IncludeSoftDeleted": True})
    assert [each["status"] for each in found.items] == ["deleted"]
    assert await refusal(ask("api.v2010.DeleteRecording", caller, Sid=recording.sid)) == (404, 20404)


async def recorded(database: Database, caller: Caller, call: Call, seconds: int) -> Recording:
    """A message that somebody left, and wants to read."""
    now = clock.now(caller.world_sid)
    of = Of(account_sid=caller.account_sid, world_sid=caller.world_sid, at=now, call_id=call.id)
    wish = Wish(source="RecordVerb", transcribe=True, transcribe_callback="https://example.com/text")
    begun = take.begin(of, wish)
    async with database.unit() as unit:
        await insert_calls(unit.connection, [Live(call=call, root=call.id, at=now)])
        for index, text in enumerate(("Call me back,", "please")):
            await unit.execute(
                "insert into phone_call_lines (world_sid, call_id, id, number, kind, body, at)"
                " values ($1, $2, $3, $4, 'said', $5, $6)",
                *(caller.world_sid, call.id, sids.new_id(), call.from_, text, now + timedelta(seconds=index)),
            )
        await Recorder(database, "").begin(unit, [begun])
    move(caller, seconds)
    async with database.unit() as unit:
        await Recorder(database, "").keep(unit, take.stop(begun, clock.now(caller.world_sid)))
    await settled(database)
    return begun


@pytest.fixture
def call(still: Caller) -> Call:
    now = clock.now(still.world_sid)
    return Call(
        account_sid=still.account_sid,
        world_sid=still.world_sid,
        id=sids.new_id(),
        status="completed",
        direction="inbound",
        from_="+15558675310",
        to="+15017122661",
        date_created=now,
        date_updated=now,
    )


async def test_what_was_said_is_written(
    database: Database, working: None, ask: Asker, still: Caller, call: Call, told: list[Notification]
) -> None:
    recording = await recorded(database, still, call, 5)
    [made] = (await ask.items("api.v2010.ListTranscription", still)).items
    assert (made["status"], made["duration"], made["price"]) == ("completed", "5", "-0.05000")
    assert made["transcription_text"] == "Call me back, please"
    of_recording = await ask.items("api.v2010.ListRecordingTranscription", still, RecordingSid=recording.sid)
    assert [each["sid"] for each in of_recording.items] == [made["sid"]]
    [callback] = told
    params = {name: str(value) for name, value in callback.params.items()}
    assert faults("transcription", params) == []
    assert (params["TranscriptionText"], params["RecordingSid"]) == ("Call me back, please", recording.sid)
    await ask("api.v2010.DeleteTranscription", still, Sid=made["sid"])
    assert await refusal(ask("api.v2010.FetchTranscription", still, Sid=made["sid"])) == (404, 20404)
    assert await database.fetchval("select count(*) from transcriptions") == 0


@pytest.mark.parametrize("seconds", [1, 121])
async def test_what_is_too_short_or_too_long_is_not_transcribed(
    database: Database, working: None, ask: Asker, still: Caller, call: Call, seconds: int
) -> None:
    await recorded(database, still, call, seconds)
    assert (await ask.items("api.v2010.ListTranscription", still)).items == []


async def test_whoever_knows_its_address_may_hear_it(database: Database) -> None:
    """As at Twilio, unless the account asks for authentication; its facts are for the account alone."""
    async with served(database) as client:
        owner = Caller(account_sid=client.account_sid, world_sid=client.account_sid)
        recording = await kept(database, owner, call_id=sids.new_id())
        address = f"/2010-04-01/Accounts/{client.account_sid}/Recordings/{recording.sid}"
        stranger = {"authorization": ""}
        found = {
            end: await client("GET", f"{address}{end}", headers=stranger)
            for end in ("", ".wav", ".mp3", ".json")
        }
        assert {end: reply.status for end, reply in found.items()} == {
            "": 200,
            ".wav": 200,
            ".mp3": 200,
            ".json": 401,
        }
        assert found[""].body == found[".wav"].body
        assert found[".wav"].headers["content-length"] == str(44 + 3 * 16_000) == str(len(found[".wav"].body))
        assert found[".wav"].headers["localloop-coverage"] == "silence"
        shown = (await client("GET", f"{address}.json")).json()
        assert shown["media_url"] == f"http://127.0.0.1:4010{address}"
