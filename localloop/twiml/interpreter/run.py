"""One step of an interpreter while it is made: the state as it changes, and the commands that come of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from msgspec.structs import replace

from localloop.twiml.document import TwimlError
from localloop.twiml.interpreter import commands
from localloop.twiml.interpreter.activities.flow import Apologizing, Fetching, Pacing, Silent
from localloop.twiml.interpreter.activity import Activity
from localloop.twiml.interpreter.commands import AnyCommand, Fetch, HangupReason, Warn, Why
from localloop.twiml.interpreter.events import AnyEvent, Fetched, FetchFailed, Redirected, Role, Source, Web
from localloop.twiml.interpreter.state import AnyActivity, Frame, State
from localloop.twiml.script import URL_FORMAT
from localloop.twiml.voice import reader, verbs
from localloop.twiml.voice.reader import Script
from localloop.twiml.voice.verbs import AnyVerb, Method

APOLOGY: Final = "We're sorry, an application error has occurred. Goodbye."
# A document may redirect to itself for ever, but no more often than this in a second.
QUICK: Final = 50
QUICK_SPAN: Final = timedelta(seconds=1)
_WHY: Final[Mapping[Role, Why]] = {
    "main": "voice",
    "screening": "screening",
    "queue-wait": "queue-wait",
    "queue-whisper": "queue-whisper",
    "conference-wait": "conference-wait",
    "hold": "conference-hold",
    "announcement": "announcement",
}


class Run:
    """Owns the state for the length of one step."""

    def __init__(self, state: State, event: AnyEvent) -> None:
        self.state = state
        self.event = event
        self.commands: list[AnyCommand] = []

    # -- commands

    def emit(self, command: AnyCommand) -> int:
        """Ask for this; its number, by which events speak of it."""
        n = self.state.counter + 1
        self.state = replace(self.state, counter=n)
        self.commands.append(replace(command, n=n))
        return n

    def warn(self, code: int, reason: str = "", line: int = 0) -> None:
        url = self.frame.url if self.state.frames else ""
        self.emit(Warn(code=code, reason=reason, line=line or self.line, url=url))

    def start_timer(self, what: str, seconds: float) -> str:
        """The name of a new timer."""
        name = f"{what}:{self.state.counter + 1}"
        self.emit(commands.StartTimer(name=name, seconds=seconds))
        return name

    def cancel_timer(self, name: str) -> None:
        if name:
            self.emit(commands.CancelTimer(name=name))

    def answer(self) -> None:
        """The next thing is heard: an incoming call is taken now."""
        if not self.state.answered and not self.state.gone:
            self.state = replace(self.state, answered=True)
            self.emit(commands.Answer())

    # -- the document that runs

    @property
    def frame(self) -> Frame:
        return self.state.frames[-1]

    @property
    def line(self) -> int:
        return self.frame.line if self.state.frames else 0

    @property
    def why(self) -> Why:
        """For what the present document runs."""
        return _WHY[self.frame.role]

    def _put(self, frame: Frame) -> None:
        self.state = replace(self.state, frames=(*self.state.frames[:-1], frame))

    def wait(self, activity: AnyActivity) -> None:
        """The document stands still until this activity lets it go on."""
        self._put(replace(self.frame, activity=activity))

    def go_on(self) -> None:
        """With the next verb."""
        self._put(replace(self.frame, activity=None))

    def take(self) -> AnyVerb | None:
        """The next verb, or None at the end."""
        if not self.frame.rest:
            return None
        verb, *rest = self.frame.rest
        self._put(replace(self.frame, rest=tuple(rest), line=verb.line))
        return verb

    def push(self, role: Role, source: Source | None) -> None:
        """Run another document while the present one waits; without a source, silence."""
        self.state = replace(self.state, frames=(*self.state.frames, Frame(role=role, source=source)))
        if source is None:
            self.wait(Silent())
        else:
            self.load(source)

    def hold(self, role: Role, url: str | None, method: Method) -> None:
        """What those who wait hear: a document, silence ("") or, unless it is said, the usual music."""
        self.push(role, Web(url, method) if url else None)
        if url is None:
            self.emit(commands.Music())
            self.wait(Silent(is_music=True))

    def forget(self, n: int) -> None:
        """What went on beside the document does no more."""
        services = (each for each in self.state.services if each.n != n)
        self.state = replace(self.state, services=tuple(services))

    def drop(self) -> None:
        """End the document on top; the run ends with its last one."""
        self.state = replace(self.state, frames=self.state.frames[:-1])
        if not self.state.frames:
            self.finish()

    def become(self, old: AnyActivity, new: AnyActivity) -> None:
        """An activity goes on as another, wherever its document stands."""
        frames = (
            replace(frame, activity=new) if frame.activity is old else frame for frame in self.state.frames
        )
        self.state = replace(self.state, frames=tuple(frames))

    def drop_above(self, activity: Activity) -> None:
        """End the documents that run because of this activity."""
        while self.frame.activity is not activity:
            if self.frame.activity is not None and not self.state.gone:
                self.frame.activity.stop(self)
            self.state = replace(self.state, frames=self.state.frames[:-1])

    # -- other documents

    def load(self, source: Source) -> None:
        """Go on with this document in place of the present one."""
        if isinstance(source, Web):
            self.fetch(Fetch(url=source.url, method=source.method, why=self.why))
            return
        try:
            is_update = isinstance(self.event, Redirected)
            script = reader.inline(source.twiml, self.state.country, is_update=is_update)
        except TwimlError as error:
            self._put(replace(self.frame, url="", is_inline=True, line=error.line))
            self.fail(error.code, error.reason)
            return
        self._begin(script, "", "POST")

    def fetch(self, fetch: Fetch, *, is_fallback: bool = False) -> None:
        """Ask for a document; of those that follow each other at once, so many a second."""
        now, since = self.event.at, self.state.quick_since
        if since is None or now - since >= QUICK_SPAN:
            self.state = replace(self.state, quick=0, quick_since=now)
        if self.state.quick >= QUICK:
            timer = self.start_timer("pace", QUICK_SPAN.total_seconds())
            self.wait(Pacing(timer=timer, fetch=fetch, is_fallback=is_fallback))
            return
        self.state = replace(self.state, quick=self.state.quick + 1)
        self.wait(Fetching(fetch=replace(fetch, n=self.emit(fetch)), is_fallback=is_fallback))

    def not_arrived(self, fetching: Fetching, failure: FetchFailed) -> None:
        self._put(replace(self.frame, is_fallback=fetching.is_fallback))
        self.fail(failure.code, failure.reason)

    def arrived(self, fetching: Fetching, answer: Fetched) -> None:
        """The document that was asked for is here."""
        self._put(replace(self.frame, is_fallback=fetching.is_fallback))
        try:
            script = reader.read(answer.body, answer.content_type, answer.url, self.state.country)
        except TwimlError as error:
            self._put(replace(self.frame, url=answer.url, is_inline=False, line=error.line))
            self.fail(error.code, error.reason)
            return
        if script.is_media and self.frame.role != "main":
            script = self._to_wait_with(script)
        self._begin(script, answer.url, fetching.fetch.method)

    def _to_wait_with(self, script: Script) -> Script:
        """A file in place of a wait document: it ends no call, and in a queue it is heard again and again."""
        heard = script.verbs[:1]
        if self.frame.role == "queue-wait" and isinstance(heard[0], verbs.Play):
            heard = (replace(heard[0], loop=verbs.MOST_LOOPS),)
        return replace(script, verbs=heard)

    def _begin(self, script: Script, url: str, method: Method) -> None:
        frame = replace(
            self.frame, url=url, method=method, is_inline=not url, rest=script.verbs, activity=None, line=0
        )
        self._put(frame)
        for notice in script.notices:
            self.warn(notice.code, notice.reason, notice.line)

    def request(self, url: str | None, method: Method, parameters: dict[str, str], why: Why) -> None:
        """Hand the call to an action; None for the present document. After a hang-up it is only told."""
        target = url if url is not None else self.frame.url
        if self.state.gone:
            if target:
                self.tell(target, method, parameters, why)
            self.finish()
        elif target:
            self.fetch(Fetch(url=target, method=method, parameters=parameters, why=why))
        else:
            self.fail(URL_FORMAT, "there is no action, and a document given over REST has no URL of its own")

    def act(self, url: str | None, method: Method, parameters: dict[str, str], why: Why) -> None:
        """Hand the call to an action where there is one, else go on with the next verb."""
        if url is not None:
            self.request(url, method, parameters, why)
        elif self.state.gone:
            self.finish()
        else:
            self.go_on()

    def tell(self, url: str, method: Method, parameters: dict[str, str], why: Why) -> None:
        """A request whose answer is not followed."""
        self.emit(commands.Notify(url=url, method=method, parameters=parameters, kind=why))

    def announced(self, code: int = 0) -> None:
        """The announcement that runs is over, or cannot be played."""
        source = self.frame.source
        if isinstance(source, Web):
            self.emit(commands.Announced(url=source.url, code=code))

    # -- ends

    def fail(self, code: int, reason: str = "") -> None:
        """This document cannot go on: the fallback is asked, then the caller is told, then the call ends."""
        self.warn(code, reason)
        if self.state.gone:
            self.finish()
            return
        role = self.frame.role
        if role not in ("main", "screening"):
            if role == "announcement":
                self.announced(code)
            self.drop()
            if not self.state.ended and self.frame.activity is not None:
                self.frame.activity.document_failed(self, role)
            return
        if self.state.fallback_url and not self.frame.is_fallback:
            told = {"ErrorCode": str(code)}
            if url := self._failed_url():
                told["ErrorUrl"] = url
            fallback = Fetch(url=self.state.fallback_url, method=self.state.fallback_method, parameters=told)
            self.fetch(fallback, is_fallback=True)
            return
        self.answer()
        self.wait(Apologizing(n=self.emit(commands.Say(text=APOLOGY))))

    def _failed_url(self) -> str:
        activity = self.frame.activity
        return activity.fetch.url if isinstance(activity, Fetching) else self.frame.url

    def hang_up(self, reason: HangupReason = "hangup") -> None:
        """The call is over by the document's will."""
        if self.state.unanswered_as and not self.state.answered:
            self.emit(commands.Reject(reason="busy" if self.state.unanswered_as == "busy" else "rejected"))
        else:
            self.answer()
            self.emit(commands.Hangup(reason=reason))
        self.finish()

    def finish(self) -> None:
        """Nothing more comes of this run."""
        self.state = replace(self.state, ended=True)
