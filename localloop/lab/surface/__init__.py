"""The lab's own REST surface in the contract's vocabulary, so that it is served like the rest."""

from localloop.contract.model import Api
from localloop.lab import verdicts
from localloop.lab.surface import (
    calls,
    channels,
    clock,
    consent,
    faults,
    log,
    messages,
    phones,
    snapshots,
    waits,
    webhooks,
)

API = Api(
    product="lab",
    version="v1",
    style="product",
    resources=(
        *messages.RESOURCES,
        *webhooks.RESOURCES,
        *consent.RESOURCES,
        *channels.RESOURCES,
        *clock.RESOURCES,
        *waits.RESOURCES,
        *calls.RESOURCES,
        *log.RESOURCES,
        *verdicts.RESOURCES,
        *snapshots.RESOURCES,
        *faults.RESOURCES,
        *phones.RESOURCES,
    ),
)
