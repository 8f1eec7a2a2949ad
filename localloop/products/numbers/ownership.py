"""Who owns which number: the rows of `phone_numbers`, taken, found and given back. A number has one owner in a world.

Short codes are rows of their own type, so that one look-up answers for every kind of sender.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from msgspec import Struct

from localloop.core import clock, sids
from localloop.products.numbers.inventory import Capabilities, NumberType
from localloop.store import Executor, Unit

OwnedType = NumberType | Literal["ShortCode"]
Method = Literal["GET", "POST"]

# How long a released number stays out of the lists, and with the account that may still take it back (Twilio: 10 days).
COOL_DOWN: Final = timedelta(days=10)

COLUMNS: Final = """sid, account_sid, world_sid, phone_number, iso_country, type, voice_enabled, sms_enabled,
mms_enabled, data, date_created, date_updated"""
_TAKE: Final = f"""
insert into phone_numbers ({COLUMNS}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)
on conflict (world_sid, phone_number) do nothing returning {COLUMNS}"""
_FIND: Final = f"select {COLUMNS} from phone_numbers where world_sid = $1 and phone_number = $2"
_FIND_MANY: Final = f"""
select {COLUMNS} from phone_numbers
where (world_sid, phone_number) in (select * from unnest($1::text[], $2::text[]))"""
_FORGET_RELEASE: Final = "delete from released_numbers where world_sid = $1 and phone_number = $2"
_RELEASER: Final = """
select account_sid from released_numbers where world_sid = $1 and phone_number = $2 and released_at > $3"""
_TAKEN: Final = """
select phone_number from phone_numbers where world_sid = $1 and phone_number = any($2)
union all
select phone_number from released_numbers
where world_sid = $1 and phone_number = any($2) and released_at > $3"""
_RELEASE: Final = """
with gone as (
  delete from phone_numbers where {whose} returning world_sid, phone_number, account_sid, type
), cooling as (
  insert into released_numbers (world_sid, phone_number, account_sid, released_at)
  select world_sid, phone_number, account_sid, $2 from gone where type <> 'ShortCode'
  on conflict (world_sid, phone_number) do update
  set account_sid = excluded.account_sid, released_at = excluded.released_at
)
select phone_number from gone"""
_RELEASE_ONE: Final = _RELEASE.format(whose="account_sid = $1 and sid = $3")
_RELEASE_ALL: Final = _RELEASE.format(whose="account_sid = $1")


class Webhook(Struct, frozen=True, kw_only=True):
    """Whom an inbound message or call is reported to. An empty url is none."""

    url: str = ""
    method: Method = "POST"
    fallback_url: str = ""
    fallback_method: Method = "POST"
    status_callback: str = ""
    status_callback_method: Method = "POST"


class Owned(Struct, frozen=True, kw_only=True):
    """A number or short code that an account of a world owns, as far as traffic needs to know it."""

    sid: str
    account_sid: str
    world_sid: str
    phone_number: str
    iso_country: str
    type: OwnedType
    voice_enabled: bool
    sms_enabled: bool
    mms_enabled: bool
    sms: Webhook
    voice: Webhook
    sms_application_sid: str  # its urls stand in place of `sms`; "" = none
    voice_application_sid: str
    trunk_sid: str  # in place of both the application's and `voice`


class NewNumber(Struct, frozen=True, kw_only=True):
    """A number that is about to be owned. `data` is kept as it is, by response field name."""

    sid: str
    account_sid: str
    world_sid: str
    phone_number: str
    iso_country: str
    type: OwnedType
    capabilities: Capabilities
    data: Mapping[str, Any]
    now: datetime


def owned_of(row: Mapping[str, Any]) -> Owned:
    data = row["data"]
    return Owned(
        sid=row["sid"],
        account_sid=row["account_sid"],
        world_sid=row["world_sid"],
        phone_number=row["phone_number"],
        iso_country=row["iso_country"],
        type=row["type"],
        voice_enabled=row["voice_enabled"],
        sms_enabled=row["sms_enabled"],
        mms_enabled=row["mms_enabled"],
        sms=_webhook(data, "sms"),
        voice=_webhook(data, "voice"),
        sms_application_sid=data.get("sms_application_sid") or "",
        voice_application_sid=data.get("voice_application_sid") or "",
        trunk_sid=data.get("trunk_sid") or "",
    )


def _webhook(data: Mapping[str, Any], traffic: str) -> Webhook:
    return Webhook(
        url=data.get(f"{traffic}_url") or "",
        method=data.get(f"{traffic}_method") or "POST",
        fallback_url=data.get(f"{traffic}_fallback_url") or "",
        fallback_method=data.get(f"{traffic}_fallback_method") or "POST",
        status_callback=data.get("status_callback") or "",
        status_callback_method=data.get("status_callback_method") or "POST",
    )


async def take(unit: Unit, new: NewNumber) -> Mapping[str, Any] | None:
    """The new row; None when somebody in this world owns the number already."""
    row = await unit.fetchrow(
        _TAKE,
        new.sid,
        new.account_sid,
        new.world_sid,
        new.phone_number,
        new.iso_country,
        new.type,
        new.capabilities.voice,
        new.capabilities.sms,
        new.capabilities.mms,
        dict(new.data),
        new.now,
    )
    if row is not None:
        await unit.execute(_FORGET_RELEASE, new.world_sid, new.phone_number)
    return row


async def find(executor: Executor, world_sid: str, phone_number: str) -> Owned | None:
    row = await executor.fetchrow(_FIND, world_sid, phone_number)
    return owned_of(row) if row is not None else None


async def find_many(executor: Executor, keys: Sequence[tuple[str, str]]) -> list[Owned | None]:
    """The owner of each of these numbers of these worlds."""
    rows = await executor.fetch(_FIND_MANY, [key[0] for key in keys], [key[1] for key in keys])
    found = {(row["world_sid"], row["phone_number"]): owned_of(row) for row in rows}
    return [found.get(key) for key in keys]


async def releaser(executor: Executor, world_sid: str, phone_number: str) -> str | None:
    """The account that released this number, while it is cooling down."""
    since = clock.now(world_sid) - COOL_DOWN
    account_sid: str | None = await executor.fetchval(_RELEASER, world_sid, phone_number, since)
    return account_sid


async def taken(executor: Executor, world_sid: str, phone_numbers: Sequence[str]) -> Collection[str]:
    """Those of the numbers that nobody can buy: owned in this world, or cooling down."""
    since = clock.now(world_sid) - COOL_DOWN
    rows = await executor.fetch(_TAKEN, world_sid, list(phone_numbers), since)
    return {row["phone_number"] for row in rows}


async def release(unit: Unit, account_sid: str, sid: str, now: datetime) -> bool:
    """Give one number back; False when the account has none with this SID."""
    return bool(await unit.fetch(_RELEASE_ONE, account_sid, now, sid))


async def release_all(unit: Unit, account_sid: str, now: datetime) -> None:
    await unit.execute(_RELEASE_ALL, account_sid, now)


def new_sid(type: OwnedType) -> str:
    return sids.new("SC" if type == "ShortCode" else "PN")
