"""Finding a number's owner while messages fly: a cache that a release empties in every process before it is answered.

Only numbers that are owned are remembered, so a purchase concerns no cache. A change of an owned number moves a counter
that all processes of the machine share, after the commit and before the answer; other machines hear a notification. An
entry that was read before the counter moved is never used after it.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final, Protocol

from localloop.core import clock, e164
from localloop.products.numbers import inventory, ownership
from localloop.products.numbers.incoming import configuration
from localloop.products.numbers.inventory import ALL
from localloop.products.numbers.ownership import NewNumber, Owned
from localloop.store import Database, Subscription, Unit
from localloop.store.reader import BatchReader

log = logging.getLogger(__name__)

CHANNEL: Final = "numbers"
MAX_AGE_S: Final = 5.0
MAX_ENTRIES: Final = 100_000


class Changes(Protocol):
    """A counter shared by every process of this machine."""

    def current(self) -> int: ...

    def bump(self) -> object: ...


class Directory:
    def __init__(self, database: Database, changes: Changes, now: Callable[[], float] = monotonic) -> None:
        self.database = database
        self.changes = changes
        self._current = changes.current
        self._bump = changes.bump
        self._now = now
        self._seen = changes.current()
        self._epoch = 0
        self._entries: dict[tuple[str, str], tuple[float, Owned]] = {}
        self._subscription: Subscription | None = None
        # Most texts go to numbers that nobody here owns, and with very many senders most are not remembered.
        self._owners: BatchReader[tuple[str, str], Owned | None] = BatchReader(
            database, ownership.find_many, lanes=1
        )

    async def start(self) -> None:
        """Hear of changes that other machines make."""
        self._subscription = await self.database.listen(CHANNEL, lambda _: self._clear(), self._clear)

    async def close(self) -> None:
        if self._subscription is not None:
            self._subscription.close()
        await self._owners.close()

    async def find(self, world_sid: str, phone_number: str) -> Owned | None:
        """The owner of a number or short code in this world."""
        known = self.cached(world_sid, phone_number)
        if known is not None:
            return known
        epoch = self._epoch
        owned = await self._owners.read((world_sid, phone_number))
        if owned is not None:
            self._remember(owned, epoch)
        return owned

    def cached(self, world_sid: str, phone_number: str) -> Owned | None:
        """The owner if it is known here and now; None says nothing."""
        if self._current() != self._seen:
            self._clear()
            return None
        entry = self._entries.get((world_sid, phone_number))
        if entry is None or entry[0] < self._now():
            return None
        return entry[1]

    def generation(self) -> int:
        """Another one after each change: for those who remember what depends on numbers."""
        if self._current() != self._seen:
            self._clear()
        return self._epoch

    def changed(self, unit: Unit) -> None:
        """Say in a unit of work that it changes owned numbers: nobody relies on their old state after its commit."""
        unit.notify(CHANNEL)
        unit.after_commit(self._moved)

    async def adopt(self, unit: Unit, world_sid: str, account_sid: str, phone_number: str) -> Owned | None:
        """Open mode: a number that is used as a sender belongs to whom uses it, with every capability.

        Answers the owner, who may be another account of the world; None for a number that was released lately, which
        must be bought again, and for what is no possible number.
        """
        number = e164.parse(phone_number)
        if number is None or not number.is_possible:
            return None
        if await ownership.releaser(unit, world_sid, number.e164) is not None:
            return None
        listing = inventory.describe(number.e164)
        new = NewNumber(
            sid=ownership.new_sid("Local"),
            account_sid=account_sid,
            world_sid=world_sid,
            phone_number=number.e164,
            iso_country=number.country,
            type=listing.type if listing else "Local",
            capabilities=ALL,
            data=configuration.initial(number.e164, listing),
            now=clock.now(world_sid),
        )
        row = await ownership.take(unit, new)
        if row is None:
            return await ownership.find(unit, world_sid, number.e164)
        unit.after_commit(lambda: log.info("%s is now a number of %s", number.e164, account_sid))
        return ownership.owned_of(row)

    def closing(self) -> Callable[[Unit, str], Awaitable[None]]:
        """What releases the numbers of an account that is closed, in the unit of work that closes it."""

        async def release_all(unit: Unit, account_sid: str) -> None:
            world_sid = await unit.fetchval("select world_sid from accounts where sid = $1", account_sid)
            await ownership.release_all(unit, account_sid, clock.now(world_sid or ""))
            self.changed(unit)

        return release_all

    def _remember(self, owned: Owned, epoch: int) -> None:
        if self._current() != self._seen:
            self._clear()
        if epoch != self._epoch:
            return
        if len(self._entries) >= MAX_ENTRIES:
            self._entries = {}
        self._entries[owned.world_sid, owned.phone_number] = (self._now() + MAX_AGE_S, owned)

    def _moved(self) -> None:
        self._bump()
        self._clear()

    def _clear(self) -> None:
        self._seen = self._current()
        self._entries = {}
        self._epoch += 1
