"""The gate of each world: whoever holds a world shuts it, and requests of that world wait outside.

A request is counted first and looks at the gate then; whoever shuts it looks at the counts afterwards. So either the
request sees the gate, or it is seen. The flag is one for all worlds and all processes of the machine; which world is
held, the database says, and only while the flag is up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Protocol

from localloop.rest.admission import Counts, TooManyRequests
from localloop.rest.shared import Full
from localloop.store import Database
from localloop.store.worlds import LOCK

_LONGEST_S: Final = 60.0  # nobody holds a world for longer; the flag of one who died is void then
_PAUSE_S: Final = 0.01


class Flag(Counts, Protocol):
    """Counts of the machine, and how many worlds are held on it."""

    @property
    def is_shut(self) -> bool: ...

    def shut(self, seconds: float) -> None: ...

    def reopen(self) -> None: ...


class Gate:
    """One process's view. Requests that no limit counts are counted here, if they write."""

    def __init__(self, database: Database, flag: Flag) -> None:
        self._database = database
        self._flag = flag

    @property
    def is_shut(self) -> bool:
        """Whether some world is held."""
        return self._flag.is_shut

    def enter(self, account_sid: str) -> None:
        """Raises TooManyRequests where no more accounts can be counted, as `Admission` does."""
        try:
            with self._holding():
                self._flag.add(_key(account_sid))
        except Full:
            raise TooManyRequests(1) from None

    def leave(self, account_sid: str) -> None:
        self._flag.remove(_key(account_sid))

    def under_way(self, accounts: Sequence[str]) -> int:
        """How many requests of these accounts are under way."""
        with self._holding():
            found = self._count(accounts)
            if found and self._flag.sweep():
                found = self._count(accounts)
        return found

    @contextmanager
    def shut(self) -> Iterator[None]:
        """Whoever asks for a world that is held, waits."""
        self._flag.shut(_LONGEST_S)
        try:
            yield
        finally:
            self._flag.reopen()

    async def admits(self, world_sid: str) -> bool:
        """Whether this world is free. Ask while counted: then it stays so until the count is taken back."""
        free: bool = await self._database.fetchval(
            "select pg_try_advisory_xact_lock_shared($1, hashtext($2))", LOCK, world_sid
        )
        return free

    async def pause(self) -> None:
        """A moment outside."""
        await asyncio.sleep(_PAUSE_S)

    def _count(self, accounts: Sequence[str]) -> int:
        return sum(self._flag.count(each) + self._flag.count(_key(each)) for each in accounts)

    @contextmanager
    def _holding(self) -> Iterator[None]:
        self._flag.hold()
        try:
            yield
        finally:
            self._flag.release()


def _key(account_sid: str) -> str:
    return f"{account_sid} lab"
