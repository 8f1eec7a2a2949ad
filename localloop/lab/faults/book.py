"""The rules as one process knows them: in memory, so that a world without any costs nothing but a look into a dict.

A change moves a counter that all processes of the machine share, after its commit and before its answer; other machines
hear a notice. Who sees the counter moved reads all rules once before deciding anything.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias

import structlog

from localloop.core import clock
from localloop.lab.faults import queries
from localloop.lab.faults.rule import KINDS, Border, Happening, Rule, is_struck
from localloop.store import Database, Subscription, Unit
from localloop.store.remembered import Changes

log = structlog.get_logger("faults")
Shelf: TypeAlias = Mapping[Border, tuple[Rule, ...]]
_NOTHING: Final[Shelf] = {}


class Faults:
    """`standing` rules hold in every world; `seed` is that of rules that name none, if there is one."""

    def __init__(
        self, database: Database, changes: Changes, standing: Sequence[Rule] = (), seed: int | None = None
    ) -> None:
        self.database = database
        self.standing = tuple(standing)
        self.seed = seed
        self._changes = changes
        self._current = changes.current  # asked several times for each message
        self._seen = -1
        self._everywhere = _shelf(self.standing)
        self._worlds: dict[str, Shelf] = {}
        self._used_up: set[tuple[str, str]] = set()
        self._reading = asyncio.Lock()
        self._subscription: Subscription | None = None

    async def start(self) -> None:
        """Know the rules, and hear of changes that other machines make."""
        self._subscription = await self.database.listen(queries.CHANNEL, lambda _: self._doubt(), self._doubt)
        await self._read()

    def close(self) -> None:
        if self._subscription is not None:
            self._subscription.close()

    def touches(self, world_sid: str, border: Border) -> bool:
        """Whether anything may go wrong there. Yes when nobody knows without asking."""
        if self._current() != self._seen:
            return True
        if not self._worlds and not self._everywhere:
            return False
        return border in self._everywhere or border in self._worlds.get(world_sid, _NOTHING)

    async def rules(self, world_sid: str, border: Border) -> tuple[Rule, ...]:
        """What is asked there, in order: the world's own rules, and those that stand."""
        if self._changes.current() != self._seen:
            await self._read()
        own = self._worlds.get(world_sid, _NOTHING).get(border, ())
        return own + self._everywhere.get(border, ())

    async def strike(self, happening: Happening) -> Rule | None:
        """The first rule that strikes, noted as applied; at most one does at each border."""
        for rule in await self.rules(happening.world_sid, happening.border):
            if (rule.world_sid, rule.sid) in self._used_up or not is_struck(rule, happening):
                continue
            at = clock.now(happening.world_sid)
            if await queries.apply(self.database, rule, happening, at):
                _tell(rule, happening)
                return rule
            self._used_up.add((rule.world_sid, rule.sid))
        return None

    def changed(self, unit: Unit) -> None:
        """In the unit that changes rules: nobody decides by the old ones after its commit."""
        unit.notify(queries.CHANNEL)
        unit.after_commit(self.moved)

    def moved(self) -> None:
        """What is known here and on this machine may have changed."""
        self._changes.bump()

    def _doubt(self) -> None:
        self._seen = -1

    async def _read(self) -> None:
        async with self._reading:
            current = self._changes.current()
            if current == self._seen:
                return  # somebody else has just read them
            rules = [queries.rule_of(row) for row in await queries.of_all(self.database)]
            worlds: defaultdict[str, list[Rule]] = defaultdict(list)
            for rule in rules:
                worlds[rule.world_sid].append(rule)
            self._worlds = {world_sid: _shelf(own) for world_sid, own in worlds.items()}
            self._used_up.clear()  # a world that was set back may have struck less often
            self._seen = current


def _shelf(rules: Iterable[Rule]) -> Shelf:
    sorted_: defaultdict[Border, list[Rule]] = defaultdict(list)
    for rule in rules:
        sorted_[rule.border].append(rule)
    return {border: tuple(found) for border, found in sorted_.items()}


def _tell(rule: Rule, happening: Happening) -> None:
    log.info(
        "fault applied",
        fault=rule.sid,
        kind=rule.kind,
        what=KINDS[rule.kind].words,
        resource=happening.resource_sid or happening.thing,
        at=happening.event,
        attempt=happening.attempt,
    )
