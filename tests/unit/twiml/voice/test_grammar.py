"""The grammar knows every verb, noun, SSML element and attribute of the official SDK, and codes that exist."""

from __future__ import annotations

import inspect
from typing import Any

import msgspec
import pytest
from twilio.twiml import voice_response

from localloop.core.errors import catalogue
from localloop.twiml.voice import grammar, verbs

OURS_ALONE = {"Message", "Body", "Media"}  # of messaging documents
NOT_YET_IN_THE_SDK = {("Stop", "Recording")}  # Twilio's page of <Recording> has it


def _some(function: Any) -> dict[str, str]:
    """A value for every parameter that a constructor or method of the SDK names."""
    parameters = list(inspect.signature(function).parameters.values())[1:]
    return {each.name: "x" for each in parameters if each.kind is not inspect.Parameter.VAR_KEYWORD}


def _official() -> dict[str, tuple[str, set[str], set[str]]]:
    """Class of the SDK: its tag, attributes and children, as it writes them."""
    found: dict[str, tuple[str, set[str], set[str]]] = {}
    for name, made in inspect.getmembers(voice_response, inspect.isclass):
        if made.__module__ != voice_response.__name__:
            continue
        instance = made(**_some(made.__init__))
        _, attributes, children = found.setdefault(name, (instance.name, set(), set()))
        attributes.update(instance.attrs)
        for method, function in inspect.getmembers(made, inspect.isfunction):
            if function.__qualname__.startswith(f"{name}.") and not method.startswith("_"):
                child = getattr(instance, method)(**_some(function))
                children.add(type(child).__name__)
                found.setdefault(type(child).__name__, (child.name, set(), set()))[1].update(child.attrs)
    return found


def test_nothing_of_the_sdk_is_missing() -> None:
    official = _official()
    assert len(official) > 55
    assert set(grammar.NODES) - set(official) == OURS_ALONE
    for name, (tag, attributes, children) in official.items():
        node = grammar.NODES[name]
        assert node.tag == tag, name
        assert attributes <= set(grammar.attributes_of(name)), name
        ours = {child for child in node.children if (name, child) not in NOT_YET_IN_THE_SDK}
        assert children == ours - OURS_ALONE, name


@pytest.mark.parametrize("key", [key for key, node in grammar.NODES.items() if node.type is not None])
def test_every_attribute_has_its_place_in_the_typed_value(key: str) -> None:
    node = grammar.NODES[key]
    assert node.type is not None
    fields = {field.name for field in msgspec.structs.fields(node.type)}
    assert {attribute.field for attribute in node.attributes} <= fields


def test_defaults_are_good_values_of_their_own_attributes() -> None:
    for node in grammar.NODES.values():
        for attribute in node.attributes:
            default = grammar.default_of(node, attribute)
            if default in (None, "", ()) or isinstance(default, dict):
                continue
            written = " ".join(default) if isinstance(default, tuple) else str(default)
            read = attribute.kind.read(written, "https://example.com/")
            assert read in (default, (default,)), (node.tag, attribute.name)


def test_every_code_is_in_the_dictionary() -> None:
    codes = {attribute.code for node in grammar.NODES.values() for attribute in node.attributes}
    codes |= {node.stray for node in grammar.NODES.values()}
    assert codes <= set(catalogue())


@pytest.mark.parametrize(
    ("tag", "attribute", "ends"),
    [
        ("Gather", "timeout", False),
        ("Gather", "actionOnEmptyResult", True),
        ("Conference", "endConferenceOnExit", True),
        ("Conference", "trim", True),
        ("Conference", "muted", False),
        ("Dial", "recordingStatusCallbackEvent", True),
        ("Dial", "record", False),
        ("Enqueue", "method", True),
        ("Redirect", "method", False),
        ("Record", "recordingStatusCallback", False),
    ],
)
def test_what_twilio_calls_an_error_ends_the_document(tag: str, attribute: str, ends: bool) -> None:
    assert grammar.attributes_of(tag)[attribute].ends_document is ends


def test_verbs_of_a_state_are_told_apart_by_their_tags() -> None:
    for kind in (
        verbs.Say(text="a"),
        verbs.Dial(targets=(verbs.Target(address="+1"),)),
        verbs.Broken(code=1),
    ):
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(kind), type=verbs.AnyVerb) == kind
