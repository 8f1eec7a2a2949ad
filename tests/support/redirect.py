"""Points Twilio's Python package at localloop, product by product."""

from __future__ import annotations

from collections.abc import Iterator

from twilio.base.domain import Domain
from twilio.rest import Client

from localloop import point_at


def domains(client: Client) -> Iterator[tuple[str, Domain]]:
    """Every product that the package speaks to, by the package's name for it."""
    for name in sorted(vars(Client)):
        if isinstance(vars(Client)[name], property):
            value = getattr(client, name)
            if isinstance(value, Domain):
                yield name, value


def to_localloop(client: Client, url: str) -> Client:
    return point_at(client, url)
