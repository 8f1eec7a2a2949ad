"""Monitor: what went wrong, as the Debugger knows it."""

from localloop.products.monitor.alert.refusals import teller
from localloop.products.monitor.alert.resource import bindings

__all__ = ["bindings", "teller"]
