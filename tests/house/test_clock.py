"""One clock: only core/clock.py asks the machine or the database what time it is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.house import exemptions, tree

CLOCK = "localloop/core/clock.py"
_CALLS = re.compile(
    r"(^|\.)((datetime|date)\.(now|utcnow|today)|time\.(time|time_ns|localtime|gmtime|ctime))$"
)
_NAMES = {*"now utcnow today time time_ns localtime gmtime ctime".split()}
_IMPORTS = re.compile(r"^time\.(time|time_ns|localtime|gmtime|ctime)$")
_SQL = re.compile(
    r"\b(now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday)\s*\(\s*\)"
    r"|\b(current_timestamp|current_date|current_time|localtimestamp|localtime)\b"
    r"|'now'\s*::",
    re.IGNORECASE,
)
_SQL_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)


def _readings(module: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(module):
        if isinstance(node, ast.Attribute) and node.attr in _NAMES and _CALLS.search(tree.dotted(node)):
            yield node.lineno, tree.dotted(node)


def _in_python(name: str) -> Iterator[tuple[int, str]]:
    yield from _readings(tree.syntax(name))
    yield from ((line, module) for line, module in tree.imports(name) if _IMPORTS.match(module))
    for line, string in tree.strings(name):
        yield from ((line, f"SQL {found[0]}") for found in _SQL.finditer(string))


def test_code_asks_the_clock() -> None:
    found = {
        (name, tree.enclosing(name, line)): f"{name}:{line} {what}: use clock.now(world)"
        for name in tree.python("localloop", "scripts")
        if name != CLOCK
        for line, what in _in_python(name)
    }
    tree.forbid(told for place, told in found.items() if place not in exemptions.READS_THE_CLOCK)
    assert set(exemptions.READS_THE_CLOCK) <= set(found)


def test_sql_is_given_the_time() -> None:
    tree.forbid(
        f"{name}: {found[0]}: pass the time as a parameter"
        for name in tree.files()
        if name.startswith("localloop/") and name.endswith(".sql")
        for found in _SQL.finditer(_SQL_COMMENT.sub("", tree.text(name)))
    )


@pytest.mark.parametrize(
    "source",
    ["datetime.now(UTC)", "datetime.datetime.utcnow()", "date.today()", "time.time()", "x = datetime.now"],
)
def test_the_rule_sees(source: str) -> None:
    assert list(_readings(ast.parse(source)))


@pytest.mark.parametrize("source", ["time.monotonic()", "clock.now(world)", "loop.time()", "self.datetime"])
def test_the_rule_lets_pass(source: str) -> None:
    assert not list(_readings(ast.parse(source)))


@pytest.mark.parametrize(
    "sql", ["select now()", "default CURRENT_TIMESTAMP", "clock_timestamp( )", "'now'::date"]
)
def test_the_rule_sees_sql(sql: str) -> None:
    assert _SQL.search(sql)


def test_a_column_named_like_a_clock_passes() -> None:
    assert not _SQL.search("select known(), clock_mode from worlds")
