"""Java, C# and Go: the classes and functions of Twilio's packages, by what is imported."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from itertools import takewhile
from typing import Final

from localloop.contract import load
from localloop.contract.model import Operation
from localloop.intercept.survey import code
from localloop.intercept.survey.names import BUILDERS, VERBS, Named, Names, names, plain
from localloop.intercept.survey.twiml import element_of
from localloop.intercept.survey.use import Call, Place, Use, Verb, positional, wire_names

_JAVA_IMPORT: Final = re.compile(r"\bimport\s+com\.twilio\.rest\.([\w.]+?)\.(\*|[A-Z]\w*)\s*;")
_JAVA_CALL: Final = re.compile(
    r"\b(?:com\.twilio\.rest\.([\w.]+)\.)?([A-Z]\w+)\s*\.\s*(creator|fetcher|reader|updater|deleter)\s*(?=\()"
)
_JAVA_TWIML: Final = re.compile(r"\bcom\.twilio\.twiml\.(?:(voice|messaging)\.)?([\w*]+)")
_JAVA_BUILDER: Final = re.compile(r"\bnew\s+([A-Z]\w*)\.Builder\s*(?=\()")
_CS_USING: Final = re.compile(r"\busing\s+(?:(\w+)\s*=\s*)?Twilio\.Rest\.([\w.]+)\s*;")
_CS_CALL: Final = re.compile(
    r"\b([A-Z]\w*)Resource\s*\.\s*(Create|Fetch|Read|Update|Delete)(?:Async)?\s*(?=\()"
)
_CS_OPTIONS: Final = re.compile(r"\bnew\s+(Create|Fetch|Read|Update|Delete)([A-Z]\w*)Options\s*(?=[({])")
_CS_TWIML: Final = re.compile(r"\.(?:Append)?([A-Z]\w*)\s*(?=\()|\bnew\s+([A-Z]\w*)\s*(?=\()")
_GO_CALL: Final = re.compile(
    r"\.\s*(Api|[A-Z]\w*V\d+)\s*\.\s*((?:Create|Fetch|List|Update|Delete|Stream|Page)\w+)\s*\("
)
_GO_PARAMS: Final = re.compile(
    r"\b(\w+)\s*:?=\s*&?(?:\w+\.)?((?:Create|Fetch|List|Update|Delete)\w+)Params\s*\{"
)
_GO_TWIML: Final = re.compile(r"\btwiml\.(Voice|Messaging)([A-Z]\w*)\s*\{")
_SETTER: Final = re.compile(r"\.\s*set([A-Z]\w*)\s*\(")


def java(file: str, text: str) -> Iterator[Use]:
    """Builders of resources (`Message.creator(…)`) and of TwiML (`new Say.Builder(…)`)."""
    text = code.without_comments(text, "java")
    packages = [(found[1].split("."), found[2]) for found in _JAVA_IMPORT.finditer(text)]
    for found in _JAVA_CALL.finditer(text):
        named = _imported(names(), packages, found[1], found[2])
        operation = names().of(named, BUILDERS[found[3]]) if named else None
        if operation is not None:
            end = code.closing(text, found.end())
            chain = code.chain(text, end)
            given = [link.name.removeprefix("set") for link in chain.links if link.name.startswith("set")]
            count = code.leading(text[found.end() + 1 : end - 1]) - _ids(operation)
            yield _call(operation, given, Place(file, code.line_of(text, found.start())), count)
    imported = {(found[1] or "", found[2]) for found in _JAVA_TWIML.finditer(text)}
    for found in _JAVA_BUILDER.finditer(text):
        product = _twiml_product(imported, found[1])
        name = "Response" if found[1].endswith("Response") else found[1]
        element = element_of(product, name) if product else None
        if element is not None:
            chain = code.chain(text, code.closing(text, found.end()))
            given = list(takewhile(lambda name: name != "build", (link.name for link in chain.links)))
            attributes = frozenset(each for each in given if element_of(product, each) is None)
            yield Verb(
                element.product, element.name, attributes, Place(file, code.line_of(text, found.start()))
            )


def _imported(known: Names, packages: list[tuple[list[str], str]], written: str, name: str) -> Named | None:
    wanted = (
        [(written.split("."), name)] if written else [each for each in packages if each[1] in ("*", name)]
    )
    for package, _ in wanted:
        if found := known.in_module((*package, name)):
            return found
    return None


def _twiml_product(imported: set[tuple[str, str]], name: str) -> str:
    if name in ("VoiceResponse", "MessagingResponse"):
        return name.removesuffix("Response").lower()
    return next((product for product, own in imported if product and own in ("*", name)), "")


def csharp(file: str, text: str) -> Iterator[Use]:
    """`MessageResource.Create(…)`, options, and TwiML that is appended to a response."""
    text = code.without_comments(text, "cs")
    usings = [found[2].split(".") for found in _CS_USING.finditer(text)]
    for found in _CS_CALL.finditer(text):
        operation = _of_usings(usings, found[1], found[2])
        if operation is not None:
            args = text[found.end() + 1 : code.closing(text, found.end()) - 1]
            place = Place(file, code.line_of(text, found.start()))
            by_options = re.search(r"\bnew\b[^(]*Options|^\s*\w*[oO]ptions\s*$", args)
            count = 0 if by_options else code.leading(args) - _ids(operation)
            yield _call(operation, code.keys(args), place, count)
    for found in _CS_OPTIONS.finditer(text):
        operation = _of_usings(usings, found[2], found[1])
        if operation is not None:
            end = code.closing(text, found.end())
            after = re.compile(r"\s*\{").match(text, end) if text[found.end()] == "(" else None
            block = (
                text[after.end() : code.closing(text, after.end() - 1)] if after else text[found.end() : end]
            )
            given = re.findall(r"\b([A-Z]\w*)\s*=(?!=)", block)
            count = code.leading(text[found.end() + 1 : end - 1]) - _ids(operation) if after else 0
            yield _call(operation, given, Place(file, code.line_of(text, found.start())), count)
    if "Twilio.TwiML" in text:
        yield from _csharp_twiml(file, text)


def _csharp_twiml(file: str, text: str) -> Iterator[Use]:
    product = "messaging" if "MessagingResponse" in text and "VoiceResponse" not in text else "voice"
    for found in _CS_TWIML.finditer(text):
        name = found[1] or found[2]
        is_root = name in ("VoiceResponse", "MessagingResponse")
        element = element_of(product, "Response" if is_root else name)
        if element is not None:
            args = text[found.end() + 1 : code.closing(text, found.end()) - 1]
            given = frozenset(code.keys(args))
            yield Verb(element.product, element.name, given, Place(file, code.line_of(text, found.start())))


def _of_usings(usings: list[list[str]], name: str, verb: str) -> Operation | None:
    for namespace in usings:
        named = names().in_module((*namespace, name))
        operation = names().of(named, VERBS[plain(verb)]) if named else None
        if operation is not None:
            return operation
    return None


def go(file: str, text: str) -> Iterator[Use]:
    """`client.Api.CreateMessage(params)`: the functions have the names of the operations."""
    text = code.without_comments(text, "go")
    if "twilio-go" not in text:
        return
    given: dict[str, set[str]] = {}
    for made in _GO_PARAMS.finditer(text):
        setters = re.findall(rf"\b{re.escape(made[1])}\.Set([A-Z]\w*)\(", text)
        body = text[made.end() : code.closing(text, made.end() - 1)]
        given.setdefault(made[2], set()).update(setters, re.findall(r"\b([A-Z]\w*)\s*:", body))
    for found in _GO_CALL.finditer(text):
        operation = _go_operation(found[1], found[2])
        if operation is not None:
            name = operation.id.rpartition(".")[2]
            yield _call(operation, given.get(name, set()), Place(file, code.line_of(text, found.start())))
    for found in _GO_TWIML.finditer(text):
        element = element_of(found[1].lower(), found[2])
        if element is not None:
            body = text[found.end() : code.closing(text, found.end() - 1)]
            attributes = frozenset(re.findall(r"\b([A-Z]\w*)\s*:", body))
            yield Verb(
                element.product, element.name, attributes, Place(file, code.line_of(text, found.start()))
            )


def _go_operation(service: str, function: str) -> Operation | None:
    name = re.sub("^(?:Stream|Page)", "List", function)
    product, _, version = service.rpartition("V")
    prefix = f"{product.lower()}.v{version}" if product else "api.v2010"
    try:
        return load().operation(f"{prefix}.{name}")[3]
    except KeyError:
        return None


def _ids(operation: Operation) -> int:
    """How many ids of the path come before the parameters: all but the account's."""
    return sum(param.location == "path" and param.name != "AccountSid" for param in operation.params)


def _call(operation: Operation, given: Collection[str], place: Place, count: int = 0) -> Call:
    return Call(operation, wire_names(operation, given) | positional(operation, max(count, 0)), place)
