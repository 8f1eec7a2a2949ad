"""`<Play>` of files: as long as they are, where the application itself has them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from http_server import answer

from tests.api.calls.conftest import Loop
from tests.unit.telephony.test_audio import wav

HOUR = timedelta(hours=1)


async def _lasted(loop: Loop, document: str) -> str:
    loop.app.documents["/voice"] = f"<Response>{document}</Response>"
    made = await loop.call()
    await loop.advance(HOUR)
    ended = await loop.ended(made["sid"])
    assert ended["status"] == "completed"
    return str(ended["duration"])


async def test_a_file_lasts_as_long_as_it_says(loop: Loop) -> None:
    """It is asked for again only whether it is still the same."""
    loop.app.documents["/long.wav"] = answer("200 OK", wav(7), "Content-Type: audio/wav", 'ETag: "1"')
    assert await _lasted(loop, "<Play loop='3'>/long.wav</Play>") == "21"
    loop.app.documents["/long.wav"] = answer("304 Not Modified", length=False)
    assert await _lasted(loop, "<Play>/long.wav</Play><Say>.</Say>") == "8"
    assert loop.app.paths().count("/long.wav") == 2


@pytest.mark.parametrize(
    ("response", "code"),
    [
        (answer("404 Not Found", b"no"), 11200),
        (answer("500 Oops", b"no"), 11200),
        (answer("200 OK", b"<html/>", "Content-Type: text/html"), 12300),
    ],
)
async def test_what_is_no_file_is_told_and_passed_over(loop: Loop, response: bytes, code: int) -> None:
    loop.app.documents["/gone.wav"] = response
    assert await _lasted(loop, "<Play>/gone.wav</Play><Pause length='2'/>") == "2"
    assert [row["error_code"] for row in await loop.database.fetch("select error_code from alerts")] == [code]


@pytest.mark.parametrize("url", ["https://sounds.invalid/hello.mp3", "http://127.0.0.1:9/hello.mp3"])
async def test_a_file_that_nobody_has_takes_five_seconds(loop: Loop, url: str) -> None:
    """One that lies elsewhere is not asked for."""
    assert await _lasted(loop, f"<Play>{url}</Play>") == "5"
    assert not await loop.database.fetchval("select exists (select from alerts)")


async def test_a_file_that_says_it_lasts_for_ages_lasts_as_long_as_a_call(loop: Loop) -> None:
    slow = (1).to_bytes(2, "little") * 2 + (1).to_bytes(4, "little") * 2 + bytes(4)  # a byte a second
    ages = (
        b"RIFF" + bytes(4) + b"WAVEfmt " + (16).to_bytes(4, "little") + slow + b"data" + b"\xfe\xff\xff\xff"
    )
    loop.app.documents["/ages.wav"] = answer("200 OK", ages, "Content-Type: audio/wav")
    loop.app.documents["/voice"] = "<Response><Play loop='1000'>/ages.wav</Play></Response>"
    made = await loop.call()
    await loop.advance(HOUR)
    assert (await loop.fetch(made["sid"]))["status"] == "in-progress"
    assert not await loop.database.fetchval("select exists (select from alerts)")


async def test_a_file_that_is_looked_into_does_not_hold_a_key_up(loop: Loop) -> None:
    """What was to be played is not played later, over what is heard by then."""
    loop.app.documents["/menu.wav"] = answer("200 OK", wav(60), "Content-Type: audio/wav")
    loop.app.documents["/next"] = "<Response><Pause length='3'/></Response>"
    loop.app.documents["/voice"] = (
        "<Response><Gather numDigits='1' action='/next'><Play>/menu.wav</Play></Gather></Response>"
    )
    made = await loop.call()
    await loop.advance(timedelta(seconds=11))
    phone = f"/lab/v1/Phones/{made['to']}/Calls/{made['sid']}"
    assert (await loop.ask("POST", phone, {"Press": "1"})).status == 200
    await loop.quiet()
    await loop.advance(HOUR)
    assert (await loop.ended(made["sid"]))["duration"] == "13"
