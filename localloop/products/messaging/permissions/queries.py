"""SQL of permissions: what accounts may, and which phones of the lab refuse."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from localloop.carriers import phones
from localloop.core import sids
from localloop.products.messaging.permissions.countries import HOME
from localloop.store import Executor

Kind: TypeAlias = Literal["country", "prefix", "safe"]
CHANNEL: Final = "messaging_permissions"
PHONES: Final = "refusing_phones"
_THOUSAND: Final = 3  # digits that an entry of a thousand numbers leaves out

# A subaccount has its main account's, where it has none of its own.
_PERMITS: Final = """
select a.sid, p.kind, p.value, p.enabled from accounts a
join messaging_permissions p on p.account_sid in (a.sid, a.owner_account_sid)
where a.sid = any($1::text[]) order by p.account_sid = a.sid
"""
_PUT: Final = """
insert into messaging_permissions (account_sid, kind, value, enabled, sid, date_created)
values ($1, $2, $3, $4, $5, $6)
on conflict (account_sid, kind, value) do update set enabled = excluded.enabled
returning sid, value, date_created
"""
_GET: Final = """
select sid, value, date_created from messaging_permissions where account_sid = $1 and kind = $2 and value = $3
"""
_DELETE: Final = """
delete from messaging_permissions where account_sid = $1 and kind = $2 and value = $3 returning value
"""
_LIST: Final = """
select value, date_created from messaging_permissions
where account_sid = $1 and kind = $2 and value > $3 order by value limit $4
"""
_PHONES: Final = """
select world_sid, number, behavior from phones where world_sid = any($1::text[]) and behavior like '21%'
"""


class Permits(Struct, frozen=True):
    """What one account may."""

    countries: dict[str, bool] = {}  # that somebody decided
    prefixes: tuple[str, ...] = ()  # taken for fraud
    safe: frozenset[str] = frozenset()  # numbers, and beginnings of a thousand each

    def allows(self, country: str, is_closed: bool) -> bool:
        """A number of no country (+800…) is nobody's to forbid."""
        return not country or self.countries.get(country, not is_closed or country == HOME)

    def blocks(self, number: str) -> bool:
        return bool(self.prefixes) and number.startswith(self.prefixes)

    def is_safe(self, number: str) -> bool:
        return bool(self.safe) and (number in self.safe or number[:-_THOUSAND] in self.safe)


class Permission(Struct, frozen=True):
    """One row, as it is shown."""

    value: str
    date_created: datetime
    sid: str = ""


async def permits(executor: Executor, account_sids: Sequence[str]) -> list[Permits]:
    rows = await executor.fetch(_PERMITS, list(account_sids))
    countries: defaultdict[str, dict[str, bool]] = defaultdict(dict)
    values: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for row in rows:
        if row["kind"] == "country":
            countries[row["sid"]][row["value"]] = row["enabled"]
        else:
            values[row["sid"], row["kind"]].append(row["value"])
    return [
        Permits(countries[sid], tuple(values[sid, "prefix"]), frozenset(values[sid, "safe"]))
        for sid in account_sids
    ]


async def refusing_phones(executor: Executor, world_sids: Sequence[str]) -> list[dict[str, int]]:
    """Of each world the phones that refuse a message before it is accepted, with the error that they make."""
    found: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for row in await executor.fetch(_PHONES, list(world_sids)):
        if phones.refuses(row["behavior"]):
            found[row["world_sid"]][row["number"]] = int(row["behavior"])
    return [found[sid] for sid in world_sids]


async def put(executor: Executor, account_sid: str, kind: Kind, value: str, at: datetime) -> Permission:
    """Keep a prefix or a safe number; the one that is there already stays as it is."""
    sid = sids.new("GN") if kind == "safe" else None
    row = await executor.fetchrow(_PUT, account_sid, kind, value, True, sid, at)
    assert row is not None
    return Permission(row["value"], row["date_created"], row["sid"] or "")


async def decide(executor: Executor, account_sid: str, country: str, enabled: bool, at: datetime) -> None:
    await executor.execute(_PUT, account_sid, "country", country, enabled, None, at)


async def get(executor: Executor, account_sid: str, kind: Kind, value: str) -> Permission | None:
    row = await executor.fetchrow(_GET, account_sid, kind, value)
    return None if row is None else Permission(row["value"], row["date_created"], row["sid"] or "")


async def delete(executor: Executor, account_sid: str, kind: Kind, value: str) -> bool:
    return bool(await executor.fetchval(_DELETE, account_sid, kind, value))


async def block(executor: Executor, account_sid: str, prefix: str, at: datetime) -> Permission:
    """Numbers that begin so are taken for fraud."""
    return await put(executor, account_sid, "prefix", prefix, at)


async def unblock(executor: Executor, account_sid: str, prefix: str) -> bool:
    return await delete(executor, account_sid, "prefix", prefix)


async def prefixes(executor: Executor, account_sid: str, after: str, limit: int) -> list[Permission]:
    rows = await executor.fetch(_LIST, account_sid, "prefix", after, limit)
    return [Permission(row["value"], row["date_created"]) for row in rows]
