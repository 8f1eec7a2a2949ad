"""Every known fact about messaging and calls has a test that proves it, or says where localloop differs and why.

`tests/facts_ids.txt` names the facts: the rows and points of what was collected about messaging (3.1 to 3.11), the
texts of refusals (`text-21211`) and the codes of the error dictionary; and what was collected about calls: documents
(`voice-1.5-barge`), resources (`voice-2.5-media`) and webhooks (`voice-web-port`). `tests/facts.toml` says of each
what it is and what proves it.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Mapping
from functools import cache

from tests.house import tree

MOST = 5  # facts that one test stands for


@cache
def facts() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads(tree.text("tests/facts.toml"))


def proofs() -> list[str]:
    return [fact["test"] for fact in facts().values() if "test" in fact]


def written() -> set[str]:
    """The tests of the files that are named, without their parameters."""
    files = {proof.partition("::")[0] for proof in proofs()} & set(tree.files())
    return {f"{name}::{place}" for name in files for place, _ in tree.functions(name)}


def collected() -> set[str]:
    """The tests with parameters, of the files where some are named by them."""
    files = {proof.partition("::")[0] for proof in proofs() if "[" in proof} & set(tree.files())
    command = [sys.executable, "-m", "pytest", "--collect-only", "-p", "no:cacheprovider", *sorted(files)]
    found = subprocess.run(command, cwd=tree.ROOT, capture_output=True, text=True, timeout=120, check=False)
    return {line.strip() for line in found.stdout.splitlines() if "::" in line}


def test_no_fact_is_missing() -> None:
    wanted = tree.text("tests/facts_ids.txt").split()
    assert len(wanted) == len(set(wanted))
    tree.forbid(f"{id}: no entry in tests/facts.toml" for id in set(wanted) - facts().keys())
    tree.forbid(f"{id}: not in tests/facts_ids.txt" for id in facts().keys() - set(wanted))


def test_each_says_what_it_is_and_what_proves_it() -> None:
    tree.forbid(
        f"{id}: says {sorted(fact)}"
        for id, fact in facts().items()
        if set(fact) not in ({"says", "test"}, {"says", "differs"}) or not all(fact.values())
    )


def test_what_proves_it_is_there() -> None:
    """A test with parameters may be named with them, or as a whole."""
    there = written() | collected()
    tree.forbid(
        f"{id}: there is no {fact['test']}"
        for id, fact in facts().items()
        if "test" in fact and fact["test"] not in there
    )


def test_what_differs_is_in_the_documentation() -> None:
    rows = {
        line.split("|")[1].strip() for line in tree.text("docs/differences.md").splitlines() if "|" in line
    }
    tree.forbid(
        f"{id}: docs/differences.md has no row {fact['differs']!r}"
        for id, fact in facts().items()
        if "differs" in fact and fact["differs"] not in rows
    )


def test_no_test_stands_for_too_much() -> None:
    times = Counter(proofs())
    tree.forbid(f"{test} stands for {count} facts" for test, count in times.items() if count > MOST)
