"""Readying a migrated database, once per start: keys, partitions, the first account, the standing jobs."""

from __future__ import annotations

from ssl import SSLError

from localloop.console import new_link
from localloop.core.settings import Seed, Settings, SettingsError
from localloop.products import accounts
from localloop.rest import metrics as rest_metrics
from localloop.rest import shared
from localloop.rest.shared import LocalRevocations
from localloop.server import seeding
from localloop.server.parts import Place, objects_at
from localloop.server.standing import STANDING, next_run, plan
from localloop.store import Database, objects, partitions, sealing
from localloop.webhooks import (
    Tls,
)


async def prepare(settings: Settings, place: Place, seed: Seed) -> accounts.Seeded:
    """Readies a migrated database: sealing key, partitions, the first account, housekeeping. Once per start.

    Raises MissingKey, KeyFileUnusable, SettingsError; each is one line for the person at the terminal.
    """
    _check_authorities(settings.webhook_ca_file)
    await objects.check(objects_at(settings, place))
    place.runtime.mkdir(parents=True, exist_ok=True, mode=0o700)
    shared.create(place.runtime / "shared")
    rest_metrics.clear(place.runtime)
    database = await Database.connect(place.dsn, min_size=1, max_size=2)
    try:
        create = settings.mode == "up"
        sealer = await sealing.unlock(database, place.sealing_key, create=create)
        await partitions.ensure(database)
        vault = accounts.Vault(database, sealer, LocalRevocations())
        seeded = await accounts.seed(vault, seed, settings.profile)
        for kind in STANDING:
            await plan(database, next_run(kind, seeded.account_sid))
    finally:
        await database.close()
    if settings.seed_file:
        await seeding.sow(settings, place, seeded.account_sid)
    return seeded


async def new_console_link(place: Place, account_sid: str) -> str:
    """A one-time link to the console, signed in as this account."""
    database = await Database.connect(place.dsn, min_size=1, max_size=1)
    try:
        return await new_link(database, place.url, account_sid)
    finally:
        await database.close()


def _check_authorities(ca_file: str) -> None:
    """Said once at the start, rather than by each process."""
    try:
        Tls(ca_file)
    except OSError as error:
        reason = "no certificates" if isinstance(error, SSLError) else error.strerror
        raise SettingsError(f"webhook_ca_file {ca_file}: {reason}") from None
