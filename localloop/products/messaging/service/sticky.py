"""Whom a recipient knows a service by: kept per channel, in a table of its own, and gone with the pool's sender."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from localloop.store import Executor

_FIND: Final = """
select s.sender_sid from unnest($1::text[], $2::text[], $3::text[], $4::text[]) with ordinality
  as q (account_sid, service_sid, channel, to_address, place)
left join sticky_senders s using (account_sid, service_sid, channel, to_address)
order by q.place
"""
# Who comes second finds the first one's sender, unless it is the very one that he found unable to reach the recipient.
# A sender that left the pool meanwhile is not kept: the join finds it no more.
_AGREE: Final = """
insert into sticky_senders as k (account_sid, service_sid, channel, to_address, sender_sid, date_created)
select q.account_sid, q.service_sid, q.channel, q.to_address, q.sender_sid, q.at
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[])
  as q (account_sid, service_sid, channel, to_address, sender_sid, at)
join service_senders s on s.account_sid = q.account_sid and s.service_sid = q.service_sid and s.sid = q.sender_sid
order by 1, 2, 3, 4
on conflict (account_sid, service_sid, channel, to_address) do update
  set sender_sid = case when k.sender_sid = any($7::text[]) then excluded.sender_sid else k.sender_sid end
returning account_sid, service_sid, channel, to_address, sender_sid
"""


class Bond(Struct, frozen=True):
    """A recipient of a service on a channel."""

    account_sid: str
    service_sid: str
    channel: str
    to: str


async def find(reader: Executor, bonds: Sequence[Bond]) -> list[str | None]:
    """The SID of the sender that each recipient knows."""
    rows = await reader.fetch(
        _FIND,
        [bond.account_sid for bond in bonds],
        [bond.service_sid for bond in bonds],
        [bond.channel for bond in bonds],
        [bond.to for bond in bonds],
    )
    return [row["sender_sid"] for row in rows]


class Proposal(Struct, frozen=True):
    """A sender for a recipient that knows none, or knows one that cannot reach it (`unfit`)."""

    bond: Bond
    sender_sid: str
    at: datetime
    unfit: str | None = None


async def agree(connection: Any, proposals: Sequence[Proposal]) -> list[str]:
    """The SID of the sender that each recipient knows from now on, whoever proposed it. The flush of a group commit."""
    first = {proposal.bond: proposal for proposal in reversed(proposals)}
    rows = await connection.fetch(
        _AGREE,
        [bond.account_sid for bond in first],
        [bond.service_sid for bond in first],
        [bond.channel for bond in first],
        [bond.to for bond in first],
        [proposal.sender_sid for proposal in first.values()],
        [proposal.at for proposal in first.values()],
        [proposal.unfit for proposal in first.values() if proposal.unfit is not None],
    )
    agreed = {
        Bond(row["account_sid"], row["service_sid"], row["channel"], row["to_address"]): row["sender_sid"]
        for row in rows
    }
    return [agreed.get(proposal.bond, proposal.sender_sid) for proposal in proposals]
