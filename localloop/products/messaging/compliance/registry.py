"""Whether a sender is registered for the United States, as carriers ask at each message under the profile `us-a2p`."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Final

from localloop.core import e164
from localloop.products.messaging.compliance import campaign, tollfree
from localloop.products.numbers import Directory
from localloop.store import Database

PROFILE: Final = "us-a2p"
TOLL_FREE_UNVERIFIED: Final = 30032
CAMPAIGN_SUSPENDED: Final = 30033
UNREGISTERED: Final = 30034
MAX_AGE_S: Final = 5.0
MAX_ENTRIES: Final = 100_000
_NANP: Final = frozenset({"US", "CA"})

_CAMPAIGN: Final = f"""
select r.data ->> 'campaign_status' from service_senders s
join resources r on r.account_sid = s.account_sid and r.kind = '{campaign.KIND}' and r.parent_sid = s.service_sid
where s.account_sid = $1 and s.sid = $2 order by r.position desc limit 1"""
_TOLL_FREE: Final = f"""
select data ->> 'status' from resources where account_sid = $1 and kind = '{tollfree.KIND}'
  and data ->> 'tollfree_phone_number_sid' = $2 order by position desc limit 1"""


class Registry:
    """Remembers what it read until numbers, pools or registrations change."""

    def __init__(
        self,
        database: Database,
        directory: Directory,
        profile: Callable[[str], str],
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._database = database
        self._directory = directory
        self._profile = profile
        self._now = now
        self._generation = -1
        self._entries: dict[tuple[str, str], tuple[float, int | None]] = {}

    async def refusal(self, world_sid: str, from_: str, to: str) -> int | None:
        """With what carriers refuse a message from this sender; None when they take it, and where nobody asks."""
        if self._profile(world_sid) != PROFILE:
            return None
        country = _country(to)
        if country not in _NANP:
            return None
        owned = await self._directory.find(world_sid, from_)
        if owned is None or owned.type == "ShortCode" or owned.iso_country not in _NANP:
            return None
        if owned.type != "TollFree" and country != "US":
            return None
        return await self._known(owned.account_sid, owned.sid, is_toll_free=owned.type == "TollFree")

    async def _known(self, account_sid: str, number_sid: str, *, is_toll_free: bool) -> int | None:
        generation = self._directory.generation()
        if generation != self._generation or len(self._entries) >= MAX_ENTRIES:
            self._entries, self._generation = {}, generation
        entry = self._entries.get((account_sid, number_sid))
        if entry is not None and entry[0] >= self._now():
            return entry[1]
        sql = _TOLL_FREE if is_toll_free else _CAMPAIGN
        status = await self._database.fetchval(sql, account_sid, number_sid)
        code = _of_toll_free(status) if is_toll_free else _of_campaign(status)
        if generation == self._directory.generation():
            self._entries[account_sid, number_sid] = (self._now() + MAX_AGE_S, code)
        return code


def _of_campaign(status: str | None) -> int | None:
    if status == "SUSPENDED":
        return CAMPAIGN_SUSPENDED
    return None if status == "VERIFIED" else UNREGISTERED


def _of_toll_free(status: str | None) -> int | None:
    return None if status == "TWILIO_APPROVED" else TOLL_FREE_UNVERIFIED


def _country(to: str) -> str:
    number = e164.parse(to)
    return number.country if number is not None else ""
