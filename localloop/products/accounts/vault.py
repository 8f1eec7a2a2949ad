"""Where this product keeps its secrets: sealed in the database, revoked everywhere before anyone is answered.

A credential that stops working must stop in every process. Each process caches credentials for a few seconds
at most; `Vault.revoking` is a unit of work after which those caches are stale: on this machine through the
shared revocation counter, on others through a notification that leaves with the commit.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, Protocol

from localloop.store import Database, Unit
from localloop.store.sealing import Sealer

CHANNEL: Final = "credentials"
_BASE62: Final = string.digits + string.ascii_letters


class Revocations(Protocol):
    """A counter shared by every process of this machine."""

    def current(self) -> int: ...

    def bump(self) -> object: ...


class Vault:
    def __init__(self, database: Database, sealer: Sealer, revocations: Revocations) -> None:
        self.database = database
        self.revocations = revocations
        self._sealer = sealer

    def seal(self, secret: str) -> bytes:
        return self._sealer.seal(secret.encode())

    def unseal(self, sealed: bytes) -> str:
        return self._sealer.unseal(sealed).decode()

    def is_current(self, sealed: bytes) -> bool:
        """Whether the newest key sealed this."""
        return self._sealer.is_current(sealed)

    @asynccontextmanager
    async def revoking(self) -> AsyncIterator[Unit]:
        """A unit of work after which no process accepts what it revoked.

        The counter moves even when the commit fails: its outcome may be unknown, and a reload costs little.
        """
        try:
            async with self.database.unit() as unit:
                yield unit
                unit.notify(CHANNEL)
        finally:
            self.revocations.bump()


def new_key_secret() -> str:
    """32 characters of base 62, as API secrets look; auth tokens are hexadecimal (`sids.new_secret`)."""
    return "".join(secrets.choice(_BASE62) for _ in range(32))
