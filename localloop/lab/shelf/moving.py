"""The steps of which everything on the shelf is made, within a unit of work that holds the world."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from msgspec import Struct

from localloop.core import clock, sids
from localloop.lab.shelf import identities, made, statements
from localloop.lab.shelf.identities import Copying, Identity, Seal
from localloop.lab.shelf.lock import Held, WorldLock
from localloop.lab.shelf.statements import SCHEMA, Columns, bound, renamed_code
from localloop.lab.shelf.tables import STATE, TABLES, TRACES, Table
from localloop.store import Unit
from localloop.store.worlds import announce

_STATE: Final = tuple(table for table in STATE if table.name != "accounts")
_OF_KEYS: Final = ("api_keys", "oauth_clients")
_CONTENT: Final = tuple(table for table in _STATE if table.name not in _OF_KEYS)
_OF_CLOSED: Final = (*TRACES, *(table for table in STATE if table.name in _OF_KEYS))
# What a world may have that was made for a test.
AT_START: Final = tuple(table for table in STATE if table.name in ("worlds", "phone_numbers"))
_FRESH_WORLD: Final = "insert into worlds (world_sid, profile) values ($1, $2)"
_HOLD: Final = f"""
insert into object_holders (object_id, account_sid, holder)
select distinct object_id, $1, holder from {SCHEMA}.object_holders where snapshot_sid = $1
on conflict do nothing
"""
_LET_GO: Final = "delete from object_holders where account_sid = any($1) returning object_id"
_LOCK_OBJECTS: Final = "select id from objects where id = any($1::uuid[]) order by id for update"
_UNWANT: Final = """
update objects o set state = 'unwanted' where id = any($1::uuid[]) and state = 'kept'
  and not exists (select from object_holders h where h.object_id = o.id)
"""
# Where the text of a message is, and how its row is found by the SID of the message.
_TEXTS: Final = (
    "update messages t set body = {schema}.renamed(t.body, l.old, l.new) from {links}"
    " where t.account_sid = any(:new) and t.id = substr(l.message_sid, 3)::uuid",
    "update phone_messages t set body = {schema}.renamed(t.body, l.old, l.new) from {links}"
    " where t.world_sid = :copy and t.message_sid = l.message_sid",
    "update deliveries t set detail = {schema}.renamed(t.detail::text, l.old, l.new)::jsonb from {links}"
    " where t.account_sid = any(:new) and t.resource_sid = l.message_sid and t.detail is not null",
)
_LINKS: Final = """(
  select message_sid, array_agg(code) as old, array_agg({code}) as new from {schema}.short_links
  where snapshot_sid = :snapshot group by 1
) l"""


class Forked(Struct, frozen=True):
    """A new world like another: its accounts, the main one first, and its keys, with their secrets."""

    accounts: Sequence[Identity]
    keys: Sequence[Identity]


class Tools(Struct, frozen=True):
    """What the shelf needs of others: secrets are sealed; `tell` says in a unit of work that whatever anybody remembers
    of a world is void, and `moved` that it has ended; `heard` waits until every process goes by a world's clock."""

    seal: Seal
    tell: Callable[[Unit], None]
    moved: Callable[[], None]
    heard: Callable[[int], Awaitable[object]]


@asynccontextmanager
async def changing(lock: WorldLock, tools: Tools, world_sid: str) -> AsyncIterator[Held]:
    """The world stands still while another is put in its place, and everybody hears of it. Raises Busy."""
    try:
        async with lock.held(world_sid) as held:
            yield held
            tools.tell(held.unit)
            move = await announce(held.unit, world_sid)
    finally:
        tools.moved()
    await tools.heard(move)


async def put_away(columns: Columns, held: Held, snapshot_sid: str) -> Mapping[str, int]:
    """Copy the world to the shelf; how many rows of each table that has any."""
    arguments = {"accounts": held.accounts, "world": held.world_sid, "snapshot": snapshot_sid}
    row = await held.unit.fetchrow(*bound(statements.save(columns), arguments))
    assert row is not None
    await held.unit.execute(_HOLD, snapshot_sid)
    return {table: count for table, count in row.items() if count}


async def put_start_away(columns: Columns, held: Held, snapshot_sid: str) -> None:
    """The same of a world that has just been made, and has little."""
    arguments = {"accounts": held.accounts, "world": held.world_sid, "snapshot": snapshot_sid}
    await held.unit.execute(*bound(statements.save(columns, AT_START), arguments))


async def discard_start(unit: Unit, snapshot_sid: str) -> None:
    await unit.execute(*bound(statements.discard(AT_START), {"snapshots": [snapshot_sid]}))


async def put_back(columns: Columns, held: Held, snapshot_sid: str, accounts: Sequence[str]) -> None:
    """Make the world what it was, when it had these accounts."""
    held_objects = await clear(held, _STATE)
    await held.unit.execute(*bound(statements.put_back_accounts(columns), {"snapshot": snapshot_sid}))
    await close_accounts(held, [each for each in held.accounts if each not in accounts])
    await held.unit.execute(*bound(statements.fill(columns, translated=False), {"snapshot": snapshot_sid}))
    await let_go(held.unit, held_objects)


async def set_back(columns: Columns, held: Held, start: made.Made, seal: Seal) -> None:
    """The world's start again: the accounts that it had then stay, with their tokens and keys."""
    held_objects = await clear(held, _CONTENT)
    await close_accounts(held, [each for each in held.accounts if each not in start.accounts])
    pairs = zip(start.accounts, start.replaces, strict=True)
    accounts = [Identity(sid, "", replaces) for sid, replaces in pairs]
    await translate(held.unit, columns, Copying(start.start_sid, accounts, seal))
    await let_go(held.unit, held_objects)


async def set_back_to_nothing(held: Held) -> None:
    """Leave of the world its main account, with its tokens and keys, and its profile."""
    profile = await held.unit.fetchval("select profile from worlds where world_sid = $1", held.world_sid)
    await make_room(held)
    await held.unit.execute(_FRESH_WORLD, held.world_sid, profile or "relaxed")


async def make_room(held: Held) -> None:
    """The world's content goes, and its main account stays, for another's to come."""
    held_objects = await clear(held, _CONTENT)
    await close_accounts(held, [each for each in held.accounts if each != held.world_sid])
    await let_go(held.unit, held_objects)


def main_first(held: Held) -> list[str]:
    return sorted(held.accounts, key=lambda sid: (sid != held.world_sid, sid))


async def clear(held: Held, tables: Sequence[Table]) -> list[Any]:
    """Empty these tables of the world; the objects that it held."""
    arguments = {"accounts": held.accounts, "world": held.world_sid}
    return [row["object_id"] for row in await held.unit.fetch(*bound(statements.empty(tables), arguments))]


async def close_accounts(held: Held, gone: Sequence[str]) -> None:
    """Accounts whose state is gone already go, too, with whatever is left of them."""
    if not gone:
        return
    await held.unit.execute(*bound(statements.empty(_OF_CLOSED), {"accounts": gone, "world": ""}))
    await held.unit.execute("delete from accounts where sid = any($1)", gone)


async def let_go(unit: Unit, objects: Sequence[Any]) -> None:
    """What nobody holds any more is swept."""
    if objects:
        await unit.execute(_LOCK_OBJECTS, objects)
        await unit.execute(_UNWANT, objects)


async def discard(unit: Unit, snapshots: Sequence[str]) -> None:
    """Take snapshots from the list, and from the shelf once no fork started from them."""
    await unit.execute(f"delete from {SCHEMA}.snapshots where sid = any($1)", snapshots)
    unused = await made.unused(unit, snapshots)
    if unused:
        await unit.execute(*bound(statements.discard(), {"snapshots": unused}))
        await let_go(unit, [row["object_id"] for row in await unit.fetch(_LET_GO, unused)])


async def fork(unit: Unit, columns: Columns, copying: Copying, made_by: str) -> Forked:
    """Copy what is on the shelf into accounts that are made now. It stays there while the fork may be set back."""
    await identities.copy_accounts(unit, columns, copying, copying.accounts)
    keys = await identities.copy_keys(unit, columns, copying)
    await translate(unit, columns, copying)
    world_sid = copying.accounts[0].sid
    arguments = copying.arguments
    start = made.Made(
        world_sid=world_sid,
        made_by=made_by,
        start_sid=copying.snapshot_sid,
        accounts=arguments["new"],
        replaces=arguments["old"],
        date_created=clock.now(),
    )
    await made.note(unit, start)
    await announce(unit, world_sid)
    return Forked(copying.accounts, keys)


async def translate(unit: Unit, columns: Columns, copying: Copying) -> None:
    """Copy all but accounts and keys, under the accounts' other names."""
    arguments = {**copying.arguments, "salt": sids.new_secret()}
    await unit.execute(*bound(statements.fill(columns, translated=True), arguments))
    await _rename_links(unit, copying, arguments)


async def _rename_links(unit: Unit, copying: Copying, arguments: Mapping[str, Any]) -> None:
    """Short links have other codes in the copy, also where they stand in its texts."""
    found = f"select exists (select from {SCHEMA}.short_links where snapshot_sid = :snapshot)"
    if not await unit.fetchval(*bound(found, arguments)):
        return
    links = _LINKS.format(code=renamed_code("code"), schema=SCHEMA)
    for text in _TEXTS:
        sql = text.format(schema=SCHEMA, links=links)
        await unit.execute(*bound(sql, {**arguments, "copy": copying.accounts[0].sid}))


async def delete_world(held: Held) -> None:
    """Leave nothing of a world, but what is on the shelf."""
    found = await clear(held, tuple(table for table in TABLES if table.name != "accounts"))
    await held.unit.execute("delete from accounts where world_sid = $1", held.world_sid)
    await let_go(held.unit, found)
    await announce(held.unit, held.world_sid)
