"""JSON Schema of each kind of webhook (draft 2020-12): of its parameters as an object of strings, by name.

New parameters may come at any time, as with Twilio, so what is not named is allowed.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from localloop.payloads import debugger
from localloop.payloads.kinds import Kind, declared
from localloop.payloads.part import always_carried, properties_of

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
    if together := _together(kind):
        schema["dependentRequired"] = together
    if debugger.Event in kind.parts:
        schema["properties"]["Payload"] = {
            **schema["properties"]["Payload"],
            "contentMediaType": "application/json",
            "contentSchema": {"$ref": f"#/$defs/{debugger.Detail.__name__}"},
        }
        schema["$defs"] = _details()
    return schema


def _together(kind: Kind) -> dict[str, list[str]]:
    """Of a part that may be there: whatever of it is there, what it always carries is there as well."""
    needs = {}
    for part in kind.perhaps:
        names = [each.parameter.name for each in declared(kind.name) if each.part is part]
        carried = always_carried(part)
        for name in names:
            if others := [other for other in names if other in carried and other != name]:
                needs[name] = others
    return needs


def _details() -> dict[str, Any]:
    """What the debugger's Payload is as JSON."""
    _, components = msgspec.json.schema_components([debugger.Detail], ref_template="#/$defs/{name}")
    return components
