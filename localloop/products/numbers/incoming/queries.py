"""SQL of the numbers that accounts own, beyond taking and releasing them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias

from msgspec import Struct

from localloop.products.numbers.ownership import COLUMNS
from localloop.rest.request import PageRequest
from localloop.store import Executor, Unit

Row: TypeAlias = Mapping[str, Any]

_FETCH: Final = (
    f"select {COLUMNS} from phone_numbers where account_sid = $1 and sid = $2 and type <> 'ShortCode'"
)
_FILTERED: Final = f"""
select {COLUMNS} from phone_numbers
where account_sid = $1 and type <> 'ShortCode'
  and ($2::text is null or type = $2)
  and ($3::text is null or phone_number like $3)
  and ($4::text is null or data ->> 'friendly_name' = $4)
  and ($5::text is null or data ->> 'origin' = $5)
  and ($6::boolean or data ->> 'beta' <> 'true')
  and ($7::text is null or $7 in (data ->> 'address_sid', data ->> 'emergency_address_sid'))"""
_OLDER: Final = f"{_FILTERED} and ($8::text is null or sid < $8) order by sid desc limit $9"
_NEWER: Final = f"{_FILTERED} and sid > $8 order by sid limit $9"
_UPDATE: Final = f"""
update phone_numbers set account_sid = $2, data = $3, date_updated = $4 where world_sid = $5 and sid = $1
returning {COLUMNS}"""
_NEEDED: Final = """
select exists (
  select from phone_numbers
  where account_sid = $1 and $2 in (data ->> 'address_sid', data ->> 'emergency_address_sid')
)"""
_TARGET: Final = "select world_sid, status from accounts where sid = $1"


class Wanted(Struct, frozen=True, kw_only=True):
    """Which of an account's numbers a list shows. None means: any."""

    type: str | None = None
    like: str | None = None
    friendly_name: str | None = None
    origin: str | None = None
    beta: bool = True
    address_sid: str | None = None  # of the owner, or for emergency calls


async def fetch(executor: Executor, account_sid: str, sid: str) -> Row | None:
    return await executor.fetchrow(_FETCH, account_sid, sid)


async def lock(unit: Unit, account_sid: str, sid: str) -> Row | None:
    return await unit.fetchrow(f"{_FETCH} for update", account_sid, sid)


async def page(
    executor: Executor, account_sid: str, wanted: Wanted, page: PageRequest
) -> tuple[Sequence[Row], bool]:
    """The newest first; and whether there are more in the direction of travel."""
    backwards = page.before is not None
    rows = await executor.fetch(
        _NEWER if backwards else _OLDER,
        account_sid,
        wanted.type,
        wanted.like,
        wanted.friendly_name,
        wanted.origin,
        wanted.beta,
        wanted.address_sid,
        page.before if backwards else page.after,
        page.size + 1,
    )
    found, more = rows[: page.size], len(rows) > page.size
    return (found[::-1] if backwards else found), more


async def update(
    unit: Unit, before: Row, account_sid: str, data: Mapping[str, Any], now: datetime
) -> Row | None:
    return await unit.fetchrow(_UPDATE, before["sid"], account_sid, dict(data), now, before["world_sid"])


async def needs_address(executor: Executor, account_sid: str, address_sid: str) -> bool:
    """Whether a number names this address, for its owner or for emergency calls."""
    return bool(await executor.fetchval(_NEEDED, account_sid, address_sid))


async def account(executor: Executor, sid: str) -> Row | None:
    return await executor.fetchrow(_TARGET, sid)
