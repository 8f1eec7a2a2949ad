"""A file becomes the caller's world: what was there goes, and the file's main account becomes the caller's own.

Its rows are put on the shelf first, as those of a snapshot are, and translated from there: what a fork can do, a file
can.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

import asyncpg
from msgspec import Struct

from localloop.core import clock, sids
from localloop.lab.shelf import files, identities, moving
from localloop.lab.shelf.files import Contents, Outside, Unreadable
from localloop.lab.shelf.identities import Copying, Identity
from localloop.lab.shelf.lock import Held
from localloop.lab.shelf.moving import Forked
from localloop.lab.shelf.shelf import Shelf
from localloop.lab.shelf.snapshot import PREFIX, find
from localloop.lab.shelf.statements import SCHEMA, Columns
from localloop.lab.shelf.tables import STATE
from localloop.store.objects import Objects
from localloop.store.objects.holding import key_of

_BATCH: Final = 2_000
_CHUNK: Final = f"""
insert into {SCHEMA}.chunks (load_sid, world_sid, number, content, date_created)
select $1, $2, coalesce((select max(number) from {SCHEMA}.chunks where load_sid = $1), 0) + 1, $3, $4
"""
_CHUNKS: Final = f"""
delete from {SCHEMA}.chunks where load_sid = $1 and world_sid = $2 returning number, content
"""
_SIZE: Final = f"select coalesce(sum(length(content)), 0) from {SCHEMA}.chunks where load_sid = $1"
_MOST: Final = 256 * 1024 * 1024
_OLD: Final = f"delete from {SCHEMA}.chunks where date_created < $1::timestamptz - interval '1 hour'"
_TAKEN: Final = "select sid from accounts where sid = any($1)"
_KEYS_TAKEN: Final = """
select sid from api_keys where sid = any($1) union select sid from oauth_clients where sid = any($1)
union select sid from revoked_keys where sid = any($1)
"""
_NAME: Final = f"""
update accounts a set friendly_name = s.friendly_name from {SCHEMA}.accounts s
where a.sid = $1 and s.snapshot_sid = $2 and s.sid = $3
"""
_KNOWN: Final = "select id from objects where id = any($1::uuid[]) and state = 'kept'"
_BEGIN: Final = "insert into objects (id, size, date_created) values ($1, $2, $3) on conflict (id) do nothing"
_ABSENT: Final = f"""
delete from {SCHEMA}.object_holders h where h.snapshot_sid = $1
  and not exists (select from objects o where o.id = h.object_id and o.state = 'kept')
"""
_KEEP: Final = "update objects set state = 'kept' where id = any($1::uuid[]) and state = 'writing'"


class Loaded(Struct, frozen=True):
    """Who is who in the world that was loaded, and how many rows of each table the file had."""

    forked: Forked
    resources: Mapping[str, int]


class Transfer:
    """Worlds out into files, and in from them."""

    def __init__(self, shelf: Shelf, outside: Outside) -> None:
        self._shelf = shelf
        self._outside = outside

    async def export(self, world_sid: str, named: str | None, *, secrets: bool) -> list[bytes]:
        """The lines of the world as it is, or of a snapshot. Raises Busy, NoSuchSnapshot."""
        columns = await self._shelf.columns()
        outside = Outside(self._outside.objects, self._outside.unseal if secrets else None)
        if named is not None:
            async with self._shelf.database.unit() as unit:
                kept = await find(unit, world_sid, named, "for share")
                return await files.written(unit, columns, (kept.sid, kept.accounts), outside)
        async with self._shelf.lock.held(world_sid) as held:
            sid = sids.new(PREFIX)
            await moving.put_away(columns, held, sid)
            accounts = moving.main_first(held)
            lines = await files.written(held.unit, columns, (sid, accounts), outside)
            await moving.discard(held.unit, [sid])
            return lines

    async def add_chunk(self, world_sid: str, load_sid: str, content: bytes) -> None:
        """A part of a file that comes in several. Raises Unreadable when they are too many."""
        await self._shelf.columns()
        database = self._shelf.database
        await database.execute(_OLD, clock.now())
        if await database.fetchval(_SIZE, load_sid) + len(content) > _MOST:
            raise Unreadable(f"The file has more than {_MOST >> 20} MB.")
        await database.execute(_CHUNK, load_sid, world_sid, content, clock.now())

    async def chunks(self, world_sid: str, load_sid: str) -> bytes:
        """The parts that came, in order; they are not kept any longer."""
        await self._shelf.columns()
        rows = await self._shelf.database.fetch(_CHUNKS, load_sid, world_sid)
        return b"".join(row["content"] for row in sorted(rows, key=lambda row: row["number"]))

    async def load(self, world_sid: str, contents: Contents) -> Loaded:
        """Raises Busy, Unreadable."""
        columns = await self._shelf.columns()
        await self._write(contents.objects)
        try:
            async with moving.changing(self._shelf.lock, self._shelf.tools, world_sid) as held:
                forked = await self._fill(columns, held, contents)
        except (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError) as error:
            raise Unreadable(f"The file contradicts itself: {error}.") from None
        return Loaded(forked, {table: len(rows) for table, rows in contents.rows.items()})

    async def _fill(self, columns: Columns, held: Held, contents: Contents) -> Forked:
        sid = sids.new(PREFIX)
        await _shelve(held, columns, sid, contents)
        await _keep(held, sid, contents.objects)
        await moving.make_room(held)
        accounts = await _accounts(held, contents)
        copying = Copying(sid, accounts, self._shelf.tools.seal)
        await held.unit.execute(_NAME, held.world_sid, sid, accounts[0].replaces)
        await identities.copy_accounts(held.unit, columns, copying, accounts[1:])
        keys = await _keys(held, columns, copying, contents.head.secrets)
        await moving.translate(held.unit, columns, copying)
        await moving.discard(held.unit, [sid])
        return Forked(accounts[1:], keys)

    async def _write(self, objects: Mapping[UUID, bytes]) -> None:
        """Bytes lie in their place before anybody names them; what is not named within the hour is swept."""
        held: Objects = self._outside.objects
        known = {row["id"] for row in await held.database.fetch(_KNOWN, list(objects))} if objects else set()
        for object_id, content in objects.items():
            if object_id not in known:
                await held.database.execute(_BEGIN, object_id, len(content), clock.now())
                await held.place.put(key_of(object_id), content)


async def _shelve(held: Held, columns: Columns, sid: str, contents: Contents) -> None:
    """The file's rows, as those of a snapshot."""
    if not contents.rows.get("accounts"):
        raise Unreadable("The file has no account.")
    for table in STATE:
        names = ", ".join(name for name, _ in columns[table.name])
        sql = (
            f"insert into {SCHEMA}.{table.name} (snapshot_sid, {names})"
            f" select $1, {names} from jsonb_populate_recordset(null::public.{table.name}, $2::text::jsonb)"
        )
        rows = contents.rows.get(table.name, ())
        for start in range(0, len(rows), _BATCH):
            batch = b"[" + b",".join(bytes(row) for row in rows[start : start + _BATCH]) + b"]"
            await held.unit.execute(sql, sid, batch.decode())


async def _keep(held: Held, sid: str, objects: Mapping[UUID, bytes]) -> None:
    """What came along is kept; nobody holds what did not come."""
    await held.unit.execute(_KEEP, list(objects))
    await held.unit.execute(_ABSENT, sid)


async def _accounts(held: Held, contents: Contents) -> list[Identity]:
    """The main account becomes the caller's; the others keep their names where nobody else has them."""
    main, *others = contents.head.accounts
    taken = {row["sid"] for row in await held.unit.fetch(_TAKEN, others)} if others else set()
    secrets = contents.head.secrets
    return [
        Identity(held.world_sid, "", main),
        *(
            Identity(sids.new("AC") if each in taken else each, secrets.get(each) or sids.new_secret(), each)
            for each in others
        ),
    ]


async def _keys(
    held: Held, columns: Columns, copying: Copying, secrets: Mapping[str, str]
) -> Sequence[Identity]:
    """Keys come along with their secrets, or not at all; under their own names where nobody has them."""
    named = [sid for sid in secrets if not sid.startswith("AC")]
    taken = {row["sid"] for row in await held.unit.fetch(_KEYS_TAKEN, named)} if named else set()

    def identity(sid: str, prefix: str) -> Identity:
        return Identity(sids.new(prefix) if sid in taken else sid, secrets[sid], sid)

    return await identities.copy_keys(held.unit, columns, copying, identity)
