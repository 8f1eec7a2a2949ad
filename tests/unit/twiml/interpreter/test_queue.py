"""Enqueue and Leave: waiting, being taken, what the action is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from localloop.twiml.interpreter import Inline, commands, events
from tests.support.interpreted import BASE, Talk, ringing, talking

NEXT = "<Say>next</Say>"


def enqueue(attributes: str = "action='done' waitUrl='wait'") -> Talk:
    return talking(f"<Enqueue {attributes}>support</Enqueue>{NEXT}")


def happens(talk: Talk, what: str, **fields: Any) -> None:
    talk.send(events.QueueEvent, what=what, **fields)


def waiting(document: str = "<Say>wait</Say>", attributes: str = "action='done' waitUrl='wait'") -> Talk:
    """In the queue for ten seconds, hearing this."""
    talk = enqueue(attributes)
    happens(talk, "entered", sid="QU1")
    talk.answers(document)
    talk.at += timedelta(seconds=10)
    return talk


def told(talk: Talk) -> dict[str, str]:
    fetch = talk.one(commands.Fetch)
    assert (fetch.url, fetch.why) == (f"{BASE}done", "enqueue")
    return fetch.parameters


def result(name: str, seconds: int = 10) -> dict[str, str]:
    return {"QueueResult": name, "QueueSid": "QU1", "QueueTime": str(seconds)}


def test_who_waits_hears_a_document_again_and_again() -> None:
    talk = ringing("<Enqueue waitUrl='wait' waitUrlMethod='GET'>support</Enqueue>")
    assert talk.kinds() == ["Answer", "EnterQueue"]
    assert talk.last(commands.EnterQueue).name == "support"
    happens(talk, "entered", sid="QU1")
    for _ in range(3):
        fetch = talk.one(commands.Fetch)
        assert (fetch.url, fetch.method, fetch.why) == (f"{BASE}wait", "GET", "queue-wait")
        talk.answers("<Say>wait</Say>")
        talk.at += timedelta(seconds=5)
        talk.played()


def test_the_usual_music() -> None:
    talk = enqueue("action='done'")
    happens(talk, "entered", sid="QU1")
    assert talk.kinds() == ["Music"]
    happens(talk, "dequeued")
    assert talk.kinds() == ["StopMedia", "Accept"]


def test_silence() -> None:
    talk = enqueue("waitUrl=''")
    happens(talk, "entered", sid="QU1")
    assert talk.said == ()


def test_who_is_taken_is_told_of_once_the_conversation_is_over() -> None:
    talk = waiting()
    happens(talk, "dequeued")
    assert talk.kinds() == ["StopMedia", "Accept"]
    happens(talk, "bridged")
    assert talk.said == ()
    talk.at += timedelta(seconds=20)
    happens(talk, "ended")
    assert told(talk) == result("bridged", 10)


def test_who_is_taken_hears_a_whisper_first() -> None:
    talk = waiting()
    happens(talk, "dequeued", url=f"{BASE}whisper", method="GET")
    fetch = talk.one(commands.Fetch)
    assert (fetch.url, fetch.method, fetch.why) == (f"{BASE}whisper", "GET", "queue-whisper")
    talk.answers("<Say>an agent</Say>")
    talk.played()
    assert talk.kinds() == ["Accept"]


def test_a_whisper_that_fails_does_not_keep_them_apart() -> None:
    talk = waiting()
    happens(talk, "dequeued", url=f"{BASE}whisper")
    talk.fails()
    assert talk.kinds() == ["Warn", "Accept"]


def test_leave_goes_on_after_enqueue() -> None:
    talk = waiting("<Say>wait</Say><Leave/>", "waitUrl='wait'")
    talk.played()
    assert talk.one(commands.LeaveQueue).result == "leave"
    assert talk.heard() == ["wait", "next"]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_action_is_asked_by_its_method(method: str) -> None:
    talk = waiting("<Leave/>", f"action='done' method='{method}' waitUrl='wait'")
    assert talk.one(commands.Fetch).method == method


def test_leave_is_told() -> None:
    talk = waiting("<Leave/>")
    assert told(talk) == result("leave", 0)


def test_a_key_leads_out_of_the_queue() -> None:
    talk = waiting("<Gather numDigits='1' action='key'><Say>press to leave</Say></Gather>")
    talk.press("1")
    assert talk.one(commands.Fetch).url == f"{BASE}key"
    talk.answers("<Leave/>")
    assert told(talk)["QueueResult"] == "leave"


def test_a_wait_document_may_hang_up() -> None:
    talk = waiting("<Hangup/>")
    assert talk.kinds() == ["Hangup", "LeaveQueue", "Notify"]
    assert talk.one(commands.Notify).parameters == result("hangup", 0)
    assert talk.state.ended


def test_a_wait_document_knows_few_verbs() -> None:
    talk = waiting("<Record/><Say>wait</Say>")
    assert talk.warned() == [12200]
    assert talk.heard() == ["wait"]


def test_a_wait_document_that_fails_leads_out() -> None:
    talk = enqueue()
    happens(talk, "entered", sid="QU1")
    talk.fails()
    assert talk.one(commands.LeaveQueue).result == "error"
    assert told(talk) == result("error", 0)


def test_a_full_queue() -> None:
    talk = enqueue()
    happens(talk, "full")
    assert talk.warned() == [14207]
    assert told(talk) == {"QueueResult": "queue-full"}


def test_a_queue_that_cannot_be_entered() -> None:
    talk = enqueue("")
    happens(talk, "refused", code=14222)
    assert talk.warned() == [14222]
    assert talk.heard() == ["next"]


def test_who_hangs_up() -> None:
    talk = waiting()
    talk.hangs_up()
    assert talk.kinds() == ["LeaveQueue", "Notify"]
    assert talk.one(commands.Notify).parameters == result("hangup")


def test_who_hangs_up_just_before_the_bridge() -> None:
    talk = waiting()
    happens(talk, "dequeued")
    talk.hangs_up()
    assert talk.one(commands.Notify).parameters["QueueResult"] == "bridging-in-process"


def test_who_is_led_elsewhere_over_rest() -> None:
    talk = waiting()
    talk.send(events.Redirected, source=Inline("<Response><Say>new</Say></Response>"))
    assert talk.kinds() == ["StopMedia", "LeaveQueue", "Notify", "Say"]
    assert talk.one(commands.Notify).parameters == result("redirected")


def test_who_is_led_elsewhere_out_of_a_conversation() -> None:
    talk = waiting()
    happens(talk, "dequeued")
    happens(talk, "bridged")
    talk.send(events.Redirected, source=Inline("<Response/>"))
    assert talk.one(commands.Notify).parameters["QueueResult"] == "redirected-from-bridged"


def test_a_task_for_a_workflow() -> None:
    sid = f"WW{'0' * 32}"
    talk = talking(
        f"<Enqueue workflowSid='{sid}'><Task priority='5' timeout='60'>{{\"a\": 1}}</Task></Enqueue>"
    )
    enter = talk.last(commands.EnterQueue)
    assert enter.workflow_sid == sid
    assert enter.task is not None
    assert (enter.task.attributes, enter.task.priority, enter.task.timeout) == ('{"a": 1}', 5, 60)


def test_a_file_to_wait_with_is_heard_again_and_again() -> None:
    talk = enqueue()
    happens(talk, "entered", sid="QU1")
    talk.answers("", body=b"RIFF", content_type="audio/wav")
    assert talk.one(commands.Play) == commands.Play(n=talk.state.counter, url=f"{BASE}wait", loop=1000)
    talk.played()
    assert talk.one(commands.Fetch).url == f"{BASE}wait"
