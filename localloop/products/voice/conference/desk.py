"""What happens to conferences, in the unit of work of whoever it happens to.

The room's row is held while its next state is worked out, so that of two who come at once one is the second. Callbacks
leave as jobs of that unit; what calls must be told goes to whoever holds them; the rest is for the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from msgspec import Struct

from localloop.core import sids
from localloop.jobs import NewJob, enqueue
from localloop.products.voice.conference import queries, room
from localloop.products.voice.conference.callbacks import Callback
from localloop.products.voice.conference.room import Effect, Entry, Outcome, Room
from localloop.store import Unit
from localloop.webhooks import Notification


class Host(Struct, frozen=True, kw_only=True):
    """Whose conference it is, by its name."""

    account_sid: str
    world_sid: str
    name: str
    at: datetime
    region: str = ""


async def enter(unit: Unit, host: Host, entry: Entry) -> Outcome:
    """A call comes in; the room of this name is opened where there is none."""
    before = await queries.opened(unit, fresh(host))
    return await keep(unit, room.join(before, entry, host.at))


async def expect(unit: Unit, host: Host, entry: Entry) -> Room:
    """A call is made into it."""
    after = room.expect(await queries.opened(unit, fresh(host)), entry, host.at)
    await queries.save(unit, after)
    return after


async def apply(unit: Unit, account_sid: str, sid: str, step: Callable[[Room], Outcome]) -> Outcome | None:
    """One step of a room; None when the account has none of this SID."""
    before = await queries.get(unit, account_sid, sid, hold=True)
    return None if before is None else await keep(unit, step(before))


async def keep(unit: Unit, outcome: Outcome) -> Outcome:
    """Write a room as it is now, and send what is told of it."""
    await queries.save(unit, outcome.room)
    await enqueue(unit, jobs_of(outcome.room, outcome.effects))
    return outcome


def jobs_of(of: Room, effects: Sequence[Effect]) -> list[NewJob]:
    return [
        Notification(
            each.url,
            each.params,
            of.account_sid,
            of.sid,
            each.method,
            follows=each.sequence > 1,
            voice=True,
        ).job(of.world_sid, of.date_updated)
        for each in effects
        if isinstance(each, Callback)
    ]


def fresh(host: Host) -> Room:
    return Room(
        id=sids.new_id(),
        account_sid=host.account_sid,
        world_sid=host.world_sid,
        friendly_name=host.name,
        region=host.region or "us1",
        date_created=host.at,
        date_updated=host.at,
    )
