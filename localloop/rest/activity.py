"""Whether anything goes on between a world and its application: requests in flight, and when the last one was.

It is kept where requests in flight are counted, so that every process knows of every other's. Only worlds whose clock
is automatic note their last exchange: they are the only ones that anybody asks about it.
"""

from __future__ import annotations

from collections.abc import Iterable
from time import monotonic
from typing import Final, Protocol

from localloop.core import clock
from localloop.rest.shared import Full

QUIET_S: Final = (
    0.05  # an application that was just spoken to, or has just spoken, may be about to do something
)


class Counts(Protocol):
    """Part of `admission.Counts`."""

    def hold(self) -> None: ...

    def release(self) -> None: ...

    def count(self, key: str) -> int: ...

    def due(self, key: str) -> float: ...

    def set_due(self, key: str, due: float) -> None: ...


class Activity:
    """Of all worlds, seen from one process."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts

    def note(self, world_sid: str) -> None:
        """An exchange with the world's application has just ended. Costs a look into a dict, unless its clock is
        automatic."""
        if clock.world_time(world_sid).mode != "auto":
            return
        self._counts.hold()
        try:
            self._counts.set_due(_key(world_sid), monotonic() + QUIET_S)
        except Full:
            return  # it is taken for quiet a little too early
        finally:
            self._counts.release()

    def in_flight(self, account_sids: Iterable[str]) -> int:
        """How many requests of these accounts are being answered."""
        self._counts.hold()
        try:
            return sum(map(self._counts.count, account_sids))
        except Full:
            return 0
        finally:
            self._counts.release()

    def quiet_in(self, world_sid: str) -> float:
        """In how many seconds it will have been quiet for long enough; 0.0 when it has."""
        self._counts.hold()
        try:
            return max(0.0, self._counts.due(_key(world_sid)) - monotonic())
        except Full:
            return 0.0
        finally:
            self._counts.release()


def _key(world_sid: str) -> str:
    return f"{world_sid} exchange"
