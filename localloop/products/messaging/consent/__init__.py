"""Consent: who does not want texts from whom, how people say so, and lists of numbers that changed hands."""

from localloop.products.messaging.consent import bulk, deactivations
from localloop.products.messaging.consent.consent import Consent
from localloop.products.messaging.consent.deactivations import Deactivations, SigningToken
from localloop.products.messaging.consent.deactivations import add as deactivate
from localloop.products.messaging.consent.keywords import Entry, Handling
from localloop.products.messaging.consent.queries import (
    Filters,
    Handled,
    contacts,
    drop_handling,
    handling,
    handlings,
    keep_handling,
    page,
)
from localloop.rest.request import Binding
from localloop.store import Database

__all__ = [
    "Consent",
    "Entry",
    "Filters",
    "Handled",
    "Handling",
    "SigningToken",
    "bindings",
    "contacts",
    "deactivate",
    "drop_handling",
    "handling",
    "handlings",
    "keep_handling",
    "page",
]


async def _unsigned(_: str) -> None:
    """Without tokens no address of a file holds."""


def bindings(database: Database, consent: Consent, signing_token: SigningToken | None) -> tuple[Binding, ...]:
    files = Deactivations(database, signing_token or _unsigned)
    return (*bulk.bindings(database, consent), *deactivations.bindings(files))
