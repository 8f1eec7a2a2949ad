"""What hangs on a call, on a whole localloop: its recording, events, place in the archive, and whom it may reach."""

from __future__ import annotations

from datetime import timedelta

from tests.api.calls.conftest import Loop

PAUSE = "<Response><Pause length='20'/></Response>"


async def test_a_call_that_is_recorded_as_a_whole(loop: Loop) -> None:
    loop.app.documents["/voice"] = PAUSE
    made = await loop.call(
        Record="true",
        RecordingChannels="dual",
        RecordingStatusCallback=f"{loop.app.url}/recording",
        RecordingStatusCallbackEvent="in-progress completed",
    )
    await loop.advance(timedelta(seconds=60))
    ended = await loop.ended(made["sid"])
    assert ended["status"] == "completed"
    [recording] = (await loop.ask("GET", f"{loop.path}/{made['sid']}/Recordings.json")).json()["recordings"]
    assert (recording["status"], recording["source"], recording["channels"]) == (
        "completed",
        "OutboundAPI",
        2,
    )
    assert recording["duration"] == ended["duration"]
    told = loop.app.told("/recording")
    assert [each["RecordingStatus"] for each in told] == ["in-progress", "completed"]
    assert {each["CallSid"] for each in told} == {made["sid"]}


async def test_its_events_are_what_it_asked(loop: Loop) -> None:
    made = await loop.call()
    await loop.advance(timedelta(seconds=60))
    await loop.ended(made["sid"])
    events = (await loop.ask("GET", f"{loop.path}/{made['sid']}/Events.json")).json()["events"]
    asked = [each for each in events if each["request"]["url"].endswith("/voice")]
    assert [each["response"]["response_code"] for each in asked] == [200]
    assert asked[0]["request"]["parameters"]["CallSid"] == made["sid"]
    assert asked[0]["response"]["response_body"] == "<Response/>"


async def test_the_archive_has_what_is_older_than_thirteen_months(loop: Loop) -> None:
    made = await loop.call()
    await loop.advance(timedelta(seconds=60))
    await loop.ended(made["sid"])
    day = await loop.database.fetchval("select (date_created at time zone 'utc')::date::text from calls")

    async def archived(when: str) -> int:
        return (await loop.ask("DELETE", f"/voice/v1/Archives/{when}/Calls/{made['sid']}")).status

    assert await archived(day) == 404
    await loop.advance(timedelta(days=400))
    assert await archived("2020-01-01") == 404
    assert await archived(day) == 204
    assert (await loop.ask("GET", f"{loop.path}/{made['sid']}.json")).status == 404


async def test_a_country_that_is_switched_off(loop: Loop) -> None:
    wish = '[{"iso_code": "DE", "low_risk_numbers_enabled": "false"}]'
    reply = await loop.ask("POST", "/voice/v1/DialingPermissions/BulkCountryUpdates", {"UpdateRequest": wish})
    assert reply.status == 201, reply.body
    assert await loop.refused(To="+4915123456789") == 21215


async def test_a_message_that_is_left_can_be_read(loop: Loop) -> None:
    loop.app.documents["/voice"] = (
        "<Response><Record action='/recorded' transcribe='true' transcribeCallback='/text'/></Response>"
    )
    await loop.persona(
        script=[{"pause": 2}, {"say": "This is Ada. Call me back, please."}, {"hang_up": True}]
    )
    made = await loop.call()
    await loop.advance(timedelta(minutes=5))
    await loop.ended(made["sid"])
    [told] = loop.app.told("/text")
    assert (told["TranscriptionText"], told["TranscriptionStatus"]) == (
        "This is Ada. Call me back, please.",
        "completed",
    )
    assert (told["CallSid"], told["To"]) == (made["sid"], made["to"])
    kept = await loop.ask(
        "GET", f"/2010-04-01/Accounts/{loop.ask.account_sid}/Transcriptions/{told['TranscriptionSid']}.json"
    )
    assert kept.json()["transcription_text"] == told["TranscriptionText"]
    assert await usage(loop, "transcriptions") == ("1", "1", "minutes", "0.05")


async def usage(loop: Loop, category: str) -> tuple[str, str, str, str]:
    path = f"/2010-04-01/Accounts/{loop.ask.account_sid}/Usage/Records.json?Category={category}"
    [record] = (await loop.ask("GET", path)).json()["usage_records"]
    return record["count"], record["usage"], record["usage_unit"], record["price"]


async def test_minutes_are_counted_even_of_a_call_that_is_deleted(loop: Loop) -> None:
    """As Twilio does: each leg by the minute begun, in its category and in those that contain it."""
    loop.app.documents["/voice"] = "<Response><Pause length='70'/></Response>"
    made = await loop.call(Record="true")
    await loop.advance(timedelta(minutes=5))
    await loop.ended(made["sid"])
    wanted = {
        "calls-outbound": ("1", "2", "minutes", "0.028"),
        "calls": ("1", "2", "minutes", "0.028"),
        "calls-recordings": ("1", "2", "minutes", "0.005"),
        "calls-inbound": ("0", "0", "minutes", "0"),
    }
    assert {name: await usage(loop, name) for name in wanted} == wanted
    deleted = await loop.ask("DELETE", f"{loop.path}/{made['sid']}.json")
    assert deleted.status == 204
    assert {name: await usage(loop, name) for name in wanted} == wanted
