"""Points Twilio's Python package at localloop, product by product."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from twilio.base.domain import Domain
from twilio.rest import Client


def domains(client: Client) -> Iterator[tuple[str, Domain]]:
    """Every product that the package speaks to, by the package's name for it."""
    for name in sorted(vars(Client)):
        if isinstance(vars(Client)[name], property):
            value = getattr(client, name)
            if isinstance(value, Domain):
                yield name, value


def to_localloop(client: Client, url: str) -> Client:
    """The host's first label becomes the first part of the path; the 2010 API has none."""
    for _name, domain in domains(client):
        product = (urlsplit(domain.base_url).hostname or "").partition(".")[0]
        domain.base_url = url if product == "api" else f"{url}/{product}"
    return client
