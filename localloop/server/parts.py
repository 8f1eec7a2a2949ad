"""What the processes are made of: the place they run in, and the parts that api and workers share."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

from msgspec import Struct

from localloop.carriers import Carrier, Loopback
from localloop.core import clock
from localloop.core.settings import Settings
from localloop.lab.faults import Faults, FaultyCarrier, WebhookFaults, rules_of
from localloop.products import accounts, content, numbers, usage, voice
from localloop.products.messaging import (
    Addresses,
    Bench,
    Keeping,
    Messaging,
    Rules,
    messages_used,
)
from localloop.rest.shared import LocalRevocations, SharedTable
from localloop.server.texts import CallTexts
from localloop.store import Database, objects, sealing
from localloop.store.objects import Objects
from localloop.store.plain import PlainStore
from localloop.store.worlds import Worlds
from localloop.webhooks import (
    AddressPolicy,
    Outbound,
    Preferences,
    Webhooks,
    networks,
)

POOL = 10
USED: tuple[usage.Source, ...] = (messages_used, voice.calls_used)  # what usage is made of


class Place(Struct, frozen=True, kw_only=True):
    """What one process needs to find the rest of its localloop."""

    dsn: str
    runtime: Path  # folder of what the processes of this machine share: admission table, metrics
    url: str  # the address that is printed
    sealing_key: Path
    objects: Path | None = (
        None  # folder of pictures and the like, beside the data; None = it may go with `runtime`
    )


class Parts(Struct, frozen=True, kw_only=True):
    """What api and worker processes are both made of."""

    database: Database
    credentials: accounts.AccountCredentials
    vault: accounts.Vault
    directory: numbers.Directory
    records: PlainStore
    carrier: Carrier
    webhooks: Webhooks
    messaging: Messaging
    dialing: voice.Dialing
    calls: voice.Voice
    revocations: accounts.Revocations
    worlds: Worlds
    faults: Faults | None = None  # what goes wrong on purpose; production knows no such thing


@asynccontextmanager
async def open_parts(
    settings: Settings, place: Place, revocations: SharedTable | LocalRevocations, *, runs_jobs: bool
) -> AsyncIterator[Parts]:
    async with contextlib.AsyncExitStack() as stack:
        database = await Database.connect(place.dsn, min_size=1, max_size=POOL)
        stack.push_async_callback(database.close)
        worlds = await stack.enter_async_context(_worlds(database, revocations, runs_jobs=runs_jobs))
        sealer = await sealing.unlock(database, place.sealing_key, create=False)
        vault = accounts.Vault(database, sealer, revocations)
        credentials = await stack.enter_async_context(_credentials(settings, vault))
        directory = _closed(stack, numbers.Directory(database, revocations))
        await directory.start()
        records = _closed(stack, PlainStore(database))
        faults = await stack.enter_async_context(_faults(settings, database, revocations))
        webhooks = await stack.enter_async_context(_webhooks(settings, database, credentials, faults))
        carrier = _closed(stack, _carrier(database, faults))
        public_url = (settings.public_url or place.url).rstrip("/")
        keeping = _keeping(settings, place, database, sealer)
        stack.push_async_callback(keeping.objects.close)
        messaging = Messaging(
            database,
            directory,
            records,
            carrier,
            _rules(settings, worlds),
            webhooks,
            public_url,
            credentials.signing_token,
            keeping=keeping,
        )
        await messaging.start()
        dialing = await stack.enter_async_context(_dialing(settings, database, revocations, worlds))
        rules, texts = _call_rules(settings, worlds), CallTexts(messaging)
        calls = voice.Voice(database, directory, records, rules, webhooks, dialing, public_url, texts, sealer)
        yield Parts(
            database=database,
            credentials=credentials,
            vault=vault,
            directory=directory,
            records=records,
            carrier=carrier,
            webhooks=webhooks,
            messaging=_closed(stack, messaging),
            dialing=dialing,
            calls=_closed(stack, calls),
            revocations=revocations,
            worlds=worlds,
            faults=faults,
        )


class _Closes(Protocol):
    async def close(self) -> None: ...


_T = TypeVar("_T", bound=_Closes)


def _closed(stack: contextlib.AsyncExitStack, part: _T) -> _T:
    """The part, closed when the stack is left."""
    stack.push_async_callback(part.close)
    return part


@asynccontextmanager
async def _faults(
    settings: Settings, database: Database, changes: SharedTable | LocalRevocations
) -> AsyncIterator[Faults | None]:
    if settings.mode != "up":
        yield None
        return
    standing = rules_of(settings.chaos, settings.seed or 0, clock.now())
    faults = Faults(database, changes.faults, standing, settings.seed)
    await faults.start()
    try:
        yield faults
    finally:
        faults.close()


def _carrier(database: Database, faults: Faults | None) -> Carrier:
    phones = Loopback(database)
    return phones if faults is None else FaultyCarrier(phones, faults)


def objects_at(settings: Settings, place: Place) -> str | Path:
    return settings.object_store or place.objects or place.runtime / "objects"


@asynccontextmanager
async def _worlds(
    database: Database, revocations: accounts.Revocations, *, runs_jobs: bool
) -> AsyncIterator[Worlds]:
    hearing = revocations if isinstance(revocations, SharedTable) else None
    worlds = Worlds(database, runs_jobs=runs_jobs, hearing=hearing)
    try:
        await worlds.start()
        yield worlds
    finally:
        await worlds.close()


@asynccontextmanager
async def _credentials(
    settings: Settings, vault: accounts.Vault
) -> AsyncIterator[accounts.AccountCredentials]:
    adoption = None if settings.strict else accounts.Adoption(vault, settings.profile)
    credentials = accounts.AccountCredentials(vault, adoption)
    await credentials.start()
    try:
        yield credentials
    finally:
        credentials.close()


@asynccontextmanager
async def _webhooks(
    settings: Settings,
    database: Database,
    credentials: accounts.AccountCredentials,
    faults: Faults | None,
) -> AsyncIterator[Webhooks]:
    """All that leaves by HTTP."""
    policy = AddressPolicy(settings.mode == "serve", networks(settings.webhook_allow))
    outbound = Outbound(policy, ca_file=settings.webhook_ca_file, unverified=settings.webhook_unverified)
    try:
        webhooks = Webhooks(
            database,
            outbound,
            credentials,
            defaults=Preferences(retries=settings.webhook_retries, record=settings.record_deliveries),
        )
        if faults is not None:
            webhooks.disturb(WebhookFaults(faults))
        try:
            await webhooks.start()
            yield webhooks
        finally:
            await webhooks.close()
    finally:
        await outbound.close()


def _rules(settings: Settings, worlds: Worlds) -> Rules:
    return Rules(
        strict=settings.strict,
        rate=settings.message_rate,
        rates=settings.message_rates,
        account_rate=settings.account_message_rate,
        profile=worlds.profile,
    )


@asynccontextmanager
async def _dialing(
    settings: Settings, database: Database, revocations: accounts.Revocations, worlds: Worlds
) -> AsyncIterator[voice.Dialing]:
    """Countries that nobody opened are closed everywhere but in relaxed worlds."""

    def is_closed(world_sid: str) -> bool:
        return settings.strict or worlds.profile(world_sid) != "relaxed"

    dialing = voice.Dialing(database, revocations, is_closed)
    await dialing.start()
    try:
        yield dialing
    finally:
        await dialing.close()


def _call_rules(settings: Settings, worlds: Worlds) -> voice.Rules:
    return voice.Rules(strict=settings.strict, rate=settings.call_rate, profile=worlds.profile)


def _keeping(settings: Settings, place: Place, database: Database, sealer: sealing.Sealer) -> Keeping:
    """Where the files of messages lie. Names of the owner's own, beside the one that addresses are built on, are
    vanity; one without a dot is a container's."""
    held = Objects(database, objects.open_place(objects_at(settings, place)))
    main = urlsplit(settings.public_url).hostname or ""
    vanity = frozenset(name.lower() for name in settings.allowed_hosts if "." in name) - {main}
    return Keeping(held, Addresses(sealer), vanity)


def bench_of(parts: Parts) -> Bench:
    return Bench(parts.database, parts.records, parts.directory)


def reviews_of(settings: Settings, parts: Parts) -> content.Reviews:
    return content.Reviews(parts.database, not settings.strict)
