"""What `--seed-file` says, done once: each of its worlds is what the file says, and is set back to that.

The file counts when it is new or has changed. Then the start of a world is made anew from the start that it had, beside
what has happened in it since, and what is missing is added to that.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from msgspec import structs

from localloop.core import clock, sids
from localloop.core.settings import Settings, SettingsError
from localloop.lab import seeds, sowing
from localloop.lab.seeds import Account, SeedError
from localloop.lab.shelf import made, moving
from localloop.lab.shelf.snapshot import PREFIX
from localloop.lab.snapshots import Snapshots
from localloop.lab.sowing import Answered
from localloop.products import accounts
from localloop.rest.admission import LocalCounts
from localloop.rest.gate import Gate
from localloop.server import inside
from localloop.server.api import open_api
from localloop.server.parts import Place
from localloop.server.surface import Surface
from localloop.server.worlds import snapshots_of
from localloop.store import worlds

_RENAME: Final = "update accounts set friendly_name = $2 where sid = $1 and friendly_name <> $2"


def read(path: str) -> list[Account]:
    """Raises SettingsError with the file's name and line."""
    try:
        return seeds.read(Path(path).expanduser().read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"--seed-file {path} cannot be read: {error}") from None
    except SeedError as error:
        raise SettingsError(f"--seed-file {path}, {error}") from None


async def sow(settings: Settings, place: Place, first: str) -> None:
    """Bring the worlds of the seed file up to date. `first` is the account that its tables at the top are of.

    Raises SettingsError. Nothing else may run yet.
    """
    found = read(settings.seed_file)
    async with open_api(settings, place) as app:
        await _make_accounts(app.parts.vault, settings.profile, first, found)
        snapshots = snapshots_of(settings, app.parts, Gate(app.parts.database, LocalCounts()))
        for account in found:
            try:
                await _sow(snapshots, app, account.sid or first, account)
            except SeedError as error:
                raise SettingsError(f"--seed-file {settings.seed_file}, {error}") from None


async def _sow(snapshots: Snapshots, app: Surface, world_sid: str, account: Account) -> None:
    shelf, fingerprint = snapshots.shelf, _fingerprint(account)
    await shelf.columns()
    start = await made.find(shelf.database, world_sid)
    if start is not None and start.fingerprint == fingerprint:
        return
    client = await _client(app, world_sid)
    if set(await shelf.count(world_sid)) <= {"worlds", "accounts", "api_keys"}:
        await sowing.sow(world_sid, account, client)
        await _begin(snapshots, world_sid, fingerprint)
        return
    present = await shelf.save(world_sid, None)
    await snapshots.worlds.reset(world_sid)
    await sowing.sow(world_sid, account, client)
    await _begin(snapshots, world_sid, fingerprint)
    await shelf.restore(world_sid, present.sid)
    await shelf.delete(world_sid, present.sid)
    await sowing.sow(world_sid, account, client)


async def _begin(snapshots: Snapshots, world_sid: str, fingerprint: str) -> None:
    """The world as it is now is its start."""
    shelf = snapshots.shelf
    columns, sid = await shelf.columns(), sids.new(PREFIX)
    async with shelf.lock.held(world_sid) as held:
        before = await made.find(held.unit, world_sid)
        if before is not None:
            await made.remove(held.unit, world_sid)
            await moving.discard(held.unit, [before.start_sid])
        await moving.put_away(columns, held, sid)
        own = moving.main_first(held)
        start = made.Made(
            world_sid=world_sid,
            made_by="",
            start_sid=sid,
            accounts=own,
            replaces=own,
            fingerprint=fingerprint,
            date_created=clock.now(),
        )
        await made.note(held.unit, start)


async def _make_accounts(vault: accounts.Vault, profile: str, first: str, found: list[Account]) -> None:
    """Who is there already keeps what the file does not say."""
    for account in found:
        sid = account.sid or first
        async with vault.revoking() as unit:
            new = accounts.NewAccount(
                sid=sid,
                friendly_name=account.friendly_name or accounts.MAIN_ACCOUNT_NAME,
                type=accounts.type_under(account.profile or profile),
                auth_token=account.auth_token or None,
                token_claimable=not account.auth_token,
                profile=account.profile or profile,
            )
            if not await accounts.insert_account(vault, unit, new):
                await accounts.align(vault, unit, sid, account.auth_token)
                if account.profile:
                    await worlds.set_profile(unit, sid, account.profile)
            if account.friendly_name:
                await unit.execute(_RENAME, sid, account.friendly_name)


def _fingerprint(account: Account) -> str:
    """Another one when the file says something else, wherever in it that stands."""
    told = structs.asdict(account)
    for name in ("numbers", "services", "phones"):
        told[name] = [[each.name, each.params, each.others] for each in told[name]]
    told["webhooks"] = account.webhooks and account.webhooks.params
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


async def _client(app: Surface, world_sid: str) -> sowing.Ask:
    sealed = await app.parts.database.fetchval("select auth_token from accounts where sid = $1", world_sid)
    token = app.parts.vault.unseal(sealed)

    async def asked(method: str, address: str, form: Mapping[str, Any]) -> Answered:
        return await inside.ask(app, (world_sid, token), method, address, form)

    return asked
