"""Dial: who rings, who is connected, what comes after, what the action is told."""

from __future__ import annotations

from typing import Any

import pytest

from localloop.twiml.interpreter import Inline, commands, events
from localloop.twiml.voice import verbs
from tests.support.interpreted import BASE, Talk, ringing, talking

ANN = "<Number>+12125550101</Number>"
BOB = "<Client>bob</Client>"
CID = "<Sip>sip:cid@example.com</Sip>"
NEXT = "<Say>next</Say>"


def dial(attributes: str = "action='dialled'", nouns: str = ANN, **started: Any) -> Talk:
    return talking(f"<Dial {attributes}>{nouns}</Dial>{NEXT}", **started)


def legs(talk: Talk) -> list[str]:
    return [each.leg for each in talk.last(commands.PlaceLegs).legs]


def answers(talk: Talk, leg: str, sid: str = "CA1") -> None:
    talk.send(events.DialProgress, leg=leg, what="answered", call_sid=sid)


def ends(talk: Talk, leg: str, how: str = "completed", **fields: Any) -> None:
    talk.send(events.LegEnded, leg=leg, how=how, **fields)


def told(talk: Talk) -> dict[str, str]:
    fetch = talk.one(commands.Fetch)
    assert (fetch.url, fetch.why) == (f"{BASE}dialled", "dial")
    return fetch.parameters


def conversation(attributes: str = "action='dialled'") -> tuple[Talk, str]:
    """Two who speak with each other."""
    talk = dial(attributes)
    (leg,) = legs(talk)
    answers(talk, leg)
    return talk, leg


# -- one


def test_a_number_rings_is_connected_and_hangs_up() -> None:
    talk = dial("action='dialled' callerId='+13125550100' timeout='20' ringTone='de' callReason='why'")
    assert talk.kinds() == ["PlaceLegs"]
    place = talk.last(commands.PlaceLegs)
    assert (place.caller_id, place.timeout, place.ring_tone, place.call_reason) == (
        "+13125550100",
        20,
        "de",
        "why",
    )
    assert [each.target.address for each in place.legs] == ["+12125550101"]
    (leg,) = legs(talk)
    talk.send(events.DialProgress, leg=leg, what="ringing", call_sid="CA1")
    assert talk.said == ()
    answers(talk, leg)
    assert talk.kinds() == ["Bridge", "StartTimer"]
    assert talk.one(commands.StartTimer).seconds == 14400
    ends(talk, leg, duration=12)
    assert told(talk) == {
        "DialCallStatus": "completed",
        "DialBridged": "true",
        "DialCallSid": "CA1",
        "DialCallDuration": "12",
    }


@pytest.mark.parametrize("how", ["busy", "no-answer", "failed", "canceled"])
def test_what_becomes_of_a_call_that_nobody_takes(how: str) -> None:
    talk = dial()
    (leg,) = legs(talk)
    ends(talk, leg, how, call_sid="CA1")
    assert told(talk) == {"DialCallStatus": how, "DialBridged": "false", "DialCallSid": "CA1"}


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_action_is_asked_by_its_method(method: str) -> None:
    talk, leg = conversation(f"action='dialled' method='{method}'")
    ends(talk, leg)
    assert talk.one(commands.Fetch).method == method


def test_without_an_action_the_next_verb_runs() -> None:
    talk = dial("")
    (leg,) = legs(talk)
    ends(talk, leg, "busy")
    assert talk.heard() == ["next"]


def test_the_other_side_hanging_up_does_not_end_the_call() -> None:
    talk, leg = conversation("")
    ends(talk, leg)
    assert talk.heard() == ["next"]


def test_nothing_comes_after_what_the_action_says() -> None:
    talk, leg = conversation()
    ends(talk, leg)
    talk.answers("<Say>goodbye</Say>")
    talk.played()
    assert talk.heard() == ["goodbye"]
    assert talk.kinds() == ["Hangup"]


def test_a_number_that_is_none_fails() -> None:
    talk = dial(nouns="nobody")
    assert talk.warned() == [13223]
    assert told(talk) == {"DialCallStatus": "failed", "DialBridged": "false"}


def test_why_a_leg_failed_is_said() -> None:
    talk = dial()
    ends(talk, legs(talk)[0], "failed", code=13227)
    assert talk.warned() == [13227]
    assert told(talk)["DialCallStatus"] == "failed"


def test_sip_has_more_to_tell() -> None:
    talk = dial(nouns=CID)
    (leg,) = legs(talk)
    ends(talk, leg, "busy", parameters={"DialSipResponseCode": "486", "DialSipHeader_X-Why": "lunch"})
    assert told(talk)["DialSipResponseCode"] == "486"
    assert talk.last(commands.Fetch).parameters["DialSipHeader_X-Why"] == "lunch"


# -- several


def test_all_ring_and_the_first_to_answer_wins() -> None:
    talk = dial(nouns=ANN + BOB + CID)
    ann, bob, cid = legs(talk)
    ends(talk, cid, "busy")
    assert talk.said == ()
    answers(talk, bob, "CA2")
    assert talk.one(commands.EndLegs) == commands.EndLegs(n=talk.said[0].n, legs=(ann,), reason="canceled")
    assert talk.one(commands.Bridge).leg == bob
    ends(talk, ann, "canceled")
    answers(talk, ann)
    assert talk.said == ()
    ends(talk, bob, duration=3)
    assert told(talk)["DialCallSid"] == "CA2"


def test_it_is_over_when_the_last_has_ended() -> None:
    talk = dial(nouns=ANN + BOB)
    ann, bob = legs(talk)
    ends(talk, bob, "busy")
    assert talk.said == ()
    ends(talk, ann, "no-answer")
    assert told(talk)["DialCallStatus"] == "no-answer"


def test_one_after_the_other() -> None:
    talk = dial("action='dialled' sequential='true'", ANN + BOB)
    (ann,) = legs(talk)
    ends(talk, ann, "busy")
    assert talk.kinds() == ["PlaceLegs"]
    (bob,) = legs(talk)
    assert bob != ann
    answers(talk, bob, "CA2")
    ends(talk, bob, duration=1)
    assert told(talk)["DialCallSid"] == "CA2"


def test_one_after_the_other_until_nobody_is_left() -> None:
    talk = dial("action='dialled' sequential='true'", ANN + BOB)
    for how in ("busy", "no-answer"):
        ends(talk, legs(talk)[0], how)
    assert told(talk)["DialCallStatus"] == "no-answer"


# -- screening


def screened() -> tuple[Talk, str]:
    talk = dial(nouns="<Number url='/screen' method='GET' sendDigits='12'>+12125550101</Number>")
    (leg,) = legs(talk)
    answers(talk, leg)
    return talk, leg


def test_who_is_screened_hears_the_document_before_the_bridge() -> None:
    talk, leg = screened()
    assert talk.kinds() == ["Screen"]
    screen = talk.one(commands.Screen)
    assert (screen.leg, screen.url, screen.method, screen.send_digits) == (
        leg,
        "https://app.example.com/screen",
        "GET",
        "12",
    )
    talk.send(events.DialProgress, leg=leg, what="accepted")
    assert talk.kinds() == ["Bridge", "StartTimer"]


@pytest.mark.parametrize(
    "noun",
    [
        "<Client {}>bob</Client>",
        "<Sip {}>sip:cid@example.com</Sip>",
        "<WhatsApp {}>+12125550101</WhatsApp>",
        "<Application {}>AP00000000000000000000000000000001</Application>",
    ],
)
def test_whoever_is_called_may_be_screened(noun: str) -> None:
    talk = dial(nouns=noun.format("url='/screen' method='GET'"))
    (leg,) = legs(talk)
    answers(talk, leg)
    screen = talk.one(commands.Screen)
    assert (screen.leg, screen.url, screen.method) == (leg, "https://app.example.com/screen", "GET")


def test_who_declines_has_taken_the_call_but_was_not_connected() -> None:
    """As observed: `completed`, which is why applications look at DialBridged."""
    talk, leg = screened()
    ends(talk, leg, "completed", duration=4)
    parameters = told(talk)
    assert (parameters["DialCallStatus"], parameters["DialBridged"]) == ("completed", "false")


def test_others_ring_on_until_one_accepts() -> None:
    talk = dial(nouns="<Number url='/s'>+12125550101</Number><Number url='/s'>+12125550102</Number>")
    ann, bob = legs(talk)
    answers(talk, ann, "CA1")
    answers(talk, bob, "CA2")
    assert talk.kinds() == ["Screen"]
    talk.send(events.DialProgress, leg=bob, what="accepted")
    assert talk.one(commands.EndLegs).legs == (ann,)
    assert talk.one(commands.Bridge).leg == bob


# -- when it is answered


def test_dial_answers_the_caller() -> None:
    talk = ringing(f"<Dial>{ANN}</Dial>")
    assert talk.kinds() == ["Answer", "PlaceLegs"]


def test_the_caller_hears_it_ring_until_somebody_answers() -> None:
    talk = ringing(f"<Dial answerOnBridge='true'>{ANN}</Dial>")
    assert talk.kinds() == ["PlaceLegs"]
    answers(talk, legs(talk)[0])
    assert talk.kinds() == ["Answer", "Bridge", "StartTimer"]


@pytest.mark.parametrize(("how", "reason"), [("busy", "busy"), ("no-answer", "rejected")])
def test_a_caller_who_was_let_ring_for_nobody_is_not_answered_to_be_hung_up(how: str, reason: str) -> None:
    talk = ringing(f"<Dial answerOnBridge='true'>{ANN}</Dial>")
    ends(talk, legs(talk)[0], how)
    assert talk.said == (commands.Reject(n=talk.state.counter, reason=reason),)  # type: ignore[arg-type]


def test_a_caller_who_was_let_ring_is_answered_by_what_follows() -> None:
    talk = ringing(f"<Dial answerOnBridge='true'>{ANN}</Dial><Say>nobody there</Say>")
    ends(talk, legs(talk)[0], "busy")
    assert talk.kinds() == ["Answer", "Say"]
    talk.played()
    assert talk.kinds() == ["Hangup"]


# -- how it ends


def test_a_star_hangs_up_on_the_other_side() -> None:
    talk, leg = conversation("action='dialled' hangupOnStar='true'")
    talk.press("1*")
    assert talk.one(commands.EndLegs).legs == (leg,)
    ends(talk, leg, duration=9)
    assert told(talk)["DialCallStatus"] == "completed"


def test_a_star_before_anybody_answers_calls_it_off() -> None:
    talk = dial("action='dialled' hangupOnStar='true'", ANN + BOB)
    both = tuple(legs(talk))
    talk.press("*")
    assert talk.one(commands.EndLegs) == commands.EndLegs(n=talk.said[0].n, legs=both, reason="called-off")
    assert told(talk)["DialCallStatus"] == "canceled"


def test_a_star_means_nothing_unless_it_is_wanted() -> None:
    talk, _leg = conversation()
    assert talk.press("*") == ()


def test_the_longest_time_together() -> None:
    talk, leg = conversation("action='dialled' timeLimit='60'")
    assert talk.last(commands.StartTimer).seconds == 60
    talk.wait()
    assert talk.one(commands.EndLegs) == commands.EndLegs(n=talk.said[0].n, legs=(leg,), reason="time-limit")
    ends(talk, leg, duration=60)
    assert told(talk)["DialCallDuration"] == "60"


def test_a_caller_who_hangs_up_ends_it_and_the_action_is_told() -> None:
    talk, leg = conversation()
    talk.hangs_up()
    assert talk.one(commands.EndLegs).legs == (leg,)
    ends(talk, leg, duration=7)
    notify = talk.one(commands.Notify)
    assert (notify.url, notify.parameters["DialCallDuration"]) == (f"{BASE}dialled", "7")
    assert talk.state.ended


def test_a_caller_who_hangs_up_while_it_rings() -> None:
    talk = dial()
    talk.hangs_up()
    assert talk.kinds() == ["EndLegs", "Notify"]
    assert talk.one(commands.EndLegs).reason == "canceled"
    assert talk.one(commands.Notify).parameters["DialCallStatus"] == "no-answer"
    assert talk.state.ended


def test_a_caller_who_hangs_up_with_nobody_to_tell() -> None:
    talk, leg = conversation("")
    talk.hangs_up()
    assert talk.one(commands.EndLegs).legs == (leg,)
    assert talk.state.ended


def test_the_other_side_was_led_elsewhere() -> None:
    talk, leg = conversation()
    ends(talk, leg, "redirected", duration=9)
    assert told(talk) == {"DialCallStatus": "completed", "DialBridged": "true", "DialCallSid": "CA1"}


def test_a_redirect_of_the_caller_over_rest_lets_the_other_side_go() -> None:
    talk, leg = conversation()
    talk.send(events.Redirected, source=Inline("<Response><Say>new</Say></Response>"))
    assert talk.one(commands.EndLegs).legs == (leg,)
    assert talk.heard() == ["new"]
    ends(talk, leg)
    assert talk.said == ()


# -- recording


@pytest.mark.parametrize(
    ("record", "channels"), [("record-from-answer", "mono"), ("record-from-answer-dual", "dual")]
)
def test_a_conversation_is_recorded_from_its_beginning(record: str, channels: str) -> None:
    talk = dial(f"action='dialled' record='{record}' recordingStatusCallback='/r'")
    assert talk.kinds() == ["PlaceLegs"]
    (leg,) = legs(talk)
    answers(talk, leg)
    assert talk.kinds() == ["StartRecording", "Bridge", "StartTimer"]
    recording = talk.one(commands.StartRecording)
    assert (recording.source, recording.channels, recording.trim) == ("DialVerb", channels, "do-not-trim")
    assert recording.status_callback == "https://app.example.com/r"
    ends(talk, leg, duration=10)
    assert talk.one(commands.StopRecording).of == recording.n
    talk.send(events.RecordingEnded, n=recording.n, sid="RE1", url="u", duration=9)
    parameters = told(talk)
    assert parameters["RecordingUrl"] == "u"
    assert (parameters["RecordingSid"], parameters["RecordingDuration"]) == ("RE1", "9")
    assert parameters["DialCallDuration"] == "10"


def test_it_is_recorded_from_the_first_ring() -> None:
    talk = dial("record='record-from-ringing'")
    assert talk.kinds() == ["StartRecording", "PlaceLegs"]
    (leg,) = legs(talk)
    answers(talk, leg)
    assert "StartRecording" not in talk.kinds()


def test_a_single_track_has_one_channel() -> None:
    talk = dial("record='record-from-ringing-dual' recordingTrack='inbound'")
    recording = talk.one(commands.StartRecording)
    assert (recording.track, recording.channels) == ("inbound", "mono")


# -- queues


def dequeue() -> tuple[Talk, str]:
    talk = talking(f"<Dial action='dialled' timeout='15'><Queue url='/w'>support</Queue></Dial>{NEXT}")
    return talk, talk.last(commands.Dequeue).leg


def test_the_first_of_a_queue() -> None:
    talk, leg = dequeue()
    assert talk.kinds() == ["Dequeue", "StartTimer"]
    assert talk.last(commands.Dequeue).queue == verbs.QueueNoun(
        name="support", url="https://app.example.com/w"
    )
    talk.send(events.DialProgress, leg=leg, what="accepted", call_sid="CA2")
    assert talk.kinds() == ["CancelTimer", "Bridge", "StartTimer"]
    extra = {"DequeueResult": "bridged", "DequeuedCallSid": "CA2", "DequeuedCallQueueTime": "30"}
    ends(talk, leg, duration=5, parameters=extra)
    parameters = told(talk)
    assert parameters.items() >= extra.items()
    assert parameters["DialCallStatus"] == "completed"


def test_whoever_hears_a_whisper_is_waited_for() -> None:
    talk, leg = dequeue()
    patience = talk.last(commands.StartTimer)
    talk.send(events.DialProgress, leg=leg, what="answered", call_sid="CA2")
    assert talk.said == (commands.CancelTimer(n=talk.state.counter, name=patience.name),)
    talk.send(events.DialProgress, leg=leg, what="accepted")
    assert talk.kinds() == ["Bridge", "StartTimer"]


def test_an_empty_queue_is_waited_for() -> None:
    talk, leg = dequeue()
    assert talk.last(commands.StartTimer).seconds == 15
    talk.wait()
    assert talk.one(commands.EndLegs).legs == (leg,)
    assert told(talk)["DialCallStatus"] == "no-answer"


def test_a_queue_that_does_not_exist() -> None:
    talk, leg = dequeue()
    ends(talk, leg, "failed", parameters={"DequeueResult": "error"})
    parameters = told(talk)
    assert (parameters["DialCallStatus"], parameters["DequeueResult"]) == ("failed", "error")


def test_queue_as_a_verb_is_a_dial() -> None:
    talk = talking(f"<Queue>support</Queue>{NEXT}")
    talk.send(events.LegEnded, leg=talk.last(commands.Dequeue).leg, how="failed")
    assert talk.heard() == ["next"]


# -- somebody hands the caller to somebody else


def test_the_caller_goes_on_where_the_other_hands_him() -> None:
    talk, leg = conversation("action='dialled' referUrl='refer' referMethod='GET'")
    talk.send(events.LegRefers, leg=leg, to="sip:bob@example.com")
    assert talk.last(commands.EndLegs).legs == (leg,)
    fetch = talk.one(commands.Fetch)
    assert (fetch.url, fetch.method, fetch.why) == (f"{BASE}refer", "GET", "dial-refer")
    assert fetch.parameters == {"ReferTransferTarget": "sip:bob@example.com"}
    ends(talk, leg)
    talk.answers("<Say>Hello</Say>")
    assert talk.heard() == ["Hello"]


def test_without_a_refer_url_nothing_changes() -> None:
    talk, leg = conversation()
    talk.send(events.LegRefers, leg=leg, to="sip:bob@example.com")
    assert (talk.kinds()[-1], talk.warned()) == ("Warn", [13802])
    ends(talk, leg)
    assert told(talk)["DialCallStatus"] == "completed"
