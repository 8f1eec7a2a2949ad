"""What is new in a scope since the last look: the feed's reading half. Read-only, and nothing on the way of a write.

Ids are in the order of their making, but a row may be committed a little after a younger one: each look begins an
overlap below the last, and what was told already is not told again. A look reads at most `MOST` rows of a kind, the
newest; the others are counted. Messages that were told and may still change are looked at again; of those that are
done, the ones whose text was redacted or deleted, which is on record (`rest.recorder.forget`).

Of calls every event is news: a call that lives has a version, which its events count up, and it is looked at again
until it is over.

Of the API's requests those are told that were refused, or changed what was made earlier.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final
from uuid import UUID

import orjson
from msgspec import Struct

from localloop.console import shapes
from localloop.console.queries import (
    DELIVERY,
    IN_SCOPE,
    MESSAGE,
    PHONE_MESSAGE,
    REQUEST,
    SEEN,
    WITH_STATUS,
    Row,
    Scope,
    messages_by_id,
)
from localloop.console.queries_calls import CALL, LIVE, calls_by_id
from localloop.core import clock, sids
from localloop.store import Database

MOST: Final = 200
KINDS: Final = ("messages", "deliveries", "phone_messages", "requests", "calls")
OVERLAP: Final = timedelta(seconds=2)
# A request's id is of its beginning, and it is recorded after its end.
_OVERLAPS: Final = {**dict.fromkeys(KINDS, OVERLAP), "requests": timedelta(seconds=35)}
RECENT: Final = timedelta(seconds=10)  # what a reader who comes anew is told at once
REVISITED: Final = timedelta(seconds=60)  # how far back a message may have changed while a reader was away
MAX_PENDING: Final = 2_000
_LONGEST_AWAY: Final = timedelta(days=30)
_TIMEOUT_S: Final = 10.0
_COUNTED_AT_MOST: Final = 100_000  # rows of one account
_CURSOR: Final = re.compile(r"[0-9a-f]{12}0{20}")
_TOLD: Final = "(q.status >= 400 or q.verb <> 'create')"  # as the index has it
_NEWEST: Final = {
    "messages": f"""
select r.* from accounts a cross join lateral (
  select {MESSAGE} from messages m where m.account_sid = a.sid and m.id > $2 order by m.id desc limit $3
) r where {IN_SCOPE} order by r.id desc limit $3""",
    "calls": f"""
select r.* from accounts a cross join lateral (
  select {CALL} from calls c {LIVE} where c.account_sid = a.sid and c.id > $2 order by c.id desc limit $3
) r where {IN_SCOPE} order by r.id desc limit $3""",
    "deliveries": f"""
select r.* from accounts a cross join lateral (
  select {DELIVERY} from deliveries d where d.account_sid = a.sid and d.id > $2 order by d.id desc limit $3
) r where {IN_SCOPE} order by r.id desc limit $3""",
    "requests": f"""
select r.* from accounts a cross join lateral (
  select {REQUEST} from requests q where q.account_sid = a.sid and q.id > $2 and {_TOLD} order by q.id desc limit $3
) r where {IN_SCOPE} order by r.id desc limit $3""",
    "phone_messages": f"""
select {PHONE_MESSAGE}, s.status, s.error_code, s.num_segments from (
  select * from phone_messages p where p.world_sid = $2 and p.id > $3 order by p.id desc limit $4
) p {WITH_STATUS} where {SEEN} order by p.id desc""",
}
_COUNT: Final = {
    **{
        table: f"""
select count(*) from accounts a cross join lateral (
  select from {table} t where t.account_sid = a.sid and t.id > $2 limit {_COUNTED_AT_MOST}
) r where {IN_SCOPE}"""
        for table in ("messages", "deliveries", "calls")
    },
    "requests": f"""
select count(*) from accounts a cross join lateral (
  select from requests q where q.account_sid = a.sid and q.id > $2 and {_TOLD} limit {_COUNTED_AT_MOST}
) r where {IN_SCOPE}""",
    "phone_messages": f"""
select count(*) from (
  select from phone_messages p where p.world_sid = $1 and p.id > $2 limit {_COUNTED_AT_MOST}
) r""",
}
_CHANGED: Final = f"""
select {MESSAGE} from unnest($1::text[], $2::uuid[], $3::text[]) as k (account_sid, id, status)
join messages m on m.account_sid = k.account_sid and m.id = k.id and m.status <> k.status
order by m.id desc limit {MOST}"""
_CALLS_CHANGED: Final = f"""
select {CALL} from unnest($1::text[], $2::uuid[], $3::text[], $4::int[]) as k (account_sid, id, status, version)
join calls c on c.account_sid = k.account_sid and c.id = k.id {LIVE}
where c.status <> k.status or l.version is distinct from k.version
order by c.id desc limit {MOST}"""
_LIVE: Final = f"""
select r.* from accounts a cross join lateral (
  select l.account_sid, l.id from live_calls l where l.account_sid = a.sid order by l.id desc limit $2
) r where {IN_SCOPE} order by r.id desc limit $2"""

_FORGOTTEN: Final = f"""
select f.id, f.resource_sid from accounts a join forgotten f on f.account_sid = a.sid and f.id > $2
where {IN_SCOPE} and f.resource_sid ~ '^(SM|MM|CA)' order by f.id desc limit {MOST}"""


_Told = tuple[str, str, int | None]  # the account, status and version of a call


class Batch(Struct, frozen=True):
    """What is told at once: the rows as JSON, encoded once for all who read it, and how many there are."""

    cursor: str
    rows: bytes  # the members of a JSON object, without its braces
    told: Mapping[str, int]
    skipped: Mapping[str, int]

    def event(self, more_skipped: Mapping[str, int] | None = None) -> bytes:
        """A server-sent event; `more_skipped` are rows that this reader alone missed."""
        skipped = {kind: self.skipped[kind] + (more_skipped or {}).get(kind, 0) for kind in KINDS}
        data = b'{%b,"skipped":%b}' % (self.rows, orjson.dumps(skipped))
        return b"event: batch\nid: %b\ndata: %b\n\n" % (self.cursor.encode(), data)


class Watcher:
    """Looks at one scope, again and again."""

    def __init__(self, database: Database, scope: Scope) -> None:
        self._database = database
        self._scope = scope
        self._floors = _floors(clock.now())
        self._newest = dict(self._floors)
        self._told: dict[str, dict[UUID, Any]] = {kind: {} for kind in KINDS}  # above the floor: id → state
        self._forgotten: dict[UUID, str] = {}
        self._pending: dict[
            UUID, tuple[str, str]
        ] = {}  # message → account and status as told, next to look at first
        self._calls: dict[UUID, _Told] | None = None  # those that live, as told, next to look at first

    async def look(self) -> Batch | None:
        """What came or changed since the last look; None when nothing did."""
        cursor, floors = _cursor_now(), _floors(clock.now())
        rows: dict[str, list[Row]] = {}
        skipped = {}
        for kind in KINDS:
            rows[kind], skipped[kind] = await self._fresh(kind)
            told = self._told[kind]
            for key in [key for key in told if key <= floors[kind]]:
                del told[key]
        rows["messages"] += await self._changed({row["id"] for row in rows["messages"]})
        rows["calls"] += await self._calls_changed(rows["calls"])
        forgotten, gone = await self._forgotten_since(floors["messages"])
        rows["messages"] += forgotten
        self._follow(rows["messages"])
        self._floors = floors
        is_news = any(rows.values()) or any(skipped.values()) or bool(gone)
        return _batch(cursor, rows, skipped, gone) if is_news else None

    async def _fresh(self, kind: str) -> tuple[list[Row], int]:
        """The rows of a kind that are new or differ from what was told, and how many were not read."""
        found = await newest(self._database, self._scope, kind, self._floors[kind])
        told = self._told[kind]
        fresh = [row for row in found if told.get(row["id"]) != _state(kind, row)]
        told.update((row["id"], _state(kind, row)) for row in fresh)
        skipped = await _uncounted(self._database, self._scope, kind, (found, self._newest[kind]))
        self._newest[kind] = max([self._newest[kind], *(row["id"] for row in found[:1])])
        return fresh, skipped

    async def _forgotten_since(self, floor: UUID) -> tuple[list[Row], list[str]]:
        """Messages whose text was redacted, and the SIDs of those that were deleted, since the last look."""
        found = await forgotten(self._database, self._scope, self._floors["messages"])
        fresh = {row["id"]: row["resource_sid"] for row in found if row["id"] not in self._forgotten}
        self._forgotten = {key: sid for key, sid in {**self._forgotten, **fresh}.items() if key > floor}
        return await _left(self._database, self._scope, list(fresh.values()))

    async def _changed(self, fresh: set[UUID]) -> list[Row]:
        """Messages that were told before and are in another status now: some of them at each look, in turn."""
        turn = [key for key in islice(self._pending, MOST + len(fresh)) if key not in fresh][:MOST]
        if not turn:
            return []
        asked = [(*self._pending[key], key) for key in turn]
        for account_sid, status, key in asked:
            del self._pending[key]
            self._pending[key] = (account_sid, status)
        accounts, statuses, keys = map(list, zip(*asked, strict=True))
        return list(await self._database.fetch(_CHANGED, accounts, keys, statuses, timeout=_TIMEOUT_S))

    async def _calls_changed(self, fresh: Sequence[Row]) -> list[Row]:
        """Calls that were told before and had an event since: some of them at each look, in turn."""
        if self._calls is None:  # whatever lives when the looking begins is looked at, too
            found = await self._database.fetch(
                _LIVE, self._scope.account_sid, MAX_PENDING, timeout=_TIMEOUT_S
            )
            self._calls = {row["id"]: (row["account_sid"], "", None) for row in found}
        known = {row["id"] for row in fresh}
        turn = [key for key in islice(self._calls, MOST + len(known)) if key not in known][:MOST]
        rows = await self._told_otherwise(turn) if turn else []
        for row in (*fresh, *rows):
            self._calls.pop(row["id"], None)
            if row["version"] is not None or row["status"] not in shapes.ENDED:
                self._calls[row["id"]] = (row["account_sid"], row["status"], row["version"])
        for key in sorted(self._calls)[: max(0, len(self._calls) - MAX_PENDING)]:
            del self._calls[key]
        return rows

    async def _told_otherwise(self, keys: Sequence[UUID]) -> list[Row]:
        assert self._calls is not None
        asked = [(key, *self._calls.pop(key)) for key in keys]
        self._calls |= {
            key: (account, status, version) for key, account, status, version in asked
        }  # behind the others, for the next look
        ids, accounts, statuses, versions = map(list, zip(*asked, strict=True))
        return list(
            await self._database.fetch(_CALLS_CHANGED, accounts, ids, statuses, versions, timeout=_TIMEOUT_S)
        )

    def _follow(self, rows: Sequence[Row]) -> None:
        """Look again at what may still change, the newest of it."""
        for row in rows:
            if row["status"] in shapes.FINAL:
                self._pending.pop(row["id"], None)
            else:
                self._pending[row["id"]] = (row["account_sid"], row["status"])
        if len(self._pending) > MAX_PENDING:
            for key in sorted(self._pending)[: len(self._pending) - MAX_PENDING]:
                del self._pending[key]


async def caught_up(database: Database, scope: Scope, last_cursor: str) -> Batch:
    """What a reader is told at once: what it missed since its last event, or what is recent when it comes anew."""
    cursor = _cursor_now()
    since = _moment_of(last_cursor)
    floors = _floors(since or clock.now() - RECENT)
    rows: dict[str, list[Row]] = {}
    skipped = dict.fromkeys(KINDS, 0)
    gone: list[str] = []
    if since is not None:
        floors["messages"] = floors["calls"] = sids.bound(since - REVISITED)
    for kind in KINDS:
        rows[kind] = await newest(database, scope, kind, floors[kind])
        if since is not None:
            skipped[kind] = await _uncounted(database, scope, kind, (rows[kind], sids.bound(since)))
    if since is not None:
        missed = await forgotten(database, scope, sids.bound(since - OVERLAP))
        left, gone = await _left(database, scope, [row["resource_sid"] for row in missed])
        known = {row["id"] for row in rows["messages"]}
        rows["messages"] += [row for row in left if row["id"] not in known]
    return _batch(cursor, rows, skipped, gone)


async def forgotten(database: Database, scope: Scope, floor: UUID) -> list[Row]:
    """Messages whose text was redacted or deleted lately, and deleted calls, newest first, at most `MOST`."""
    return list(await database.fetch(_FORGOTTEN, scope.account_sid, floor, timeout=_TIMEOUT_S))


async def _left(database: Database, scope: Scope, found: Sequence[str]) -> tuple[list[Row], list[str]]:
    """Which of these messages are still there, and the SIDs of those, and of the calls, that are not."""
    if not found:
        return [], []
    keys = {sids.uuid_of(sid): sid for sid in found}
    left = await messages_by_id(database, scope, list(keys))
    calls = await calls_by_id(database, scope, [key for key, sid in keys.items() if sid.startswith("CA")])
    there = {row["id"] for row in (*left, *calls)}
    return list(left), [sid for key, sid in keys.items() if key not in there]


async def newest(database: Database, scope: Scope, kind: str, floor: UUID) -> list[Row]:
    """The newest rows above an id, at most `MOST`."""
    given = (scope.account_sid, scope.world_sid) if kind == "phone_messages" else (scope.account_sid,)
    return list(await database.fetch(_NEWEST[kind], *given, floor, MOST, timeout=_TIMEOUT_S))


async def _uncounted(database: Database, scope: Scope, kind: str, seen: tuple[Sequence[Row], UUID]) -> int:
    """How many rows above an id were not read, since there are too many. Of a world's texts a subaccount's are not
    told apart: that is worth no more than the number would be."""
    found, floor = seen
    is_shared = kind == "phone_messages" and scope.account_sid != scope.world_sid
    if len(found) < MOST or found[-1]["id"] <= floor or is_shared:
        return 0
    total: int = await database.fetchval(_COUNT[kind], scope.account_sid, floor, timeout=_TIMEOUT_S)
    return max(0, total - len(found))


def _state(kind: str, row: Row) -> Any:
    """What makes a row news when it differs from what was told."""
    if kind == "calls":
        return row["status"], row["version"]
    return row["id"] if kind in ("deliveries", "requests") else row["status"]


def _floors(moment: datetime) -> dict[str, UUID]:
    """Where a look at this moment begins."""
    return {kind: sids.bound(moment - overlap) for kind, overlap in _OVERLAPS.items()}


def _batch(
    cursor: str, rows: Mapping[str, Sequence[Row]], skipped: Mapping[str, int], gone: Sequence[str]
) -> Batch:
    shown: dict[str, list[shapes.Json]] = {
        "messages": [shapes.message(row) for row in rows["messages"]],
        "deliveries": [shapes.delivery(row) for row in rows["deliveries"]],
        "phone_messages": [shapes.phone_message(row) for row in rows["phone_messages"]],
        "requests": [shapes.request(row) for row in rows["requests"]],
        "calls": [shapes.call(row) for row in rows["calls"]],
    }
    shown["phone_messages"] += [shapes.missed(row) for row in rows["messages"] if shapes.is_missed(row)]
    told = {kind: len(found) for kind, found in shown.items()}
    return Batch(cursor, orjson.dumps({**shown, "gone": gone})[1:-1], told, skipped)


def _cursor_now() -> str:
    return sids.bound(clock.now()).hex


def _moment_of(cursor: str) -> datetime | None:
    """When an event was made, by its id; None for what is none of ours."""
    if not _CURSOR.fullmatch(cursor):
        return None
    now = clock.now()
    ago = timedelta(milliseconds=sids.milliseconds_of(now) - int(cursor[:12], 16))
    return now - ago if timedelta() <= ago < _LONGEST_AWAY else None
