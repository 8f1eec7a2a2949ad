"""What a job is, and what may become of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from datetime import datetime, timedelta
from functools import cache
from typing import Any, TypeAlias, TypeVar, cast

import msgspec
from msgspec import Struct

P = TypeVar("P")


class NewJob(Struct, frozen=True):
    """A job to queue. `due_at` is in the world's time; `payload` is bytes, or a struct that is written as
    JSON."""

    kind: str
    account_sid: str
    world_sid: str
    payload: bytes | Struct
    due_at: datetime
    key: str | None = None  # to cancel it by


class Job(Struct, frozen=True):
    """A job that a worker has taken. `attempts` counts this one, and is the proof that the lease is still
    ours."""

    id: int
    account_sid: str
    world_sid: str
    kind: str
    key: str | None
    payload: bytes | Struct  # the struct itself where the job never left this process
    due_at: datetime
    attempts: int
    lane: str | None = None  # where it was parked before

    def read(self, kind: type[P]) -> P:
        """The payload as this type."""
        if isinstance(self.payload, kind):
            return self.payload
        decoded: P = _decoder(cast(Hashable, kind)).decode(self.payload)
        return decoded


class Done(Struct, frozen=True):
    """The work is done; the row goes."""


class Retry(Struct, frozen=True):
    """Again, after this long in the world's time; None leaves it to the worker, which waits longer each
    time."""

    after: timedelta | None = None


class Park(Struct, frozen=True):
    """Not yet: whatever it needs has no room. It did not take place, and waits in this lane until the lane is
    released or until this moment of real time."""

    lane: str
    until: datetime


class Dead(Struct, frozen=True):
    """It can never succeed; the row is kept among the dead for somebody to look at."""

    reason: str


class Settled(Struct, frozen=True):
    """The handler has deleted the row in a unit of its own, together with what came of it."""


class Relayed(Struct, frozen=True):
    """The handler has turned the row into this job, in a unit of its own (`relay`): it runs at once, in the same
    place."""

    job: Job


Outcome: TypeAlias = Done | Retry | Park | Dead | Settled | Relayed
Handler: TypeAlias = Callable[[Job], Awaitable[Outcome]]


@cache
def _decoder(kind: Hashable) -> Any:
    return msgspec.json.Decoder(kind)
