"""Waiting for a text on a phone: ten thousand open long polls, one listening connection, a future each.

A waiter looks, and looks again only when its phone was written to (channel `phone`). Looks that coincide share a
query. What was there before the wait counts as well, so a test need not hurry; `since` and `after` exclude what is
older.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Final, Literal, TypeAlias
from uuid import UUID

from msgspec import Struct

from localloop.carriers import findings, phones
from localloop.carriers.patterns import Patterns, compiled
from localloop.carriers.phones import Direction, PhoneMessage
from localloop.core import clock, sids
from localloop.store import Database, Executor, Subscription
from localloop.store.reader import BatchReader

_FIRST_LOOK: Final = 100  # the newest texts that were there before the wait
_LATER_LOOK: Final = 10_000
# Ids are in the order of arrival but for the moment between an insert and its commit, in another process perhaps.
_OVERLAP: Final = 5_000 << 80  # milliseconds, as they stand in an id
_WORDS: Final = re.compile(r"[^\W_]{2,}")
_ESCAPES: Final = re.compile(r"\\.")
_START: Final = UUID(int=0)
_NEWER: Final = """
select k.n, m.* from unnest($1::text[], $2::text[], $3::uuid[], $4::integer[])
  with ordinality as k (world_sid, number, after, most, n), lateral (
  select * from phone_messages m
  where m.world_sid = k.world_sid and m.number = k.number and m.id > k.after order by m.id desc limit k.most
) m order by k.n, m.id desc
"""

# World, number, and the id after which to look.
Look: TypeAlias = tuple[str, str, UUID]


class Wanted(Struct, frozen=True):
    """What a waiter waits for; everything given must hold."""

    matches: str = ""  # a regular expression, found anywhere in the body
    direction: Direction | None = None
    since: datetime | None = None  # in the world's time
    after: UUID | None = None  # a text of the phone: only later ones
    has: Literal["code", "link"] | None = None  # what a reader finds in it
    oldest: bool = False  # of several that fit, not the newest

    def admits(self, message: PhoneMessage) -> bool:
        """All but the expression."""
        if self.direction is not None and message.direction != self.direction:
            return False
        if self.has is not None and not _FINDERS[self.has](message.body):
            return False
        if self.after is not None and message.id <= self.after:
            return False
        return self.since is None or message.date_created >= self.since


_FINDERS: Final = {"code": findings.codes, "link": findings.links}


class Waited(Struct, frozen=True):
    """The text, or after the time-out the one that came closest, if any."""

    message: PhoneMessage | None
    closest: PhoneMessage | None = None


class _Search:
    """What one waiter knows: where it has looked, and what came closest."""

    __slots__ = ("after", "closest", "seen", "wanted")

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.after = _before(sids.bound(clock.now()))
        self.seen: frozenset[UUID] = frozenset()
        self.closest: PhoneMessage | None = None

    async def try_on(self, messages: Sequence[PhoneMessage], patterns: Patterns) -> PhoneMessage | None:
        """Of these, newest first, the one that fits and was not tried before; of several the newest, or the oldest."""
        fresh = [message for message in messages if message.id not in self.seen]
        fitting = [message for message in fresh if self.wanted.admits(message)]
        if self.wanted.matches:
            verdicts = await patterns.search(self.wanted.matches, [message.body for message in fitting])
            fitting = [message for message, fits in zip(fitting, verdicts, strict=True) if fits]
        if fitting:
            return fitting[-1 if self.wanted.oldest else 0]
        self._remember(messages, fresh)
        return None

    def _remember(self, messages: Sequence[PhoneMessage], fresh: list[PhoneMessage]) -> None:
        if messages:
            self.after = max(self.after, _before(messages[0].id))
            self.seen = frozenset(message.id for message in messages if message.id > self.after)
        candidates = [*fresh, self.closest] if self.closest else fresh
        self.closest = max(candidates, key=self._likeness, default=None)

    def _likeness(self, message: PhoneMessage) -> tuple[bool, bool, int, UUID]:
        """Of the right kind, with most of the pattern's words, the newest: what a person would point at."""
        is_that_way = self.wanted.direction in (None, message.direction)
        words = _WORDS.findall(_ESCAPES.sub(" ", self.wanted.matches).lower())
        body = message.body.lower()
        return self.wanted.admits(message), is_that_way, sum(word in body for word in set(words)), message.id


class PhoneWatch:
    """The registry of those who wait in this process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._reader: BatchReader[Look, list[PhoneMessage]] = BatchReader(database, _newer)
        self._patterns = Patterns()
        self._waiting: dict[tuple[str, str], set[asyncio.Future[bool]]] = {}
        self._subscription: Subscription | None = None
        self._opening = asyncio.Lock()

    @property
    def waiting(self) -> int:
        return sum(map(len, self._waiting.values()))

    async def wait(self, world_sid: str, number: str, wanted: Wanted, over: asyncio.Future[None]) -> Waited:
        """A text that fits, at once or when it comes until it is `over`; PatternError for a bad expression."""
        compiled(wanted.matches)
        await self._listen()
        search = _Search(wanted)
        start = _START if wanted.after is None or not wanted.oldest else _before(wanted.after)
        found = await self._look((world_sid, number, start), search)
        while found is None:
            woken = self._enter((world_sid, number))  # before looking: what comes meanwhile wakes us at once
            end = partial(_end, woken)
            over.add_done_callback(end)
            try:
                found = await self._look((world_sid, number, search.after), search)
                if found is None and not await woken:
                    return Waited(None, search.closest)
            finally:
                over.remove_done_callback(end)
                self._leave((world_sid, number), woken)
        return Waited(found)

    async def _look(self, look: Look, search: _Search) -> PhoneMessage | None:
        return await search.try_on(await self._reader.read(look), self._patterns)

    async def close(self) -> None:
        if self._subscription is not None:
            self._subscription.close()
        await self._reader.close()
        await self._patterns.close()

    async def _listen(self) -> None:
        async with self._opening:
            if self._subscription is None:
                self._subscription = await self._database.listen(
                    phones.CHANNEL, self._wake, resync=self._wake_all
                )

    def _enter(self, key: tuple[str, str]) -> asyncio.Future[bool]:
        woken: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, set()).add(woken)
        return woken

    def _leave(self, key: tuple[str, str], woken: asyncio.Future[bool]) -> None:
        waiting = self._waiting.get(key)
        if waiting is not None:
            waiting.discard(woken)
            if not waiting:
                del self._waiting[key]

    def _wake(self, notice: str) -> None:
        world_sid, _, numbers = notice.partition("|")
        for number in numbers.split(" "):
            self._wake_key((world_sid, number))

    def _wake_all(self) -> None:
        for key in tuple(self._waiting):
            self._wake_key(key)

    def _wake_key(self, key: tuple[str, str]) -> None:
        for woken in self._waiting.get(key, ()):
            _wake(woken, True)


def _wake(woken: asyncio.Future[bool], has_news: bool) -> None:
    if not woken.done():
        woken.set_result(has_news)


def _end(woken: asyncio.Future[bool], _over: asyncio.Future[None]) -> None:
    _wake(woken, False)


def _before(message_id: UUID) -> UUID:
    return UUID(int=max(0, message_id.int - _OVERLAP))


async def _newer(reader: Executor, looks: Sequence[Look]) -> list[list[PhoneMessage]]:
    """The texts that each look is after, newest first; those who look at the same share them."""
    asked = list(dict.fromkeys(looks))
    most = [_FIRST_LOOK if after == _START else _LATER_LOOK for _, _, after in asked]
    rows = await reader.fetch(_NEWER, *map(list, zip(*asked, strict=True)), most)
    found: dict[Look, list[PhoneMessage]] = {look: [] for look in asked}
    for row in rows:
        found[asked[row["n"] - 1]].append(phones.message_of(row))
    return [found[look] for look in looks]
