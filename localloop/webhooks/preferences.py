"""What an account wants of its webhooks beyond Twilio's API: retries, full records, and who hears of alerts.

A row per account that chose something. What an account did not choose is its main account's choice, then the setting
of the whole localloop. Each process remembers what it read until somebody changes something.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from time import monotonic
from typing import Any, Final, Literal, TypeAlias

from msgspec import Struct

from localloop.store import Database, Executor, Subscription, Unit
from localloop.store.reader import BatchReader
from localloop.webhooks.retries import Policy

CHANNEL: Final = "webhook_settings"
Record: TypeAlias = Literal["full", "failures"]
Account: TypeAlias = tuple[str, str]  # an account, and its world's main account
_FRESH_S: Final = 30.0  # should a notice be missed
_MOST: Final = 10_000
_READ: Final = """
select account_sid, retries, record, debugger_url, debugger_method from webhook_settings
where account_sid = any($1::text[])
"""
_WRITE: Final = """
insert into webhook_settings as s (account_sid, retries, record, debugger_url, debugger_method, date_updated)
values ($1, nullif($2::text, ''), nullif($3::text, ''), nullif($4::text, ''), nullif($5::text, ''), $6)
on conflict (account_sid) do update set
  retries = case when $2::text is null then s.retries else excluded.retries end,
  record = case when $3::text is null then s.record else excluded.record end,
  debugger_url = case when $4::text is null then s.debugger_url else excluded.debugger_url end,
  debugger_method = case when $5::text is null then s.debugger_method else excluded.debugger_method end,
  date_updated = excluded.date_updated
"""


class Preferences(Struct, frozen=True, kw_only=True):
    """What holds for one account. `debugger_url` is its main account's: there is one for all of them."""

    retries: Policy = "twilio"
    record: Record = "failures"
    debugger_url: str = ""
    debugger_method: str = "POST"


class Wish(Struct, frozen=True, kw_only=True):
    """A change: None leaves it as it is, "" gives the choice back."""

    retries: str | None = None
    record: str | None = None
    debugger_url: str | None = None
    debugger_method: str | None = None


class Choices:
    """The preferences of all accounts, as this process knows them."""

    def __init__(self, database: Database, defaults: Preferences) -> None:
        self._database = database
        self._defaults = defaults
        self._reader: BatchReader[Account, Preferences] = BatchReader(database, self._read)
        self._known: dict[Account, tuple[float, Preferences]] = {}
        self._generation = 0
        self._subscription: Subscription | None = None

    async def start(self) -> None:
        """Hear of changes from now on."""
        self._subscription = await self._database.listen(CHANNEL, lambda _: self.forget(), self.forget)

    async def close(self) -> None:
        if self._subscription is not None:
            self._subscription.close()
        await self._reader.close()

    async def of(self, account_sid: str, world_sid: str) -> Preferences:
        account = (account_sid, world_sid or account_sid)
        known = self._known.get(account)
        if known is not None and known[0] > monotonic():
            return known[1]
        generation = self._generation
        found = await self._reader.read(account)
        if generation == self._generation:
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[account] = (monotonic() + _FRESH_S, found)
        return found

    def forget(self) -> None:
        """Read anew what is asked for."""
        self._generation += 1
        self._known.clear()

    async def _read(self, reader: Executor, accounts: Sequence[Account]) -> list[Preferences]:
        wanted = list({sid for account in accounts for sid in account})
        rows = {row["account_sid"]: row for row in await reader.fetch(_READ, wanted)}
        return [self._merged(rows.get(own), rows.get(main)) for own, main in accounts]

    def _merged(self, own: Mapping[str, Any] | None, main: Mapping[str, Any] | None) -> Preferences:
        def chosen(name: str) -> Any:
            return (own and own[name]) or (main and main[name]) or getattr(self._defaults, name)

        debugger = main or {}
        return Preferences(
            retries=chosen("retries"),
            record=chosen("record"),
            debugger_url=debugger.get("debugger_url") or "",
            debugger_method=debugger.get("debugger_method") or "POST",
        )


async def change(unit: Unit, account_sid: str, wish: Wish, at: datetime) -> None:
    """Keep what an account wants; every process hears of it when the unit commits."""
    await unit.execute(
        _WRITE, account_sid, wish.retries, wish.record, wish.debugger_url, wish.debugger_method, at
    )
    unit.notify(CHANNEL)
