"""The record of what was asked lately: writes, and whatever was refused, with the request and the answer.

It is for people, so it may never cost those who ask: a request is put into a queue in memory, or not at all when more
come than may be recorded in a second, and a task writes what waits a few times a second. What is left out is counted.
Reads that went well are not recorded: they change nothing, and hold copies of many texts.

A text that the application redacted or deleted goes from here, too (`forget`), also when its request is still in the
queue of some process: whoever writes looks at what was forgotten, and both do so under one lock.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter, deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, Final

import asyncpg
import orjson
import structlog
from msgspec import Struct

from localloop.contract.model import Operation
from localloop.core import clock, sids
from localloop.core.errors import ApiError
from localloop.rest.authenticate import account_in, name_in
from localloop.rest.masking import Masker, secrets_of
from localloop.rest.request import Caller
from localloop.rest.routing import Match
from localloop.rest.wire import Head
from localloop.store import Database, Executor, Unavailable, answers

log = structlog.get_logger("rest")

BODY_LIMIT: Final = 16 * 1024
CUT: Final = BODY_LIMIT + 1  # what of a body waits to be written: enough to see that it was longer
KEPT_ROWS: Final = 20_000
KEPT_FOR: Final = timedelta(days=7)
WRITTEN_WITHIN: Final = timedelta(hours=1)
FORGOTTEN_FOR: Final = timedelta(days=1)  # longer than any request waits to be written
_WRITES: Final = frozenset({"create", "update", "delete"})
_SUCCESSES: Final = 0.8  # of what may be recorded in a second: the rest is for what is refused
_GATHER_S: Final = 0.2
_GATHER_MORE_S: Final = 0.6  # while much comes: what a write costs is hardly for its rows
_MUCH: Final = 8  # rows of one write
_WAITING_SECONDS: Final = 3  # how much may wait for the database, in seconds' worth of requests
_PRUNE_AFTER: Final = 500  # rows written by this process
_ACCOUNTS_COUNTED: Final = 1_000
_TEXT_LIMIT: Final = 2_000
_TIMEOUT_S: Final = 10.0
_LOCK: Final = 0x7265717374  # any fixed number: "reqst"
_ACCOUNT: Final = re.compile(r"/(AC[0-9a-f]{32})(?=[/.]|$)")
_NAMED: Final = re.compile(r"<(?:MessageSid|Sid)>([A-Z]{2}[0-9a-f]{32})<")

# No commit waits for the disk on this account, and what was forgotten meanwhile is seen.
_BEGIN: Final = f"select set_config('synchronous_commit', 'off', true), pg_advisory_xact_lock({_LOCK})"
_INSERT: Final = """
insert into requests (account_sid, id, world_sid, operation, verb, method, path, status, error_code, error,
                      resource_sid, caller, from_console, missed, duration_ms, detail, date_created)
select r.account_sid, r.id, r.world_sid, r.operation, r.verb, r.method,
  case when f.gone then split_part(r.path, '?', 1) else r.path end, r.status, r.error_code,
  case when f.gone then null else r.error end, r.resource_sid, r.caller, r.from_console, r.missed, r.duration_ms,
  case when f.gone then null else r.detail end, r.date_created
from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::smallint[],
  $9::integer[], $10::text[], $11::text[], $12::text[], $13::boolean[], $14::integer[], $15::real[], $16::jsonb[],
  $17::timestamptz[])
  as r (account_sid, id, world_sid, operation, verb, method, path, status, error_code, error, resource_sid, caller,
        from_console, missed, duration_ms, detail, date_created)
cross join lateral (
  select exists (
    select from forgotten f
    join accounts a on a.sid = f.account_sid
    where f.resource_sid = r.resource_sid and r.id < f.id and f.request_id is distinct from r.id
      and r.world_sid in (a.world_sid, '')
  ) as gone
) f
where exists (select from accounts a where a.sid = r.account_sid)
on conflict do nothing
"""
_FORGET: Final = """
update requests set detail = null, error = null, path = split_part(path, '?', 1) where resource_sid = $1
  and world_sid in ((select world_sid from accounts where sid = $2), '')
"""
_FORGET_MANY: Final = _FORGET.replace("= $1", "= any($1)")
_NOTE_MANY: Final = """
insert into forgotten (account_sid, id, resource_sid, request_id)
select $1, n.id, n.sid, $4 from unnest($2::uuid[], $3::text[]) as n (id, sid)
where substr(n.sid, 3)::uuid >= $5 or exists (select from requests r where r.resource_sid = n.sid)
"""
_PRUNE: Final = """
delete from requests
where id < greatest($1::uuid, (select id from requests order by id desc offset $2 limit 1))
"""
_MISSED: Final = 13  # where a row has its count


class Asked(Struct, frozen=True, kw_only=True):
    """One request that was answered, as it stood on the wire."""

    head: Head
    match: Match | None
    operation: Operation | None
    caller: Caller | None
    body: bytes | None  # None: it was refused before it was read
    status: int
    answer: bytes
    answer_type: str
    error: ApiError | None
    at: datetime | None  # when it came, in the time of its world
    seconds: float
    from_console: bool
    fault: str = ""  # the rule by which it went wrong on purpose
    unanswered: bool = False  # the answer was never sent


class Recorder:
    """The record of one process. `start` it, and `close` it when nobody asks any more."""

    def __init__(
        self, database: Database, per_second: int, count_missed: Callable[[int], None] = lambda _: None
    ) -> None:
        self._database = database
        self._most = per_second
        self._most_successes = max(1, int(per_second * _SUCCESSES))
        self._count_missed = count_missed
        self._waiting: deque[Asked] = deque()
        self._missed: Counter[str] = Counter()  # by account
        self._second = 0.0
        self._taken = 0
        self._written = _PRUNE_AFTER  # by this process since it last let go of what is old
        self._woken = asyncio.Event()
        self._is_over = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="rest-recorder")

    async def close(self) -> None:
        """Write what waits."""
        self._is_over = True
        self._woken.set()
        if self._task is not None:
            await self._task

    def admits(self, operation: Operation | None, status: int, account_sid: str) -> bool:
        """Whether this request is recorded: one that is of interest, while there is room in this second."""
        if not _is_of_interest(operation, status):
            return False
        now = monotonic()
        if now - self._second >= 1.0:
            self._second, self._taken = now, 0
        most = self._most if status >= 400 else self._most_successes
        if self._taken >= most or len(self._waiting) >= self._most * _WAITING_SECONDS:
            self._miss(account_sid)
            return False
        self._taken += 1
        return True

    def note(self, asked: Asked) -> None:
        """On the way of a request: nothing waits here, is decoded or copied."""
        self._waiting.append(asked)
        self._woken.set()

    def _miss(self, account_sid: str) -> None:
        if account_sid in self._missed or len(self._missed) < _ACCOUNTS_COUNTED:
            self._missed[account_sid] += 1
        self._count_missed(1)

    def _lose(self, taken: Sequence[Asked]) -> None:
        for asked in taken:
            self._miss(asked.caller.account_sid if asked.caller else "")

    async def _run(self) -> None:
        gather_s = _GATHER_S
        while not self._is_over or self._waiting:
            await self._woken.wait()
            if not self._is_over:
                await asyncio.sleep(gather_s)
                self._woken.clear()
            gather_s = _GATHER_MORE_S if len(self._waiting) >= _MUCH else _GATHER_S
            await self._write()

    async def _write(self) -> None:
        taken = [self._waiting.popleft() for _ in range(len(self._waiting))]
        try:
            rows = []
            for asked in taken:
                rows.append(_row(asked))
                await asyncio.sleep(0)  # requests come first
            await self._insert(self._with_counts([row for row in rows if row[0]]))
            self._written += len(taken)
            taken = []
            if self._written >= _PRUNE_AFTER:
                self._written = 0
                await prune(self._database)
        except (Unavailable, TimeoutError, asyncpg.PostgresError) as error:
            self._lose(taken)
            log.warning(
                "requests could not be recorded", count=len(taken), error=str(error) or type(error).__name__
            )
        except Exception:  # the edge of a task: a request that cannot be shown must not end the record
            self._lose(taken)
            log.exception("requests could not be recorded", count=len(taken))

    def _with_counts(self, rows: list[list[Any]]) -> list[list[Any]]:
        """The newest row of each account tells how many of its requests were left out before."""
        for row in reversed(rows):
            row[_MISSED] = self._missed.pop(row[0], 0)
        return rows

    async def _insert(self, rows: Sequence[Sequence[Any]]) -> None:
        if not rows:
            return
        async with asyncio.timeout(_TIMEOUT_S), self._database.unit() as unit:
            await unit.execute(_BEGIN)
            await unit.execute(_INSERT, *map(list, zip(*rows, strict=True)))


async def forget(unit: Executor, account_sid: str, resource_sid: str, request_sid: str) -> None:
    """Blank what the record holds of a resource's text. Must run inside the unit of work that redacts or deletes it.

    That it was forgotten is kept for a while: for requests that are not written yet, and for whoever watches.
    """
    await unit.execute(f"select pg_advisory_xact_lock_shared({_LOCK})")
    await unit.execute(
        "insert into forgotten (account_sid, id, resource_sid, request_id) values ($1, $2, $3, $4)",
        account_sid,
        sids.new_id(),
        resource_sid,
        sids.uuid_of(request_sid),
    )
    await unit.execute(_FORGET, resource_sid, account_sid)
    await answers.forget(unit, account_sid, [resource_sid])


async def forget_many(unit: Executor, account_sid: str, resource_sids: Sequence[str]) -> None:
    """The same for many, without a request that did it. What is old has had its requests written long ago."""
    await unit.execute(f"select pg_advisory_xact_lock_shared({_LOCK})")
    await unit.execute(
        _NOTE_MANY,
        account_sid,
        [sids.new_id() for _ in resource_sids],
        list(resource_sids),
        sids.uuid_of(sids.new("RQ")),
        sids.bound(clock.now() - WRITTEN_WITHIN),
    )
    await unit.execute(_FORGET_MANY, list(resource_sids), account_sid)
    await answers.forget(unit, account_sid, resource_sids)


async def prune(database: Database) -> None:
    """Let go of what is old, and of what is more than is kept."""
    now = clock.now()
    async with database.unit() as unit:
        await unit.execute(_BEGIN)
        await unit.execute(_PRUNE, sids.bound(now - KEPT_FOR), KEPT_ROWS - 1)
        await unit.execute("delete from forgotten where id < $1", sids.bound(now - FORGOTTEN_FOR))


def _is_of_interest(operation: Operation | None, status: int) -> bool:
    if operation is not None and operation.verb in _WRITES:
        return True
    # A phone at which nothing came is asked again, and tells what it has instead.
    return status >= 400 and not (operation is not None and operation.id.startswith("lab."))


# Rows ------------------------------------------------------------------------------------------------------------


def _row(asked: Asked) -> list[Any]:
    head, operation = asked.head, asked.operation
    masker = Masker(secrets_of(operation) if operation else frozenset())
    path = _path(head, masker)
    request = _request(asked, path, masker)
    response = _response(asked, masker)
    error = asked.error
    return [
        _account_of(asked),
        sids.uuid_of(head.sid),
        asked.caller.world_sid if asked.caller else "",
        operation.id if operation else "",
        operation.verb if operation else "",
        _clean(head.method, 16),
        path,
        asked.status,
        error.code if error else None,
        masker.without_echoes(_clean(error.message)) if error else None,
        _resource_of(asked),
        _caller_of(asked),
        asked.from_console,
        0,
        asked.seconds * 1000,
        {"request": request, "response": response, **_gone_wrong(asked)},
        asked.at or clock.now(),
    ]


def _gone_wrong(asked: Asked) -> dict[str, Any]:
    """What only requests have that went wrong on purpose."""
    if not asked.fault:
        return {}
    return {"fault": asked.fault, "unanswered": asked.unanswered}


def _path(head: Head, masker: Masker) -> str:
    query = masker.form(head.query.decode("latin-1"))
    return _clean(f"{head.path}?{query}" if query else head.path)


def _request(asked: Asked, path: str, masker: Masker) -> dict[str, Any]:
    head = asked.head
    agent = head.header(b"user-agent") or ""
    key = head.header(b"idempotency-key") or ""
    named = (("Content-Type", head.content_type), ("User-Agent", agent), ("Idempotency-Key", key))
    return {
        "method": _clean(head.method, 16),
        "url": f"{head.scheme}://{_clean(head.host, 256)}{path}",
        "headers": [[name, _clean(value, 512)] for name, value in named if value],
        **_body(asked.body or b"", head.content_type, masker),
    }


def _response(asked: Asked, masker: Masker) -> dict[str, Any]:
    body = _body(asked.answer, asked.answer_type, masker)
    if body["body"] is not None:
        body["body"] = masker.without_echoes(body["body"])
    headers = [["Content-Type", asked.answer_type]] if asked.answer else []
    return {"status": asked.status, "headers": headers, **body}


def _body(body: bytes, content_type: str, masker: Masker) -> dict[str, Any]:
    """What is kept of a body: its beginning, without secrets; nothing of a kind that is no form, JSON or XML."""
    text = body[:BODY_LIMIT].decode("utf-8", "replace").replace("\x00", "�")
    shown = masker.body(text, content_type.lower()) if text else ""
    shown = shown if shown is None else shown[:BODY_LIMIT]
    return {"body": shown, "truncated": len(body) > BODY_LIMIT}


def _account_of(asked: Asked) -> str:
    """Whose request it is: also of one that was refused before anybody knew who asks."""
    if asked.caller is not None and asked.caller.account_sid:
        return asked.caller.account_sid
    named = account_in(asked.match) if asked.match else None
    if named is None:
        found = _ACCOUNT.search(asked.head.path)
        named = found[1] if found else name_in(asked.head.authorization)
    return named if sids.is_sid(named, "AC") else ""


def _caller_of(asked: Asked) -> str | None:
    caller = asked.caller
    if caller is None:
        name = name_in(asked.head.authorization)
        return name if sids.is_sid(name, "AC", "SK") else None
    return caller.key_sid or caller.authenticated_sid or caller.account_sid or None


def _resource_of(asked: Asked) -> str | None:
    """The SID that the answer names; else the last one in the path. Of a text from a phone it is the message's."""
    named: Any = None
    if asked.status < 400 and asked.answer_type.startswith("application/json") and asked.answer:
        named = _sid_in(asked.answer)
    elif asked.status < 400:
        found = _NAMED.search(asked.answer[:BODY_LIMIT].decode("utf-8", "replace"))
        named = found[1] if found else None
    if named is None and asked.match is not None:
        named = next((v for name, v in reversed([*asked.match.ids.items()]) if name != "AccountSid"), None)
    return named if isinstance(named, str) and sids.is_sid(named) else None


def _sid_in(answer: bytes) -> Any:
    """None also for an answer that was cut: an update's path names the SID as well."""
    try:
        record = orjson.loads(answer)
    except orjson.JSONDecodeError:
        return None
    return (record.get("message_sid") or record.get("sid")) if isinstance(record, dict) else None


def _clean(text: str, limit: int = _TEXT_LIMIT) -> str:
    return text[:limit].replace("\x00", "�").encode("utf-8", "replace").decode()
