"""A leg: the line between the platform and the other end of a call, whatever that is.

A leg is a value. It takes orders and answers with a reaction: itself as it is afterwards, the news that the platform
hears at once, and the news that is due later. Whoever holds the leg keeps it, wakes it by `due` when its time has come,
and so can go on with it in another process. A leg that stands for a real line announces nothing by itself: its news
comes from the line.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Literal, Protocol, TypeAlias

from msgspec import Struct

# Where a sound has been: calls and conferences. It comes to none of them a second time, or two that hear each other
# would hear it for ever.
Trail: TypeAlias = tuple[str, ...]

# Orders: what the platform does to the other end. `n` names what takes time, so that its end can be told.


class Ring(Struct, frozen=True, tag=True):
    """Let it ring, for so many seconds."""

    timeout: float


class Answer(Struct, frozen=True, tag=True):
    """Take a call that the other end makes."""


class Speak(Struct, frozen=True, tag=True):
    """Say a text so many times."""

    n: int
    text: str
    times: int = 1
    pauses: float = 0.0  # seconds, that the text asks for


class Sound(Struct, frozen=True, tag=True):
    """Play a file of this length so many times."""

    n: int
    url: str
    seconds: float
    times: int = 1


class Tones(Struct, frozen=True, tag=True):
    """Press keys; `w` waits for half a second, `W` for a whole one."""

    n: int
    digits: str
    trail: Trail = ()


class Silence(Struct, frozen=True, tag=True):
    n: int
    seconds: float


class Stop(Struct, frozen=True, tag=True):
    """End what is being said or played."""


class Hear(Struct, frozen=True, tag=True):
    """What somebody says to whom it is connected to."""

    text: str
    trail: Trail = ()


class HangUp(Struct, frozen=True, tag=True):
    """End it; before it was answered, in this way."""

    reason: Literal["normal", "busy", "rejected"] = "normal"


class Refer(Struct, frozen=True, tag=True):
    """Ask whoever is there to call somebody else instead (RFC 3515)."""

    n: int
    uri: str


Order: TypeAlias = Ring | Answer | Speak | Sound | Tones | Silence | Stop | Hear | HangUp | Refer

# News: what the platform hears of it.


class Ringing(Struct, frozen=True, tag=True):
    pass


class Answered(Struct, frozen=True, tag=True):
    pass


class Ended(Struct, frozen=True, tag=True):
    """The other end has hung up, or never came."""

    how: Literal["hung-up", "busy", "no-answer", "failed"]
    sip_code: int


class Finished(Struct, frozen=True, tag=True):
    """What was ordered under this number is over."""

    n: int


class Pressed(Struct, frozen=True, tag=True):
    digits: str
    trail: Trail = ()


class Spoke(Struct, frozen=True, tag=True):
    text: str
    trail: Trail = ()


class Referred(Struct, frozen=True, tag=True):
    """What came of a REFER: how it was answered, and how the other call went where there was one; 0 where not."""

    n: int
    sip_code: int
    notify_code: int = 0


class Wake(Struct, frozen=True, tag=True):
    """For the leg alone: it wanted to be woken."""

    turn: int


class Transferring(Struct, frozen=True, tag=True):
    """For the leg alone: whoever is there hands the call to somebody else, of which a carrier tells nobody."""

    to: str


class Referring(Struct, frozen=True, tag=True):
    """For the leg alone: whoever is there calls somebody else, as he was asked to."""

    n: int
    uri: str


class Refers(Struct, frozen=True, tag=True):
    """It asks that the call goes on elsewhere: SIP's REFER (RFC 3515)."""

    to: str


class Repeated(Struct, frozen=True, tag=True):
    """For the leg alone: what is said to it several times was said once more."""

    n: int


News: TypeAlias = (
    Ringing
    | Answered
    | Ended
    | Finished
    | Pressed
    | Spoke
    | Referred
    | Wake
    | Transferring
    | Refers
    | Referring
    | Repeated
)


class Due(Struct, frozen=True):
    """News that the leg announces for later."""

    after: timedelta
    news: News


LineKind: TypeAlias = Literal[
    "heard", "played", "tones", "said", "pressed", "held", "transferred", "received", "sent"
]


class Line(Struct, frozen=True):
    """A line of what happened at the other end, as somebody there would tell it."""

    kind: LineKind
    text: str
    seconds: float = 0.0  # how long it takes to hear it, once


class Listening(Struct, frozen=True, kw_only=True):
    """How it is listened for machines, in milliseconds: speech that long is one's, such a pause ends what is said, and
    who says nothing for so long is unknown. `to_the_end` of a machine's greeting."""

    to_the_end: bool = False
    speech_ms: int = 2400
    speech_end_ms: int = 1200
    silence_ms: int = 5000


class Who(Struct, frozen=True):
    """Who answered, as whoever listens for machines finds out: Twilio's AnsweredBy, and after how many milliseconds."""

    answered_by: str
    after_ms: int


class Reaction(Struct, frozen=True):
    leg: Leg
    news: tuple[News, ...] = ()
    later: tuple[Due, ...] = ()
    lines: tuple[Line, ...] = ()
    sent: tuple[News, ...] = ()  # what the other side hears, where that is a call of the house as well


class Leg(Protocol):
    def take(self, order: Order) -> Reaction:
        """Carry out an order, or begin to."""
        ...

    def due(self, news: News) -> Reaction:
        """What it had announced has come; its news is what of that is still so."""
        ...

    def who(self, listening: Listening) -> Who:
        """Who answered."""
        ...
