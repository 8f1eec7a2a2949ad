"""Another process that proves callers: asked on standard input, answers on standard output.

Lines in: `SID secret`. Lines out: `ready`, then the status of the account, or `nobody`.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from localloop.products.accounts import AccountCredentials, Vault
from localloop.rest.shared import SharedTable
from localloop.store import Database
from localloop.store.sealing import Sealer


async def prove(dsn: str, table: Path, key: bytes, *, listening: bool) -> None:
    database = await Database.connect(dsn, max_size=2)
    vault = Vault(database, Sealer({"00000001": key}), SharedTable(table))
    credentials = AccountCredentials(vault)
    if listening:
        await credentials.start()
    print("ready", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        sid, secret = line.split()
        caller = await credentials.basic(sid, secret, None)
        print(caller.status if caller else "nobody", flush=True)
    await database.close()


if __name__ == "__main__":
    _, dsn, table, key, mode = sys.argv
    asyncio.run(prove(dsn, Path(table), bytes.fromhex(key), listening=mode == "listening"))
