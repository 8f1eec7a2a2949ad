"""JSON Schema of each kind of webhook (draft 2020-12): of its parameters as an object of strings, by name.

New parameters may come at any time, as with Twilio, so what is not named is allowed.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from localloop.payloads import debugger
from localloop.payloads.kinds import Kind, declared
from localloop.payloads.part import properties_of

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
SIMULATED: Final = "x-simulated-only"  # Twilio sends it; here it is only made by a simulation


def schema_of(kind: Kind) -> dict[str, Any]:
    """The schema of one kind."""
    schema: dict[str, Any] = {
        "$schema": DIALECT,
        "title": kind.title,
        "description": f"What is sent to {kind.asked_for}.",
        "type": "object",
        "properties": {},
        "required": [each.parameter.name for each in declared(kind.name) if each.is_required],
    }
    for each in declared(kind.name):
        name, said = each.parameter.name, properties_of(each.part)[each.parameter.name]
        if each.is_numbered:
            schema.setdefault("patternProperties", {})[f"^{name}[0-9]+$"] = said
        else:
            schema["properties"][name] = said if each.is_sent else {**said, SIMULATED: True}
    together = [
        [each.name for each in fields] for part in kind.perhaps if (fields := _parameters(kind, part))
    ]
    if together:
        schema["dependentRequired"] = {
            name: [other for other in names if other != name] for names in together for name in names
        }
    if debugger.Event in kind.parts:
        schema["properties"]["Payload"] = {
            **schema["properties"]["Payload"],
            "contentMediaType": "application/json",
            "contentSchema": {"$ref": f"#/$defs/{debugger.Detail.__name__}"},
        }
        schema["$defs"] = _details()
    if not kind.is_sent:
        schema[SIMULATED] = True
    return schema


def _parameters(kind: Kind, part: type) -> list[Any]:
    return [each.parameter for each in declared(kind.name) if each.part is part]


def _details() -> dict[str, Any]:
    """What the debugger's Payload is as JSON."""
    _, components = msgspec.json.schema_components([debugger.Detail], ref_template="#/$defs/{name}")
    return components
