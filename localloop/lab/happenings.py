"""What happened in a world, from what is kept of it: requests, states of messages, calls, texts on phones, webhooks,
alerts, faults that struck, and moves of the clock.

Nothing is written for it. All are put in order by real time, which is in their ids, for the world's own may stand still
or be set back; states of messages carry theirs where the two differ.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias
from uuid import UUID

from msgspec import Struct

from localloop.core import errors, sids
from localloop.lab.faults.rule import KINDS as KNOWN_FAULTS
from localloop.lab.things import ACCOUNTS, Scope
from localloop.store import Executor

Row = Mapping[str, Any]
KINDS: Final = ("request", "message", "call", "phone", "webhook", "alert", "clock", "fault")
LATEST: Final = "g"  # after every key
# Of one millisecond, in the order in which one leads to the other.
_RANKS: Final[Mapping[str, int]] = {
    name: rank for rank, name in enumerate(("request", "clock", "fault", *KINDS[1:6]))
}


class Happening(Struct, frozen=True):
    """`at` is in the world's time. Keys are in order."""

    key: str
    kind: str
    at: datetime
    title: str  # for people
    sid: str | None = None
    resource_sid: str | None = None
    detail: Mapping[str, Any] = {}

    def shown(self) -> dict[str, Any]:
        return {
            "id": self.key,
            "kind": self.kind,
            "at": iso(self.at),
            "title": self.title,
            "sid": self.sid,
            "resource_sid": self.resource_sid,
            "detail": dict(self.detail),
        }


class Part(Struct, frozen=True):
    """Above one key and below another, at most so many of the newest."""

    below: str = LATEST
    above: str = ""
    most: int = 100

    @property
    def bounds(self) -> tuple[UUID, UUID]:
        """Of the ids that may have such keys."""
        low = int(self.above[:12], 16) if self.above else 0
        high = int(self.below[:12], 16) + 1 if self.below != LATEST else (1 << 48) - 1
        return UUID(int=low << 80), UUID(int=high << 80)

    def admits(self, key: str) -> bool:
        return self.above < key < self.below


Source: TypeAlias = Callable[[Executor, Scope, Part], Awaitable[list[Happening]]]


def iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def newest(reader: Executor, scope: Scope, part: Part, kinds: Sequence[str] = KINDS) -> list[Happening]:
    """Newest first, at most as many as are asked for."""
    found: list[Happening] = []
    for kind in dict.fromkeys(kinds):
        found += [each for each in await SOURCES[kind](reader, scope, part) if part.admits(each.key)]
    return sorted(found, key=lambda each: each.key, reverse=True)[: part.most]


def _key(kind: str, id: UUID, real: datetime | None = None, turn: int = 0) -> str:
    """By the moment, what it is, and what tells it from others."""
    ms = id.int >> 80 if real is None else sids.milliseconds_of(real)
    # The rest of the id first: within a millisecond it counts on.
    return f"{ms:012x}{_RANKS[kind]:x}{id.hex[12:20]}{turn:02x}{id.hex[20:]}"


def _of_accounts(columns: str, table: str) -> str:
    return f"""
select r.* from ({ACCOUNTS}) a cross join lateral (
  select {columns} from {table} t where t.account_sid = a.sid and t.id >= $2 and t.id < $3 order by t.id desc limit $4
) r order by r.id desc limit $4"""


_REQUESTS: Final = _of_accounts(
    "t.id, t.operation, t.method, t.path, t.status, t.error_code, t.error, t.resource_sid, t.caller, t.from_console,"
    " t.duration_ms, t.date_created",
    "requests",
)
_DELIVERIES: Final = _of_accounts(
    "t.id, t.kind, t.resource_sid, t.url, t.method, t.attempt, t.status_code, t.error_code, t.error, t.duration_ms,"
    " t.date_created",
    "deliveries",
)
_ALERTS: Final = _of_accounts(
    "t.id, t.error_code, t.log_level, t.resource_sid, t.facts, t.date_generated", "alerts"
)
# A message may change long after it was made, so the newest ones are looked at, whatever their age.
_MESSAGES: Final = f"""
select r.* from ({ACCOUNTS}) a cross join lateral (
  select t.id, t.prefix, t.status, t.direction, t.from_address, t.to_address, t.body, t.num_media, t.error_code,
    t.history, t.date_created
  from messages t where t.account_sid = a.sid and t.id < $2 order by t.id desc limit $3
) r order by r.id desc limit $3"""
_PHONES: Final = """
select p.* from phone_messages p where p.world_sid = $1 and p.id >= $2 and p.id < $3
  and ($1 = $5 or exists (
    select from messages m where m.account_sid = $5 and p.message_sid is not null
      and m.id = substr(p.message_sid, 3)::uuid))
order by p.id desc limit $4
"""
_CALLS: Final = f"""
select r.* from ({ACCOUNTS}) a cross join lateral (
  select t.id, t.status, t.direction, t.from_address, t.to_address, t.end_time, t.date_created
  from calls t where t.account_sid = a.sid and t.id >= $2 and t.id < $3 order by t.id desc limit $4
) r order by r.id desc limit $4"""
_MOVES: Final = """
select id, cause, clock_mode, moved_from, moved_to from clock_moves
where world_sid = $1 and id >= $2 and id < $3 order by id desc limit $4
"""


# A subaccount sees what struck its own things.
_FAULTS: Final = """
select * from applied_faults where world_sid = $1 and id >= $2 and id < $3 and ($1 = $5 or account_sid = $5)
order by id desc limit $4
"""


async def _requests(reader: Executor, scope: Scope, part: Part) -> list[Happening]:
    return [_request(row) for row in await _rows(reader, _REQUESTS, scope, part)]


def _request(row: Row) -> Happening:
    refused = f" {row['error_code']} {row['error'] or ''}".rstrip() if row["error_code"] else ""
    made = f" {row['resource_sid']}" if row["resource_sid"] and not refused else ""
    names = ("operation", "method", "path", "status", "error_code", "caller", "from_console", "duration_ms")
    return Happening(
        key=_key("request", row["id"]),
        kind="request",
        at=row["date_created"],
        title=f"{row['method']} {row['path']}: {row['status']}{made}{refused}",
        sid=sids.from_uuid("RQ", row["id"]),
        resource_sid=row["resource_sid"],
        detail={name: row[name] for name in names},
    )


async def _messages(reader: Executor, scope: Scope, part: Part) -> list[Happening]:
    rows = await reader.fetch(_MESSAGES, scope.account_sid, part.bounds[1], part.most)
    return [state for row in rows for state in _states(row)]


def _states(row: Row) -> Iterator[Happening]:
    sid = sids.from_uuid(row["prefix"], row["id"])
    states = row["history"] or [[row["status"], row["date_created"].isoformat()]]
    for turn, (status, at, *real) in enumerate(states):
        moment = datetime.fromisoformat(at)
        yield Happening(
            key=_key("message", row["id"], _taken(moment, real) if turn else None, turn),
            kind="message",
            at=moment,
            title=f"{sid} {_way(row)} {status}" + (_failure(row) if turn == len(states) - 1 else ""),
            sid=sid,
            resource_sid=sid,
            detail=_message(row, status) if turn == 0 else {"status": status},
        )


def _taken(moment: datetime, real: Sequence[str]) -> datetime:
    return datetime.fromisoformat(real[0]) if real else moment


def _way(row: Row) -> str:
    way = f"{row['from_address'] or 'a service'} → {row['to_address']}"
    return f"{way} {row['body']!r}:" if row["body"] else f"{way}:"


def _failure(row: Row) -> str:
    code = row["error_code"]
    return f" ({code} {errors.title(code) or ''})".replace(" )", ")") if code else ""


def _message(row: Row, status: str) -> dict[str, Any]:
    return {
        "status": status,
        "direction": row["direction"],
        "from": row["from_address"],
        "to": row["to_address"],
        "body": row["body"],
        "num_media": row["num_media"],
    }


async def _phones(reader: Executor, scope: Scope, part: Part) -> list[Happening]:
    rows = await reader.fetch(_PHONES, scope.world_sid, *part.bounds, part.most, scope.account_sid)
    return [_text(row) for row in rows]


def _text(row: Row) -> Happening:
    verb = "received from" if row["direction"] == "received" else "sent to"
    return Happening(
        key=_key("phone", row["id"]),
        kind="phone",
        at=row["date_created"],
        title=f"{row['number']} {verb} {row['peer']}: {row['body']!r}",
        sid=sids.from_uuid("PM", row["id"]),
        resource_sid=row["message_sid"],
        detail={name: row[name] for name in ("number", "direction", "peer", "body", "media")},
    )


async def _webhooks(reader: Executor, scope: Scope, part: Part) -> list[Happening]:
    return [_webhook(row) for row in await _rows(reader, _DELIVERIES, scope, part)]


def _webhook(row: Row) -> Happening:
    failure = f" ({row['error_code']} {row['error'] or ''})".replace(" )", ")") if row["error_code"] else ""
    again = f", attempt {row['attempt']}" if row["attempt"] > 1 else ""
    names = ("kind", "url", "method", "attempt", "status_code", "error_code", "error", "duration_ms")
    return Happening(
        key=_key("webhook", row["id"]),
        kind="webhook",
        at=row["date_created"],
        title=f"{row['method']} {row['url']}{again}: {row['status_code'] or 'no answer'}{failure}",
        sid=sids.from_uuid("WH", row["id"]),
        resource_sid=row["resource_sid"],
        detail={name: row[name] for name in names},
    )


async def _alerts(reader: Executor, scope: Scope, part: Part) -> list[Happening]:
    return [_alert(row) for row in await _rows(reader, _ALERTS, scope, part)]


def _alert(row: Row) -> Happening:
    title, told = errors.title(row["error_code"]) or "", (row["facts"] or {}).get("Msg") or ""
    said = told if told.startswith(title) else f"{title}: {told}" if told else title
    return Happening(
        key=_key("alert", row["id"]),
        kind="alert",
        at=row["date_generated"],
        title=f"{row['log_level']} {row['error_code']} {said}".rstrip(),
        sid=sids.from_uuid("NO", row["id"]),
        resource_sid=row["resource_sid"],
        detail={"error_code": row["error_code"], "log_level": row["log_level"], **(row["facts"] or {})},
    )


async def _calls(reader: Executor, scope: Scope, part: Part) -> list[Happening]:
    return [_call(row) for row in await _rows(reader, _CALLS, scope, part)]


def _call(row: Row) -> Happening:
    """At its beginning; what it has become since is told with it."""
    sid, status = sids.from_uuid("CA", row["id"]), "queued" if row["status"] == "initiated" else row["status"]
    return Happening(
        key=_key("call", row["id"]),
        kind="call",
        at=row["date_created"],
        title=f"{sid} {row['direction']} {row['from_address']} → {row['to_address']}: {status}",
        sid=sid,
        resource_sid=sid,
        detail={
            "status": status,
            "direction": row["direction"],
            "from": row["from_address"],
            "to": row["to_address"],
        },
    )


async def _moves(reader: Executor, scope: Scope, part: Part) -> list[Happening]:
    return [_move(row) for row in await reader.fetch(_MOVES, scope.world_sid, *part.bounds, part.most)]


def _move(row: Row) -> Happening:
    span = row["moved_to"] - row["moved_from"]
    return Happening(
        key=_key("clock", row["id"]),
        kind="clock",
        at=row["moved_to"],
        title=f"the clock is {row['clock_mode']}{_moved(span)}",
        detail={
            "mode": row["clock_mode"],
            "cause": row["cause"],
            "from": iso(row["moved_from"]),
            "to": iso(row["moved_to"]),
        },
    )


async def _faults(reader: Executor, scope: Scope, part: Part) -> list[Happening]:
    rows = await reader.fetch(_FAULTS, scope.world_sid, *part.bounds, part.most, scope.account_sid)
    return [_fault(row) for row in rows]


def _fault(row: Row) -> Happening:
    again = f", attempt {row['attempt']}" if row["attempt"] > 1 else ""
    words = KNOWN_FAULTS[row["kind"]].words
    return Happening(
        key=_key("fault", row["id"]),
        kind="fault",
        at=row["date_created"],
        title=f"{row['kind']} struck {row['event']}{again}: {words}",
        sid=sids.from_uuid("LA", row["id"]),
        resource_sid=row["resource_sid"],
        detail={name: row[name] for name in ("fault_sid", "kind", "event", "attempt")},
    )


def _moved(span: timedelta) -> str:
    if abs(span) < timedelta(milliseconds=50):
        return ""
    shown = timedelta(milliseconds=round(abs(span) / timedelta(milliseconds=1)))
    return f", {shown} on" if span > timedelta() else f", {shown} back"


async def _rows(reader: Executor, sql: str, scope: Scope, part: Part) -> Sequence[Row]:
    return await reader.fetch(sql, scope.account_sid, *part.bounds, part.most)


SOURCES: Final[Mapping[str, Source]] = {
    "request": _requests,
    "message": _messages,
    "call": _calls,
    "phone": _phones,
    "webhook": _webhooks,
    "alert": _alerts,
    "clock": _moves,
    "fault": _faults,
}
