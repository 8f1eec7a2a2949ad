"""What `POST /Calls` refuses, and with which of Twilio's codes; and how fast an account may call."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from localloop.products.numbers import confirm
from tests.api.calls.conftest import TO, Loop

LONG = "<Response><Say>" + "x" * 4000 + "</Say></Response>"


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"To": None}, 21201),
        ({"To": "nobody"}, 21211),
        ({"To": "12"}, 21211),
        ({"From": None}, 21213),
        ({"From": "nobody"}, 21212),
        ({"From": "client:ada"}, 21212),
        ({"Url": None}, 21205),
        ({"Url": "ftp://example.com"}, 21205),
        ({"Url": None, "Twiml": LONG}, 32018),
        ({"Method": "PUT"}, 21209),
        ({"SendDigits": "x"}, 21206),
        ({"Timeout": "0"}, 21208),
        ({"Timeout": "soon"}, 21208),
        ({"ApplicationSid": "AP" + "0" * 32}, 21218),
        ({"StatusCallback": "nowhere"}, 21609),
        ({"MachineDetection": "Perhaps"}, 21234),
        ({"MachineDetection": "Enable", "MachineDetectionTimeout": "90"}, 21263),
        ({"SipAuthUsername": "ada"}, 21225),
        ({"SipAuthUsername": "a" * 256, "SipAuthPassword": "x"}, 21221),
        ({"SipAuthUsername": "ada lovelace", "SipAuthPassword": "x"}, 21222),
        ({"SipAuthUsername": "ada", "SipAuthPassword": "x" * 256}, 21223),
        ({"SipAuthUsername": "ada", "SipAuthPassword": "é"}, 21224),
        ({"CallerId": "client:ada"}, 21212),
        ({"Byoc": "BY" + "0" * 32}, 21300),
        ({"SendDigits": "1" * 33}, 21206),
        ({"MachineDetection": "Enable", "MachineDetectionSpeechThreshold": "999"}, 21263),
        ({"MachineDetection": "Enable", "MachineDetectionSpeechEndThreshold": "5001"}, 21263),
        ({"MachineDetection": "Enable", "MachineDetectionSilenceTimeout": "1999"}, 21263),
        ({"MachineDetection": "Enable", "AsyncAmd": "perhaps"}, 21234),
        ({"Record": "true", "RecordingStatusCallback": "/relative"}, 21609),
    ],
    ids=str,
)
async def test_what_is_refused(loop: Loop, wish: Mapping[str, Any], code: int) -> None:
    assert await loop.refused(**wish) == code
    assert await loop.database.fetchval("select count(*) from calls") == 0


async def test_an_address_goes_before_a_document(loop: Loop) -> None:
    """Both were given: the Debugger says which one holds."""
    made = await loop.call(Twiml="<Response><Say>No.</Say></Response>")
    await loop.advance(timedelta(minutes=1))
    await loop.ended(made["sid"])
    assert loop.app.paths() == ["/voice"]
    assert await loop.database.fetchval("select error_code from alerts") == 32019


async def test_calls_are_listed_by_what_is_asked(loop: Loop) -> None:
    await loop.persona(takes="busy")
    first = await loop.call(Twiml="<Response/>", Url="")
    second = await loop.call(To="+15005550110", From="+15005550006")
    await loop.quiet()
    await loop.ended(first["sid"])

    async def listed(query: str) -> list[str]:
        reply = await loop.ask("GET", f"{loop.path}.json?{query}")
        return [each["sid"] for each in reply.json()["calls"]]

    assert await listed("") == [second["sid"], first["sid"]]
    assert await listed(f"To=%2B{TO[1:]}") == [first["sid"]]
    assert await listed("From=%2B15005550006") == [second["sid"]]
    assert await listed("Status=busy") == [first["sid"]]
    assert await listed("Status=ringing") == [second["sid"]]
    assert await listed("StartTime>=2099-01-01") == []
    assert await listed("PageSize=1") == [second["sid"]]
    live = await loop.ask("DELETE", f"{loop.path}/{second['sid']}.json")
    assert live.status == 409


class TestOneCallASecond:
    @pytest.fixture
    def settings(self) -> Mapping[str, Any]:
        return {"message_rate": 0, "call_rate": 1.0}

    async def test_the_rest_waits(self, loop: Loop) -> None:
        made = [await loop.call(Twiml="<Response><Hangup/></Response>", Url="") for _ in range(3)]
        assert [each["queue_time"] for each in made] == ["0", "1000", "2000"]
        await loop.quiet()
        statuses = [(await loop.fetch(each["sid"]))["status"] for each in made]
        assert statuses == ["ringing", "queued", "queued"]
        assert (await loop.update(made[2]["sid"], Status="canceled")).json()["status"] == "canceled"
        await loop.advance(timedelta(seconds=1))
        statuses = [(await loop.fetch(each["sid"]))["status"] for each in made]
        assert statuses == ["completed", "ringing", "canceled"]


class TestOnTrial:
    @pytest.fixture
    def settings(self) -> Mapping[str, Any]:
        return {"message_rate": 0, "call_rate": 0.0, "profile": "trial"}

    async def test_ten_minutes_are_enough_and_only_for_those_who_are_known(self, loop: Loop) -> None:
        """21219; 13805 when the call is cut, which no update prevents."""
        assert await loop.refused() == 21219
        account = f"/2010-04-01/Accounts/{loop.ask.account_sid}"
        asked = await loop.ask("POST", f"{account}/OutgoingCallerIds.json", {"PhoneNumber": TO})
        await confirm(loop.database, loop.ask.account_sid, TO, asked.json()["validation_code"])
        loop.app.documents["/voice"] = "<Response><Pause length='86400'/></Response>"
        made = await loop.call(TimeLimit=7200)
        await loop.advance(timedelta(minutes=5))
        assert (await loop.update(made["sid"], TimeLimit="7200")).status == 200
        await loop.advance(timedelta(hours=3))
        assert (await loop.ended(made["sid"]))["duration"] == "600"
        assert await loop.database.fetchval("select array_agg(error_code order by id) from alerts") == [
            21219,
            13805,
        ]
