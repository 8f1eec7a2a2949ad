"""SQL of accounts: rows in and out, and the one UPDATE of a status."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Literal

from msgspec import Struct

from localloop.core import clock, sids
from localloop.products.accounts.account.lifecycle import Standing, Status, Suspender
from localloop.products.accounts.vault import Vault
from localloop.rest.request import PageRequest
from localloop.store import Unit, worlds

AccountType = Literal["Trial", "Full"]
# What a new main account has to spend: Twilio's trial credit, or a first payment.
OPENING_CREDIT: Final = {"Trial": Decimal("15.50"), "Full": Decimal(100)}

_OWN_OR_CHILD: Final = """
select sid, world_sid, owner_account_sid, friendly_name, status, type, auth_token, date_created, date_updated
from accounts where sid = $1 and (sid = $2 or owner_account_sid = $2)"""
_OLDER: Final = """
select sid, world_sid, owner_account_sid, friendly_name, status, type, auth_token, date_created, date_updated
from accounts where (sid = $1 or owner_account_sid = $1)
  and ($2::text is null or friendly_name = $2)
  and ($3::text is null or status = $3)
  and ($4::text is null or (date_created, sid) < (select date_created, sid from accounts where sid = $4))
order by date_created desc, sid desc limit $5"""
_NEWER: Final = _OLDER.replace("(date_created, sid) <", "(date_created, sid) >").replace(" desc", " asc")


class Account(Struct, frozen=True, kw_only=True):
    """One account as its API shows it."""

    sid: str
    world_sid: str
    owner_account_sid: str
    friendly_name: str
    status: Status
    type: AccountType
    auth_token: str
    date_created: datetime
    date_updated: datetime

    @property
    def is_main(self) -> bool:
        return self.owner_account_sid == self.sid


class NewAccount(Struct, frozen=True, kw_only=True):
    """An account to be made. Without an owner it is a main account, and its own world."""

    sid: str
    friendly_name: str
    type: AccountType = "Full"
    owner_account_sid: str | None = None
    auth_token: str | None = None  # None: a fresh one
    token_claimable: bool = False
    region: str = "us1"
    profile: str = "relaxed"  # of the world that a main account makes


def account_of(vault: Vault, row: Mapping[str, Any]) -> Account:
    return Account(
        sid=row["sid"],
        world_sid=row["world_sid"],
        owner_account_sid=row["owner_account_sid"],
        friendly_name=row["friendly_name"],
        status=row["status"],
        type=row["type"],
        auth_token=vault.unseal(row["auth_token"]),
        date_created=row["date_created"],
        date_updated=row["date_updated"],
    )


async def insert(vault: Vault, unit: Unit, new: NewAccount) -> bool:
    """Make an account, and the world and test credentials of a main one. False when the SID is taken."""
    owner = new.owner_account_sid or new.sid
    is_main = owner == new.sid
    made = await unit.fetchval(
        """insert into accounts (sid, world_sid, owner_account_sid, friendly_name, type, region, auth_token,
             token_claimable, test_sid, test_auth_token, token_key, credit, date_created, date_updated)
           values ($1, $2, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)
           on conflict (sid) do nothing returning sid""",
        new.sid,
        owner,
        new.friendly_name,
        new.type,
        new.region,
        vault.seal(new.auth_token or sids.new_secret()),
        new.token_claimable,
        sids.new("AC") if is_main else None,
        vault.seal(sids.new_secret()) if is_main else None,
        vault.seal(sids.new_secret()),
        OPENING_CREDIT[new.type] if is_main else Decimal(0),
        clock.now("" if is_main else owner),
    )
    if made is None:
        return False
    if is_main:
        await worlds.set_profile(unit, new.sid, new.profile)
    return True


async def fetch(vault: Vault, sid: str, reader: str) -> Account | None:
    """The account, if `reader` is it or its parent."""
    row = await vault.database.fetchrow(_OWN_OR_CHILD, sid, reader)
    return None if row is None else account_of(vault, row)


async def page(
    vault: Vault, reader: str, filters: tuple[str | None, str | None], request: PageRequest
) -> tuple[list[Account], bool]:
    """One page of `reader` and its subaccounts, newest first, and whether more lie beyond.

    `filters` are FriendlyName and Status. A page before a cursor is read backwards and turned round.
    """
    backwards = request.before is not None
    cursor = request.before if backwards else request.after
    rows = await vault.database.fetch(
        _NEWER if backwards else _OLDER, reader, *filters, cursor, request.size + 1
    )
    kept = [account_of(vault, row) for row in rows[: request.size]]
    return (kept[::-1] if backwards else kept), len(rows) > request.size


async def lock_parent(unit: Unit, sid: str) -> Mapping[str, Any] | None:
    """The owner row, held until the unit ends, so that a limit counted under it holds."""
    return await unit.fetchrow(
        "select sid, owner_account_sid, status, type, region from accounts where sid = $1 for update", sid
    )


async def count_open_subaccounts(unit: Unit, owner: str) -> int:
    counted = await unit.fetchval(
        "select count(*) from accounts where owner_account_sid = $1 and sid <> $1 and status <> 'closed'",
        owner,
    )
    return int(counted)


async def lock_standing(unit: Unit, sid: str) -> Standing | None:
    """What decides about a change of status; the parent's row is held too, against a suspension meanwhile."""
    row = await unit.fetchrow(
        """select a.status, a.suspended_by, a.owner_account_sid = a.sid as is_main, o.status as parent_status
           from accounts a join accounts o on o.sid = a.owner_account_sid
           where a.sid = $1 for no key update of a for share of o""",
        sid,
    )
    if row is None:
        return None
    return Standing(
        status=row["status"],
        is_main=row["is_main"],
        parent_status=row["parent_status"],
        suspended_by=row["suspended_by"],
    )


async def set_status(unit: Unit, sid: str, old: Status, new: Status, suspended_by: Suspender) -> bool:
    """The one place where an account's status changes. False when it is no longer `old`."""
    done = await unit.fetchval(
        "update accounts set status = $3, suspended_by = $4 where sid = $1 and status = $2 returning sid",
        sid,
        old,
        new,
        suspended_by if new == "suspended" else None,
    )
    return done is not None


async def touch(unit: Unit, sid: str, friendly_name: str | None, now: datetime) -> None:
    """Date a change, and rename the account if a name is given."""
    await unit.execute(
        "update accounts set friendly_name = coalesce($2, friendly_name), date_updated = $3 where sid = $1",
        sid,
        friendly_name,
        now,
    )


async def read(vault: Vault, unit: Unit, sid: str) -> Account:
    """The account as this unit of work has made it."""
    row = await unit.fetchrow(_OWN_OR_CHILD, sid, sid)
    assert row is not None
    return account_of(vault, row)
