"""Which resources of the contract this product serves, apart from those of the engine."""

from __future__ import annotations

from localloop.products.voice import byoc, permissions
from localloop.products.voice.insights.resource import annotation_binding
from localloop.products.voice.needs import Needs
from localloop.products.voice.permissions import Dialing
from localloop.rest.request import Binding


def bindings(needs: Needs, dialing: Dialing) -> tuple[Binding, ...]:
    return (
        *permissions.bindings(needs.database, dialing),
        *byoc.bindings(needs),
        annotation_binding(needs.plain),
    )
