"""What a carrier is: it takes a message or refuses it, and what became of it is told later by a receipt."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol, TypeAlias

from msgspec import Struct

Fate: TypeAlias = Literal["delivered", "undelivered", "failed", "read"]


class Submission(Struct, frozen=True):
    """A message as a carrier sees it."""

    message_sid: str
    account_sid: str
    world_sid: str
    from_address: str
    to_address: str
    body: str
    media_urls: tuple[str, ...] = ()
    num_segments: int = 1
    risk_checked: bool = True  # False: the sender said RiskCheck=disable
    content: Mapping[str, Any] | None = None  # what a channel shows beside the text
    at: datetime | None = None  # its turn, if its sender has a pace, which may be some milliseconds ago


class Receipt(Struct, frozen=True):
    """What became of a message; `at` is when the carrier says so, in the world's time."""

    message_sid: str
    account_sid: str
    status: Fate
    at: datetime
    error_code: int | None = None
    is_read: bool = False  # it was read as it came
    is_lost: bool = False  # it came about so, and nobody ever says it
    overtakes: bool = False  # it is here before the answer to the submission


class Accepted(Struct, frozen=True):
    """The carrier has the message. `receipt` is set when its fate is known already: whoever submitted makes it a job,
    due at its time, in the unit that records the message as sent. Else the carrier will bring it by itself. `more` is
    what the carrier says beyond that, likewise."""

    receipt: Receipt | None = None
    more: tuple[Receipt, ...] = ()


class Refused(Struct, frozen=True):
    """The carrier does not take the message: it failed."""

    error_code: int


class Throttled(Struct, frozen=True):
    """Not now: the carrier has all it can take, and the message stays in the queue."""

    after: timedelta


Answer: TypeAlias = Accepted | Refused | Throttled


class Carrier(Protocol):
    """One way out. Submitting the same message twice (a worker died in between) must do no harm that the
    real network would not do.

    `is_outside` says that a submission leaves our database: it may take its time, and may have happened though nobody
    lived to record it. The message is then `sending`, for everybody to see, before it is submitted.
    """

    @property
    def is_outside(self) -> bool: ...

    async def submit(self, submission: Submission) -> Answer: ...

    async def close(self) -> None: ...
