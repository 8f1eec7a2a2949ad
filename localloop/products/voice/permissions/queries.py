"""SQL of dialing permissions: what accounts decided, and whether a subaccount keeps to its main account's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from localloop.store import Executor

CHANNEL: Final = "dialing_permissions"

_STANDINGS: Final = """
select a.sid, a.owner_account_sid as owner, coalesce(s.inherits, a.sid <> a.owner_account_sid) as inherits
from accounts a left join dialing_settings s on s.account_sid = a.sid where a.sid = any($1::text[])
"""
_DECIDED: Final = """
select account_sid, iso_code, low_risk, special, tollfraud from dialing_permissions
where account_sid = any($1::text[])
"""
_DECIDE: Final = """
insert into dialing_permissions (account_sid, iso_code, low_risk, special, tollfraud) values ($1, $2, $3, $4, $5)
on conflict (account_sid, iso_code) do update
set low_risk = excluded.low_risk, special = excluded.special, tollfraud = excluded.tollfraud
"""
_INHERIT: Final = """
insert into dialing_settings (account_sid, inherits) values ($1, $2)
on conflict (account_sid) do update set inherits = excluded.inherits
"""


class Enabled(Struct, frozen=True):
    """Which numbers of a country may be called."""

    low_risk: bool
    special: bool
    tollfraud: bool


class Decisions(Struct, frozen=True):
    """What was decided for one account."""

    own: Mapping[str, Enabled] = {}
    above: Mapping[str, Enabled] = {}  # of its main account, where it is a subaccount
    inherits: bool = False

    @property
    def effective(self) -> Mapping[str, Enabled]:
        return self.above if self.inherits else self.own


async def decisions(executor: Executor, account_sids: Sequence[str]) -> list[Decisions]:
    standings = {row["sid"]: row for row in await executor.fetch(_STANDINGS, list(account_sids))}
    everybody = {sid for row in standings.values() for sid in (row["sid"], row["owner"])}
    decided: defaultdict[str, dict[str, Enabled]] = defaultdict(dict)
    for row in await executor.fetch(_DECIDED, list(everybody)):
        enabled = Enabled(row["low_risk"], row["special"], row["tollfraud"])
        decided[row["account_sid"]][row["iso_code"]] = enabled
    found = []
    for sid in account_sids:
        row = standings.get(sid)
        is_below = row is not None and row["owner"] != sid
        above = decided[row["owner"]] if row is not None and is_below else {}
        found.append(Decisions(decided[sid], above, bool(row and row["inherits"])))
    return found


async def decide(executor: Executor, account_sid: str, iso_code: str, enabled: Enabled) -> None:
    await executor.execute(
        _DECIDE, account_sid, iso_code, enabled.low_risk, enabled.special, enabled.tollfraud
    )


async def inherit(executor: Executor, account_sid: str, inherits: bool) -> None:
    await executor.execute(_INHERIT, account_sid, inherits)
