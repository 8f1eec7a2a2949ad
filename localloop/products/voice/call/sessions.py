"""What listens to a call, or is connected to it: its document begins it, or REST; either ends it, or the call does."""

from __future__ import annotations

from localloop.core import errors
from localloop.products.voice.call.turn import Turn
from localloop.products.voice.session import session as sessions
from localloop.products.voice.session.session import CallSession, Track, Utterance
from localloop.twiml.interpreter import Running, commands, events
from localloop.twiml.voice import verbs

MOST_TRACKS = 4
QUOTA = 31960

# What its document wants -----------------------------------------------------------------------------------


def start(turn: Turn, wanted: commands.StartBackground) -> None:
    session = sessions.begin(wanted.service, turn.at)
    turn.begin_session(wanted.n, session)
    _admit(turn, session)


def _admit(turn: Turn, session: CallSession) -> None:
    """To whom no sound can be sent, the Debugger knows."""
    if not isinstance(session.wish, verbs.Transcription):
        turn.warn(sessions.MEDIA_DISCARDED, f"<{session.kind}>: {sessions.NO_SOUND}, so nothing is sent")


def connect(turn: Turn, wanted: commands.Connect) -> None:
    """It cannot be reached, which is how its session ends."""
    session = sessions.begin(wanted.session, turn.at)
    now, told = sessions.failed(session, turn.of_session, sessions.NO_SOUND)
    turn.keep_session(now, "stopped", told)
    code, parameters = sessions.unreachable(now, turn.at)
    turn.known = 0
    turn.warn(code, f"<{now.kind}>: {sessions.NO_SOUND}")
    turn.known = code
    turn.expect(
        lambda seq: events.SessionEnded(seq=seq, at=turn.at, n=wanted.n, parameters=parameters, code=code)
    )


# What REST wants -------------------------------------------------------------------------------------------


def attach(turn: Turn, session: CallSession) -> None:
    """Raises 20001 where the name is in use, 21220, 31960."""
    running = turn.live.sessions
    if turn.call.status != "in-progress":
        raise errors.call_not_in_progress()
    if session.name and (session.kind, session.name) in ((each.kind, each.name) for each in running.values()):
        raise errors.invalid_parameter("Name", f"{session.name} is in use in this call")
    tracks = sessions.tracks(session.wish)
    if tracks and tracks + sum(sessions.tracks(each.wish) for each in running.values()) > MOST_TRACKS:
        raise errors.of(QUOTA)
    n = min((0, *running)) - 1
    turn.begin_session(n, session)
    _admit(turn, session)
    turn.expect(lambda seq: events.BackgroundStarted(seq=seq, at=turn.at, service=_running(n, session)))


def detach(turn: Turn, sid: str) -> None:
    n = next((n for n, session in turn.live.sessions.items() if session.sid == sid), None)
    if n is not None:
        turn.end_session(n)
        turn.expect(lambda seq: events.BackgroundEnded(seq=seq, at=turn.at, n=n))


def running(turn: Turn) -> tuple[Running, ...]:
    """What a document that begins now finds."""
    return tuple(_running(n, each) for n, each in turn.live.sessions.items())


def _running(n: int, session: CallSession) -> Running:
    return Running(n, session.kind, session.name, sessions.tracks(session.wish))


# What is heard ---------------------------------------------------------------------------------------------


def hear(turn: Turn, track: Track, text: str) -> None:
    """Somebody says something in the call: inbound its other end, outbound whoever else. First as far as it is heard by
    now, then whole. What is said to pay is nobody's business."""
    script = turn.live.script
    if not text or not turn.live.sessions or (script is not None and script.is_private):
        return
    for heard in (Utterance(track, text, is_final=False), Utterance(track, text)):
        turn.listen(heard)
