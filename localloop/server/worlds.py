"""Whole worlds: what the lab's shelf needs of the products, put together."""

from __future__ import annotations

from functools import partial

from localloop.core.settings import Settings
from localloop.lab import faults
from localloop.lab.shelf import Shelf, WorldLock
from localloop.lab.shelf.files import Outside
from localloop.lab.shelf.fresh import FreshWorlds, Wish
from localloop.lab.shelf.loading import Transfer
from localloop.lab.shelf.moving import Tools
from localloop.lab.snapshots import Snapshots
from localloop.products import accounts, numbers, voice
from localloop.products.messaging import REMEMBERED
from localloop.rest.gate import Gate
from localloop.server.parts import Parts
from localloop.store import Unit
from localloop.webhooks import preferences

# Where the processes of other machines hear that what they remember is void.
_CHANNELS = (
    accounts.CHANNEL,
    numbers.CHANNEL,
    preferences.CHANNEL,
    voice.CHANNEL,
    faults.CHANNEL,
    *REMEMBERED,
)


def snapshots_of(settings: Settings, parts: Parts, gate: Gate) -> Snapshots:
    shelf = Shelf(
        parts.database,
        WorldLock(parts.database, gate),
        Tools(parts.vault.seal, _tell, partial(_moved, parts), parts.worlds.is_heard_everywhere),
    )
    worlds = FreshWorlds(shelf, partial(_make, parts))
    transfer = Transfer(shelf, Outside(parts.messaging.objects, parts.vault.unseal))
    return Snapshots(shelf, worlds, transfer, settings.profile)


def _tell(unit: Unit) -> None:
    for channel in _CHANNELS:
        unit.notify(channel)


def _moved(parts: Parts) -> None:
    parts.revocations.bump()
    if parts.faults is not None:
        parts.faults.moved()
    parts.webhooks.forget_preferences()


async def _make(parts: Parts, unit: Unit, wish: Wish) -> None:
    new = accounts.NewAccount(
        sid=wish.account_sid,
        friendly_name=wish.friendly_name,
        type=accounts.type_under(wish.profile),
        auth_token=wish.auth_token,
        profile=wish.profile,
    )
    await accounts.insert_account(parts.vault, unit, new)
    for number in wish.numbers:
        await parts.directory.adopt(unit, wish.account_sid, wish.account_sid, number)
