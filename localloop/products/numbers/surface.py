"""Which resources of the contract this product serves."""

from __future__ import annotations

from collections.abc import Mapping

from localloop.products.numbers import application, caller_id, short_code
from localloop.products.numbers.address import resource as address
from localloop.products.numbers.available import resource as available
from localloop.products.numbers.incoming import resource as incoming
from localloop.products.numbers.needs import Needs
from localloop.rest.request import Binding, Operate


def bindings(needs: Needs) -> tuple[Binding, ...]:
    return (
        *available.bindings(needs),
        incoming.binding(needs),
        *address.bindings(needs),
        application.binding(needs),
        caller_id.binding(needs),
        short_code.binding(needs),
    )


def test_answers() -> Mapping[str, Operate]:
    """What test credentials may ask of this product, by operation."""
    return {"api.v2010.CreateIncomingPhoneNumber": incoming.create_tested}
