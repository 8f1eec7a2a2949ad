"""Names: modules are nouns that say what is in them, classes do not end in words that fit everything."""

from __future__ import annotations

import ast
import re
from pathlib import PurePosixPath

from tests.house import exemptions, tree

_VAGUE_MODULES = {"base", "common", "helper", "helpers", "misc", "models", "util", "utils"}
_VAGUE_CLASS = re.compile(r"(Manager|Handler|Helper|Service)$|^Base[A-Z]|^I[A-Z][a-z]")
# A Twilio resource keeps its noun: messaging/service, class Service.
_TWILIO_NOUNS = re.compile(r"^localloop/products/(.*/)?(service|resource)(/|\.py$)")


def test_modules_say_what_is_in_them() -> None:
    tree.forbid(
        f"{name}: a name that could hold anything"
        for name in tree.python()
        if {PurePosixPath(name).stem, *PurePosixPath(name).parts[:-1]} & _VAGUE_MODULES
    )


def test_classes_say_what_they_are() -> None:
    found = {
        (name, node.name)
        for name in tree.python()
        for node in ast.walk(tree.syntax(name))
        if isinstance(node, ast.ClassDef) and _VAGUE_CLASS.search(node.name)
    }
    tree.forbid(
        f"{name}: class {vague}"
        for name, vague in sorted(found - set(exemptions.CLASS_NAMES))
        if not (vague == "Service" and _TWILIO_NOUNS.match(name))
    )
    assert set(exemptions.CLASS_NAMES) <= found


def test_modules_open_with_a_sentence_of_purpose() -> None:
    tree.forbid(
        f"{name}: say in a docstring what it is for"
        for name in tree.python()
        if not ast.get_docstring(tree.syntax(name))
    )
