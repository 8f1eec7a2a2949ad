"""The AsyncAPI document of the webhooks that are sent: one channel and one operation for each kind.

Tools read payloads as JSON Schema of draft 7, so what is newer in ours is written as that draft has it.
"""

from __future__ import annotations

from typing import Any, Final

from localloop import __version__
from localloop.payloads.kinds import KINDS, Answer, Kind
from localloop.payloads.schema import schema_of
from localloop.payloads.signature import HEADER
from localloop.payloads.wire import FORM, HEADERS, IDEMPOTENCY, VOICE_HEADERS

VERSION: Final = "3.0.0"
_DIALECT: Final = "application/schema+json;version=draft-07"
_ANSWERS: Final[dict[Answer, str]] = {
    "messaging TwiML": "TwiML of <Message> and <Redirect>, plain text, or nothing",
    "voice TwiML": "TwiML of voice verbs, or nothing",
}


def document() -> dict[str, Any]:
    """Everything, as JSON."""
    return {
        "asyncapi": VERSION,
        "info": {
            "title": "localloop's webhooks",
            "version": __version__,
            "description": "What localloop sends to an application. Signed and formed as Twilio's are.",
        },
        "defaultContentType": FORM,
        "channels": {kind.name: _channel(kind) for kind in KINDS.values()},
        "operations": {kind.name: _operation(kind) for kind in KINDS.values()},
        "components": {"messages": {kind.name: _message(kind) for kind in KINDS.values()}},
    }


def _channel(kind: Kind) -> dict[str, Any]:
    messages: dict[str, Any] = {"request": {"$ref": f"#/components/messages/{kind.name}"}}
    if kind.is_instruction:
        messages["answer"] = {
            "title": f"The answer: {kind.answer}",
            "contentType": "text/xml",
            "payload": {"type": "string", "description": _ANSWERS[kind.answer]},
        }
    return {"address": None, "title": kind.title, "description": f"{kind.asked_for}.", "messages": messages}


def _operation(kind: Kind) -> dict[str, Any]:
    channel = f"#/channels/{kind.name}"
    operation: dict[str, Any] = {
        "action": "send",
        "channel": {"$ref": channel},
        "title": kind.title,
        "messages": [{"$ref": f"{channel}/messages/request"}],
        "bindings": {"http": {"method": "POST", "bindingVersion": "0.3.0"}},
    }
    if kind.is_instruction:
        operation["reply"] = {
            "channel": {"$ref": channel},
            "messages": [{"$ref": f"{channel}/messages/answer"}],
        }
    return operation


def _message(kind: Kind) -> dict[str, Any]:
    headers: dict[str, Any] = {
        HEADER: {"type": "string", "description": "Base64 of HMAC-SHA1 over the URL and the form"},
        IDEMPOTENCY: {"type": "string", "format": "uuid", "description": "The same at every attempt"},
    }
    constant = HEADERS | (VOICE_HEADERS if kind.is_voice else {})
    headers |= {name: {"type": "string", "const": value} for name, value in constant.items()}
    return {
        "name": kind.name,
        "title": kind.title,
        "contentType": FORM,
        "headers": {"type": "object", "properties": headers, "required": list(headers)},
        "payload": {"schemaFormat": _DIALECT, "schema": _older(schema_of(kind))},
    }


def _older(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema in draft 7, which has `dependencies`, and no word for the schema of JSON in a string."""
    schema = {**schema, "$schema": "http://json-schema.org/draft-07/schema#"}
    if "dependentRequired" in schema:
        schema["dependencies"] = schema.pop("dependentRequired")
    schema.pop("$defs", None)
    schema["properties"] = {
        name: {key: value for key, value in said.items() if key != "contentSchema"}
        for name, said in schema["properties"].items()
    }
    return schema
