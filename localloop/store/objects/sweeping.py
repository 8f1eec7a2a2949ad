"""What nobody needs is taken away: objects that were let go, and those that nobody came to hold."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from localloop.core import clock
from localloop.store.objects.holding import Objects, key_of

UNHELD: Final = timedelta(hours=1)  # longer than anybody takes from writing to holding
_BATCH: Final = 500
_GIVE_UP: Final = """
update objects set state = 'unwanted' where id in (
  select id from objects where state = 'writing' and date_created < $1 order by id limit $2 for update skip locked)
"""
_UNWANTED: Final = "select id from objects where state = 'unwanted' order by id limit $1"
_GONE: Final = "delete from objects where id = any($1::uuid[]) and state = 'unwanted'"


async def remove(objects: Objects, ids: Sequence[UUID]) -> None:
    """Bytes first, rows after: what is left half done is found by its row. Only of what is unwanted already."""
    await objects.place.delete([key_of(each) for each in ids])
    await objects.database.execute(_GONE, list(ids))


async def sweep(objects: Objects) -> int:
    """How many objects went."""
    before, count = clock.now() - UNHELD, 0
    await objects.database.execute(_GIVE_UP, before, _BATCH)
    while True:
        rows = await objects.database.fetch(_UNWANTED, _BATCH)
        if rows:
            await remove(objects, [row["id"] for row in rows])
        count += len(rows)
        if len(rows) < _BATCH:
            return count
