"""What the engine needs to know of whoever keeps the credentials; `products.accounts` implements it."""

from __future__ import annotations

from typing import Protocol

from localloop.rest.request import Caller


class Credentials(Protocol):
    async def basic(
        self, username: str, password: str, path_account_sid: str | None, region: str = ...
    ) -> Caller | None:
        """The caller that a user name and password prove, or None when they prove nothing.

        Compares in constant time. In open mode an unknown `AC…` becomes an account, an unknown `SK…` a key of
        `path_account_sid` or of the seeded account, in the region where it is first used. A wrong secret for a known
        name is always None.
        """
        ...

    async def bearer(self, token: str) -> Caller | None:
        """The caller that an OAuth access token proves."""
        ...

    async def acting_on(self, caller: Caller, account_sid: str) -> Caller | None:
        """The account in a path, as seen by `caller`: itself or one of its subaccounts; None when out of reach.

        The answer carries the *path account's* sid, status and world with the caller's credential kind.
        """
        ...
