"""Of every verb, noun and attribute it is said what becomes of it, by a test or with a reason; the page says so too."""

from __future__ import annotations

from collections import Counter

from localloop.twiml.voice import grammar
from scripts import twiml_table
from tests.house import tree

MOST = 12  # rows that one test stands for


def _proofs() -> list[str]:
    values = (value for said in twiml_table.rows().values() for value in said.values())
    return [test for test in map(twiml_table.proof, values) if test]


def test_nothing_is_missing() -> None:
    said = twiml_table.rows()
    assert said.keys() == grammar.NODES.keys()
    for key in grammar.NODES:
        assert said[key].keys() == {twiml_table.ITSELF, *grammar.attributes_of(key)}, key


def test_each_has_a_test_or_a_reason() -> None:
    tree.forbid(
        f"{key}.{name}: {value!r}"
        for key, said in twiml_table.rows().items()
        for name, value in said.items()
        if not twiml_table.proof(value) and not value.startswith(("waits: ", "differs: "))
    )


def test_what_shows_it_is_there() -> None:
    files = {test.partition("::")[0] for test in _proofs()} & set(tree.files())
    there = {f"{name}::{place}" for name in files for place, _ in tree.functions(name)}
    tree.forbid(f"there is no {test}" for test in set(_proofs()) - there)


def test_no_test_stands_for_too_much() -> None:
    tree.forbid(f"{test}: {count} rows" for test, count in Counter(_proofs()).items() if count > MOST)


def test_the_page_says_the_same() -> None:
    """When this fails: python -m scripts.twiml_table."""
    assert twiml_table.PAGE.read_text() == twiml_table.page()
