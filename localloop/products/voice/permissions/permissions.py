"""Whom an account may call: each country's ordinary numbers, its special services, and what is known for toll fraud.

Open under `up`, so that a first call arrives. Like a new account of Twilio's under `--strict` and under every profile
but `relaxed`: ordinary numbers of the United States and Canada. What somebody decided holds either way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct

from localloop.core import e164, errors
from localloop.core.errors import ApiError
from localloop.products.numbers import Changes
from localloop.products.voice.permissions import countries, queries
from localloop.products.voice.permissions.queries import Decisions, Enabled
from localloop.store import Database
from localloop.store.remembered import Remembered

HOME: Final = frozenset({"US", "CA"})
OPEN: Final = Enabled(True, True, True)
CLOSED: Final = Enabled(False, False, False)
# Twilio has stopped carrying calls there, whatever an account permits (Iran, Cuba, Syria).
UNSERVED: Final = frozenset({"IR", "CU", "SY"})
# What <Dial> warns of where the API refuses.
IN_A_DIAL: Final[Mapping[int, int]] = {
    21201: 13223,
    21211: 13223,
    21214: 13224,
    21217: 13224,
    21216: 13225,
    21215: 13227,
    21210: 13214,
    21212: 13214,
    21213: 13214,
}


class DialingPermissions(Struct, frozen=True):
    """One account's, as they hold now."""

    decided: Mapping[str, Enabled] = {}
    is_closed: bool = False  # what nobody decided is as for a new account of Twilio's

    def of(self, country: str) -> Enabled:
        found = self.decided.get(country)
        if found is not None:
            return found
        if not self.is_closed:
            return OPEN
        return Enabled(True, False, False) if country in HOME else CLOSED


def may_dial(number: str, permissions: DialingPermissions) -> ApiError | None:
    """21215 or 21216, as REST answers it; `IN_A_DIAL` has the warnings of TwiML. None: it may be dialled.

    Clients, SIP addresses and numbers that belong to no country are nobody's to forbid.
    """
    read = e164.parse(number) if number.startswith("+") else None
    if read is None or not read.country:
        return None
    if permissions.is_closed and read.country in UNSERVED:
        return errors.call_blocked(number)
    enabled = permissions.of(read.country)
    allowed = enabled.special if countries.is_special(read) else enabled.low_risk
    return None if allowed else errors.call_not_permitted(number)


class Dialing:
    """The permissions of accounts, answered from memory."""

    def __init__(self, database: Database, changes: Changes, is_closed: Callable[[str], bool]) -> None:
        """`is_closed`: whether what nobody decided is forbidden in a world."""
        self.decisions: Remembered[str, Decisions] = Remembered(
            database, queries.CHANNEL, changes, queries.decisions
        )
        self._is_closed = is_closed

    async def start(self) -> None:
        """Hear of what changes elsewhere."""
        await self.decisions.start()

    async def close(self) -> None:
        await self.decisions.close()

    async def permissions(self, account_sid: str, world_sid: str) -> DialingPermissions:
        """What holds for its calls: a subaccount's that inherits are its main account's."""
        decided = (await self.decisions.get(account_sid)).effective
        return DialingPermissions(decided, self._is_closed(world_sid))

    async def refusal(self, account_sid: str, world_sid: str, number: str) -> ApiError | None:
        """What an account that calls this number is refused with."""
        return may_dial(number, await self.permissions(account_sid, world_sid))
