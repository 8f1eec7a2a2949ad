"""Choosing a sender for a message of a service: whom the recipient knows, else the best and least busy of the pool."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from localloop.core import errors
from localloop.products.messaging.service import sticky
from localloop.products.messaging.service.selection import ALPHANUMERIC, Candidate, Recipient, choose
from localloop.products.messaging.service.settings import Staffed
from localloop.products.messaging.service.sticky import Bond, Proposal
from localloop.store import BatchWriter, Database
from localloop.store.reader import BatchReader

_MOST_KNOWN: Final = 100_000


class Need(Struct, frozen=True, kw_only=True):
    """A message that looks for its sender."""

    world_sid: str
    recipient: Recipient
    at: datetime


class Loads:
    """How busy senders are, as far as this process knows: what it gave them itself, and what their queues said.

    Where no pace is kept all are idle, and each gets as many messages as the next.
    """

    def __init__(self) -> None:
        self._busy: dict[str, tuple[datetime, int]] = {}

    def of(self, key: str, now: datetime) -> tuple[datetime, int]:
        until, uses = self._busy.get(key, (now, 0))
        return max(until, now), uses

    def take(self, key: str, now: datetime, interval: timedelta) -> None:
        until, uses = self.of(key, now)
        if len(self._busy) >= _MOST_KNOWN:
            self._busy = {}
        self._busy[key] = (until + interval, uses + 1)

    def learn(self, key: str, until: datetime) -> None:
        """The sender's queue reaches at least so far."""
        before, uses = self._busy.get(key, (until, 0))
        self._busy[key] = (max(before, until), uses)


class Choice:
    """Remembers nothing that may not be lost: whom a recipient knows lies in the database."""

    def __init__(self, database: Database) -> None:
        self.loads = Loads()
        self._known: BatchReader[Bond, str | None] = BatchReader(database, sticky.find)
        self._agreed: BatchWriter[Proposal, str] = BatchWriter(database, sticky.agree)

    async def close(self) -> None:
        await self._agreed.close()
        await self._known.close()

    async def sender(self, staffed: Staffed, need: Need, segment: timedelta) -> Candidate:
        """Raises 21704 for an empty pool, 21703 when nobody in it reaches the recipient.

        `segment`: the time of one message at an ordinary sender, by which the loads are estimated.
        """
        service = staffed.service
        if not staffed.pool:
            raise errors.messaging_service_without_numbers()
        recipient = need.recipient
        bond = Bond(service.account_sid, service.sid, recipient.channel, recipient.address)
        known = await self._known.read(bond) if service.sticky_sender else None

        def pace(candidate: Candidate) -> str:
            return pace_of(need.world_sid, service.account_sid, candidate.type, candidate.address)

        def load(candidate: Candidate) -> tuple[datetime, int]:
            return self.loads.of(pace(candidate), need.at)

        chosen = choose(staffed.pool, recipient, service.policy, load, known)
        if chosen is None:
            raise errors.messaging_service_without_capable_number()
        if service.sticky_sender and chosen.sid != known:
            agreed = await self._agreed.write(Proposal(bond, chosen.sid, need.at, known))
            chosen = choose(staffed.pool, recipient, service.policy, load, agreed) or chosen
        self.loads.take(pace(chosen), need.at, segment)
        return chosen


def pace_of(world_sid: str, account_sid: str, type: str, address: str) -> str:
    """By which a sender's slots are reserved: an alphanumeric one is nobody's own, so each account has its own pace."""
    return f"{account_sid if type == ALPHANUMERIC else world_sid}|{address}"
