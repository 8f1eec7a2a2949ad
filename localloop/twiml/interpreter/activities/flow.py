"""Documents on their way, and the verbs that only say where to go: Redirect, Hangup, Reject, Leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localloop.twiml.interpreter import commands
from localloop.twiml.interpreter.activity import Activity
from localloop.twiml.interpreter.commands import Fetch
from localloop.twiml.interpreter.events import AnyEvent, Fetched, FetchFailed, Played, Timer
from localloop.twiml.script import URL_FORMAT
from localloop.twiml.voice import verbs

if TYPE_CHECKING:
    from localloop.twiml.interpreter.run import Run


class Fetching(Activity, frozen=True, kw_only=True):
    """A document was asked for."""

    fetch: Fetch
    is_fallback: bool = False

    def on(self, run: Run, event: AnyEvent) -> bool:
        if isinstance(event, Fetched) and event.n == self.fetch.n:
            run.arrived(self, event)
        elif isinstance(event, FetchFailed) and event.n == self.fetch.n:
            run.not_arrived(self, event)
        else:
            return False
        return True


class Pacing(Activity, frozen=True, kw_only=True):
    """A document will be asked for, but not at once: too many were."""

    timer: str
    fetch: Fetch
    is_fallback: bool = False

    def on(self, run: Run, event: AnyEvent) -> bool:
        if not isinstance(event, Timer) or event.name != self.timer:
            return False
        run.fetch(self.fetch, is_fallback=self.is_fallback)
        return True

    def stop(self, run: Run) -> None:
        run.cancel_timer(self.timer)


class Apologizing(Activity, frozen=True, kw_only=True):
    """Nothing more can be done for the caller, who is told so."""

    n: int

    def on(self, run: Run, event: AnyEvent) -> bool:
        if not isinstance(event, Played) or event.n != self.n:
            return False
        run.hang_up("application-error")
        return True

    def stop(self, run: Run) -> None:
        run.emit(commands.StopMedia())


class Silent(Activity, frozen=True, kw_only=True):
    """A document of those who wait has come to its end, or there is none: nothing is heard."""

    is_music: bool = False

    def stop(self, run: Run) -> None:
        if self.is_music:
            run.emit(commands.StopMedia())


def redirect(run: Run, verb: verbs.Redirect) -> None:
    """Everything after it is out of reach. An empty one is the document itself, as it was asked for."""
    if verb.url:
        run.fetch(Fetch(url=verb.url, method=verb.method, why=run.why))
    elif run.frame.url:
        run.fetch(Fetch(url=run.frame.url, method=verb.method, why=run.why))
    else:
        run.fail(URL_FORMAT, "an empty <Redirect> in a document that has no URL")


def reject(run: Run, verb: verbs.Reject) -> None:
    """Only a call that was not answered can be rejected; any other is hung up."""
    if run.state.answered:
        run.hang_up()
    else:
        run.emit(commands.Reject(reason=verb.reason))
        run.finish()


def leave(run: Run) -> None:
    """Out of the queue whose wait document this is; anywhere else it is the document's end."""
    below = run.state.frames[-2].activity if len(run.state.frames) > 1 else None
    if run.frame.role == "queue-wait" and below is not None:
        run.drop_above(below)
        below.left(run)
    else:
        end(run)


def end(run: Run) -> None:
    """The document has come to its end; what that means depends on what it ran for."""
    match run.frame.role:
        case "main":
            run.hang_up("end-of-document")
        case "screening":
            run.emit(commands.Accept())
            run.finish()
        case "queue-whisper":
            run.emit(commands.Accept())
            run.drop()
        case "queue-wait":
            # Asked for again, for ever: Twilio loops it, unlike that of a conference.
            if run.frame.source is not None:
                run.load(run.frame.source)
            else:
                run.wait(Silent())
        case "announcement":
            run.announced()
            run.drop()
        case _:
            run.wait(Silent())
