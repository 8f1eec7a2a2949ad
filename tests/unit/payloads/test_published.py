"""What is published of the webhooks is current, and good by the standards that it follows."""

from __future__ import annotations

import json

import pytest
import schemas
from jsonschema import Draft7Validator, Draft202012Validator

from localloop.payloads.asyncapi import document
from localloop.payloads.kinds import KINDS, declared
from localloop.payloads.part import ALWAYS
from localloop.testing import request_for
from scripts.webhooks import DOCS, published
from tests.needs import ROOT, needs

ASYNCAPI = ROOT / "tests" / "sdk" / "node" / "node_modules" / "@asyncapi" / "specs" / "schemas" / "3.0.0.json"


def test_what_is_published_is_current() -> None:
    there = {path: path.read_text() for path in (DOCS / "schemas").iterdir()}
    there |= {path: path.read_text() for path in (DOCS / "asyncapi.json", DOCS / "reference" / "webhooks.md")}
    assert there == published(), "run `uv run python -m scripts.webhooks`"


@needs("asyncapi-specs")
def test_the_document_is_asyncapi() -> None:
    validator = Draft7Validator(json.loads(ASYNCAPI.read_text()))
    assert [error.message for error in validator.iter_errors(document())] == []
    broken = {**document(), "operations": {"x": {"action": "shout"}}}
    assert not validator.is_valid(broken)


def test_references_lead_somewhere() -> None:
    whole = document()

    def references(value: object) -> list[str]:
        if isinstance(value, dict):
            own = [value["$ref"]] if "$ref" in value else []
            return own + [each for inner in value.values() for each in references(inner)]
        return [each for inner in value for each in references(inner)] if isinstance(value, list) else []

    found = references(whole)
    assert found
    for reference in found:
        place = whole
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def test_the_document_has_what_is_sent_and_nothing_else() -> None:
    messages = {"sms", "status", "click"}
    calls = {"voice", "gather", "gather-partial", "record", "dial", "voice-status", "amd-status"}
    beside = {"enqueue", "queue-wait", "queue-whisper", "conference", "recording-status", "transcription"}
    services = {
        "call-message",
        "dial-refer",
        "pay",
        "pay-status",
        "payment",
        "connect",
        "refer",
        "stream-status",
        "siprec-status",
        "realtime-transcription",
        "user-message",
    }
    apart = {"debugger", "usage-trigger"}
    assert set(document()["operations"]) == messages | calls | beside | services | apart
    for kind, message in document()["components"]["messages"].items():
        Draft7Validator.check_schema(message["payload"]["schema"])
        Draft7Validator(message["payload"]["schema"]).validate(request_for(kind).params)
        Draft7Validator(message["headers"]).validate(request_for(kind).headers)


@pytest.mark.parametrize("kind", KINDS)
def test_schemas(kind: str) -> None:
    schema = json.loads((DOCS / "schemas" / f"{kind}.json").read_text())
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    params = request_for(kind).params
    assert schemas.kind_of(params) == kind
    assert validator.is_valid(params)
    assert validator.is_valid({**params, "NewParameter": "of tomorrow"})
    for name in schema["required"]:
        assert not validator.is_valid({other: value for other, value in params.items() if other != name})


@pytest.mark.parametrize("kind", KINDS)
def test_every_parameter_is_explained(kind: str) -> None:
    names = [each.parameter.name for each in declared(kind)]
    assert len(names) == len(set(names))
    for each in declared(kind):
        assert each.parameter.meaning
        assert each.parameter.example
        assert each.is_required == (each.parameter.when == ALWAYS)
