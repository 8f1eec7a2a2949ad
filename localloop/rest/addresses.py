"""How addresses of records are written: templates of the contract filled from a record and the request's path."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from localloop.contract.model import Path, Resource

_PARAM = re.compile(r"\{(\w+)\}")
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@lru_cache(maxsize=8192)
def snake(name: str) -> str:
    """`ServiceSid` → `service_sid`, the field that usually repeats a path parameter."""
    return _WORDS.sub("_", name).lower()


@lru_cache(maxsize=8192)
def pieces(template: str) -> tuple[tuple[str, str], ...]:
    """A template as (literal, parameter) pairs; the last parameter may be ''."""
    parts, at = [], 0
    for found in _PARAM.finditer(template):
        parts.append((template[at : found.start()], found.group(1)))
        at = found.end()
    return (*parts, (template[at:], ""))


class Address:
    """A template that is filled again and again."""

    __slots__ = ("_form", "params", "template")

    def __init__(self, template: str) -> None:
        self.template = template
        self.params = tuple(param for _, param in pieces(template) if param)
        # Python's own formatting fills in one call what a loop over the pieces would.
        literals = [(literal.replace("%", "%%"), param) for literal, param in pieces(template)]
        self._form = "".join(f"{literal}%({param})s" if param else literal for literal, param in literals)

    def filled(self, quoted: Mapping[str, str]) -> str | None:
        """With values from `quote_all`; None when one is missing."""
        try:
            return self._form % quoted
        except KeyError:
            return None


def quote_all(values: Mapping[str, Any]) -> dict[str, str]:
    """What there is of these values, as they stand in addresses."""
    quoted = {}
    for name, value in values.items():
        if value is not None and value != "":
            text = str(value)
            quoted[name] = text if text.isalnum() and text.isascii() else quote(text, safe=":+@")
    return quoted


def instance_template(resource: Resource, path: Path) -> str:
    """The template of the address that a record shown at `path` has as its own."""
    if path.id_param or path.role == "singleton":
        return path.template
    for candidate in resource.paths:
        if candidate.id_param and candidate.template.rpartition("/")[0] == path.template:
            return candidate.template
    homes = [p for p in resource.paths if p.role in ("instance", "singleton")]
    below = [p for p in homes if p.template.rpartition("/")[0] == path.template]
    return next((p.template for p in (*below, *homes)), path.template)


def own_params(template: str, resource: Resource) -> frozenset[str]:
    """The parameters of `template` that name the record itself: `{Sid}`, or `{ServiceSid}` in a service's links."""
    names = {f"{resource.name}Sid", "Sid"}
    return frozenset(param for _, param in pieces(template) if param in names)
