"""Another api process: says on request who owns a number, and whether it knew that without asking the database."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from localloop.products.numbers import Directory
from localloop.rest.shared import SharedTable
from localloop.store import Database


async def serve(dsn: str, counter: Path) -> None:
    database = await Database.connect(dsn, max_size=2)
    directory = Directory(database, SharedTable(counter))
    while line := await asyncio.to_thread(sys.stdin.readline):
        world_sid, number = line.split()
        known = directory.cached(world_sid, number)
        owned = await directory.find(world_sid, number)
        print("known" if known else "unknown", owned.account_sid if owned else "nobody", flush=True)
    await database.close()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], Path(sys.argv[2])))
