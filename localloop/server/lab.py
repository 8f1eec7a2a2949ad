"""The lab of one process: what only a simulator can do, and its REST resources."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from msgspec import Struct

from localloop.carriers.watch import PhoneWatch
from localloop.core.settings import Settings
from localloop.lab import calls as lab_calls
from localloop.lab import channels as lab_channels
from localloop.lab import clock as lab_clock
from localloop.lab import consent as lab_consent
from localloop.lab import faults as lab_faults
from localloop.lab import messages as lab_messages
from localloop.lab import numbers as lab_numbers
from localloop.lab import phones as lab_phones
from localloop.lab import retries as lab_retries
from localloop.lab import snapshots as lab_snapshots
from localloop.lab import verdicts as lab_verdicts
from localloop.lab import waits as lab_waits
from localloop.lab import webhooks as lab_webhooks
from localloop.lab.log import Log
from localloop.lab.patience import Patience
from localloop.lab.steering import Steering
from localloop.products.messaging.keeping import retention
from localloop.rest.activity import Activity
from localloop.rest.admission import LocalCounts
from localloop.rest.gate import Gate
from localloop.rest.request import Binding
from localloop.rest.shared import SharedTable
from localloop.server.parts import Parts, bench_of, reviews_of
from localloop.server.worlds import snapshots_of


class Lab(Struct, frozen=True, kw_only=True):
    """What counts a world's requests, steers its time by them, holds it, and waits for what comes."""

    steering: Steering
    patience: Patience
    gate: Gate
    calls: lab_calls.Calls
    watch: PhoneWatch
    log: Log


@asynccontextmanager
async def open_lab(parts: Parts, counts: LocalCounts | SharedTable) -> AsyncIterator[Lab]:
    async with contextlib.AsyncExitStack() as stack:
        steering = Steering(parts.database, parts.worlds, Activity(counts))
        patience = Patience(parts.database, steering, parts.worlds)
        stack.push_async_callback(patience.close)
        calls = lab_calls.Calls(parts.database, parts.calls, patience)
        stack.push_async_callback(calls.close)
        watch = PhoneWatch(parts.database)
        stack.push_async_callback(watch.close)
        gate = Gate(parts.database, counts)
        log = Log(parts.database)
        yield Lab(steering=steering, patience=patience, gate=gate, calls=calls, watch=watch, log=log)


def bindings(settings: Settings, parts: Parts, lab: Lab) -> tuple[Binding, ...]:
    phones = lab_phones.Lab(parts.database, lab.watch, parts.messaging, lab.patience)
    return (
        *lab_phones.bindings(phones),
        *lab_clock.bindings(lab_clock.Clocks(lab.steering, partial(_pass_days, settings, parts))),
        *lab_waits.bindings(lab_waits.Waits(parts.database, lab.patience, lab.steering)),
        *lab_calls.bindings(lab.calls),
        *lab.log.bindings(),
        *lab_numbers.bindings(parts.database),
        *lab_channels.bindings(lab_channels.Decisions(parts.messaging, reviews_of(settings, parts))),
        *lab_verdicts.bindings(bench_of(parts)),
        *lab_messages.bindings(lab_messages.Messages(parts.messaging.objects, settings.messages_days)),
        *lab_webhooks.bindings(lab_webhooks.Hooks(parts.database, parts.webhooks)),
        *lab_consent.bindings(lab_consent.Rules(parts.database, parts.messaging)),
        *lab_retries.bindings(parts.database),
        *(lab_faults.bindings(lab_faults.Operations(parts.faults)) if parts.faults is not None else ()),
        *lab_snapshots.bindings(snapshots_of(settings, parts, lab.gate)),
    )


async def _pass_days(settings: Settings, parts: Parts, world_sid: str) -> None:
    """The housekeeper comes by real time."""
    pace = retention.Pace(days=settings.messages_days)
    await retention.prune(parts.database, pace, world_sid)
