"""What was asked and answered on behalf of a call, and what went wrong: its events and its notifications."""

from __future__ import annotations

from localloop.products.voice.calls import Calls
from localloop.products.voice.trace import events, notifications
from localloop.rest.request import Binding
from localloop.store import Database

__all__ = ["bindings"]


def bindings(database: Database, calls: Calls) -> tuple[Binding, ...]:
    return events.binding(database, calls), notifications.binding(database, calls)
