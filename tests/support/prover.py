"""Another process that proves callers: asked on standard input, answers on standard output.

Lines in: `SID secret`. Lines out: `ready`, then the status of the account, or `nobody`.
"""

from __future__ import annotations

import asyncio
import mmap
import os
import struct
import sys
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from localloop.products.accounts import AccountCredentials, Vault
from localloop.store import Database


class SharedCounter:
    """A revocation counter in a file that the processes of one machine map. One of them writes."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(bytes(8))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 8)

    def current(self) -> int:
        value: int = struct.unpack_from("Q", self._map)[0]
        return value

    def bump(self) -> None:
        struct.pack_into("Q", self._map, 0, self.current() + 1)


class Cipher:
    """AES-256-GCM under one key."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, plain: bytes) -> bytes:
        nonce = os.urandom(12)
        return nonce + self._cipher.encrypt(nonce, plain, None)

    def unseal(self, sealed: bytes) -> bytes:
        return self._cipher.decrypt(sealed[:12], sealed[12:], None)


async def prove(dsn: str, counter: Path, key: bytes, *, listening: bool) -> None:
    database = await Database.connect(dsn, max_size=2)
    credentials = AccountCredentials(Vault(database, Cipher(key), SharedCounter(counter)))
    if listening:
        await credentials.start()
    print("ready", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        sid, secret = line.split()
        caller = await credentials.basic(sid, secret, None)
        print(caller.status if caller else "nobody", flush=True)
    await database.close()


if __name__ == "__main__":
    _, dsn, counter, key, mode = sys.argv
    asyncio.run(prove(dsn, Path(counter), bytes.fromhex(key), listening=mode == "listening"))
