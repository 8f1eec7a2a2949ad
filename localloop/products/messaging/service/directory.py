"""Services and their pools while messages fly: read once, kept until anything of them or of their numbers changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any, Final

from localloop.products.messaging.service.selection import ALPHANUMERIC, Candidate
from localloop.products.messaging.service.settings import KIND, Staffed, service_of
from localloop.products.numbers import Directory
from localloop.store import Database

MAX_AGE_S: Final = 5.0
MAX_ENTRIES: Final = 10_000

_SERVICE: Final = f"""
select sid, account_sid, data, date_created, date_updated from resources
where account_sid = $1 and kind = '{KIND}' and sid = $2"""
_POOL: Final = """
select s.sid, s.kind, s.address, s.iso_country, s.data, n.type, n.iso_country as country, n.sms_enabled, n.mms_enabled
from service_senders s left join phone_numbers n on n.world_sid = s.world_sid and n.sid = s.number_sid
where s.account_sid = $1 and s.service_sid = $2 and (s.number_sid is null or n.account_sid = $1)
order by s.date_created, s.sid"""
_HOLDER: Final = """
select s.service_sid from service_senders s
join phone_numbers n on n.world_sid = s.world_sid and n.sid = s.number_sid
where s.account_sid = $1 and n.sid = $2"""
_CHANNEL_HOLDER: Final = """
select service_sid from service_senders where account_sid = $1 and sid = $2 and kind = 'ChannelSender'"""


class Services:
    """What is remembered here lives no longer than what the directory of numbers remembers: both change by it."""

    def __init__(
        self, database: Database, directory: Directory, now: Callable[[], float] = monotonic
    ) -> None:
        self._database = database
        self._directory = directory
        self._now = now
        self._generation = -1
        self._entries: dict[tuple[str, str], tuple[float, Any]] = {}

    async def find(self, account_sid: str, sid: str) -> Staffed | None:
        """The service with its pool; None when the account has none of this SID."""
        known = self._known(account_sid, sid)
        if known is None:
            generation = self._directory.generation()
            known = await self._read(account_sid, sid)
            if known is not None:
                self._remember((account_sid, sid), known, generation)
        return known if isinstance(known, Staffed) else None

    async def sid_of_number(self, account_sid: str, number_sid: str) -> str | None:
        """The service whose pool has this number or short code; None when no pool has it."""
        return await self._sid(_HOLDER, account_sid, number_sid)

    async def sid_of_sender(self, account_sid: str, sender_sid: str) -> str | None:
        """The service whose pool has this sender of a channel; None when no pool has it."""
        return await self._sid(_CHANNEL_HOLDER, account_sid, sender_sid)

    async def _sid(self, sql: str, account_sid: str, sid: str) -> str | None:
        held = self._known(account_sid, sid)
        if held is None:
            generation = self._directory.generation()
            held = await self._database.fetchval(sql, account_sid, sid) or ""
            self._remember((account_sid, sid), held, generation)
        return held or None

    def _known(self, account_sid: str, sid: str) -> Any:
        if self._directory.generation() != self._generation:
            self._entries = {}
            self._generation = self._directory.generation()
        entry = self._entries.get((account_sid, sid))
        return None if entry is None or entry[0] < self._now() else entry[1]

    def _remember(self, key: tuple[str, str], value: Any, generation: int) -> None:
        """Not what was read before something changed."""
        if generation != self._directory.generation() or generation != self._generation:
            return
        if len(self._entries) >= MAX_ENTRIES:
            self._entries = {}
        self._entries[key] = (self._now() + MAX_AGE_S, value)

    async def _read(self, account_sid: str, sid: str) -> Staffed | None:
        row = await self._database.fetchrow(_SERVICE, account_sid, sid)
        if row is None:
            return None
        rows = await self._database.fetch(_POOL, account_sid, sid)
        return Staffed(service_of(row), tuple(map(_candidate, rows)))


def _candidate(row: Mapping[str, Any]) -> Candidate:
    if row["kind"] in ("AlphaSender", "DestinationAlphaSender"):
        return Candidate(
            sid=row["sid"], address=row["address"], type=ALPHANUMERIC, country=row["iso_country"], mms=False
        )
    if row["kind"] == "ChannelSender":
        return Candidate(sid=row["sid"], address=row["address"], type=row["address"].partition(":")[0])
    return Candidate(
        sid=row["sid"],
        address=row["address"],
        type=row["type"].lower(),
        country=row["country"],
        sms=row["sms_enabled"],
        mms=row["mms_enabled"],
    )
