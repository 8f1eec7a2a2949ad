"""The whole HTTP surface of one process: the engine with every product's bindings, lab and console."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from localloop import contract
from localloop.console import Console
from localloop.console import Parts as ConsoleParts
from localloop.contract.model import Api
from localloop.core.settings import Settings, is_loopback
from localloop.lab import API as LAB
from localloop.lab import faults as lab_faults
from localloop.products import accounts, content, monitor, numbers, usage, voice
from localloop.products.messaging import (
    DEACTIVATION_FILES,
    Keeping,
    Messaging,
    Rules,
    compliance_bindings,
    service_bindings,
)
from localloop.rest import limits as rest_limits
from localloop.rest.admission import Admission, LocalCounts
from localloop.rest.app import App, Engine
from localloop.rest.authenticate import Authenticator
from localloop.rest.guard import Backstage, FrontDoor
from localloop.rest.idempotency import Idempotency
from localloop.rest.metrics import Metrics
from localloop.rest.operations import Table, existence
from localloop.rest.plain import Plain
from localloop.rest.recorder import Recorder
from localloop.rest.request import Binding, Operate
from localloop.rest.routing import Router
from localloop.rest.shared import LocalRevocations, SharedTable
from localloop.rest.throttle import Throttle
from localloop.server import lab
from localloop.server.lab import Lab, open_lab
from localloop.server.parts import USED, Parts, Place, open_parts, reviews_of
from localloop.server.surface import Beside, Surface
from localloop.store import Unavailable
from localloop.store.plain import PlainStore
from localloop.store.worlds import Worlds

BESIDES: tuple[Api, ...] = (DEACTIVATION_FILES,)  # addresses of ours that answers lead to


@asynccontextmanager
async def open_api(
    settings: Settings, place: Place, *, name: str = "api-0", table: SharedTable | None = None
) -> AsyncIterator[Surface]:
    """The whole HTTP surface of one process: API, lab, console, health and metrics."""
    revocations = table or LocalRevocations()
    async with contextlib.AsyncExitStack() as stack:
        parts = await stack.enter_async_context(open_parts(settings, place, revocations, runs_jobs=False))
        measures = Metrics(place.runtime if table else None, name)
        stack.callback(measures.close)
        counts = table or LocalCounts()
        admission = Admission(counts, rest_limits.load())
        steered = await stack.enter_async_context(open_lab(parts, counts))
        engine = assemble(settings, place, parts, Controls(admission, measures, steered))
        if engine.idempotency is not None:
            stack.push_async_callback(engine.idempotency.close)
        if engine.recorder is not None:
            engine.recorder.start()
            stack.push_async_callback(engine.recorder.close)
        api = App(engine)
        console = _console(settings, parts, engine, api)
        if console is not None:
            stack.push_async_callback(console.close)
        yield Surface(api, engine, parts, Beside(console, measures, steered.log, steered.calls.transcripts))


def _console(settings: Settings, parts: Parts, engine: Engine, api: App) -> Console | None:
    """A laptop has one; production does not."""
    if settings.mode != "up":
        return None
    return Console(
        ConsoleParts(
            database=parts.database,
            accounts=parts.credentials,
            api=api,
            door=engine.door,
            coverage=engine.table.coverage,
            mode=settings.mode,
            objects=parts.messaging.objects,
        )
    )


class Controls(Struct, frozen=True):
    """What admits and counts requests, and what steers them."""

    admission: Admission
    measures: Metrics
    lab: Lab


def assemble(settings: Settings, place: Place, parts: Parts, controls: Controls) -> Engine:
    known = contract.load()
    plain = Plain(parts.records, known, numbers.attachable(parts.database))
    bound = product_bindings(settings, parts, plain)
    plain.know(existence(bound, lambda key: known.resource(key).kind))
    answers = accounts.TestCredentials().answers
    tested = numbers.test_answers()

    def test_answers(operation_id: str) -> Operate | None:
        return tested.get(operation_id) or answers(operation_id)

    served = (*known.apis, *BESIDES)
    apis: Iterable[Api] = (*served, LAB) if settings.mode == "up" else served
    return Engine(
        router=Router(apis, domains=_domains(settings)),
        table=Table(plain, (*bound, *lab.bindings(settings, parts, controls.lab)), rest_limits.load()),
        door=_door(settings, place),
        authenticator=Authenticator(parts.credentials, accounts.permission_for),
        admission=controls.admission,
        failures=Throttle(spare_loopback=settings.mode == "up"),
        test_answers=test_answers,
        observe=controls.measures,
        recorder=_recorder(settings, parts, controls.measures),
        activity=controls.lab.steering.activity,
        gate=controls.lab.gate,
        faults=None if parts.faults is None else lab_faults.ApiFaults(parts.faults),
        idempotency=Idempotency(parts.database, parts.vault),
        backstage=_backstage(settings),
        plain=settings.plain,
        access_log=settings.access_log,
        refused=monitor.teller(parts.webhooks),
        store_errors=(Unavailable,),
    )


def _recorder(settings: Settings, parts: Parts, measures: Metrics) -> Recorder | None:
    if not settings.recorded_requests:
        return None
    share = max(1, settings.recorded_requests // settings.api_processes)
    return Recorder(parts.database, share, measures.unrecorded)


def product_bindings(settings: Settings, parts: Parts, plain: Plain) -> tuple[Binding, ...]:
    """Every behaviour that is bound to the contract."""
    contents = content.Operations(parts.database, plain, reviews_of(settings, parts))
    needs = numbers.Needs(parts.database, parts.directory, plain, parts.records, settings.strict)
    ending = parts.calls.closing
    closings = (parts.directory.closing(), parts.messaging.closing, ending)
    return (
        *accounts.bindings(parts.vault, closings, suspensions=(ending,)),
        *numbers.bindings(needs),
        *parts.messaging.bindings(),
        *parts.calls.bindings(),
        *service_bindings(needs),
        *content.bindings(contents),
        *compliance_bindings(needs),
        *monitor.bindings(parts.database),
        *usage.bindings(parts.database, USED),
        usage.trigger_binding(usage.Triggers(parts.database, plain, USED)),
        *voice.bindings(voice.Needs(parts.database, plain, parts.records), parts.dialing),
    )


def bindings() -> tuple[Binding, ...]:
    """The bindings alone, for checks that hold them against the contract; nothing is connected."""
    nothing: Any = None
    vault = accounts.Vault(nothing, nothing, LocalRevocations())
    directory = numbers.Directory(nothing, LocalRevocations())
    records = PlainStore(nothing)
    parts = Parts(
        database=nothing,
        credentials=nothing,
        vault=vault,
        directory=directory,
        records=records,
        carrier=nothing,
        webhooks=nothing,
        messaging=Messaging(nothing, directory, records, nothing, Rules(), keeping=Keeping(nothing, nothing)),
        dialing=voice.Dialing(nothing, LocalRevocations(), bool),
        calls=voice.Voice(nothing, directory, records, voice.Rules()),
        revocations=LocalRevocations(),
        worlds=Worlds(nothing),
    )
    return product_bindings(Settings(), parts, Plain(records, contract.load()))


def _domains(settings: Settings) -> Sequence[str]:
    host = urlsplit(settings.public_url).hostname or ""
    return (host,) if host and not is_loopback(host) else ()


def _door(settings: Settings, place: Place) -> FrontDoor:
    named = [urlsplit(url).hostname or "" for url in (settings.public_url, place.url)]
    hosts = [*settings.allowed_hosts, *(name for name in named if name)]
    reachable = (settings.host, settings.admin_listen.rpartition(":")[0])
    open_to_addresses = any(host and not is_loopback(host) for host in reachable)
    return FrontDoor.of(hosts, _domains(settings), open_to_addresses=open_to_addresses)


def _backstage(settings: Settings) -> Backstage:
    port = settings.admin_listen.rpartition(":")[2]
    return Backstage(frozenset({LAB.product}), int(port or 0))
