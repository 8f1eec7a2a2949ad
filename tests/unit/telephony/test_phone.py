"""A simulated phone, event by event: how it takes calls, and how it follows its script."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from localloop.telephony.leg import (
    Answer,
    Answered,
    Due,
    Ended,
    Finished,
    HangUp,
    Hear,
    Line,
    Listening,
    News,
    Pressed,
    Reaction,
    Repeated,
    Ring,
    Ringing,
    Sound,
    Speak,
    Spoke,
    Stop,
    Transferring,
    Wake,
    Who,
)
from localloop.telephony.simulated import Persona, PersonaError, Phone, Step
from localloop.telephony.simulated.persona import persona


def later(reaction: Reaction) -> list[tuple[float, News]]:
    return [(due.after.total_seconds(), due.news) for due in reaction.later]


def answered(**given: object) -> Reaction:
    """A phone that was just answered."""
    ringing = Phone(persona=persona(given)).take(Ring(60)).leg
    return ringing.due(Answered())


@pytest.mark.parametrize(
    ("takes", "news", "due"),
    [
        ("answers", (Ringing(),), [(1.0, Answered())]),
        ("rejects", (Ringing(),), [(1.0, Ended("no-answer", 603))]),
        ("never", (Ringing(),), [(20.0, Ended("no-answer", 487))]),
        ("busy", (Ended("busy", 486),), []),
        ("unreachable", (Ended("failed", 404),), []),
    ],
)
def test_how_a_call_is_taken(takes: str, news: tuple[News, ...], due: list[tuple[float, News]]) -> None:
    reaction = Phone(persona=persona({"takes": takes})).take(Ring(20))
    assert (reaction.news, later(reaction)) == (news, due)


def test_somebody_who_is_too_slow() -> None:
    assert later(Phone(persona=Persona(after=20)).take(Ring(20))) == [(20.0, Ended("no-answer", 487))]


def test_a_text_takes_its_time_and_is_heard_at_its_end() -> None:
    """Fifteen characters a second; the script waits for words, and half a second more."""
    phone = answered(script=[{"wait": "PRESS 1"}, {"press": "1"}]).leg
    said = phone.take(Speak(7, "To go on, press 1."))
    assert (said.lines, later(said)) == ((Line("heard", "To go on, press 1.", 1.2),), [(1.2, Finished(7))])
    over = said.leg.due(Finished(7))
    assert over.news == (Finished(7),)
    ((after, wake),) = later(over)
    assert (after, isinstance(wake, Wake)) == (0.5, True)
    pressed = over.leg.due(wake)
    assert (pressed.news, pressed.lines) == ((Pressed("1"),), (Line("pressed", "1"),))


def test_words_that_are_said_again_and_again_are_heard_the_first_time() -> None:
    said = answered(script=[{"wait": "press 1"}, {"press": "1"}]).leg.take(Speak(7, "To go on, press 1.", 3))
    assert later(said) == [(3.6, Finished(7)), (1.2, Repeated(7)), (2.4, Repeated(7))]
    heard = said.leg.due(Repeated(7))
    assert [after for after, _ in later(heard)] == [0.5]
    assert answered(script=[{"press": "1"}]).leg.take(Speak(7, "Hello.", 3)).later[1:] == ()


def test_what_was_stopped_has_no_end() -> None:
    sounding = answered().leg.take(Sound(3, "https://example.com/a.mp3", 5.0)).leg
    assert sounding.take(Stop()).leg.due(Finished(3)) == Reaction(sounding.take(Stop()).leg)


def test_a_step_after_the_other() -> None:
    """What is said and pressed takes time, and then comes what is next; hanging up ends all."""
    phone = Phone(
        persona=persona({"script": [{"say": "x" * 30}, {"pause": 3}, {"hang_up": True}]}), makes_call=True
    )
    said = phone.take(Answer())
    assert (said.news, [after for after, _ in later(said)]) == ((Spoke("x" * 30),), [2.0])
    pausing = said.leg.due(said.later[0].news)
    assert [after for after, _ in later(pausing)] == [3.0]
    over = pausing.leg.due(pausing.later[0].news)
    assert over.news == (Ended("hung-up", 200),)
    assert over.leg.take(Speak(1, "hello")) == Reaction(over.leg)


def test_who_calls_says_his_greeting_when_he_is_answered() -> None:
    caller = Phone(persona=persona({"greeting": "Hello?", "script": [{"press": "1"}]}), makes_call=True)
    said = caller.take(Answer())
    assert (said.news, said.lines) == ((Spoke("Hello?"),), (Line("said", "Hello?", 0.5),))
    assert said.leg.due(said.later[0].news).news == (Pressed("1"),)


def test_words_of_whom_it_is_connected_to_count_as_well() -> None:
    phone = answered(script=[{"wait": "who"}, {"say": "Ada"}]).leg
    heard = phone.take(Hear("Who is there?"))
    assert heard.lines == (Line("heard", "Who is there?", 13 / 15),)
    assert [due.after for due in heard.later] == [timedelta(seconds=0.5)]
    assert all(isinstance(due, Due) for due in heard.later)


def test_who_holds_hears_nothing_and_is_back_in_time() -> None:
    held = answered(script=[{"hold": 30}, {"wait": "there"}, {"say": "Yes."}])
    assert (held.lines, held.news, later(held)[0][0]) == ((Line("held", "30 s"),), (Answered(),), 30.0)
    assert held.leg.take(Hear("Are you there?")) == Reaction(held.leg)
    said = held.leg.take(Speak(1, "Are you still there?"))
    assert (said.lines, len(said.later)) == ((), 1)
    assert said.leg.due(Finished(1)).later == ()
    back = held.leg.due(held.later[0].news).leg
    assert back.take(Hear("Are you there?")).lines == (Line("heard", "Are you there?", 14 / 15),)


def transferred(**heir: object) -> Reaction:
    """A call that was handed on."""
    handed = answered(script=[{"transfer": "+15551230002"}, {"say": "never"}])
    ((after, news),) = later(handed)
    assert (after, news) == (0.0, Transferring("+15551230002"))
    return replace(handed.leg, heir=persona(heir)).due(news)


def test_who_takes_a_call_that_is_handed_on() -> None:
    """A carrier says nothing of it: one voice goes, and another comes."""
    ringing = transferred(after=4, greeting="Sales.", script=[{"wait": "order"}, {"press": "1"}])
    assert (ringing.lines, ringing.news) == ((Line("transferred", "+15551230002"),), ())
    assert ringing.leg.take(Hear("Hello?")).lines == ()
    ((after, wake),) = later(ringing)
    taken = ringing.leg.due(wake)
    assert (after, taken.news, taken.lines) == (4.0, (Spoke("Sales."),), (Line("said", "Sales.", 0.5),))
    heard = taken.leg.due(taken.later[0].news).leg.take(Hear("My order"))
    pressed = heard.leg.due(heard.later[0].news)
    assert pressed.news == (Pressed("1"),)


@pytest.mark.parametrize(("takes", "after"), [("busy", 0.0), ("rejects", 1.0)])
def test_a_call_that_is_handed_on_in_vain_is_lost(takes: str, after: float) -> None:
    ringing = transferred(takes=takes)
    ((due, wake),) = later(ringing)
    assert (due, ringing.leg.due(wake).news) == (after, (Ended("hung-up", 200),))


@pytest.mark.parametrize(
    ("takes", "to_the_end", "answered_by"),
    [
        ("answers", False, "human"),
        ("fax", True, "fax"),
        ("voicemail", False, "machine_start"),
        ("voicemail", True, "machine_end_beep"),
    ],
)
def test_who_answered(takes: str, to_the_end: bool, answered_by: str) -> None:
    phone = Phone(persona=persona({"takes": takes}))
    assert phone.who(Listening(to_the_end=to_the_end)).answered_by == answered_by


@pytest.mark.parametrize(
    ("given", "listening", "who"),
    [
        ({}, Listening(), Who("human", 1200)),
        ({}, Listening(speech_end_ms=500), Who("human", 500)),
        ({"greeting": "Who is there, please? Ada?"}, Listening(), Who("human", 1733 + 1200)),
        ({"script": [{"pause": 5}, {"say": "Hello?"}]}, Listening(), Who("unknown", 5000)),
        ({"script": [{"pause": 5}, {"say": "Hello?"}]}, Listening(silence_ms=8000), Who("human", 1200)),
        ({"takes": "voicemail"}, Listening(speech_ms=1000), Who("machine_start", 1000)),
        (
            {"takes": "machine", "beep": False, "greeting": "x" * 150},
            Listening(to_the_end=True, speech_end_ms=700),
            Who("machine_end_silence", 10_000 + 1400),
        ),
        (
            {"takes": "machine", "beep": False, "greeting": "x" * 150, "script": [{"press": "1"}]},
            Listening(to_the_end=True),
            Who("machine_end_other", 10_000),
        ),
    ],
)
def test_how_long_it_takes_to_know_who_answered(
    given: dict[str, Any], listening: Listening, who: Who
) -> None:
    """By Twilio's speech threshold, speech end threshold and silence timeout; what it is, the persona says."""
    assert Phone(persona=persona(given)).who(listening) == who


def test_nobody_answers_twice() -> None:
    phone = answered().leg
    assert phone.due(Answered()).news == ()
    assert phone.take(HangUp()).leg.due(Ended("no-answer", 487)).news == ()


@pytest.mark.parametrize(
    "wrong",
    [
        {"takes": "perhaps"},
        {"after": -1},
        {"script": [{}]},
        {"script": [{"say": "a", "press": "1"}]},
        {"script": [{"press": "x"}]},
        {"script": [{"transfer": "Bob"}]},
        {"script": [{"hold": -1}]},
        {"script": [{"shout": "a"}]},
        "no JSON",
    ],
    ids=str,
)
def test_what_no_phone_does(wrong: object) -> None:
    with pytest.raises(PersonaError):
        persona(wrong)
    assert persona('{"script": [{"press": "1w#"}]}').script == (Step(press="1w#"),)
