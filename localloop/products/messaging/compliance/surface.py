"""Which resources of the contract the registrations serve."""

from __future__ import annotations

from localloop.products.messaging.compliance import brand, campaign, tollfree
from localloop.products.numbers import Needs
from localloop.rest.request import Binding


def bindings(needs: Needs) -> tuple[Binding, ...]:
    return *brand.bindings(needs), *campaign.bindings(needs), *tollfree.bindings(needs)
