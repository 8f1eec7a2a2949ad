"""What the parameters of `POST …/Calls` and of its updates do, one by one, beyond what they refuse."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from waiting import until

from localloop.products.numbers import confirm
from tests.api.calls.conftest import FROM, TO, Loop
from tests.api.calls.test_documents import heard

MINUTE = timedelta(minutes=1)
PAUSE = "<Response><Pause length='20'/></Response>"
OTHER = "+15005550110"


async def alerted(loop: Loop) -> list[int]:
    async def told() -> list[int]:
        rows = await loop.database.fetch("select error_code from alerts order by id")
        return [row["error_code"] for row in rows]

    return await until(told)


async def test_the_end_of_a_recorded_call_names_its_recording(loop: Loop) -> None:
    """Only the last callback does, and only where the request itself asked for the recording."""
    loop.app.documents["/voice"] = PAUSE
    told: dict[str, Any] = {
        "StatusCallback": f"{loop.app.url}/status",
        "StatusCallbackEvent": ["answered", "completed"],
    }
    made = await loop.call(Record="true", **told)
    await loop.advance(MINUTE)
    await loop.ended(made["sid"])
    answered, over = loop.app.told("/status")
    assert "RecordingUrl" not in answered
    [recording] = (await loop.ask("GET", f"{loop.path}/{made['sid']}/Recordings.json")).json()["recordings"]
    assert over["RecordingSid"] == recording["sid"]
    assert over["RecordingUrl"].endswith(f"/{loop.ask.account_sid}/Recordings/{recording['sid']}")
    assert over["RecordingDuration"] == over["CallDuration"] == recording["duration"] == "20"


async def test_a_call_that_is_passed_on_shows_its_caller(loop: Loop) -> None:
    """CallToken: an application shows the number of who called it, which is not its own."""
    account = f"/2010-04-01/Accounts/{loop.ask.account_sid}"
    own = {"PhoneNumber": FROM, "VoiceUrl": f"{loop.app.url}/voice"}
    assert (await loop.ask("POST", f"{account}/IncomingPhoneNumbers.json", own)).status == 201
    await loop.ask("POST", f"/lab/v1/Phones/{OTHER}/Calls", {"To": FROM})
    await loop.quiet()
    [came] = loop.app.told("/voice")
    passed = await loop.call(From=OTHER, CallToken=came["CallToken"])
    assert (passed["from"], passed["phone_number_sid"]) == (OTHER, None)
    shown = await loop.call(CallerId=OTHER, CallToken=came["CallToken"])
    assert shown["from"] == FROM
    owned = "select count(*) from phone_numbers where phone_number = $1"
    assert await loop.database.fetchval(owned, OTHER) == 0  # nobody has it: it was not adopted for that


async def test_what_a_call_shows_in_place_of_its_number(loop: Loop) -> None:
    await loop.call(CallerId=OTHER)
    await loop.quiet()
    calls = (await loop.ask("GET", f"/lab/v1/Phones/{TO}/Calls")).json()["calls"]
    assert [each["peer"] for each in calls] == [OTHER]


async def test_an_application_in_place_of_addresses(loop: Loop) -> None:
    """Its addresses hold, those of the request do not."""
    loop.app.documents["/app"] = PAUSE
    account = f"/2010-04-01/Accounts/{loop.ask.account_sid}"
    given = {"VoiceUrl": f"{loop.app.url}/app", "StatusCallback": f"{loop.app.url}/app-status"}
    application = (await loop.ask("POST", f"{account}/Applications.json", given)).json()["sid"]
    made = await loop.call(ApplicationSid=application, StatusCallback=f"{loop.app.url}/status")
    await loop.advance(MINUTE)
    await loop.ended(made["sid"])
    assert loop.app.paths() == ["/app", "/app-status"]


async def test_keys_that_are_sent_leave_nobody_to_be_recognized(loop: Loop) -> None:
    await loop.persona(takes="voicemail")
    made = await loop.call(SendDigits="1", MachineDetection="Enable")
    await loop.advance(MINUTE)
    assert (await loop.ended(made["sid"]))["answered_by"] is None
    assert (await heard(loop, made["sid"]))[1:] == [("tones", "1")]


async def test_who_answers_is_waited_for_so_long(loop: Loop) -> None:
    """MachineDetectionTimeout: then nobody knows. The greeting takes longer."""
    await loop.persona(takes="voicemail", greeting="x" * 150)
    made = await loop.call(MachineDetection="DetectMessageEnd", MachineDetectionTimeout="5")
    await loop.advance(MINUTE)
    await loop.ended(made["sid"])
    [asked] = loop.app.told("/voice")
    assert (asked["AnsweredBy"], asked["MachineDetectionDuration"]) == ("unknown", "5000")


async def test_methods_of_callbacks(loop: Loop) -> None:
    """Each is asked as the request says."""
    loop.app.documents["/voice"] = PAUSE
    names = (
        "Method",
        "StatusCallbackMethod",
        "AsyncAmdStatusCallbackMethod",
        "RecordingStatusCallbackMethod",
    )
    await loop.call(
        StatusCallback=f"{loop.app.url}/status",
        MachineDetection="Enable",
        AsyncAmd="true",
        AsyncAmdStatusCallback=f"{loop.app.url}/amd",
        Record="true",
        RecordingStatusCallback=f"{loop.app.url}/recording",
        **dict.fromkeys(names, "GET"),
    )
    await loop.advance(MINUTE)
    await loop.until("not exists (select from live_calls)")
    await loop.quiet()
    assert sorted(loop.app.paths()) == ["/amd", "/recording", "/status", "/voice"]
    assert {request.method for request in loop.app.server.requests} == {"GET"}


async def test_events_that_are_none_are_passed_over(loop: Loop) -> None:
    """The Debugger hears of them; those that are known are told."""
    loop.app.documents["/voice"] = PAUSE
    told: dict[str, Any] = {
        "StatusCallback": f"{loop.app.url}/status",
        "StatusCallbackEvent": ["answered", "hung-up"],
    }
    made = await loop.call(**told)
    await loop.advance(MINUTE)
    await loop.ended(made["sid"])
    assert [each["CallStatus"] for each in loop.app.told("/status")] == ["in-progress"]
    assert await alerted(loop) == [21626]


async def test_who_answered_is_told_to_nobody(loop: Loop) -> None:
    await loop.call(MachineDetection="Enable", AsyncAmd="true")
    assert await alerted(loop) == [21262]


async def test_an_update_changes_who_is_told_and_what_is_asked_when_all_fails(loop: Loop) -> None:
    loop.app.documents["/voice"] = "<Response><Pause length='20'/><Redirect>/broken</Redirect></Response>"
    loop.app.documents["/broken"] = b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"
    loop.app.documents["/plan-b"] = "<Response><Say>Plan B.</Say></Response>"
    made = await loop.call(StatusCallback=f"{loop.app.url}/status")
    await loop.advance(timedelta(seconds=5))
    changed = await loop.update(
        made["sid"],
        StatusCallback=f"{loop.app.url}/elsewhere",
        StatusCallbackMethod="GET",
        FallbackUrl=f"{loop.app.url}/plan-b",
        FallbackMethod="GET",
    )
    assert changed.status == 200
    await loop.advance(MINUTE)
    await loop.ended(made["sid"])
    assert loop.app.paths() == ["/voice", "/broken", "/plan-b", "/elsewhere"]
    assert [each.method for each in loop.app.server.requests] == ["POST", "POST", "GET", "GET"]


async def test_of_two_documents_of_an_update_the_address_holds(loop: Loop) -> None:
    loop.app.documents["/voice"] = PAUSE
    made = await loop.call()
    await loop.advance(timedelta(seconds=5))
    large = "<Response>" + " " * 4000 + "</Response>"
    refused = await loop.update(made["sid"], Twiml=large)
    assert (refused.status, refused.json()["code"]) == (400, 32018)
    both = {"Url": f"{loop.app.url}/agent", "Twiml": "<Response><Say>No.</Say></Response>"}
    assert (await loop.update(made["sid"], **both)).status == 200
    await loop.ended(made["sid"])
    assert loop.app.paths() == ["/voice", "/agent"]
    assert await alerted(loop) == [32019]


async def test_a_call_is_hung_up_before_it_is_answered(loop: Loop) -> None:
    """Status=completed ends whatever there is; what was answered cannot be canceled."""
    ringing = await loop.call()
    await loop.quiet()
    assert (await loop.update(ringing["sid"], Status="completed")).json()["status"] == "canceled"
    answered = await loop.call(To=OTHER)
    loop.app.documents["/voice"] = PAUSE
    await loop.advance(timedelta(seconds=5))
    late = await loop.update(answered["sid"], Status="canceled")
    assert (late.status, late.json()["code"]) == (400, 21220)
    wrong = await loop.update(answered["sid"], Status="busy")
    assert wrong.status == 400
    assert (await loop.fetch(answered["sid"]))["status"] == "in-progress"


@pytest.fixture
async def three(loop: Loop) -> list[str]:
    """A call that is over, one that another dialled, and the one that dialled it; a day apart, oldest first."""
    await loop.persona(takes="busy")
    over = await loop.call()
    await loop.advance(timedelta(days=1))
    loop.app.documents["/voice"] = f"<Response><Dial>{TO}</Dial><Pause length='600'/></Response>"
    parent = await loop.call(To=OTHER)
    await loop.advance(timedelta(seconds=10))
    listed = (await loop.ask("GET", f"{loop.path}.json")).json()["calls"]
    [child] = [each["sid"] for each in listed if each["parent_call_sid"]]
    return [over["sid"], parent["sid"], child]


async def test_lists_by_every_filter(loop: Loop, three: list[str]) -> None:
    over, parent, child = three

    async def listed(**query: str) -> set[str]:
        asked = "&".join(f"{name}={value.replace('+', '%2B')}" for name, value in query.items())
        reply = await loop.ask("GET", f"{loop.path}.json?{asked}")
        return {each["sid"] for each in reply.json()["calls"]}

    day = (await loop.fetch(over))["start_time"]
    first = parsedate_to_datetime(day).date()
    next_day = first + timedelta(days=1)
    assert await listed(ParentCallSid=parent) == {child}
    assert await listed(Status="busy") == {over, child}
    assert await listed(Status="in-progress", To=OTHER) == {parent}
    assert await listed(To=TO, From=FROM) == {over, child}
    assert await listed(StartTime=f"{first}") == {over}
    assert await listed(**{"StartTime<": f"{first}"}) == {over}
    assert await listed(**{"StartTime>": f"{next_day}"}) == {parent, child}
    assert await listed(EndTime=f"{first}") == {over}
    assert await listed(**{"EndTime>": f"{next_day}"}) == {child}
    assert await listed(**{"StartTime>": f"{first}", "EndTime<": f"{next_day}"}) == {over, child}


async def test_what_is_known_of_a_call_when_it_is_made(loop: Loop) -> None:
    """It waits in its queue: nothing has begun, nothing costs."""
    made = await loop.call()
    known = ("status", "queue_time", "price_unit", "direction", "api_version", "parent_call_sid")
    assert [made[name] for name in known] == ["queued", "0", "USD", "outbound-api", "2010-04-01", None]
    unknown = ("start_time", "end_time", "duration", "price", "answered_by", "group_sid", "trunk_sid")
    assert {made[name] for name in unknown} == {None}
    assert set(made["subresource_uris"]) >= {
        *("notifications", "recordings", "payments", "events", "siprec", "streams", "transcriptions"),
        *("user_defined_messages", "user_defined_message_subscriptions"),
    }
    await loop.quiet()
    assert (await loop.fetch(made["sid"]))["start_time"] is not None


async def test_how_long_it_rings_unless_somebody_says(loop: Loop) -> None:
    """A minute over REST, half of one with <Dial>; never longer than ten minutes."""
    await loop.persona(takes="never")
    loop.app.documents["/voice"] = f"<Response><Dial action='/after'>{TO}</Dial></Response>"
    usual, longest = await loop.call(), await loop.call(Timeout="900")
    dialling = await loop.call(To=OTHER)
    await loop.go_on(timedelta(minutes=15))
    seconds = []
    for sid in (usual["sid"], longest["sid"]):
        ended = await loop.ended(sid)
        began, over = (parsedate_to_datetime(ended[name]) for name in ("start_time", "end_time"))
        seconds.append((over - began).total_seconds())
    assert seconds == [60, 600]
    assert (await loop.ended(dialling["sid"]))["duration"] == "30"


async def test_callbacks_say_who_answered(loop: Loop) -> None:
    loop.app.documents["/voice"] = PAUSE
    await loop.persona(takes="voicemail")
    told: dict[str, Any] = {
        "StatusCallback": f"{loop.app.url}/status",
        "StatusCallbackEvent": ["answered", "completed"],
    }
    made = await loop.call(MachineDetection="Enable", **told)
    await loop.advance(MINUTE)
    await loop.ended(made["sid"])
    assert [each.get("AnsweredBy") for each in loop.app.told("/status")] == [None, "machine_start"]


async def test_whose_number_it_is(loop: Loop) -> None:
    """phone_number_sid: of who is shown, and of who is called; an application's address goes before a number's."""
    account = f"/2010-04-01/Accounts/{loop.ask.account_sid}"
    loop.app.documents["/app"] = PAUSE
    application = await loop.ask("POST", f"{account}/Applications.json", {"VoiceUrl": f"{loop.app.url}/app"})
    own = {"PhoneNumber": OTHER, "VoiceUrl": f"{loop.app.url}/number"}
    own["VoiceApplicationSid"] = application.json()["sid"]
    bought = (await loop.ask("POST", f"{account}/IncomingPhoneNumbers.json", own)).json()["sid"]
    made = await loop.call(From=OTHER)
    assert made["phone_number_sid"] == bought
    came = (await loop.ask("POST", f"/lab/v1/Phones/{TO}/Calls", {"To": OTHER})).json()["sid"]
    await loop.advance(timedelta(seconds=5))
    assert (await loop.fetch(came))["phone_number_sid"] == bought
    assert "/app" in loop.app.paths()
    assert "/number" not in loop.app.paths()


class TestStrictly:
    """As Twilio does it: nothing comes into being by being used."""

    @pytest.fixture
    def settings(self) -> Mapping[str, Any]:
        return {"message_rate": 0, "call_rate": 0.0, "strict": True}

    async def test_whose_numbers_are_shown(self, loop: Loop) -> None:
        """A verified number is as good as one's own."""
        assert await loop.refused(To="+14155552671") == 21210
        account = f"/2010-04-01/Accounts/{loop.ask.account_sid}"
        asked = await loop.ask("POST", f"{account}/OutgoingCallerIds.json", {"PhoneNumber": FROM})
        await confirm(loop.database, loop.ask.account_sid, FROM, asked.json()["validation_code"])
        assert (await loop.call(To="+14155552671"))["phone_number_sid"] is None
        assert await loop.refused(To="+14155552671", CallerId=OTHER) == 21210

    async def test_a_number_that_is_in_no_plan(self, loop: Loop) -> None:
        assert await loop.refused(To="+15558675310") == 21217


class TestSlow:
    @pytest.fixture
    def settings(self) -> Mapping[str, Any]:
        return {"message_rate": 0, "call_rate": 1 / 43_200}

    async def test_a_queue_of_more_than_a_day(self, loop: Loop) -> None:
        """22005: one call in twelve hours, and the fourth would wait longer than a day."""
        made = [await loop.call() for _ in range(3)]
        assert [each["queue_time"] for each in made] == ["0", "43200000", "86400000"]
        refused = await loop.ask(
            "POST", f"{loop.path}.json", {"From": FROM, "To": TO, "Url": f"{loop.app.url}/voice"}
        )
        assert refused.json()["code"] == 22005
