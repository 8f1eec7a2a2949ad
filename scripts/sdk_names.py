"""Writes what the official SDKs call each resource: from the chains of names in Twilio's Python package to the paths.

`client.verify.v2.services(sid).verification_checks` is the path /v2/Services/{ServiceSid}/VerificationCheck. The
names are those of every SDK but for their spelling (camelCase, PascalCase), and the modules of the Python package
are the packages of the Java one and the namespaces of the C# one.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from twilio.base.list_resource import ListResource
from twilio.base.version import Version
from twilio.rest import Client

from localloop.contract import load
from localloop.core.errors import ApiError
from localloop.intercept.survey.names import FILE
from localloop.rest.routing import Router

_ID = "X"
_DEPTH = 6


def names() -> list[list[str]]:
    """Rows of product, version, chain, module and the paths' templates: list, then instance ("" = none)."""
    warnings.simplefilter("ignore", DeprecationWarning)
    client = Client("AC" + "0" * 32, "token")
    router = Router(load().apis)
    rows: dict[tuple[str, str, str], list[str]] = {}
    for version in _versions(client):
        product = version.domain.base_url.removeprefix("https://").partition(".")[0]
        for chain, resource in _below(version, (), 0):
            paths = _paths(router, product, version, resource)
            if any(paths):
                own = type(resource).__module__.removeprefix("twilio.rest.").split(".")[2:]
                row = [product, own_version(version), ".".join(chain), ".".join(own), *paths]
                rows.setdefault((product, row[1], row[2]), row)
    return sorted(rows.values())


def own_version(version: Version) -> str:
    """`v2010`, `v2`, as the SDKs say it."""
    return type(version).__module__.removeprefix("twilio.rest.").split(".")[1]


def _versions(client: Client) -> Iterator[Version]:
    for name in _properties(client):
        domain = getattr(client, name)
        if hasattr(domain, "base_url"):
            for inner in _properties(domain):
                found = getattr(domain, inner)
                if isinstance(found, Version):
                    yield found


def _below(parent: Any, chain: tuple[str, ...], depth: int) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name in _properties(parent):
        found = getattr(parent, name)
        if not isinstance(found, ListResource) or depth > _DEPTH:
            continue
        yield (*chain, name), found
        yield from _below(found, (*chain, name), depth + 1)
        if (context := _context(found)) is not None:
            yield from _below(context, (*chain, name), depth + 1)


def _context(resource: Any) -> Any:
    if not callable(resource):
        return None
    try:
        return resource(*(_ID for _ in list(inspect.signature(resource.__call__).parameters)))
    except TypeError:
        return None


def _properties(owner: Any) -> list[str]:
    return [
        name
        for name, value in inspect.getmembers(type(owner), lambda value: isinstance(value, property))
        if not name.startswith("_") and name not in ("account", "base_url")
    ]


def _paths(router: Router, product: str, version: Version, resource: Any) -> tuple[str, str]:
    context = _context(resource)
    found = (getattr(owner, "_uri", "") if owner is not None else "" for owner in (resource, context))
    listed, instance = (_template(router, product, version, uri) if uri else "" for uri in found)
    return listed, instance


def _template(router: Router, product: str, version: Version, uri: str) -> str:
    path = f"/{version.version}{uri}"
    try:
        return router.match(router.place(f"{product}.twilio.com"), path).route.path.template
    except ApiError:
        return ""


def main() -> None:
    Path(FILE).write_text("".join("\t".join(row) + "\n" for row in names()))


if __name__ == "__main__":
    main()
