"""After a new key: what older keys sealed is sealed anew, so that an old key can be thrown away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from localloop.products.accounts.vault import Vault

_BATCH: Final = 500
# Per table: a page of its secrets, and the update of a row.
_TABLES: Final = (
    (
        """select sid, auth_token, secondary_auth_token, test_auth_token, token_key from accounts
           where sid > $1 order by sid limit $2 for update""",
        """update accounts set auth_token = $2, secondary_auth_token = $3, test_auth_token = $4, token_key = $5
           where sid = $1""",
    ),
    (
        "select sid, secret from api_keys where sid > $1 order by sid limit $2 for update",
        "update api_keys set secret = $2 where sid = $1",
    ),
    (
        "select sid, secret from oauth_clients where sid > $1 order by sid limit $2 for update",
        "update oauth_clients set secret = $2 where sid = $1",
    ),
)


async def reseal(vault: Vault) -> int:
    """Seal every secret of accounts, keys and OAuth apps under the newest key. How many rows that took."""
    changed = 0
    for select, update in _TABLES:
        last: str | None = ""
        while last is not None:
            last, resealed = await _reseal_page(vault, select, update, last)
            changed += resealed
    return changed


async def _reseal_page(vault: Vault, select: str, update: str, after: str) -> tuple[str | None, int]:
    async with vault.database.unit() as unit:
        rows = await unit.fetch(select, after, _BATCH)
        stale = [row for row in rows if not all(vault.is_current(each) for each in _secrets(row) if each)]
        for row in stale:
            fresh = (None if each is None else vault.seal(vault.unseal(each)) for each in _secrets(row))
            await unit.execute(update, row["sid"], *fresh)
    return (rows[-1]["sid"] if len(rows) == _BATCH else None), len(stale)


def _secrets(row: Mapping[str, Any]) -> list[bytes | None]:
    return [value for name, value in row.items() if name != "sid"]
