"""What an account wants of its messages beyond Twilio's API: how media are served and fetched, and what is kept.

A row per account that chose something; what it did not choose is its main account's choice, then the default.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from localloop.store import Executor

_NAMES: Final = ("media_auth", "media_fetch", "mms", "retention_days")
_READ: Final = (
    f"select account_sid, {', '.join(_NAMES)} from messaging_settings where account_sid = any($1::text[])"
)
_WRITE: Final = """
insert into messaging_settings as s (account_sid, media_auth, media_fetch, mms, retention_days, date_updated)
values ($1, $2, $3, $4, $5, $6)
on conflict (account_sid) do update set
  media_auth = coalesce($2, s.media_auth), media_fetch = coalesce($3, s.media_fetch), mms = coalesce($4, s.mms),
  retention_days = coalesce($5, s.retention_days), date_updated = $6
"""


class MessagingSettings(Struct, frozen=True, kw_only=True):
    """What holds for one account."""

    media_auth: bool = False  # whoever fetches media has to say who he is ("HTTP authentication for media")
    media_fetch: bool = True  # media are fetched and kept; else they stay where the application has them
    mms: bool = True  # the account may send media at all (21622)
    retention_days: int | None = None  # messages go after so many days; 0 = never; None = the setting


class Wish(Struct, frozen=True, kw_only=True):
    """A change: None leaves it as it is."""

    media_auth: bool | None = None
    media_fetch: bool | None = None
    mms: bool | None = None
    retention_days: int | None = None


async def of_account(reader: Executor, account_sid: str, world_sid: str) -> MessagingSettings:
    [found] = await of_accounts(reader, [(account_sid, world_sid)])
    return found


async def of_accounts(reader: Executor, accounts: Sequence[tuple[str, str]]) -> list[MessagingSettings]:
    """The settings of these (account, its main account), in order."""
    wanted = list({sid for account in accounts for sid in account})
    rows = {row["account_sid"]: row for row in await reader.fetch(_READ, wanted)}
    return [_merged(rows.get(own), rows.get(main)) for own, main in accounts]


async def change(executor: Executor, account_sid: str, wish: Wish, at: datetime) -> None:
    await executor.execute(
        _WRITE, account_sid, wish.media_auth, wish.media_fetch, wish.mms, wish.retention_days, at
    )


def _merged(own: Mapping[str, Any] | None, main: Mapping[str, Any] | None) -> MessagingSettings:
    chosen = {
        name: row[name] for row in (main, own) if row is not None for name in _NAMES if row[name] is not None
    }
    return MessagingSettings(**chosen)
