"""Gather: keys, speech, timeouts, and what the action is told."""

from __future__ import annotations

from typing import Any

import pytest

from localloop.twiml.interpreter import Inline, commands, events
from localloop.twiml.interpreter.run import APOLOGY
from tests.support.interpreted import BASE, Talk, talking

NEXT = "<Say>next</Say>"


def gather(attributes: str = "", prompts: str = "") -> Talk:
    return talking(f"<Gather action='entered' {attributes}>{prompts}</Gather>{NEXT}")


def told(talk: Talk) -> dict[str, str]:
    """What the action was told besides how the request is marked."""
    fetch = talk.one(commands.Fetch)
    assert (fetch.url, fetch.why) == (f"{BASE}entered", "gather")
    assert fetch.parameters.pop("msg") == "Gather End"
    return fetch.parameters


def speak(talk: Talk, text: str, *, final: bool = True, **fields: Any) -> None:
    talk.send(events.Speech, text=text, final=final, **fields)


# -- prompts


def test_prompts_are_heard_one_after_the_other_then_the_timer_runs() -> None:
    talk = gather("", "<Say>press</Say><Pause length='2'/><Play>x.mp3</Play>")
    assert talk.kinds() == ["Listen", "Prefetch", "Say"]
    assert talk.last(commands.Prefetch).urls == (f"{BASE}x.mp3",)
    talk.played()
    assert talk.kinds() == ["Pause"]
    talk.played()
    assert talk.kinds() == ["Play"]
    talk.played()
    assert talk.kinds() == ["StartTimer"]
    assert talk.one(commands.StartTimer).seconds == 5


def test_a_key_stops_the_prompt_and_all_that_follow_it() -> None:
    talk = gather("numDigits='2'", "<Say>press</Say><Say>or press</Say>")
    talk.press("1")
    assert talk.kinds() == ["StopMedia", "StartTimer"]
    assert talk.heard() == ["press"]
    talk.press("2")
    assert told(talk) == {"Digits": "12", "FinishedOnKey": ""}


def test_a_prompt_that_must_be_heard_takes_no_keys() -> None:
    talk = gather("bargeIn='false'", "<Say>listen</Say>")
    assert talk.press("1") == ()
    talk.played()
    talk.press("2#")
    assert told(talk)["Digits"] == "2"


def test_a_file_that_cannot_be_played_is_an_error_of_gather() -> None:
    talk = gather("", "<Play>x.txt</Play>")
    talk.played(13420)
    assert talk.warned() == [13325]
    assert talk.heard()[-1] == APOLOGY


# -- keys


def test_a_number_of_digits_ends_it() -> None:
    talk = gather("numDigits='1'")
    talk.press("5")
    assert talk.kinds() == ["CancelTimer", "StopListening", "Fetch"]
    assert told(talk) == {"Digits": "5", "FinishedOnKey": ""}
    talk.answers("<Say>thanks</Say>")
    assert talk.heard() == ["thanks"]


def test_the_finishing_key_is_no_digit() -> None:
    talk = gather()
    talk.press("123#")
    assert told(talk) == {"Digits": "123", "FinishedOnKey": "#"}


def test_another_finishing_key_makes_the_usual_one_a_digit() -> None:
    talk = gather("finishOnKey='*'")
    talk.press("1#*")
    assert told(talk) == {"Digits": "1#", "FinishedOnKey": "*"}


def test_no_finishing_key_at_all() -> None:
    talk = gather("finishOnKey='' numDigits='2'")
    talk.press("#*")
    assert told(talk) == {"Digits": "#*", "FinishedOnKey": ""}


def test_every_key_gives_the_same_time_again() -> None:
    talk = gather("timeout='3'")
    for key in "12":
        talk.press(key)
        assert talk.kinds() == ["CancelTimer", "StartTimer"]
        assert talk.one(commands.StartTimer).seconds == 3
    talk.wait()
    assert told(talk) == {"Digits": "12", "FinishedOnKey": ""}


def test_nothing_entered_falls_through() -> None:
    talk = gather("", "<Say>press</Say>")
    talk.played()
    talk.wait()
    assert talk.heard() == ["press", "next"]


def test_only_the_finishing_key_is_nothing_too() -> None:
    talk = gather()
    talk.press("#")
    assert talk.heard() == ["next"]


def test_nothing_entered_is_told_when_it_is_wanted() -> None:
    talk = gather("actionOnEmptyResult='true'")
    talk.wait()
    assert told(talk) == {"Digits": "", "FinishedOnKey": ""}


def test_the_finishing_key_alone_is_told_as_nothing() -> None:
    talk = gather("actionOnEmptyResult='true'")
    talk.press("#")
    assert told(talk) == {"Digits": "", "FinishedOnKey": "#"}


def test_without_an_action_the_document_itself_is_asked() -> None:
    talk = talking("<Gather numDigits='1' method='GET'/>")
    talk.press("1")
    fetch = talk.one(commands.Fetch)
    assert (fetch.url, fetch.method) == (f"{BASE}start", "GET")


def test_a_document_without_a_url_has_no_such_action() -> None:
    talk = Talk(answered=True, source=Inline("<Response><Gather numDigits='1'/></Response>"))
    talk.press("1")
    assert talk.warned() == [11100]


def test_a_timer_that_was_cancelled_means_nothing() -> None:
    talk = gather()
    timer = talk.last(commands.StartTimer)
    talk.press("1")
    assert talk.send(events.Timer, name=timer.name) == ()


def test_who_hangs_up_asks_no_action() -> None:
    talk = gather()
    talk.press("12")
    assert talk.hangs_up() == ()
    assert talk.state.ended


def test_a_redirect_over_rest_ends_it() -> None:
    talk = gather("", "<Say>press</Say>")
    talk.send(events.Redirected, source=Inline("<Response/>"))
    assert talk.kinds() == ["StopMedia", "StopListening", "Hangup"]


# -- speech


def test_speech_ends_after_so_much_silence() -> None:
    talk = gather("input='speech' speechTimeout='2'", "<Say>speak</Say>")
    speak(talk, "", final=False)
    assert talk.kinds() == ["StopMedia", "StartTimer"]
    speak(talk, "yes", confidence=0.5)
    assert talk.one(commands.StartTimer).seconds == 2
    speak(talk, "please", confidence=0.875, language="en-GB")
    talk.wait()
    assert told(talk) == {"SpeechResult": "yes please", "Confidence": "0.875", "Language": "en-GB"}


def test_more_speech_keeps_the_silence_from_ending_it() -> None:
    talk = gather("input='speech' speechTimeout='2'")
    speak(talk, "yes")
    silence = talk.last(commands.StartTimer)
    speak(talk, "and", final=False)
    assert talk.one(commands.CancelTimer).name == silence.name


def test_speech_ends_at_its_first_pause() -> None:
    talk = gather("input='speech' speechTimeout='auto'")
    speak(talk, "yes please", confidence=0.9)
    assert told(talk)["SpeechResult"] == "yes please"


def test_the_silence_that_ends_speech_is_the_timeout_unless_said_otherwise() -> None:
    talk = gather("input='speech' timeout='4'")
    speak(talk, "yes")
    assert talk.last(commands.StartTimer).seconds == 4


def test_speech_has_a_longest_length() -> None:
    talk = gather("input='speech' maxSpeechTime='30'")
    speak(talk, "on and", final=False)
    limit = talk.one(commands.StartTimer)
    assert limit.seconds == 30
    talk.send(events.Timer, name=limit.name)
    assert told(talk)["SpeechResult"] == "on and"


def test_no_speech_falls_through() -> None:
    talk = gather("input='speech'")
    talk.wait()
    assert talk.heard() == ["next"]


def test_no_speech_is_told_when_it_is_wanted() -> None:
    talk = gather("input='speech' actionOnEmptyResult='true'")
    talk.wait()
    assert told(talk) == {}


def test_what_is_not_wanted_is_not_taken() -> None:
    talk = gather("input='speech'")
    assert talk.press("1") == ()
    talk = gather()
    speak(talk, "yes")
    assert talk.said == ()


def test_of_both_what_comes_first_wins() -> None:
    talk = gather("input='dtmf speech'")
    talk.press("1")
    speak(talk, "no")
    assert talk.said == ()
    talk.press("#")
    assert told(talk)["Digits"] == "1"


def test_once_somebody_speaks_no_key_ends_it() -> None:
    talk = gather("input='dtmf speech' speechTimeout='1'")
    speak(talk, "yes")
    assert talk.press("#") == ()
    talk.wait()
    assert told(talk)["SpeechResult"] == "yes"


def test_the_recogniser_is_told_what_to_expect() -> None:
    talk = gather(
        "input='speech' language='de-DE' hints='ja, nein' speechModel='phone_call' enhanced='true' "
        "profanityFilter='false' partialResultCallback='/partial'"
    )
    listen = talk.last(commands.Listen)
    assert listen.dtmf is False
    assert listen.speech == commands.Recognition(
        language="de-DE",
        hints="ja, nein",
        model="phone_call",
        enhanced=True,
        profanity_filter=False,
        partial_results=True,
    )


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_is_heard_by_now_is_told_apart(method: str) -> None:
    talk = gather(f"input='speech' partialResultCallback='/partial' partialResultCallbackMethod='{method}'")
    speak(talk, "one tw", final=False, stability=0.5)
    first = talk.one(commands.Notify)
    assert (first.url, first.method, first.kind) == (
        "https://app.example.com/partial",
        method,
        "gather-partial",
    )
    assert first.parameters == {
        "UnstableSpeechResult": "one tw",
        "StableSpeechResult": "",
        "Stability": "0.5",
        "SequenceNumber": "0",
        "Language": "en-US",
    }
    speak(talk, "one two")
    speak(talk, "thr", final=False)
    second = talk.one(commands.Notify).parameters
    assert (second["SequenceNumber"], second["StableSpeechResult"]) == ("1", "one two")
