"""Voice Insights: what is known of calls and conferences, once they are over. Nothing of their sound is measured."""

from __future__ import annotations

from localloop.products.voice.calls import Calls
from localloop.products.voice.insights import conference, resource
from localloop.rest.request import Binding
from localloop.store import Database


def bindings(database: Database, calls: Calls) -> tuple[Binding, ...]:
    return (*resource.bindings(resource.Reports(database, calls)), conference.binding(database))
