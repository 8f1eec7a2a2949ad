"""From verb to verb: who answers, who ends the call, what becomes of errors."""

from __future__ import annotations

from datetime import timedelta

import pytest

from localloop.twiml.interpreter import Inline, State, UnknownVersion, Web, commands, decode, encode, events
from localloop.twiml.interpreter.run import APOLOGY, QUICK
from tests.support.interpreted import BASE, Talk, ringing, talking


def test_a_document_is_asked_for_then_run_from_top_to_bottom() -> None:
    talk = Talk(answered=True, source=Web(f"{BASE}start", "GET"))
    fetch = talk.one(commands.Fetch)
    assert (fetch.url, fetch.method, fetch.why, fetch.parameters) == (f"{BASE}start", "GET", "voice", {})
    talk.answers("<Say>one</Say><Play>two.mp3</Play><Pause length='3'/>")
    assert talk.heard() == ["one"]
    talk.played()
    assert talk.heard() == ["one", f"{BASE}two.mp3"]
    assert talk.played()[0] == commands.Pause(n=talk.state.counter, seconds=3)
    assert talk.played() == (commands.Hangup(n=talk.state.counter, reason="end-of-document"),)
    assert talk.state.ended


def test_the_running_verb_is_known_by_its_line() -> None:
    talk = talking("\n<Say>one</Say>\n\n<Say>two</Say>")
    assert talk.state.line == 2
    talk.played()
    assert talk.state.line == 4


def test_a_document_given_over_rest() -> None:
    talk = Talk(answered=True, source=Inline("<Response><Say>hello</Say></Response>"))
    assert talk.kinds() == ["Say"]


# -- who answers


@pytest.mark.parametrize(
    "verb",
    [
        "<Say>a</Say>",
        "<Play>a.mp3</Play>",
        "<Play digits='1'/>",
        "<Gather/>",
        "<Record/>",
        "<Pay/>",
        "<Enqueue>a</Enqueue>",
        "<Dial>+12125550101</Dial>",
        "<Dial answerOnBridge='true'><Conference>a</Conference></Dial>",
        "<Connect><Stream url='wss://a.example/x'/></Connect>",
        "<Echo/>",
        "<Hangup/>",
        "",
    ],
)
def test_the_first_verb_that_is_heard_answers(verb: str) -> None:
    assert ringing(verb).kinds()[0] == "Answer"


@pytest.mark.parametrize("verb", ["<Start><Siprec/></Start>", "<Sms>a</Sms>", "<Nonsense/>"])
def test_what_is_not_heard_does_not_answer(verb: str) -> None:
    talk = ringing(f"{verb}<Reject/>")
    assert talk.kinds()[-1] == "Reject"
    assert "Answer" not in talk.kinds()


def test_echo_goes_on_until_somebody_ends_it() -> None:
    talk = talking("<Echo/><Say>never</Say>")
    assert talk.kinds() == ["Echo"]
    talk.send(events.Redirected, source=Inline("<Response/>"))
    assert talk.kinds() == ["StopMedia", "Hangup"]


def test_an_answered_call_is_not_answered_again() -> None:
    talk = ringing("<Say>a</Say><Say>b</Say>")
    assert talk.kinds() == ["Answer", "Say"]
    assert "Answer" not in [type(command).__name__ for command in talk.played()]


def test_reject_first_is_never_answered() -> None:
    talk = ringing("<Reject reason='busy'/><Say>no</Say>")
    assert talk.said == (commands.Reject(n=2, reason="busy"),)
    assert talk.state.ended


def test_reject_of_an_answered_call_is_a_hangup() -> None:
    talk = ringing("<Say>a</Say><Reject/>")
    talk.played()
    assert talk.kinds() == ["Hangup"]


def test_pause_first_lets_it_ring_then_answers() -> None:
    talk = ringing("<Pause length='7'/><Say>a</Say>")
    assert talk.kinds() == ["StartTimer"]
    assert talk.one(commands.StartTimer).seconds == 7
    talk.wait()
    assert talk.kinds() == ["Answer", "Say"]


def test_after_its_pause_a_call_cannot_be_rejected_any_more() -> None:
    talk = ringing("<Pause/><Reject/>")
    talk.wait()
    assert talk.kinds() == ["Answer", "Hangup"]


def test_redirect_does_not_answer() -> None:
    talk = ringing("<Redirect>next</Redirect>")
    assert talk.kinds() == ["Fetch"]
    talk.answers("<Reject/>")
    assert talk.kinds() == ["Reject"]


# -- where it goes


def test_redirect_leaves_the_rest_behind() -> None:
    talk = talking("<Redirect method='GET'>../next?a=1&amp;b=2</Redirect><Say>never</Say>")
    fetch = talk.one(commands.Fetch)
    assert (fetch.url, fetch.method) == ("https://app.example.com/next?a=1&b=2", "GET")
    talk.answers("<Say>next</Say>")
    assert talk.heard() == ["next"]


def test_an_empty_redirect_is_the_document_itself() -> None:
    assert talking("<Redirect/>").one(commands.Fetch).url == f"{BASE}start"


def test_urls_are_relative_to_where_the_document_was_found() -> None:
    talk = Talk(answered=True)
    talk.answers("<Redirect>next</Redirect>", url="https://other.example.com/a/b")
    assert talk.one(commands.Fetch).url == "https://other.example.com/a/next"


def test_an_empty_redirect_needs_a_url() -> None:
    talk = Talk(answered=True, source=Inline("<Response><Redirect/></Response>"))
    assert talk.warned() == [11100]
    assert talk.heard() == [APOLOGY]


def test_leave_outside_a_queue_is_the_end() -> None:
    assert talking("<Leave/><Say>never</Say>").kinds() == ["Hangup"]


def test_documents_that_follow_at_once_are_paced() -> None:
    talk = Talk(answered=True)
    for _ in range(QUICK - 1):
        talk.answers("<Redirect/>")
    assert talk.kinds() == ["Fetch"]
    talk.answers("<Redirect/>")
    assert talk.kinds() == ["StartTimer"]
    talk.wait()
    assert talk.kinds() == ["Fetch"]


def test_documents_with_time_between_them_are_not() -> None:
    talk = Talk(answered=True)
    for _ in range(QUICK * 2):
        talk.at += timedelta(seconds=1)
        talk.answers("<Redirect/>")
        assert talk.kinds() == ["Fetch"]


# -- what goes wrong


def test_what_is_warned_of_does_not_stop_the_document() -> None:
    talk = talking("<say>a</say><Say loop='x'>b</Say>")
    assert talk.warned() == [12200, 13510]
    assert talk.last(commands.Warn).url == f"{BASE}start"
    assert talk.heard() == ["b"]


def test_the_fallback_is_told_what_went_wrong() -> None:
    talk = Talk(answered=True, fallback_url=f"{BASE}fallback", fallback_method="GET")
    talk.fails(11205)
    fetch = talk.one(commands.Fetch)
    assert (fetch.url, fetch.method) == (f"{BASE}fallback", "GET")
    assert fetch.parameters == {"ErrorCode": "11205", "ErrorUrl": f"{BASE}start"}
    talk.answers("<Say>sorry</Say>")
    assert talk.heard() == ["sorry"]


@pytest.mark.parametrize(
    ("body", "content_type", "code"),
    [
        (b"", "text/xml", 11770),
        (b"<Response>", "text/xml", 12100),
        (b"<x/>", "text/xml", 12102),
        (b"{}", "application/json", 12300),
        (b"<Response><Gather actionOnEmptyResult='x'/></Response>", "text/xml", 13338),
    ],
)
def test_a_document_that_cannot_run_is_an_error_too(body: bytes, content_type: str, code: int) -> None:
    talk = Talk(answered=True, fallback_url=f"{BASE}fallback")
    talk.answers("", body=body, content_type=content_type)
    assert talk.warned() == [code]
    assert talk.one(commands.Fetch).parameters == {"ErrorCode": str(code), "ErrorUrl": f"{BASE}start"}


def test_without_a_fallback_the_caller_is_told_and_hung_up() -> None:
    talk = Talk()
    talk.fails()
    assert talk.kinds() == ["Warn", "Answer", "Say"]
    assert talk.heard() == [APOLOGY]
    assert talk.played() == (commands.Hangup(n=talk.state.counter, reason="application-error"),)


def test_a_document_given_over_rest_has_no_url_to_tell_of() -> None:
    talk = Talk(answered=True, source=Inline("<Response>"), fallback_url=f"{BASE}fallback")
    assert talk.one(commands.Fetch).parameters == {"ErrorCode": "12100"}


def test_a_fallback_that_fails_is_the_end() -> None:
    talk = Talk(answered=True, fallback_url=f"{BASE}fallback")
    talk.fails()
    talk.fails()
    assert talk.heard() == [APOLOGY]


def test_a_fallback_that_says_nonsense_is_the_end() -> None:
    talk = Talk(answered=True, fallback_url=f"{BASE}fallback")
    talk.fails()
    talk.answers("", body=b"nonsense", content_type="text/xml")
    assert talk.warned() == [11200, 12100]
    assert talk.heard() == [APOLOGY]


def test_the_fallback_serves_every_document_of_the_call() -> None:
    talk = Talk(answered=True, fallback_url=f"{BASE}fallback")
    talk.fails()
    talk.answers("<Redirect>menu</Redirect>")
    talk.fails()
    assert talk.one(commands.Fetch).parameters == {"ErrorCode": "11200", "ErrorUrl": f"{BASE}menu"}


def test_an_error_counts_when_its_verb_is_reached() -> None:
    talk = talking("<Say>first</Say><Play>no url</Play>")
    assert talk.heard() == ["first"]
    assert talk.warned() == []
    talk.played()
    assert talk.warned() == [11100]


def test_a_file_that_cannot_be_played_is_an_error() -> None:
    talk = talking("<Play>a.txt</Play>", fallback_url=f"{BASE}fallback")
    talk.played(13420)
    assert talk.one(commands.Fetch).parameters == {"ErrorCode": "13420", "ErrorUrl": f"{BASE}start"}


def test_audio_in_place_of_a_document_is_played_then_hung_up() -> None:
    talk = Talk(answered=True)
    talk.answers("", body=b"RIFF", content_type="audio/x-wav")
    assert talk.heard() == [f"{BASE}start"]
    assert isinstance(talk.played()[0], commands.Hangup)


def test_plain_text_is_spoken_then_hung_up() -> None:
    talk = Talk(answered=True)
    talk.answers("", body=b"Good day", content_type="text/plain")
    assert talk.heard() == ["Good day"]
    assert isinstance(talk.played()[0], commands.Hangup)


# -- from outside


def test_a_redirect_over_rest_stops_what_is_heard() -> None:
    talk = talking("<Say loop='0'>on and on</Say>")
    assert talk.last(commands.Say).loop == 1000
    talk.send(events.Redirected, source=Web("https://app.example.com/other"))
    assert talk.kinds() == ["StopMedia", "Fetch"]
    talk.answers("<Say>other</Say>")
    assert talk.heard() == ["on and on", "other"]


def test_a_relative_action_in_a_document_for_a_live_call() -> None:
    talk = talking("<Say>a</Say>")
    twiml = "<Response><Gather action='/next'/></Response>"
    talk.send(events.Redirected, source=Inline(twiml))
    assert talk.warned() == [15004]


def test_an_answer_that_comes_too_late_is_not_followed() -> None:
    talk = Talk(answered=True)
    late = talk.last(commands.Fetch)
    talk.send(events.Redirected, source=Inline("<Response><Say>now</Say></Response>"))
    assert (
        talk.send(events.Fetched, n=late.n, url=late.url, content_type="text/xml", body=b"<Response/>") == ()
    )
    assert talk.send(events.FetchFailed, n=late.n, code=11200) == ()
    assert talk.heard() == ["now"]


def test_who_hangs_up_ends_the_run() -> None:
    talk = talking("<Say>a</Say><Say>b</Say>")
    n = talk.sound.n
    assert talk.hangs_up() == ()
    assert talk.state.ended
    assert talk.send(events.Played, n=n) == ()


def test_the_end_of_what_is_past_changes_nothing() -> None:
    talk = talking("<Say>a</Say><Say>b</Say>")
    seen = talk.state
    played = talk.history[-1]
    talk.tell(played)
    assert talk.said == ()
    assert talk.state.frames == seen.frames


def test_keys_that_lead_a_call_are_pressed_before_its_document_is_asked_for() -> None:
    talk = Talk(answered=True, send_digits="1w2")
    assert talk.kinds() == ["PlayTones"]
    talk.played()
    assert talk.kinds() == ["Fetch"]


# -- documents on another's leg


def test_a_screening_that_ends_is_an_acceptance() -> None:
    talk = talking("<Say>a call for you</Say>", role="screening")
    talk.played()
    assert talk.kinds() == ["Accept"]
    assert talk.state.ended


def test_a_screening_that_hangs_up_is_none() -> None:
    assert talking("<Hangup/>", role="screening").kinds() == ["Hangup"]


def test_a_screening_cannot_dial() -> None:
    talk = talking("<Dial>+12125550101</Dial>", role="screening")
    assert talk.warned() == [13201]


def test_a_screening_knows_few_verbs() -> None:
    talk = talking("<Record/><Say>a</Say>", role="screening")
    assert talk.warned() == [12200]
    assert talk.heard() == ["a"]


def test_an_announcement_ends_silently() -> None:
    talk = talking("<Say>a</Say>", role="announcement")
    assert [type(each).__name__ for each in talk.played()] == ["Announced"]
    assert talk.state.ended


def test_who_waits_hears_no_gather() -> None:
    talk = talking("<Gather/>", role="hold")
    assert talk.warned() == [13238]
    assert talk.state.ended


# -- the state


def test_a_state_of_another_version_is_not_guessed_at() -> None:
    with pytest.raises(UnknownVersion):
        decode(encode(State(version=99)))
