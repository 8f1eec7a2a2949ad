"""Parts: parameters that come together, as typed records whose fields are the parameters.

A field without a default is always sent; one that may be missing is `UNSET` and says when it is there.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final, Literal, TypeAlias, TypeVar

import msgspec
from msgspec import Meta, Struct

ALWAYS: Final = "always"
# JSON Schema tools leave keys with this prefix alone.
WHEN: Final = "x-when"

ACCOUNT_SID: Final = "^AC[0-9a-f]{32}$"
MESSAGE_SID: Final = "^(SM|MM)[0-9a-f]{32}$"
SERVICE_SID: Final = "^MG[0-9a-f]{32}$"
CALL_SID: Final = "^CA[0-9a-f]{32}$"
RECORDING_SID: Final = "^RE[0-9a-f]{32}$"
CONFERENCE_SID: Final = "^CF[0-9a-f]{32}$"
NUMBER: Final = "^[0-9]+$"
CODE: Final = "^[0-9]{5}$"

ApiVersion: TypeAlias = Literal["2010-04-01"]
API_VERSION: Final = "2010-04-01"
Boolean: TypeAlias = Literal["true", "false"]
RFC_2822: Final = "^[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} [+]0000$"


class Part(Struct, frozen=True, kw_only=True, rename="pascal"):
    """The root of all parts: `from_city` is the parameter FromCity, `from_` is From."""

    def params(self) -> dict[str, str]:
        """What is there, by wire name, in the order of the declaration."""
        present: dict[str, str] = msgspec.to_builtins(self)
        return present


class Parameter(Struct, frozen=True, kw_only=True):
    """One parameter as its declaration has it."""

    name: str
    meaning: str
    when: str  # it is there
    example: str
    values: tuple[str, ...] = ()  # the only ones it may have, if they are known
    pattern: str = ""

    @property
    def is_required(self) -> bool:
        return self.when == ALWAYS


def said(meaning: str, example: str, *, when: str = ALWAYS, pattern: str = "") -> Meta:
    """What a field's annotation says of its parameter."""
    more = {WHEN: when, "pattern": pattern} if pattern else {WHEN: when}
    return Meta(description=meaning, examples=[example], extra_json_schema=more)


@cache
def properties_of(part: type[Part]) -> dict[str, dict[str, Any]]:
    """The JSON Schema of each parameter, in the order of the declaration."""
    (_,), components = msgspec.json.schema_components([part])
    found: dict[str, dict[str, Any]] = components[part.__name__]["properties"]
    return found


def always_carried(part: type[Part]) -> frozenset[str]:
    """The names that are there whenever the part is."""
    return frozenset(field.encode_name for field in msgspec.structs.fields(part) if field.required)


@cache
def parameters_of(part: type[Part]) -> tuple[Parameter, ...]:
    """Every parameter of a part."""
    return tuple(
        Parameter(
            name=name,
            meaning=schema["description"],
            when=schema[WHEN],
            example=schema["examples"][0],
            values=tuple(schema.get("enum", ())),
            pattern=schema.get("pattern", ""),
        )
        for name, schema in properties_of(part).items()
    )


def numbered(part: Part, number: int) -> dict[str, str]:
    """A part that may come several times, by names that end in its number."""
    return {f"{name}{number}": value for name, value in part.params().items()}


_T = TypeVar("_T")


def given(value: _T | None) -> _T | msgspec.UnsetType:
    """A value that may be missing, as a field."""
    return msgspec.UNSET if value is None or value == "" else value
