"""Say, Play, Pause and Echo: what is heard until it is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localloop.twiml.interpreter import commands
from localloop.twiml.interpreter.activity import Activity
from localloop.twiml.interpreter.events import AnyEvent, Played, Source, Timer
from localloop.twiml.voice import verbs

if TYPE_CHECKING:
    from localloop.twiml.interpreter.run import Run


class Sounding(Activity, frozen=True, kw_only=True):
    """Something is heard."""

    n: int

    def on(self, run: Run, event: AnyEvent) -> bool:
        if not isinstance(event, Played) or event.n != self.n:
            return False
        if event.code:
            run.fail(event.code)
        else:
            run.go_on()
        return True

    def stop(self, run: Run) -> None:
        run.emit(commands.StopMedia())


class Ringing(Activity, frozen=True, kw_only=True):
    """A Pause before anything else: the call is let ring, then taken."""

    timer: str

    def on(self, run: Run, event: AnyEvent) -> bool:
        if not isinstance(event, Timer) or event.name != self.timer:
            return False
        run.answer()
        run.go_on()
        return True

    def stop(self, run: Run) -> None:
        run.cancel_timer(self.timer)


class Dialing(Activity, frozen=True, kw_only=True):
    """Keys are pressed before the document is asked for."""

    n: int
    source: Source | None = None

    def on(self, run: Run, event: AnyEvent) -> bool:
        if not isinstance(event, Played) or event.n != self.n:
            return False
        if self.source is None:
            run.go_on()
        else:
            run.load(self.source)
        return True

    def stop(self, run: Run) -> None:
        run.emit(commands.StopMedia())


class Echoing(Activity, frozen=True, kw_only=True):
    """The caller hears himself, until somebody ends it."""

    def stop(self, run: Run) -> None:
        run.emit(commands.StopMedia())


def begin(run: Run, verb: verbs.Prompt) -> None:
    if isinstance(verb, verbs.Pause) and not run.state.answered:
        run.wait(Ringing(timer=run.start_timer("ring", verb.length)))
        return
    run.answer()
    run.wait(Sounding(n=sound(run, verb)))


def sound(run: Run, verb: verbs.Prompt) -> int:
    """Let this be heard; the number of its end."""
    match verb:
        case verbs.Say():
            return run.emit(
                commands.Say(
                    text=verb.text,
                    ssml=verb.ssml,
                    pauses_ms=verb.pauses_ms,
                    voice=verb.voice,
                    language=verb.language,
                    loop=verb.loop,
                )
            )
        case verbs.Play(digits=digits) if digits:
            return run.emit(commands.PlayTones(digits=digits, loop=verb.loop))
        case verbs.Play():
            return run.emit(commands.Play(url=verb.url, loop=verb.loop))
        case verbs.Pause():
            return run.emit(commands.Pause(seconds=verb.length))


def tones(run: Run, digits: str) -> int:
    return run.emit(commands.PlayTones(digits=digits))


def echo(run: Run) -> None:
    run.answer()
    run.emit(commands.Echo())
    run.wait(Echoing())
