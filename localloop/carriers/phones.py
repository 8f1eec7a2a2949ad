"""The simulated phones: one behind every number of a world, with a row only when somebody changed its behaviour.

All SQL of the tables `phones` and `phone_messages`. Whoever writes a message to a phone does it in the unit that
changes the message's status, and the same statement tells the waiting (channel `phone`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal, TypeAlias
from uuid import UUID

import asyncpg
import msgspec
import orjson
from msgspec import Struct, field

from localloop.carriers.personas import Persona
from localloop.core import clock, errors, sids
from localloop.store import Executor

CHANNEL: Final = "phone"
Behavior: TypeAlias = str  # deliver | slow | read | the code of an error
# Errors of a message that was sent: of the network, or of the channel.
_UNDELIVERED: Final = frozenset(
    {30003, 30004, 30005, 30006, 30007, 30008, 30009, 30011, *range(30017, 30020), *range(30022, 30028)}
    | {*range(30032, 30036), *range(30038, 30044), 30410, 30453, 30485, 30610, 30615, 30620, 30630}
)
# Errors of one that never left, those of its links included.
_FAILED: Final = frozenset(
    {
        30001,
        30002,
        30010,
        *range(30012, 30017),
        30020,
        30021,
        *range(30028, 30032),
        30036,
        30037,
        30450,
        30454,
    }
    | {30500, *range(30100, 30104), *range(30106, 30109), *range(30110, 30113), 30120}
)
# Errors that a request to send is answered with, so that no message is made.
_REFUSED: Final = frozenset(
    {
        21211,
        21212,
        *range(21265, 21269),
        21408,
        *range(21601, 21613),
        21614,
        *range(21616, 21625),
        21627,
        21635,
        *range(21651, 21662),
    }
    | {*range(21701, 21706), 21708, 21709, 21711, 21900, 21901, 21902, 21910}
)
_OF_CHANNELS: Final = range(63001, 63060)
BEHAVIORS: Final[tuple[Behavior, ...]] = (
    "deliver",
    "slow",
    "read",
    *(str(code) for code in sorted(_REFUSED | _UNDELIVERED | _FAILED)),
    *(str(code) for code in _OF_CHANNELS if errors.title(code)),
)
_KNOWN: Final = frozenset(BEHAVIORS)
MAX_DELAY_MS: Final = 86_400_000
Direction: TypeAlias = Literal["received", "sent"]
_NOTICE_SIZE: Final = 400  # numbers in one notice: PostgreSQL allows 8,000 bytes


class Phone(Struct, frozen=True):
    """A phone; the dates are None for one that nobody configured."""

    number: str
    behavior: Behavior = "deliver"
    delay_ms: int = 0
    date_created: datetime | None = None
    date_updated: datetime | None = None
    persona: Persona = Persona()


class PhoneMessage(Struct, frozen=True, kw_only=True):
    """A text on a phone: one that it received, or one that it sent. Ids are in the order of arrival."""

    world_sid: str
    number: str
    id: UUID = field(default_factory=lambda: sids.new_id())
    direction: Direction
    peer: str
    body: str
    media: tuple[str, ...] = ()
    content: Mapping[str, Any] | None = None  # what a channel shows beside the text: buttons, cards, a place
    message_sid: str | None = None
    answers: UUID | None = None  # the text that the phone answered by itself with this one
    date_created: datetime


class Setting(Struct, frozen=True):
    """A change of how a phone behaves; None leaves as it is. ValueError for what no phone does."""

    behavior: str | None = None
    delay_ms: int | None = None
    persona: Mapping[str, Any] = {}  # the parts of a Persona that change, by their names

    def __post_init__(self) -> None:
        if self.behavior is not None and self.behavior not in _KNOWN:
            raise ValueError(f"behavior is one of {', '.join(BEHAVIORS)}")
        if self.delay_ms is not None and not 0 <= self.delay_ms <= MAX_DELAY_MS:
            raise ValueError(f"delay is between 0 and {MAX_DELAY_MS} ms")


def refuses(behavior: Behavior) -> bool:
    """Whether a message to such a phone is not even accepted."""
    return behavior.isdigit() and int(behavior) in _REFUSED


def fails(behavior: Behavior) -> bool:
    """Whether it fails before a network has seen it, rather than being undelivered."""
    return behavior.isdigit() and int(behavior) in _FAILED


class Selection(Struct, frozen=True, kw_only=True):
    """Which texts of a phone: at most `limit`, those older than `after`, or the nearest newer than `before`."""

    direction: Direction | None = None
    after: UUID | None = None
    before: UUID | None = None
    limit: int = 50


_ALL: Final = Selection()
_NONE: Final = Persona()
_MESSAGE_COLUMNS: Final = (
    "world_sid, number, id, direction, peer, body, media, message_sid, date_created, content, answers"
)
_KEEP: Final = f"""
with kept as (
  insert into phone_messages ({_MESSAGE_COLUMNS})
  select world_sid, number, id, direction, peer, body, media::jsonb, message_sid, date_created, content::jsonb,
    answers
  from unnest($1::text[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
              $9::timestamptz[], $10::text[], $11::uuid[])
    as k ({_MESSAGE_COLUMNS})
)
select pg_notify('{CHANNEL}', notice) from unnest($12::text[]) as notice
"""
_SET: Final = """
insert into phones as p (world_sid, number, behavior, delay_ms, date_created, date_updated, persona)
values ($1, $2, coalesce($3, 'deliver'), coalesce($4, 0), $5, $5, $6::text::jsonb)
on conflict (world_sid, number) do update set
  behavior = coalesce($3, p.behavior), delay_ms = coalesce($4, p.delay_ms), date_updated = $5,
  persona = p.persona || excluded.persona
returning *
"""
# The numbers that hold messages, by hopping from one to the next over the primary key: no scan of the messages.
_LIST: Final = """
with recursive hop (number) as (
  (select number from phone_messages where world_sid = $1 and number > $2 order by number limit 1)
  union all
  select (select m.number from phone_messages m where m.world_sid = $1 and m.number > hop.number
          order by m.number limit 1)
  from hop where hop.number is not null
), used as (
  select number from hop where number is not null limit $3
), configured as (
  select number from phones where world_sid = $1 and number > $2 order by number limit $3
)
select known.number, p.behavior, p.delay_ms, p.date_created, p.date_updated, p.persona
from (select number from used union select number from configured) known
left join phones p on p.world_sid = $1 and p.number = known.number
order by known.number limit $3
"""


async def keep(connection: Executor, messages: Sequence[PhoneMessage]) -> None:
    """Put texts on their phones and wake who waits for them. Must run inside a unit of work or a batch's transaction;
    who changes a status does it once, so no text is put twice."""
    rows = [
        (
            message.world_sid,
            message.number,
            message.id,
            message.direction,
            message.peer,
            message.body,
            orjson.dumps(message.media).decode(),
            message.message_sid,
            message.date_created,
            orjson.dumps(message.content).decode() if message.content else None,
            message.answers,
        )
        for message in messages
    ]
    if rows:
        columns = map(list, zip(*rows, strict=True))
        await connection.execute(_KEEP, *columns, _notices(messages))


def _notices(messages: Iterable[PhoneMessage]) -> list[str]:
    """`world|number number …`: one notice for a batch, not one per text."""
    numbers: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for message in messages:
        numbers[message.world_sid][message.number] = None
    notices = []
    for world_sid, touched in numbers.items():
        listed = list(touched)
        parts = (listed[start : start + _NOTICE_SIZE] for start in range(0, len(listed), _NOTICE_SIZE))
        notices += [f"{world_sid}|{' '.join(part)}" for part in parts]
    return notices


async def get_phone(reader: Executor, world_sid: str, number: str) -> Phone:
    """The phone behind this number; there always is one."""
    [phone] = await get_phones(reader, [(world_sid, number)])
    return phone


async def get_phones(reader: Executor, keys: Sequence[tuple[str, str]]) -> list[Phone]:
    """The phones behind these (world, number), in order: one query for all."""
    rows = await reader.fetch(
        "select p.* from phones p join unnest($1::text[], $2::text[]) as k (world_sid, number)"
        " using (world_sid, number)",
        [key[0] for key in keys],
        [key[1] for key in keys],
    )
    configured = {(row["world_sid"], row["number"]): _phone(row) for row in rows}
    return [configured.get(key) or Phone(key[1]) for key in keys]


async def set_phone(writer: Executor, world_sid: str, number: str, setting: Setting, at: datetime) -> Phone:
    """Change how the phone behaves, from now on."""
    persona = orjson.dumps(msgspec.to_builtins(setting.persona)).decode()
    row = await writer.fetchrow(_SET, world_sid, number, setting.behavior, setting.delay_ms, at, persona)
    assert row is not None
    return _phone(row)


async def list_phones(reader: Executor, world_sid: str, *, after: str = "", limit: int = 50) -> list[Phone]:
    """Phones that were configured or hold messages, by number, past `after`."""
    rows = await reader.fetch(_LIST, world_sid, after, limit)
    return [_phone(row) if row["behavior"] else Phone(row["number"]) for row in rows]


async def list_messages(
    reader: Executor, world_sid: str, number: str, selection: Selection = _ALL
) -> list[PhoneMessage]:
    """The texts of a phone, newest first."""
    forward = selection.before is not None and selection.after is None
    rows = await reader.fetch(
        f"select {_MESSAGE_COLUMNS} from phone_messages where world_sid = $1 and number = $2"
        " and ($3::text is null or direction = $3) and ($4::uuid is null or id < $4)"
        f" and ($5::uuid is null or id > $5) order by id {'asc' if forward else 'desc'} limit $6",
        world_sid,
        number,
        selection.direction,
        selection.after,
        selection.before,
        selection.limit,
    )
    found = [message_of(row) for row in rows]
    return found[::-1] if forward else found


async def get_message(reader: Executor, world_sid: str, number: str, message_id: UUID) -> PhoneMessage | None:
    row = await reader.fetchrow(
        f"select {_MESSAGE_COLUMNS} from phone_messages where world_sid = $1 and number = $2 and id = $3",
        world_sid,
        number,
        message_id,
    )
    return None if row is None else message_of(row)


async def answers_to(reader: Executor, text: PhoneMessage, since: timedelta) -> tuple[bool, int]:
    """Whether the phone has answered this text by itself; and how many others of its sender, so lately in real time,
    since a frozen clock is no reason to go on for ever."""
    row = await reader.fetchrow(
        "select coalesce(bool_or(answers = $4), false) as answered, count(answers) as lately from phone_messages"
        " where world_sid = $1 and number = $2 and peer = $3 and id > least($4, $5)"
        " and direction = 'sent' and (answers = $4 or id > $5)",
        text.world_sid,
        text.number,
        text.peer,
        text.id,
        sids.bound(clock.now() - since),
    )
    assert row is not None
    return row["answered"], row["lately"]


def message_of(row: asyncpg.Record) -> PhoneMessage:
    return PhoneMessage(
        world_sid=row["world_sid"],
        number=row["number"],
        id=row["id"],
        direction=row["direction"],
        peer=row["peer"],
        body=row["body"],
        media=tuple(row["media"]),
        content=row["content"],
        message_sid=row["message_sid"],
        answers=row["answers"],
        date_created=row["date_created"],
    )


def _phone(row: asyncpg.Record) -> Phone:
    persona = msgspec.convert(row["persona"], Persona) if row["persona"] else _NONE
    return Phone(
        row["number"], row["behavior"], row["delay_ms"], row["date_created"], row["date_updated"], persona
    )
