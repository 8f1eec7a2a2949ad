"""The step function: a state and an event make another state, and the commands that lead there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from localloop.twiml.interpreter import commands
from localloop.twiml.interpreter.activities import (
    dial,
    flow,
    gather,
    media,
    message,
    pay,
    queue,
    record,
    services,
)
from localloop.twiml.interpreter.commands import AnyCommand
from localloop.twiml.interpreter.events import (
    Answered,
    AnyEvent,
    BackgroundEnded,
    BackgroundStarted,
    HungUp,
    RecordingEnded,
    Redirected,
    Role,
    Started,
)
from localloop.twiml.interpreter.run import Run
from localloop.twiml.interpreter.state import Frame, State
from localloop.twiml.script import SCHEMA
from localloop.twiml.voice import verbs
from localloop.twiml.voice.verbs import AnyVerb

NO_DIAL: Final = 13201
NO_SUCH_VERB: Final = 13238

_QUIET: Final = (verbs.Say, verbs.Play, verbs.Pause, verbs.Redirect, verbs.Broken)
# What may stand in documents that run beside the call's own.
_ALLOWED: Final[Mapping[Role, tuple[type[verbs.Verb], ...]]] = {
    "screening": (*_QUIET, verbs.Gather, verbs.Hangup),
    "queue-wait": (*_QUIET, verbs.Gather, verbs.Hangup, verbs.Leave),
    "queue-whisper": _QUIET,
    "conference-wait": _QUIET,
    "hold": _QUIET,
    "announcement": _QUIET,
}
_STRICT: Final = ("conference-wait", "hold", "announcement")


def step(state: State, event: AnyEvent) -> tuple[State, tuple[AnyCommand, ...]]:
    """Apply one event. One that was applied before changes nothing, nor does any after the end."""
    if event.seq <= state.seq or state.ended:
        return state, ()
    run = Run(replace(state, seq=event.seq), event)
    _apply(run, event)
    while not run.state.ended and run.state.frames and run.frame.activity is None:
        verb = run.take()
        if verb is None:
            flow.end(run)
        elif _is_allowed(run, verb):
            _begin(run, verb)
    return run.state, tuple(run.commands)


def _apply(run: Run, event: AnyEvent) -> None:
    match event:
        case Started():
            _start(run, event)
        case Redirected():
            _redirect(run, event)
        case HungUp():
            _hung_up(run)
        case Answered():
            run.state = replace(run.state, answered=True)
        case BackgroundStarted():
            run.state = replace(run.state, services=(*run.state.services, event.service))
        case BackgroundEnded():
            run.forget(event.n)
        case _:
            for frame in reversed(run.state.frames):
                if frame.activity is not None and frame.activity.on(run, event):
                    return
            if isinstance(event, RecordingEnded):
                run.forget(event.n)


def _start(run: Run, event: Started) -> None:
    if run.state.frames:
        return
    frame = Frame(role=event.role, source=event.source)
    run.state = replace(
        run.state,
        answered=event.answered,
        leg=event.leg,
        country=event.country,
        fallback_url=event.fallback_url,
        fallback_method=event.fallback_method,
        frames=(frame,),
    )
    if event.send_digits:
        run.wait(media.Dialing(n=media.tones(run, event.send_digits), source=event.source))
    elif event.source is not None:
        run.load(event.source)


def _redirect(run: Run, event: Redirected) -> None:
    """What runs is left as it is; only what was started beside the document goes on."""
    if not run.state.frames:
        return
    bottom = run.state.frames[0].activity
    if bottom is not None:
        run.drop_above(bottom)
        bottom.stop(run)
    run.state = replace(run.state, frames=(Frame(source=event.source),))
    run.load(event.source)


def _hang_up(run: Run) -> None:
    """In a document that runs because of another verb, that verb has to tell its end still."""
    if len(run.state.frames) > 1:
        run.emit(commands.Hangup())
        _hung_up(run)
    else:
        run.hang_up()


def _hung_up(run: Run) -> None:
    run.state = replace(run.state, gone=True)
    bottom = run.state.frames[0].activity if run.state.frames else None
    if bottom is None:
        run.finish()
        return
    run.drop_above(bottom)
    bottom.hung_up(run)


def _is_allowed(run: Run, verb: AnyVerb) -> bool:
    role = run.frame.role
    allowed = _ALLOWED.get(role)
    if allowed is None or isinstance(verb, allowed):
        return True
    name = type(verb).__name__
    if role == "screening" and isinstance(verb, verbs.Dial):
        run.fail(NO_DIAL, "a leg that was dialled cannot dial before it is bridged")
    elif role in _STRICT:
        run.fail(NO_SUCH_VERB, f"<{name}> in a document for those who wait")
    else:
        run.warn(SCHEMA, f"<{name}> means nothing in this document")
    return False


def _begin(run: Run, verb: AnyVerb) -> None:
    match verb:
        case verbs.Say() | verbs.Play() | verbs.Pause():
            media.begin(run, verb)
        case verbs.Gather():
            gather.begin(run, verb)
        case verbs.Record():
            record.begin(run, verb)
        case verbs.Dial():
            dial.begin(run, verb)
        case verbs.Queue():
            dial.begin(run, verbs.Dial(queue=_noun(verb)))
        case verbs.Enqueue():
            queue.begin(run, verb)
        case verbs.Redirect():
            flow.redirect(run, verb)
        case verbs.Reject():
            flow.reject(run, verb)
        case verbs.Hangup():
            _hang_up(run)
        case verbs.Leave():
            flow.leave(run)
        case verbs.Pay():
            pay.begin(run, verb)
        case verbs.Filter():
            run.warn(SCHEMA, "<Prompt> means nothing outside <Pay>")
        case verbs.Sms():
            message.begin(run, verb)
        case verbs.Start():
            services.start(run, verb)
        case verbs.Stop():
            services.stop(run, verb)
        case verbs.Connect():
            services.connect(run, verb)
        case verbs.Refer():
            services.refer(run, verb)
        case verbs.Echo():
            media.echo(run)
        case verbs.Broken():
            run.fail(verb.code, verb.reason)


def _noun(verb: verbs.Queue) -> verbs.QueueNoun:
    return verbs.QueueNoun(
        name=verb.name,
        url=verb.url,
        method=verb.method,
        reservation_sid=verb.reservation_sid,
        post_work_activity_sid=verb.post_work_activity_sid,
    )
