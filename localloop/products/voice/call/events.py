"""What happens to a call. Each is taken once, by whoever holds its job, or at once by whoever asks."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from localloop.products.voice.call.resource import Method, Options
from localloop.telephony.leg import News


class Dialled(Struct, frozen=True, tag="dialled"):
    """It leaves the queue: its turn has come."""


class Arrived(Struct, frozen=True, tag="arrived"):
    """It reached a number of ours, and rings."""


class Came(Struct, frozen=True, tag="came"):
    """What the leg announced."""

    news: News


class Pressed(Struct, frozen=True, tag="pressed"):
    """Somebody at the other end presses keys."""

    digits: str


class Said(Struct, frozen=True, tag="said"):
    """Somebody at the other end says something."""

    text: str


class HungUp(Struct, frozen=True, tag="hung-up"):
    """Somebody at the other end hangs up."""


class TimeIsUp(Struct, frozen=True, tag="time-is-up"):
    """It has lasted as long as it may."""


class Detected(Struct, frozen=True, tag="detected"):
    """Whoever listened for an answering machine has made up his mind."""

    answered_by: str
    after_ms: int


class Ordered(Struct, frozen=True, tag="ordered"):
    """Over REST: to end it, to go on with another document, to be called back elsewhere."""

    end: Literal["", "canceled", "completed"] = ""
    url: str = ""
    method: Method = "POST"
    twiml: str = ""
    options: Options | None = None


class Conferred(Struct, frozen=True, tag="conferred"):
    """The conference that it is in lets it wait, enter, hold or go, or announces something."""

    what: Literal["wait", "enter", "hold", "unhold", "announce", "left", "refused"]
    code: int = 0
    url: str | None = None
    method: Method = "POST"


Event: TypeAlias = (
    Dialled | Arrived | Came | Pressed | Said | HungUp | TimeIsUp | Detected | Ordered | Conferred
)
