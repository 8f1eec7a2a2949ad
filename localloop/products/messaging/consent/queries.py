"""SQL of consent: the table of who wants texts from whom, and how senders take keywords."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

import msgspec
from msgspec import Struct

from localloop.products.messaging.consent.keywords import Entry, Handling
from localloop.store import Executor

Status: TypeAlias = Literal["opt-in", "opt-out"]
Source: TypeAlias = Literal["website", "offline", "opt-in-message", "opt-out-message", "others"]

CHANNEL: Final = "consent"
# A number that belongs to a messaging service keeps quiet for who stopped the service.
_OPTED_OUT: Final = """
select distinct w.place from unnest($1::text[], $2::text[], $3::text[], $4::text[])
  with ordinality as w (account_sid, recipient, sender, service, place)
join consents c on c.account_sid = w.account_sid and c.recipient = w.recipient and c.status = 'opt-out'
  and (c.sender in (w.sender, w.service) or c.sender = (
    select s.service_sid from service_senders s where s.account_sid = w.account_sid and s.address = w.sender limit 1))
"""
_SERVICE_OF: Final = "select service_sid from service_senders where account_sid = $1 and address = $2 limit 1"
_REFUSE: Final = """
insert into consents as c
  (account_sid, recipient, sender, status, source, date_of_consent, date_created, date_updated)
select a, r, s, t, o, d, n, n
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::timestamptz[])
  as w (a, r, s, t, o, d, n)
on conflict (account_sid, recipient, sender) do update set
  status = excluded.status, source = excluded.source, date_of_consent = excluded.date_of_consent,
  date_updated = excluded.date_updated
returning sender
"""
_WITHDRAWN: Final = """
update consents set status = 'opt-in', source = 'opt-in-message', date_of_consent = $4, date_updated = $4
where account_sid = $1 and recipient = $2 and sender = any($3::text[]) and status = 'opt-out'
returning sender
"""
_IS_OPTED_OUT: Final = """
select exists (select from consents
  where account_sid = $1 and recipient = $2 and sender = any($3::text[]) and status = 'opt-out')
"""
_BOOKS: Final = """
select w.account_sid,
  exists (select from consents c where c.account_sid = w.account_sid and c.status = 'opt-out') as has_opt_outs,
  (select jsonb_object_agg(h.sender, jsonb_build_object('mode', h.mode, 'entries', h.entries))
   from opt_out_handling h where h.account_sid = w.account_sid) as handlings
from unnest($1::text[]) as w (account_sid)
"""


class Consented(Struct, frozen=True, kw_only=True):
    """What a person wants of a sender."""

    account_sid: str
    recipient: str
    sender: str
    status: Status
    source: Source
    date_of_consent: datetime | None
    at: datetime


class Asked(Struct, frozen=True, kw_only=True):
    """Whether a recipient stopped a sender, or the messaging service that it writes for."""

    account_sid: str
    recipient: str
    sender: str
    service_sid: str = ""


class Book(Struct, frozen=True):
    """What of an account's consents must be known for every message."""

    has_opt_outs: bool = False
    handlings: dict[str, Handling] = {}


async def opted_out(executor: Executor, asked: Sequence[Asked]) -> set[int]:
    """The places in `asked` of those who stopped the sender."""
    rows = await executor.fetch(
        _OPTED_OUT,
        [each.account_sid for each in asked],
        [each.recipient for each in asked],
        [each.sender for each in asked],
        [each.service_sid for each in asked],
    )
    return {row["place"] - 1 for row in rows}


async def keep(executor: Executor, consents: Sequence[Consented]) -> None:
    """The last word of each person to each sender. Of one batch, the last."""
    last = {(each.account_sid, each.recipient, each.sender): each for each in consents}
    rows = [
        (
            each.account_sid,
            each.recipient,
            each.sender,
            each.status,
            each.source,
            each.date_of_consent,
            each.at,
        )
        for _, each in sorted(last.items())
    ]
    if rows:
        await executor.fetch(_REFUSE, *map(list, zip(*rows, strict=True)))


async def withdraw(
    executor: Executor, account_sid: str, recipient: str, senders: Sequence[str], at: datetime
) -> bool:
    """The person wants texts again; False when none of these senders had been stopped."""
    return bool(await executor.fetch(_WITHDRAWN, account_sid, recipient, list(senders), at))


async def is_opted_out(executor: Executor, account_sid: str, recipient: str, senders: Sequence[str]) -> bool:
    return bool(await executor.fetchval(_IS_OPTED_OUT, account_sid, recipient, list(senders)))


async def service_of(executor: Executor, account_sid: str, address: str) -> str:
    """The messaging service in whose pool a sender is; "" for none."""
    return str(await executor.fetchval(_SERVICE_OF, account_sid, address) or "")


async def books(executor: Executor, account_sids: Sequence[str]) -> list[Book]:
    rows = await executor.fetch(_BOOKS, list(account_sids))
    found = {row["account_sid"]: Book(row["has_opt_outs"], _handlings(row["handlings"])) for row in rows}
    return [found[account_sid] for account_sid in account_sids]


def _handlings(stored: Any) -> dict[str, Handling]:
    return msgspec.convert(stored or {}, dict[str, Handling])


# What the lab and the console show ---------------------------------------------------------------------------


class Filters(Struct, frozen=True, kw_only=True):
    recipient: str | None = None
    sender: str | None = None
    status: str | None = None


class Kept(Struct, frozen=True, kw_only=True):
    """One row of the consents."""

    recipient: str
    sender: str
    status: str
    source: str
    date_of_consent: datetime | None
    date_created: datetime
    date_updated: datetime


class Handled(Struct, frozen=True, kw_only=True):
    """How one service or sender takes keywords; the dates are None for one that takes them as usual."""

    sender: str
    handling: Handling
    date_created: datetime | None = None
    date_updated: datetime | None = None


_PAGE: Final = """
select recipient, sender, status, source, date_of_consent, date_created, date_updated from consents
where account_sid = $1 and (recipient, sender) > ($2, $3) and ($4::text is null or recipient = $4)
  and ($5::text is null or sender = $5) and ($6::text is null or status = $6)
order by recipient, sender limit $7
"""
_CONTACTS: Final = """
select recipient as contact_id, country_iso_code, zip_code, date_created, date_updated from contacts
where account_sid = $1 and recipient > $2 order by recipient limit $3
"""
_HANDLING_COLUMNS: Final = "sender, mode, entries, date_created, date_updated"
_HANDLINGS: Final = f"""
select {_HANDLING_COLUMNS} from opt_out_handling
where account_sid = $1 and sender > $2 order by sender limit $3
"""
_HANDLING: Final = f"select {_HANDLING_COLUMNS} from opt_out_handling where account_sid = $1 and sender = $2"
_KEEP_HANDLING: Final = f"""
insert into opt_out_handling (account_sid, sender, mode, entries, date_created, date_updated)
values ($1, $2, $3, $4, $5, $5)
on conflict (account_sid, sender) do update set
  mode = excluded.mode, entries = excluded.entries, date_updated = excluded.date_updated
returning {_HANDLING_COLUMNS}
"""


async def page(
    executor: Executor, account_sid: str, wanted: Filters, after: tuple[str, str], limit: int
) -> list[Kept]:
    rows = await executor.fetch(
        _PAGE, account_sid, *after, wanted.recipient, wanted.sender, wanted.status, limit
    )
    return [Kept(**dict(row)) for row in rows]


async def contacts(executor: Executor, account_sid: str, after: str, limit: int) -> list[dict[str, Any]]:
    return [dict(row) for row in await executor.fetch(_CONTACTS, account_sid, after, limit)]


async def handlings(executor: Executor, account_sid: str, after: str, limit: int) -> list[Handled]:
    return [_handled(row) for row in await executor.fetch(_HANDLINGS, account_sid, after, limit)]


async def handling(executor: Executor, account_sid: str, sender: str) -> Handled | None:
    row = await executor.fetchrow(_HANDLING, account_sid, sender)
    return None if row is None else _handled(row)


async def keep_handling(
    executor: Executor, account_sid: str, sender: str, handling: Handling, at: datetime
) -> Handled:
    entries = msgspec.to_builtins(handling.entries)
    row = await executor.fetchrow(_KEEP_HANDLING, account_sid, sender, handling.mode, list(entries), at)
    assert row is not None
    return _handled(row)


async def drop_handling(executor: Executor, account_sid: str, sender: str) -> None:
    await executor.execute(
        "delete from opt_out_handling where account_sid = $1 and sender = $2", account_sid, sender
    )


def _handled(row: Any) -> Handled:
    handling = Handling(mode=row["mode"], entries=msgspec.convert(row["entries"], tuple[Entry, ...]))
    return Handled(
        sender=row["sender"],
        handling=handling,
        date_created=row["date_created"],
        date_updated=row["date_updated"],
    )
