"""Conference: let in, waiting, on hold, out."""

from __future__ import annotations

from typing import Any

import pytest

from localloop.twiml.interpreter import Inline, commands, events
from tests.support.interpreted import BASE, Talk, talking

NEXT = "<Say>next</Say>"


def join(room: str = "", dial: str = "action='dialled'") -> Talk:
    return talking(f"<Dial {dial}><Conference {room}>Room 1</Conference></Dial>{NEXT}")


def happens(talk: Talk, what: str, **fields: Any) -> None:
    talk.send(events.ConferenceEvent, what=what, **fields)


def told(talk: Talk) -> dict[str, str]:
    fetch = talk.one(commands.Fetch)
    assert (fetch.url, fetch.why) == (f"{BASE}dialled", "dial")
    return fetch.parameters


def test_a_participant_joins_and_leaves() -> None:
    talk = join("muted='true' beep='onEnter'")
    assert talk.kinds() == ["JoinConference", "StartTimer"]
    room = talk.last(commands.JoinConference).conference
    assert (room.name, room.muted, room.beep) == ("Room 1", True, "onEnter")
    happens(talk, "enter", sid="CF1")
    happens(talk, "left")
    assert told(talk) == {"DialCallStatus": "answered"}


def test_without_an_action_the_next_verb_runs() -> None:
    talk = join(dial="")
    happens(talk, "left")
    assert talk.heard() == ["next"]


def test_who_waits_hears_the_usual_music_until_let_in() -> None:
    talk = join()
    happens(talk, "wait")
    assert talk.kinds() == ["Music"]
    happens(talk, "enter")
    assert talk.kinds() == ["StopMedia"]


def test_who_waits_in_silence() -> None:
    talk = join("waitUrl=''")
    happens(talk, "wait")
    assert talk.said == ()


def test_who_waits_hears_a_document_which_is_not_repeated() -> None:
    talk = join("waitUrl='wait' waitMethod='GET'")
    happens(talk, "wait")
    fetch = talk.one(commands.Fetch)
    assert (fetch.url, fetch.method, fetch.why) == (f"{BASE}wait", "GET", "conference-wait")
    talk.answers("<Say>wait</Say>")
    talk.played()
    assert talk.said == ()
    happens(talk, "enter")
    assert talk.said == ()


def test_an_empty_redirect_repeats_it() -> None:
    talk = join("waitUrl='wait'")
    happens(talk, "wait")
    talk.answers("<Say>wait</Say><Redirect/>")
    talk.played()
    fetch = talk.one(commands.Fetch)
    assert (fetch.url, fetch.why) == (f"{BASE}wait", "conference-wait")


def test_what_is_heard_while_waiting_stops_when_it_begins() -> None:
    talk = join("waitUrl='wait'")
    happens(talk, "wait")
    talk.answers("<Say>wait</Say>")
    happens(talk, "enter")
    assert talk.kinds() == ["StopMedia"]


def test_who_cannot_be_given_the_document_is_not_let_in() -> None:
    talk = join("waitUrl='wait'")
    happens(talk, "wait")
    talk.fails()
    assert talk.kinds()[:2] == ["Warn", "LeaveConference"]
    assert told(talk) == {"DialCallStatus": "failed"}


def test_a_wait_document_plays_and_says_only() -> None:
    talk = join("waitUrl='wait'", dial="")
    happens(talk, "wait")
    talk.answers("<Gather/>")
    assert talk.warned() == [13238]
    assert talk.heard() == ["next"]


def test_hold_and_back() -> None:
    talk = join()
    happens(talk, "enter")
    happens(talk, "hold", url=f"{BASE}hold", method="GET")
    fetch = talk.one(commands.Fetch)
    assert (fetch.why, fetch.method) == ("conference-hold", "GET")
    talk.answers("<Play>music.mp3</Play>")
    happens(talk, "unhold")
    assert talk.kinds() == ["StopMedia"]


def test_hold_without_a_document_is_music() -> None:
    talk = join()
    happens(talk, "hold")
    assert talk.kinds() == ["Music"]


def test_a_hold_document_that_fails_is_silence() -> None:
    talk = join()
    happens(talk, "enter")
    happens(talk, "hold", url=f"{BASE}hold")
    talk.fails()
    assert talk.kinds() == ["Warn"]
    happens(talk, "left")
    assert told(talk) == {"DialCallStatus": "answered"}


def test_what_is_heard_in_waiting_is_changed() -> None:
    talk = join("waitUrl='/first'")
    happens(talk, "wait")
    assert talk.one(commands.Fetch).url.endswith("/first")
    happens(talk, "wait", url=f"{BASE}second", method="GET")
    fetch = talk.one(commands.Fetch)
    assert (fetch.url, fetch.method, fetch.why) == (f"{BASE}second", "GET", "conference-wait")
    happens(talk, "wait", url="")
    assert talk.kinds() == []  # silence


def test_an_announcement_comes_and_goes() -> None:
    talk = join()
    happens(talk, "enter")
    happens(talk, "announce", url=f"{BASE}news")
    talk.answers("<Say>news</Say>")
    assert talk.heard() == ["news"]
    [over] = talk.played()
    assert isinstance(over, commands.Announced)
    assert (over.url, over.code) == (f"{BASE}news", 0)
    happens(talk, "left")
    assert told(talk) == {"DialCallStatus": "answered"}


@pytest.mark.parametrize("fault", ["<Gather/>", None])
def test_an_announcement_that_cannot_be_played(fault: str | None) -> None:
    talk = join()
    happens(talk, "enter")
    happens(talk, "announce", url=f"{BASE}news")
    if fault is None:
        talk.send(events.FetchFailed, n=talk.one(commands.Fetch).n, code=11200, reason="")
    else:
        talk.answers(fault)
    assert talk.last(commands.Announced).code == (11200 if fault is None else 13238)
    assert not talk.state.ended


@pytest.mark.parametrize("code", [16020, 16025, 13240])
def test_who_is_not_let_in(code: int) -> None:
    talk = join()
    happens(talk, "refused", code=code)
    assert talk.warned() == [code]
    assert told(talk) == {"DialCallStatus": "failed"}


def test_a_star_leads_out() -> None:
    talk = join(dial="action='dialled' hangupOnStar='true'")
    happens(talk, "enter")
    talk.press("1*")
    assert talk.kinds()[0] == "LeaveConference"
    assert told(talk) == {"DialCallStatus": "answered"}
    happens(talk, "left")
    assert talk.said == ()


def test_the_longest_time_in_it() -> None:
    talk = join(dial="action='dialled' timeLimit='60'")
    talk.wait()
    assert talk.kinds()[0] == "LeaveConference"
    assert told(talk) == {"DialCallStatus": "answered"}


def test_dial_records_its_own_leg() -> None:
    talk = join(dial="action='dialled' record='record-from-answer-dual'")
    recording = talk.last(commands.StartRecording)
    assert (recording.source, recording.channels) == ("DialVerb", "dual")
    happens(talk, "left")
    assert talk.kinds() == ["CancelTimer", "StopRecording"]
    talk.send(events.RecordingEnded, n=recording.n, sid="RE1", url="u", duration=3)
    assert told(talk)["RecordingUrl"] == "u"


def test_who_hangs_up_leaves() -> None:
    talk = join()
    happens(talk, "enter")
    talk.hangs_up()
    assert talk.kinds() == ["LeaveConference", "CancelTimer", "Notify"]
    assert talk.state.ended


def test_a_redirect_over_rest_leads_out() -> None:
    talk = join("waitUrl='wait'")
    happens(talk, "wait")
    talk.answers("<Say>wait</Say>")
    talk.send(events.Redirected, source=Inline("<Response/>"))
    assert talk.kinds() == ["StopMedia", "CancelTimer", "LeaveConference", "Hangup"]


def test_a_conference_without_a_name() -> None:
    talk = talking(f"<Dial><Conference/></Dial>{NEXT}")
    assert talk.warned() == [13237]
    assert talk.heard() == ["next"]


def test_a_file_to_wait_with_is_heard_once() -> None:
    talk = join("waitUrl='wait'")
    happens(talk, "wait")
    talk.answers("", body=b"RIFF", content_type="audio/wav")
    assert talk.one(commands.Play).loop == 1
    assert talk.played() == ()
    assert not talk.state.ended
