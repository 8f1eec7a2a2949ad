"""Bring your own carrier: trunks, where their calls are sent to, and where calls from them may come from."""

from __future__ import annotations

from localloop.products.voice.byoc import policy, source, trunk
from localloop.products.voice.byoc.policy import Target, order
from localloop.products.voice.needs import Needs
from localloop.rest.request import Binding

__all__ = ["Target", "bindings", "order"]


def bindings(needs: Needs) -> tuple[Binding, ...]:
    return (*policy.bindings(needs), trunk.binding(needs), *source.bindings(needs))
