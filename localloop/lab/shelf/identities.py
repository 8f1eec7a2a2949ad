"""Whose a copied world is: fresh SIDs and secrets for its accounts, and for the names that prove a caller."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from msgspec import Struct

from localloop.core import sids
from localloop.lab.shelf.statements import SCHEMA, Columns, bound, credentials
from localloop.lab.shelf.tables import STATE, Table

Seal = Callable[[str], bytes]
_TABLES: Final = {table.name: table for table in STATE}
_PREFIXES: Final = {"api_keys": "SK", "oauth_clients": "OQ"}
# Only accounts that are made are copied; of a world that is there, the main account stays as it is.
_AT: Final = "[array_position(:names, sid)]"
_ACCOUNT: Final = {
    "sid": f"(:fresh){_AT}",
    "auth_token": f"(:tokens){_AT}",
    "token_key": f"(:keys){_AT}",
    "test_sid": f"(:tests){_AT}",
    "test_auth_token": f"(:testtokens){_AT}",
    "secondary_auth_token": "null",
    "secondary_created": "null",
    "secondary_updated": "null",
    "token_claimable": "false",
    "seeded": "false",
}
_KEY: Final = {
    "sid": "(:fresh)[array_position(:names, sid)]",
    "secret": "(:secrets)[array_position(:names, sid)]",
}


class Identity(Struct, frozen=True):
    """A name that proves a caller, its secret, and whose place it takes."""

    sid: str
    secret: str
    replaces: str


class Copying(Struct, frozen=True):
    """Into which accounts a snapshot is copied: the names they had, and those they get."""

    snapshot_sid: str
    accounts: Sequence[Identity]
    seal: Seal

    @property
    def arguments(self) -> dict[str, Any]:
        old = [each.replaces for each in self.accounts]
        return {"snapshot": self.snapshot_sid, "old": old, "new": [each.sid for each in self.accounts]}


def new_accounts(old: Sequence[str]) -> list[Identity]:
    """An account for each of these, the main account first."""
    return [Identity(sids.new("AC"), sids.new_secret(), each) for each in old]


async def copy_accounts(unit: Any, columns: Columns, copying: Copying, made: Sequence[Identity]) -> None:
    """The accounts of the copy: all that are `made` now, with tokens of their own and test credentials for the main
    one, which is the first."""
    main = copying.accounts[0].sid
    arguments = {
        "names": [each.replaces for each in made],
        "fresh": [each.sid for each in made],
        "tokens": [copying.seal(each.secret) for each in made],
        "keys": [copying.seal(sids.new_secret()) for _ in made],
        "tests": [sids.new("AC") if each.sid == main else None for each in made],
        "testtokens": [copying.seal(sids.new_secret()) if each.sid == main else None for each in made],
    }
    sql = credentials(columns, _TABLES["accounts"], _ACCOUNT)
    await unit.execute(*bound(f"{sql} and sid = any(:names)", {**copying.arguments, **arguments}))


def new_key(replaces: str, prefix: str) -> Identity:
    return Identity(sids.new(prefix), sids.new_secret(), replaces)


async def copy_keys(
    unit: Any, columns: Columns, copying: Copying, identity: Callable[[str, str], Identity] = new_key
) -> list[Identity]:
    """API keys and OAuth clients of the copy, with other names and secrets: what proves a caller must name one."""
    made: list[Identity] = []
    for name, prefix in _PREFIXES.items():
        table = _TABLES[name]
        listed = f"select sid from {SCHEMA}.{name} where snapshot_sid = :snapshot order by sid"
        found = await unit.fetch(*bound(listed, copying.arguments))
        keys = [identity(row["sid"], prefix) for row in found]
        if keys:
            await _copy_keys(unit, columns, copying, (table, keys))
            made.extend(keys)
    return made


async def _copy_keys(
    unit: Any, columns: Columns, copying: Copying, which: tuple[Table, Sequence[Identity]]
) -> None:
    table, keys = which
    arguments = {
        "names": [each.replaces for each in keys],
        "fresh": [each.sid for each in keys],
        "secrets": [copying.seal(each.secret) for each in keys],
    }
    sql = credentials(columns, table, _KEY)
    await unit.execute(*bound(sql, {**copying.arguments, **arguments}))
