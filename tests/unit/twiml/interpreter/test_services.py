"""Start, Stop, Connect, Refer, and messages from within a call."""

from __future__ import annotations

from localloop.twiml.interpreter import Inline, commands, events
from localloop.twiml.interpreter.run import APOLOGY
from localloop.twiml.voice import verbs
from tests.support.interpreted import BASE, Talk, talking

STREAM = "<Stream name='a' url='wss://media.example.com/x'><Parameter name='p' value='v'/></Stream>"
NEXT = "<Say>next</Say>"


# -- beside the document


def test_what_is_started_does_not_hold_up_the_document() -> None:
    talk = talking(f"<Start>{STREAM}<Transcription name='t'/><Siprec name='s'/></Start>{NEXT}")
    assert talk.kinds() == ["StartBackground", "StartBackground", "StartBackground", "Say"]
    first = talk.said[0]
    assert isinstance(first, commands.StartBackground)
    assert first.service == verbs.Stream(name="a", url="wss://media.example.com/x", parameters=(("p", "v"),))
    assert [service.kind for service in talk.state.services] == ["Stream", "Transcription", "Siprec"]


def test_it_outlives_the_document() -> None:
    talk = talking(f"<Start>{STREAM}</Start>{NEXT}")
    talk.send(events.Redirected, source=Inline("<Response><Stop><Stream name='a'/></Stop></Response>"))
    started = next(each for each in talk.all if isinstance(each, commands.StartBackground))
    assert talk.one(commands.StopBackground).of == started.n
    assert talk.state.services == ()


def test_stop_without_a_name_means_the_only_one() -> None:
    talk = talking(f"<Start>{STREAM}</Start><Stop><Stream/></Stop>{NEXT}")
    assert talk.kinds() == ["StartBackground", "StopBackground", "Say"]


def test_stop_of_what_does_not_run() -> None:
    talk = talking(f"<Stop><Stream name='b'/></Stop>{NEXT}")
    assert talk.warned() == [12200]
    assert talk.heard() == ["next"]


def test_a_name_is_used_once() -> None:
    talk = talking(f"<Start>{STREAM}{STREAM}</Start>")
    assert talk.warned() == [12200]
    assert len(talk.state.services) == 1


def test_no_more_than_four_tracks_are_streamed() -> None:
    both = "<Stream url='wss://media.example.com/x' track='both_tracks'/>"
    talk = talking(f"<Start>{both}{both}{STREAM}</Start>{NEXT}")
    assert talk.warned() == [31960]
    assert talk.kinds() == ["StartBackground", "StartBackground", "Warn", "Say"]


def test_what_ended_by_itself_may_be_started_again() -> None:
    talk = talking(f"<Start>{STREAM}</Start><Say>a</Say><Start>{STREAM}</Start>{NEXT}")
    talk.send(events.BackgroundEnded, n=talk.state.services[0].n)
    talk.played()
    assert talk.kinds() == ["StartBackground", "Say"]


def test_a_recording_of_the_call_goes_on() -> None:
    talk = talking(f"<Start><Recording channels='mono' recordingStatusCallback='/r'/></Start>{NEXT}")
    recording = talk.last(commands.StartRecording)
    assert (recording.channels, recording.trim) == ("mono", "trim-silence")
    assert talk.heard() == ["next"]
    talk.send(events.RecordingEnded, n=recording.n)
    assert talk.state.services == ()


def test_a_recording_of_the_call_is_stopped_by_its_name() -> None:
    talk = talking("<Start><Recording name='r'/></Start><Stop><Recording name='r'/></Stop>")
    recording = talk.last(commands.StartRecording)
    assert recording.channels == "dual"
    assert talk.one(commands.StopRecording).of == recording.n
    assert talk.state.services == ()


# -- in place of the document


def test_connect_holds_up_the_document_until_the_session_ends() -> None:
    talk = talking(f"<Connect><Stream url='wss://media.example.com/x'/></Connect>{NEXT}")
    assert talk.kinds() == ["Connect"]
    talk.send(events.SessionEnded, n=talk.last(commands.Connect).n)
    assert talk.heard() == ["next"]


def test_connect_tells_its_action() -> None:
    talk = talking("<Connect action='done'><VirtualAgent connectorName='c'/></Connect>")
    connect = talk.last(commands.Connect)
    assert isinstance(connect.session, verbs.Session)
    assert (connect.session.kind, connect.session.attributes) == ("VirtualAgent", {"connectorName": "c"})
    talk.send(events.SessionEnded, n=connect.n, parameters={"VirtualAgentStatus": "completed"})
    fetch = talk.one(commands.Fetch)
    assert (fetch.url, fetch.why) == (f"{BASE}done", "connect")
    assert fetch.parameters == {"VirtualAgentStatus": "completed"}


def test_connect_of_one_who_hangs_up_is_told_still() -> None:
    talk = talking(f"<Connect action='done'>{STREAM}</Connect>")
    talk.hangs_up()
    assert talk.kinds() == ["Disconnect"]
    talk.send(events.SessionEnded, n=talk.last(commands.Connect).n)
    assert talk.one(commands.Notify).url == f"{BASE}done"
    assert talk.state.ended


def test_connect_of_one_who_hangs_up_with_nobody_to_tell() -> None:
    talk = talking(f"<Connect>{STREAM}</Connect>")
    talk.hangs_up()
    assert talk.state.ended


def test_connect_to_a_relay() -> None:
    talk = talking(
        "<Connect><ConversationRelay url='wss://a.example/x?y=1' welcomeGreeting='Hi'>"
        "<Language code='de-DE' voice='v'/><Parameter name='p' value='v'/></ConversationRelay></Connect>"
    )
    session = talk.last(commands.Connect).session
    assert session == verbs.Session(
        kind="ConversationRelay",
        attributes={"url": "wss://a.example/x?y=1", "welcomeGreeting": "Hi"},
        parameters=(("p", "v"),),
        languages=({"code": "de-DE", "voice": "v"},),
    )


# -- refer


def refer(leg: str = "sip", action: str = "") -> Talk:
    return talking(f"<Refer {action}><Sip>sip:a@b.example</Sip></Refer>{NEXT}", leg=leg)


def test_only_sip_can_be_referred() -> None:
    talk = refer("number")
    assert talk.warned() == [13801]
    assert talk.heard() == [APOLOGY]


def test_who_is_referred_is_gone() -> None:
    talk = refer(action="action='done'")
    assert talk.last(commands.Refer).uri == "sip:a@b.example"
    n = talk.last(commands.Refer).n
    talk.send(events.Referred, n=n, status="completed", sip_code=202, notify_code=200)
    assert talk.one(commands.Notify).parameters == {
        "ReferCallStatus": "completed",
        "ReferSipResponseCode": "202",
        "NotifySipResponseCode": "200",
    }
    assert talk.one(commands.Hangup).reason == "referred"


def test_who_could_not_be_referred_goes_on() -> None:
    talk = refer()
    talk.send(events.Referred, n=talk.last(commands.Refer).n, status="failed", sip_code=603)
    assert talk.heard() == ["next"]


def test_who_could_not_be_referred_is_handed_to_the_action() -> None:
    talk = refer(action="action='done'")
    talk.send(events.Referred, n=talk.last(commands.Refer).n, status="failed", sip_code=603)
    assert talk.one(commands.Fetch).parameters["ReferSipResponseCode"] == "603"


# -- messages


def test_a_message_does_not_hold_up_the_document() -> None:
    talk = talking(f"<Sms to='+12125550101' statusCallback='/s'>Hello</Sms>{NEXT}")
    assert talk.kinds() == ["SendMessage", "Say"]
    message = talk.last(commands.SendMessage)
    assert (message.body, message.to, message.from_) == ("Hello", "+12125550101", None)
    assert message.status_callback == "https://app.example.com/s"


def test_a_message_with_an_action_does() -> None:
    talk = talking(f"<Sms action='sent' method='GET'>Hello</Sms>{NEXT}")
    talk.send(events.MessageSent, n=talk.last(commands.SendMessage).n, sid="SM1", status="sending")
    fetch = talk.one(commands.Fetch)
    assert (fetch.url, fetch.method, fetch.why) == (f"{BASE}sent", "GET", "call-message")
    assert fetch.parameters == {"SmsSid": "SM1", "SmsStatus": "sending"}


def test_a_message_of_todays_kind() -> None:
    talk = talking(f"<Message><Body>Hello</Body><Media>cat.png</Media></Message>{NEXT}")
    message = talk.last(commands.SendMessage)
    assert (message.body, message.media, message.legacy) == ("Hello", (f"{BASE}cat.png",), False)
