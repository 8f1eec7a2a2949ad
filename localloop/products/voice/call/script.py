"""A call and its document: what happens is told to the interpreter, and what that wants is carried out."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, Literal

from msgspec.structs import replace

from localloop.core import e164
from localloop.products.voice.call import (
    family,
    files,
    lifecycle,
    payments,
    recorded,
    services,
    sessions,
    shared,
)
from localloop.products.voice.call.events import (
    Brought,
    Detected,
    Heard,
    LegOver,
    LegRefers,
    Measured,
    NotBrought,
    Ordered,
    Progressed,
    Screened,
    Texted,
    Ticked,
)
from localloop.products.voice.call.resource import Detection
from localloop.products.voice.call.turn import Turn
from localloop.telephony import leg
from localloop.telephony.leg import Line
from localloop.telephony.simulated.speech import BEEP_S, FILE_S
from localloop.twiml.interpreter import (
    AnyCommand,
    AnyEvent,
    Inline,
    Source,
    State,
    Web,
    commands,
    events,
    step,
)

CONFIDENCE: Final = 0.9  # how sure whoever listens is of what he heard
REFER_ACCEPTED: Final = 202
OK: Final = 200
_LONGEST_S: Final = 86_400.0  # a call lasts a day, whatever a file says of itself
_HEARD: Final = (
    commands.Say,
    commands.Play,
    commands.PlayTones,
    commands.Beep,
    commands.Pause,
    commands.StopMedia,
)
_ENDS: Final[dict[str, lifecycle.Status]] = {"busy": "busy", "rejected": "no-answer"}


# What happens ----------------------------------------------------------------------------------------------


def begin(turn: Turn) -> None:
    """Its own document, from the start."""
    call = turn.call
    options, webhook = call.options, call.options.webhook
    number = e164.parse(call.to if call.direction == "inbound" else call.from_)
    source: Source = Web(webhook.url, webhook.method) if webhook.url else Inline(options.twiml)
    started = events.Started(
        seq=_next(turn),
        at=turn.at,
        source=source,
        answered=call.status == "in-progress",
        leg=_kind(call.from_ if call.direction == "inbound" else call.to),
        fallback_url=webhook.fallback_url,
        fallback_method=webhook.fallback_method,
        send_digits=options.send_digits,
        country=number.country if number is not None and number.country else "US",
    )
    _start(turn, started)


def _start(turn: Turn, started: events.Started) -> None:
    """Numbers go on from a document that ran before: what is still to come of that means nothing to this one."""
    before = turn.live.script or State()
    services = sessions.running(turn)
    turn.live = replace(turn.live, script=State(seq=before.seq, counter=before.counter, services=services))
    feed(turn, started)


def finished(turn: Turn, n: int) -> None:
    """Of what it had asked for: keys that somebody else pressed have no number."""
    if n:
        feed(turn, events.Played(seq=_next(turn), at=turn.at, n=n))


def pressed(turn: Turn, digits: str) -> None:
    for key in digits:
        if key not in "wW":
            feed(turn, events.Digit(seq=_next(turn), at=turn.at, key=key))


def spoke(turn: Turn, text: str) -> None:
    """First as far as it is heard by now, then whole."""
    recorded.spoken(turn, text)
    sessions.hear(turn, "inbound_track", text)
    unsure = events.Speech(seq=_next(turn), at=turn.at, text=text, final=False, stability=CONFIDENCE)
    feed(turn, unsure)
    feed(turn, events.Speech(seq=_next(turn), at=turn.at, text=text, confidence=CONFIDENCE))


def hear(turn: Turn, heard: Heard) -> None:
    """What is said or played elsewhere, on its own leg."""
    if heard.file:
        turn.order(leg.Sound(0, heard.file, FILE_S))
    else:
        trail = heard.trail
        turn.order(leg.Hear(heard.text, trail) if heard.text else leg.Tones(0, heard.digits, trail))
    recorded.heard(turn, heard.text)
    sessions.hear(turn, "outbound_track", heard.text)


def ticked(turn: Turn, name: str) -> None:
    feed(turn, events.Timer(seq=_next(turn), at=turn.at, name=name))


def brought(turn: Turn, event: Brought) -> None:
    turn.live = replace(turn.live, jar=event.jar.without_logins())
    told = events.Fetched(
        seq=_next(turn),
        at=turn.at,
        n=event.n,
        url=event.url,
        content_type=event.content_type,
        body=event.body,
    )
    feed(turn, told)


def not_brought(turn: Turn, event: NotBrought) -> None:
    turn.known = event.code
    failed = events.FetchFailed(seq=_next(turn), at=turn.at, n=event.n, code=event.code, reason=event.reason)
    feed(turn, failed)


def referred(turn: Turn, n: int, sip_code: int, notify_code: int) -> None:
    """What came of <Refer>: it is through when the other call stands (NOTIFY 200)."""
    is_done = sip_code == REFER_ACCEPTED and notify_code == OK
    told = events.Referred(
        seq=_next(turn),
        at=turn.at,
        n=n,
        status="completed" if is_done else "failed",
        sip_code=sip_code,
        notify_code=notify_code,
    )
    feed(turn, told)


def texted(turn: Turn, event: Texted) -> None:
    """What has become of a message, by the words of Twilio's <Sms>."""
    turn.known = event.code
    status = "invalid" if event.code else "sending"
    sent = events.MessageSent(
        seq=_next(turn), at=turn.at, n=event.n, sid=event.sid, status=status, code=event.code
    )
    feed(turn, sent)


def redirect(turn: Turn, ordered: Ordered) -> None:
    """Another document in place of whatever runs."""
    source: Source = Web(ordered.url, ordered.method) if ordered.url else Inline(ordered.twiml)
    family.over(turn, "redirected")
    if turn.live.script is None or turn.live.script.ended:
        _take_over(turn, source)
        return
    feed(turn, events.Redirected(seq=_next(turn), at=turn.at, source=source))


def _take_over(turn: Turn, source: Source) -> None:
    """A call without a document of its own gets one."""
    webhook = turn.call.options.webhook
    started = events.Started(
        seq=_next(turn),
        at=turn.at,
        source=source,
        answered=True,
        leg=_kind(turn.call.to),
        fallback_url=webhook.fallback_url,
        fallback_method=webhook.fallback_method,
    )
    _start(turn, started)


def left(turn: Turn, by: Literal["caller", "api", "time-limit"] = "caller") -> None:
    """The other end is gone; what the document had begun is brought to its end."""
    feed(turn, events.HungUp(seq=_next(turn), at=turn.at, by=by))


def hang_up(turn: Turn, by: Literal["api", "time-limit"]) -> None:
    """Somebody else than the document or the other end ends it."""
    shared.leave(turn, "redirected" if by == "api" else "hung-up")
    turn.order(leg.HangUp())
    ends = lifecycle.ended_by_request if by == "api" else lifecycle.ended_by_time
    turn.become(ends(turn.call.status))
    left(turn, by)
    family.over(turn)


def detect(turn: Turn, detection: Detection) -> None:
    """Who answered is known as soon as it is, `unknown` when that takes too long."""
    who = turn.end.who(
        leg.Listening(
            to_the_end=detection.mode == "DetectMessageEnd",
            speech_ms=detection.speech_threshold,
            speech_end_ms=detection.speech_end_threshold,
            silence_ms=detection.silence_timeout,
        )
    )
    limit = detection.timeout_s * 1000
    found = Detected(who.answered_by, who.after_ms) if who.after_ms <= limit else Detected("unknown", limit)
    turn.later(timedelta(milliseconds=found.after_ms), found)


def of_leg(turn: Turn, event: Progressed | LegOver | LegRefers) -> None:
    """A call that this one made."""
    if isinstance(event, Progressed):
        progress = events.DialProgress(
            seq=_next(turn), at=turn.at, leg=event.leg, what=event.what, call_sid=event.call_sid
        )
        feed(turn, progress)
        return
    if isinstance(event, LegRefers):
        feed(turn, events.LegRefers(seq=_next(turn), at=turn.at, leg=event.leg, to=event.to))
        return
    event = shared.completed(turn, event)
    live = turn.live
    gone = live.legs.get(event.leg)
    others = {leg: id for leg, id in live.legs.items() if leg != event.leg}
    turn.live = replace(live, legs=others, peer=None if live.peer == gone else live.peer)
    ended = events.LegEnded(
        seq=_next(turn),
        at=turn.at,
        leg=event.leg,
        how=event.how,
        call_sid=event.call_sid,
        duration=event.duration,
        code=event.code,
        parameters=event.parameters,
    )
    feed(turn, ended)


def screen(turn: Turn, screened: Screened) -> None:
    """Its own document before it is connected."""
    call = turn.call
    started = events.Started(
        seq=_next(turn),
        at=turn.at,
        source=Web(screened.url, screened.method) if screened.url else None,
        answered=True,
        leg=_kind(call.to),
        role="screening",
        send_digits=screened.send_digits,
    )
    _start(turn, started)


def release(turn: Turn, reason: str) -> None:
    """Whoever dialled it needs it no longer; one that nobody answered was not answered."""
    if turn.live.queue_sid:
        family.over(turn, "completed")
        shared.queue_over(turn)
        return
    answered = turn.call.status == "in-progress"
    turn.order(leg.HangUp())
    unanswered: lifecycle.Status = "canceled" if reason == "called-off" else "no-answer"
    turn.become("completed" if answered else unanswered)
    left(turn, "time-limit" if reason == "time-limit" else "caller")
    family.over(turn, "canceled" if not answered and reason == "canceled" else None)


def feed(turn: Turn, event: AnyEvent) -> None:
    """Let the interpreter know, and carry out what it wants of that."""
    if turn.live.script is None:
        return
    state, wanted = step(turn.live.script, event)
    turn.live = replace(turn.live, script=state)
    for command in wanted:
        perform(turn, command)
    go_on(turn)


def go_on(turn: Turn) -> None:
    """Let it hear what has come of something else than itself."""
    while turn.expected:
        feed(turn, turn.expected.popleft()(_next(turn)))


def _next(turn: Turn) -> int:
    return turn.live.script.seq + 1 if turn.live.script is not None else 1


def _kind(address: str) -> Literal["number", "client", "sip"]:
    if address.startswith("client:"):
        return "client"
    return "sip" if address.startswith(("sip:", "sips:")) else "number"


# What is wanted --------------------------------------------------------------------------------------------


def perform(turn: Turn, command: AnyCommand) -> None:
    match command:
        case commands.Fetch(n=n, url=url, method=method, parameters=parameters, why=why):
            more = turn.live.whisper if why == "queue-whisper" else {}
            turn.ask(n, url, method, {**more, **parameters}, why)
        case commands.Notify():
            _tell(turn, command)
        case commands.Warn():
            _warn(turn, command)
        case commands.StartTimer(name=name, seconds=seconds):
            turn.later(timedelta(seconds=seconds), Ticked(name))
        case commands.Answer():
            turn.order(leg.Answer())
            turn.become("in-progress")
        case commands.Reject(reason=reason):
            turn.order(leg.HangUp(reason))
            turn.become(_ENDS[reason])
        case commands.Hangup():
            turn.order(leg.HangUp())
            turn.become("completed")
            family.over(turn)
        case commands.Accept():
            family.progressed(turn, "accepted")
        case commands.PlaceLegs():
            family.place(turn, command)
        case commands.Screen():
            family.screen(turn, command)
        case commands.Bridge():
            family.bridge(turn, command)
        case commands.EndLegs():
            family.release(turn, command)
        case (
            commands.EnterQueue()
            | commands.LeaveQueue()
            | commands.Dequeue()
            | commands.JoinConference()
            | commands.LeaveConference()
            | commands.Announced()
        ):
            shared.perform(turn, command)
        case commands.StartRecording():
            recorded.start(turn, command)
        case commands.StopRecording(of=of):
            recorded.stop(turn, of)
        case _:
            _sound(turn, command)


def _tell(turn: Turn, told: commands.Notify) -> None:
    if told.kind == "pay-status":
        payments.tell_of_document(turn, told)
    else:
        turn.tell(told.url, told.method, told.parameters)


def _play(turn: Turn, play: commands.Play) -> None:
    """A file; how long it is may have to be found out first."""
    script = turn.live.script
    document = script.frames[-1].url if script is not None and script.frames else ""
    if files.is_looked_into(play.url, document):
        turn.live = replace(turn.live, sound=play.n)
        turn.ask(play.n, play.url, "GET", {"Loop": str(play.loop)}, files.WHY)
    else:
        _put_on(turn, leg.Sound(play.n, play.url, FILE_S, play.loop))


def measured(turn: Turn, event: Measured) -> None:
    """Unless something else is heard by now. What cannot be played is passed over."""
    if turn.live.sound != event.n:
        return
    turn.live = replace(turn.live, sound=0)
    if event.code:
        turn.warn(event.code, f"{event.url} cannot be played: {event.reason}")
        finished(turn, event.n)
    else:
        seconds = FILE_S if event.seconds is None else min(event.seconds, _LONGEST_S)
        _put_on(turn, leg.Sound(event.n, event.url, seconds, event.times))


def _put_on(turn: Turn, sound: leg.Sound) -> None:
    turn.order(sound)
    shared.announce(turn, Heard(file=sound.url))


def _sound(turn: Turn, command: AnyCommand) -> None:
    """What is heard on the call's own leg, in place of a file that is not heard yet."""
    if turn.live.sound and isinstance(command, _HEARD):
        turn.live = replace(turn.live, sound=0)
    match command:
        case commands.Say(n=n, text=text, loop=loop, pauses_ms=pauses):
            turn.order(leg.Speak(n, text, loop, pauses / 1000))
            shared.announce(turn, Heard(text))
            sessions.hear(turn, "outbound_track", text)
        case commands.Play():
            _play(turn, command)
        case commands.PlayTones(n=n, digits=digits, loop=loop):
            turn.order(leg.Tones(n, digits * loop))
        case commands.Beep(n=n):
            turn.order(leg.Sound(n, "beep", BEEP_S))
        case commands.Pause(n=n, seconds=seconds):
            turn.order(leg.Silence(n, seconds))
        case commands.StopMedia():
            turn.order(leg.Stop())
        case commands.Music():
            turn.note(Line("played", "music"))
        case commands.Echo():
            turn.note(Line("played", "echo"))
        case _:
            services.perform(turn, command)


def _warn(turn: Turn, warn: commands.Warn) -> None:
    facts = {"url": warn.url.partition("?")[0]} if warn.url else {}
    if warn.line:
        facts["line"] = str(warn.line)
    turn.warn(warn.code, warn.reason, facts)
