"""All that one call's interpreter knows: a value that another process can go on with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final, TypeAlias

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from localloop.twiml.interpreter.activities.conference import Meeting
from localloop.twiml.interpreter.activities.dial import Dialling
from localloop.twiml.interpreter.activities.flow import Apologizing, Fetching, Pacing, Silent
from localloop.twiml.interpreter.activities.gather import Gathering
from localloop.twiml.interpreter.activities.media import Dialing, Echoing, Ringing, Sounding
from localloop.twiml.interpreter.activities.message import Sending
from localloop.twiml.interpreter.activities.pay import Entered, Paying
from localloop.twiml.interpreter.activities.queue import Queued
from localloop.twiml.interpreter.activities.record import Recording
from localloop.twiml.interpreter.activities.services import Connected, Referring
from localloop.twiml.interpreter.events import Role, Source
from localloop.twiml.interpreter.running import Running
from localloop.twiml.voice.verbs import AnyVerb, Method

VERSION: Final = 1

AnyActivity: TypeAlias = (
    Fetching
    | Pacing
    | Apologizing
    | Silent
    | Sounding
    | Ringing
    | Dialing
    | Echoing
    | Gathering
    | Recording
    | Dialling
    | Meeting
    | Queued
    | Sending
    | Connected
    | Referring
    | Paying
)


class Frame(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A document that runs: the call's own, and above it that of a queue, of a room or of a whisper.

    Without an activity it takes its next verb. `source` is what a wait document is asked for again by.
    """

    role: Role = "main"
    source: Source | None = None
    url: str = ""
    method: Method = "POST"
    is_inline: bool = False
    is_fallback: bool = False
    rest: tuple[AnyVerb, ...] = ()
    line: int = 0  # of the verb that runs
    activity: AnyActivity | None = None


class State(Struct, frozen=True, kw_only=True, omit_defaults=True):
    version: int = VERSION
    seq: int = 0  # of the last event
    counter: int = 0  # of the commands
    answered: bool = False
    gone: bool = False  # the call's leg is
    ended: bool = False  # nothing more comes of this run
    leg: str = "number"
    country: str = "US"
    fallback_url: str = ""
    fallback_method: Method = "POST"
    frames: tuple[Frame, ...] = ()
    services: tuple[Running, ...] = ()
    unanswered_as: str = ""  # how a Dial ended for which the call was let ring
    quick: int = 0
    quick_since: datetime | None = None

    @property
    def line(self) -> int:
        """Where the verb stands that runs."""
        return self.frames[-1].line if self.frames else 0

    @property
    def is_private(self) -> bool:
        """Whether what is entered now is nobody's business: the digits of a card."""
        return any(frame.activity is not None and frame.activity.is_private for frame in self.frames)

    @property
    def secret(self) -> Entered | None:
        """What is being entered to pay."""
        return next((each.activity.secret for each in self.frames if isinstance(each.activity, Paying)), None)

    def without_secret(self) -> State:
        return self._paying(lambda paying: paying.holding(Entered()))

    def with_secret(self, secret: Entered | None) -> State:
        """None where it is lost: it has to be entered again."""
        return self._paying(lambda paying: paying.begun_again() if secret is None else paying.holding(secret))

    def _paying(self, change: Callable[[Paying], Paying]) -> State:
        frames = (
            replace(frame, activity=change(frame.activity)) if isinstance(frame.activity, Paying) else frame
            for frame in self.frames
        )
        return replace(self, frames=tuple(frames))


class UnknownVersion(ValueError):
    """The state was written by a program that knows more."""


class _Version(Struct):
    version: int = VERSION


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(State)
_version: Final = msgspec.msgpack.Decoder(_Version)


def encode(state: State) -> bytes:
    return _encoder.encode(state)


def decode(data: bytes) -> State:
    """Raises UnknownVersion."""
    version = _version.decode(data).version
    if version != VERSION:
        raise UnknownVersion(f"version {version}; this program knows {VERSION}")
    return _decoder.decode(data)
