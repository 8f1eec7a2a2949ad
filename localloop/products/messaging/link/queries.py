"""SQL of short links, their domains, and the messaging services that shorten with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import asyncpg
from msgspec import Struct

from localloop.products.messaging.link.shorten import ShortLink
from localloop.store import Executor

DOMAIN_PREFIX: Final = "DN"
LIFE: Final = timedelta(days=90)
MEDIA_LIFE: Final = timedelta(days=365)
_DOMAIN: Final = (
    "sid, account_sid, world_sid, domain_name, is_own, is_valid, reason, data, date_created, date_updated"
)
_INSERT_LINKS: Final = """
insert into short_links (code, account_sid, world_sid, message_sid, domain_sid, url, date_created, expires_at)
select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[],
  $8::timestamptz[])
"""
_OF_SERVICES: Final = f"""
select s.account_sid as service_account, s.messaging_service_sid, d.* from link_services s
join (select {_DOMAIN} from link_domains) d on d.account_sid = s.account_sid and d.sid = s.domain_sid
where (s.account_sid, s.messaging_service_sid) in (select * from unnest($1::text[], $2::text[]))
"""


# What may go wrong with a domain on the other side, for the lab to say: with its certificate, and with its links.
OF_CERTIFICATES: Final = frozenset({30133, 30135, 30136})
FAILURES: Final = (30100, 30103, 30108, 30112, 30120, *sorted(OF_CERTIFICATES))


class Domain(Struct, frozen=True, kw_only=True):
    """A domain that links are shortened with. `data` holds its config and its certificate."""

    sid: str
    account_sid: str
    world_sid: str
    domain_name: str
    is_own: bool = False
    is_valid: bool = True
    reason: str | None = None
    data: Mapping[str, Any] = {}
    date_created: datetime
    date_updated: datetime

    @property
    def config(self) -> Mapping[str, Any]:
        return self.data.get("config") or {}

    @property
    def failure(self) -> int | None:
        """What goes wrong with it, whatever is done."""
        return self.data.get("failure")

    @property
    def certificate(self) -> Mapping[str, Any]:
        return self.data.get("certificate") or {}


class Link(Struct, frozen=True, kw_only=True):
    """A short link as it was kept."""

    code: str
    account_sid: str
    world_sid: str
    message_sid: str
    domain_sid: str | None
    url: str
    date_created: datetime
    expires_at: datetime


class Sent(Protocol):
    """The message that links are in."""

    @property
    def sid(self) -> str: ...
    @property
    def account_sid(self) -> str: ...
    @property
    def world_sid(self) -> str: ...
    @property
    def date_created(self) -> datetime: ...


async def keep(connection: Executor, of: Sequence[tuple[Sent, Sequence[ShortLink]]]) -> None:
    """The links of these messages. Must run in the transaction that inserts the messages."""
    rows = [
        (
            link.code,
            message.account_sid,
            message.world_sid,
            message.sid,
            link.domain_sid,
            link.url,
            message.date_created,
            message.date_created + (LIFE if link.domain_sid else MEDIA_LIFE),
        )
        for message, links in of
        for link in links
    ]
    if rows:
        await connection.execute(_INSERT_LINKS, *map(list, zip(*rows, strict=True)))


async def find_link(reader: Executor, code: str) -> Link | None:
    row = await reader.fetchrow("select * from short_links where code = $1", code)
    return None if row is None else Link(**dict(row))


async def forget(unit: Executor, account_sid: str, message_sid: str) -> None:
    """What a deleted or redacted message linked to."""
    await unit.execute(
        "delete from short_links where message_sid = $1 and account_sid = $2", message_sid, account_sid
    )


_PRUNE: Final = """
delete from short_links l where l.expires_at < $1
  and not exists (select from worlds w where w.world_sid = l.world_sid and w.clock_mode <> 'real')
"""


async def prune(executor: Executor, before: datetime) -> None:
    """Links that nobody can follow any more. Where the clock is not real, that is not for this moment to say."""
    await executor.execute(_PRUNE, before)


async def domains_of_services(reader: Executor, keys: Sequence[tuple[str, str]]) -> list[Domain | None]:
    """The domains of these (account, messaging service), in order."""
    rows = await reader.fetch(_OF_SERVICES, [key[0] for key in keys], [key[1] for key in keys])
    found = {(row["service_account"], row["messaging_service_sid"]): domain_of(row) for row in rows}
    return [found.get(key) for key in keys]


async def insert_domain(unit: Executor, domain: Domain) -> None:
    await unit.execute(
        f"insert into link_domains ({_DOMAIN}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        domain.sid,
        domain.account_sid,
        domain.world_sid,
        domain.domain_name,
        domain.is_own,
        domain.is_valid,
        domain.reason,
        dict(domain.data),
        domain.date_created,
        domain.date_updated,
    )


async def get_domain(reader: Executor, account_sid: str, sid: str) -> Domain | None:
    row = await reader.fetchrow(
        f"select {_DOMAIN} from link_domains where sid = $1 and account_sid = $2", sid, account_sid
    )
    return None if row is None else domain_of(row)


async def domain_named(reader: Executor, domain_name: str) -> Domain | None:
    """The newest of this name: a link that no longer exists leads to its fallback."""
    row = await reader.fetchrow(
        f"select {_DOMAIN} from link_domains where domain_name = $1 order by sid desc limit 1", domain_name
    )
    return None if row is None else domain_of(row)


async def list_domains(reader: Executor, account_sid: str, *, after: str = "", limit: int) -> list[Domain]:
    rows = await reader.fetch(
        f"select {_DOMAIN} from link_domains where account_sid = $1 and sid > $2 order by sid limit $3",
        account_sid,
        after,
        limit,
    )
    return [domain_of(row) for row in rows]


async def change_domain(unit: Executor, domain: Domain) -> None:
    await unit.execute(
        "update link_domains set data = $2, is_valid = $3, reason = $4, date_updated = $5"
        " where account_sid = $6 and sid = $1",
        domain.sid,
        dict(domain.data),
        domain.is_valid,
        domain.reason,
        domain.date_updated,
        domain.account_sid,
    )


async def associate(unit: Executor, account_sid: str, service_sid: str, domain_sid: str) -> str:
    """The domain that the service shortens with: this one, unless it had another already."""
    sid: str = await unit.fetchval(
        "insert into link_services as s values ($1, $2, $3) on conflict (account_sid, messaging_service_sid)"
        " do update set domain_sid = s.domain_sid returning domain_sid",
        account_sid,
        service_sid,
        domain_sid,
    )
    return sid


async def dissociate(unit: Executor, account_sid: str, service_sid: str, domain_sid: str) -> bool:
    outcome = await unit.execute(
        "delete from link_services where (account_sid, messaging_service_sid, domain_sid) = ($1, $2, $3)",
        account_sid,
        service_sid,
        domain_sid,
    )
    return str(outcome).endswith(" 1")


def domain_of(row: asyncpg.Record) -> Domain:
    return Domain(**{name: row[name] for name in _DOMAIN.split(", ")})
