"""A call as its interpreter sees it, driven by hand: documents, keys and time in, commands out.

Every step is made twice, and from a state that was written and read again: what comes out must be the same.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from msgspec.structs import replace

from localloop.payloads.kinds import declared
from localloop.twiml.interpreter import State, Web, commands, decode, encode, events, step
from localloop.twiml.interpreter.commands import AnyCommand
from localloop.twiml.interpreter.events import AnyEvent

BASE = "https://app.example.com/calls/"
START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

# Requests that are those of another kind, told apart by what asked for them alone.
_LIKE = dict.fromkeys(["screening", "connect", "conference-wait", "conference-hold", "announcement"], "voice")
_GIVEN_BY_OTHERS = ("DialSipHeader_", "VirtualAgent")

_C = TypeVar("_C", bound=commands.Command)
_UNSENT: Any = {"seq": 0, "at": START}


class Talk:
    """One run: `say` what happens, look at `said` for what came of it last and at `all` for everything."""

    def __init__(self, **started: Any) -> None:
        self.state = State()
        self.at = START
        self.history: list[AnyEvent] = []
        self.said: tuple[AnyCommand, ...] = ()
        self.all: list[AnyCommand] = []
        source = started.pop("source", Web(f"{BASE}start"))
        self.tell(events.Started(**_UNSENT, source=source, **started))

    def tell(self, event: AnyEvent) -> tuple[AnyCommand, ...]:
        event = replace(event, seq=len(self.history) + 1, at=self.at)
        once = step(self.state, event)
        again = step(decode(encode(self.state)), event)
        assert once == again
        assert decode(encode(once[0])) == once[0]
        assert step(once[0], event) == (once[0], ())  # applied once
        self._check_requests(once[1])
        self.history.append(event)
        self.state, self.said = once
        numbers = [command.n for command in (*self.all, *self.said)]
        assert numbers == list(range(1, len(numbers) + 1))
        self.all += self.said
        return self.said

    def _check_requests(self, said: tuple[AnyCommand, ...]) -> None:
        """What is told to an application is declared with its webhooks."""
        for command in said:
            if isinstance(command, commands.Fetch | commands.Notify):
                why = command.why if isinstance(command, commands.Fetch) else command.kind
                known = {each.parameter.name for each in declared(_LIKE.get(why, why))}
                told = {name for name in command.parameters if not name.startswith(_GIVEN_BY_OTHERS)}
                assert told <= known, (why, told - known)

    def send(self, kind: type[events.Event], **fields: Any) -> tuple[AnyCommand, ...]:
        event: Any = kind(**_UNSENT, **fields)
        return self.tell(event)

    # -- what the world does

    def answers(self, inside: str, url: str = "", **fields: Any) -> tuple[AnyCommand, ...]:
        """The application answers the last request with this."""
        fetch = self.last(commands.Fetch)
        body = f"<Response>{inside}</Response>".encode()
        known: dict[str, Any] = {"content_type": "text/xml", "body": body, **fields}
        return self.send(events.Fetched, n=fetch.n, url=url or fetch.url, **known)

    def fails(self, code: int = 11200) -> tuple[AnyCommand, ...]:
        return self.send(events.FetchFailed, n=self.last(commands.Fetch).n, code=code)

    def played(self, code: int = 0) -> tuple[AnyCommand, ...]:
        """The last thing to be heard is over."""
        return self.send(events.Played, n=self.sound.n, code=code)

    def press(self, keys: str) -> tuple[AnyCommand, ...]:
        for key in keys:
            self.send(events.Digit, key=key)
        return self.said

    def wait(self) -> tuple[AnyCommand, ...]:
        """Until the latest timer that is still running."""
        timer = self.timer
        assert timer is not None
        self.at += timedelta(seconds=timer.seconds)
        return self.send(events.Timer, name=timer.name)

    def hangs_up(self) -> tuple[AnyCommand, ...]:
        return self.send(events.HungUp)

    # -- what came of it

    @property
    def sound(self) -> Any:
        kinds = (commands.Say, commands.Play, commands.PlayTones, commands.Beep, commands.Pause)
        return next(command for command in reversed(self.all) if isinstance(command, kinds))

    @property
    def timer(self) -> commands.StartTimer | None:
        cancelled = {command.name for command in self.all if isinstance(command, commands.CancelTimer)}
        cancelled |= {event.name for event in self.history if isinstance(event, events.Timer)}
        running = (command for command in reversed(self.all) if isinstance(command, commands.StartTimer))
        return next((timer for timer in running if timer.name not in cancelled), None)

    def last(self, kind: type[_C]) -> _C:
        return next(command for command in reversed(self.all) if isinstance(command, kind))

    def one(self, kind: type[_C]) -> _C:
        """The only command of this kind that came of the last event."""
        (found,) = (command for command in self.said if isinstance(command, kind))
        return found

    def kinds(self) -> list[str]:
        """What came of the last event, by name."""
        return [type(command).__name__ for command in self.said]

    def heard(self) -> list[str]:
        """All that was said or played by now."""
        return [
            getattr(command, "text", "") or getattr(command, "url", "") or getattr(command, "digits", "")
            for command in self.all
            if isinstance(command, commands.Say | commands.Play | commands.PlayTones)
        ]

    def warned(self) -> list[int]:
        return [command.code for command in self.all if isinstance(command, commands.Warn)]


def talking(inside: str, **started: Any) -> Talk:
    """A call that was answered and runs this."""
    talk = Talk(**{"answered": True, **started})
    talk.answers(inside)
    return talk


def ringing(inside: str, **started: Any) -> Talk:
    """A call that came in, is not answered yet, and runs this."""
    return talking(inside, **{"answered": False, **started})
