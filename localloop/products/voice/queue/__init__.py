"""Queues: lines of callers who wait to be taken."""

from localloop.products.voice.queue.resource import bindings

__all__ = ["bindings"]
