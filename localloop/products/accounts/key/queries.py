"""SQL of API keys."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal

from msgspec import Struct

from localloop.products.accounts.vault import Vault
from localloop.rest.request import PageRequest
from localloop.store import Unit

KeyType = Literal["main", "standard", "restricted"]
# Restricted keys cannot sign access tokens; only main keys reach Accounts and Keys.
FLAGS: Final[Mapping[KeyType, tuple[str, ...]]] = {
    "main": ("rest_api", "signing", "manage_accounts", "manage_keys"),
    "standard": ("rest_api", "signing"),
    "restricted": ("restricted", "rest_api"),
}

_ANY: Final = """
select sid, account_sid, friendly_name, type, policy, date_created, date_updated
from api_keys where sid = $1"""
# A key is its account's, and its parent's to manage.
_REACHED: Final = """
select sid, account_sid, friendly_name, type, policy, date_created, date_updated from api_keys k
where sid = $1 and (account_sid = $2
  or exists (select from accounts a where a.sid = k.account_sid and a.owner_account_sid = $2))"""
_DELETE: Final = """
with gone as (
  delete from api_keys k where sid = $1 and (account_sid = $2
    or exists (select from accounts a where a.sid = k.account_sid and a.owner_account_sid = $2))
  returning sid
), remembered as (
  insert into revoked_keys select sid from gone on conflict do nothing
)
select sid from gone"""
_OLDER: Final = """
select sid, account_sid, friendly_name, type, policy, date_created, date_updated from api_keys
where account_sid = $1
  and ($2::text is null or (date_created, sid) < (select date_created, sid from api_keys where sid = $2))
order by date_created desc, sid desc limit $3"""
_NEWER: Final = _OLDER.replace("(date_created, sid) <", "(date_created, sid) >").replace(" desc", " asc")


class Key(Struct, frozen=True, kw_only=True):
    """One API key. Its secret is shown in the answer that makes it, and never again."""

    sid: str
    account_sid: str
    friendly_name: str | None
    type: KeyType
    flags: tuple[str, ...]
    policy: dict[str, list[str]] | None
    date_created: datetime
    date_updated: datetime
    secret: str | None = None  # known at its creation only


class NewKey(Struct, frozen=True, kw_only=True):
    sid: str
    account_sid: str
    secret: str
    now: datetime
    friendly_name: str | None = None
    type: KeyType = "standard"
    policy: dict[str, list[str]] | None = None
    region: str = "us1"


def key_of(row: Mapping[str, Any]) -> Key:
    return Key(
        sid=row["sid"],
        account_sid=row["account_sid"],
        friendly_name=row["friendly_name"],
        type=row["type"],
        flags=FLAGS[row["type"]],
        policy=row["policy"],
        date_created=row["date_created"],
        date_updated=row["date_updated"],
    )


async def insert(vault: Vault, unit: Unit, new: NewKey) -> bool:
    """Make a key. False when its SID is taken."""
    made = await unit.fetchval(
        """insert into api_keys (sid, account_sid, friendly_name, type, secret, policy, region, date_created,
             date_updated)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $8)
           on conflict (sid) do nothing returning sid""",
        new.sid,
        new.account_sid,
        new.friendly_name,
        new.type,
        vault.seal(new.secret),
        new.policy,
        new.region,
        new.now,
    )
    return made is not None


async def reaches(vault: Vault, reader: str, account_sid: str) -> bool:
    """Whether `account_sid` is `reader` or one of its subaccounts."""
    found = await vault.database.fetchval(
        "select true from accounts where sid = $1 and (sid = $2 or owner_account_sid = $2)",
        account_sid,
        reader,
    )
    return bool(found)


async def fetch(vault: Vault, sid: str, reader: str) -> Key | None:
    row = await vault.database.fetchrow(_REACHED, sid, reader)
    return None if row is None else key_of(row)


async def page(vault: Vault, account_sid: str, request: PageRequest) -> tuple[list[Key], bool]:
    """One page of an account's keys, newest first, and whether more lie beyond."""
    backwards = request.before is not None
    cursor = request.before if backwards else request.after
    rows = await vault.database.fetch(_NEWER if backwards else _OLDER, account_sid, cursor, request.size + 1)
    kept = [key_of(row) for row in rows[: request.size]]
    return (kept[::-1] if backwards else kept), len(rows) > request.size


async def rename(unit: Unit, sid: str, friendly_name: str | None, now: datetime) -> None:
    await unit.execute(
        "update api_keys set friendly_name = coalesce($2, friendly_name), date_updated = $3 where sid = $1",
        sid,
        friendly_name,
        now,
    )


async def set_policy(unit: Unit, sid: str, policy: dict[str, list[str]]) -> None:
    await unit.execute("update api_keys set policy = $2 where sid = $1", sid, policy)


async def delete(unit: Unit, sid: str, reader: str) -> bool:
    gone = await unit.fetchval(_DELETE, sid, reader)
    return gone is not None


async def read(unit: Unit, sid: str) -> Key:
    """The key as this unit of work has made it."""
    row = await unit.fetchrow(_ANY, sid)
    assert row is not None
    return key_of(row)
