"""Record: beep, what ends it, what the action is told."""

from __future__ import annotations

import pytest

from localloop.twiml.interpreter import Inline, commands, events
from tests.support.interpreted import BASE, Talk, talking


def record(attributes: str = "") -> Talk:
    """Past its beep."""
    talk = talking(f"<Record action='recorded' {attributes}/><Say>never</Say>")
    talk.played()
    return talk


def ended(talk: Talk, duration: int = 5) -> dict[str, str]:
    """What the action is told when the recorder reports its end."""
    n = talk.last(commands.StartRecording).n
    talk.send(events.RecordingEnded, n=n, sid="RE1", url="https://x/RE1", duration=duration)
    fetch = talk.one(commands.Fetch)
    assert (fetch.url, fetch.why) == (f"{BASE}recorded", "record")
    return fetch.parameters


def test_it_beeps_then_records() -> None:
    talk = talking("<Record/>")
    assert talk.kinds() == ["Beep"]
    talk.played()
    assert talk.kinds() == ["Listen", "StartRecording", "StartTimer"]
    recording = talk.last(commands.StartRecording)
    assert (recording.source, recording.channels, recording.trim) == ("RecordVerb", "mono", "trim-silence")
    assert recording.silence == 5
    assert talk.last(commands.StartTimer).seconds == 3600


def test_without_a_beep_it_records_at_once() -> None:
    assert talking("<Record playBeep='false'/>").kinds() == ["Listen", "StartRecording", "StartTimer"]


def test_silence_ends_it() -> None:
    talk = record("timeout='3'")
    assert talk.last(commands.StartRecording).silence == 3
    assert ended(talk) == {
        "RecordingUrl": "https://x/RE1",
        "RecordingSid": "RE1",
        "RecordingDuration": "5",
    }


@pytest.mark.parametrize("key", ["1", "*", "#"])
def test_any_key_ends_it(key: str) -> None:
    talk = record()
    talk.press(key)
    assert talk.kinds() == ["CancelTimer", "StopRecording"]
    assert ended(talk)["Digits"] == key


def test_only_the_keys_that_are_named_end_it() -> None:
    talk = record("finishOnKey='9#'")
    assert talk.press("1") == ()
    talk.press("#")
    assert ended(talk)["Digits"] == "#"


def test_no_key_ends_it() -> None:
    talk = record("finishOnKey=''")
    assert talk.press("#") == ()
    assert "Listen" not in [type(command).__name__ for command in talk.all]


def test_the_longest_length_ends_it() -> None:
    talk = record("maxLength='30'")
    assert talk.last(commands.StartTimer).seconds == 30
    talk.wait()
    assert talk.kinds() == ["CancelTimer", "StopRecording"]
    assert "Digits" not in ended(talk, 30)


def test_the_beep_takes_no_keys() -> None:
    assert talking("<Record/>").press("#") == ()


def test_who_hangs_up_is_still_recorded() -> None:
    talk = record()
    talk.hangs_up()
    assert talk.kinds() == ["CancelTimer", "StopRecording"]
    assert not talk.state.ended
    recording = talk.last(commands.StartRecording)
    talk.send(events.RecordingEnded, n=recording.n, sid="RE1", url="u", duration=2)
    notify = talk.one(commands.Notify)
    assert (notify.url, notify.kind) == (f"{BASE}recorded", "record")
    assert notify.parameters["Digits"] == "hangup"
    assert talk.state.ended


def test_who_hangs_up_at_the_beep_was_not_recorded() -> None:
    talk = talking("<Record/>")
    assert talk.hangs_up() == ()
    assert talk.state.ended


def test_without_an_action_the_document_runs_again() -> None:
    talk = talking("<Record playBeep='false' method='GET'/>")
    talk.send(events.RecordingEnded, n=talk.last(commands.StartRecording).n)
    fetch = talk.one(commands.Fetch)
    assert (fetch.url, fetch.method) == (f"{BASE}start", "GET")


def test_over_rest_it_needs_an_action() -> None:
    talk = Talk(answered=True, source=Inline("<Response><Record/></Response>"))
    assert talk.warned() == [11100]
    assert "StartRecording" not in talk.kinds()


def test_what_is_to_be_told_and_transcribed() -> None:
    talk = record(
        "recordingStatusCallback='/r' recordingStatusCallbackMethod='GET' transcribe='true' "
        "recordingStatusCallbackEvent='in-progress absent' transcribeCallback='/t' trim='do-not-trim'"
    )
    recording = talk.last(commands.StartRecording)
    assert recording.status_callback == "https://app.example.com/r"
    assert recording.status_callback_method == "GET"
    assert recording.status_callback_event == ("in-progress", "absent")
    assert (recording.transcribe, recording.transcribe_callback) == (True, "https://app.example.com/t")
    assert recording.trim == "do-not-trim"
    assert talk.last(commands.StartTimer).seconds == 120


def test_a_redirect_over_rest_ends_it() -> None:
    talk = record()
    talk.send(events.Redirected, source=Inline("<Response/>"))
    assert talk.kinds() == ["CancelTimer", "StopRecording", "StopListening", "Hangup"]


def test_a_client_records_no_longer_than_ten_minutes() -> None:
    talk = talking("<Record playBeep='false'/>", leg="client")
    assert talk.last(commands.StartTimer).seconds == 600
