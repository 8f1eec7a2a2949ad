"""Sizes: functions of 50 lines, files of 800, five parameters; tables of data are exempt."""

from __future__ import annotations

import ast

import pytest

from tests.house import exemptions, tree

MAX_FUNCTION = 50
MAX_FILE = 800
MAX_PARAMETERS = 5
_TABLE = 15  # lines from which a literal counts as a table


def _length(node: ast.stmt | ast.expr) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _table_lines(body: list[ast.stmt]) -> int:
    """The lines that literals of data take among these statements."""
    values = (node.value for node in body if isinstance(node, ast.Assign | ast.AnnAssign | ast.Return))
    return sum(
        _length(value)
        for value in values
        if isinstance(value, ast.Dict | ast.List | ast.Tuple | ast.Set | ast.Constant | ast.Call)
        and _length(value) >= _TABLE
        and _is_data(value)
    )


def _is_data(value: ast.expr) -> bool:
    """A container of values, or a call whose only argument is one (`frozenset({…})`, `MappingProxyType({…})`)."""
    if isinstance(value, ast.Call):
        return len(value.args) == 1 and not value.keywords and _is_data(value.args[0])
    return isinstance(value, ast.Dict | ast.List | ast.Tuple | ast.Set | ast.Constant)


def _parameters(node: tree.Function, in_class: bool) -> int:
    named = [*node.args.posonlyargs, *node.args.args]
    if in_class and named and named[0].arg in ("self", "cls"):
        named = named[1:]
    return len(named) + len(node.args.kwonlyargs) + bool(node.args.vararg) + bool(node.args.kwarg)


def _arranges(name: str) -> bool:
    """Tests and fixtures are given what they name, and a factory names whatever a test may care about."""
    return name.startswith("tests/")


def _long_functions() -> dict[tuple[str, str], int]:
    return {
        (name, place): lines
        for name in tree.python()
        for place, node in tree.functions(name)
        if (lines := _length(node) - _table_lines(node.body)) > MAX_FUNCTION
    }


def _many_parameters() -> dict[tuple[str, str], int]:
    return {
        (name, place): count
        for name in tree.python()
        for place, node in tree.functions(name)
        if (count := _parameters(node, "." in place)) > MAX_PARAMETERS and not _arranges(name)
    }


def _long_files() -> dict[str, int]:
    return {
        name: lines
        for name in tree.python()
        if (lines := tree.text(name).count("\n") - _table_lines(tree.syntax(name).body)) > MAX_FILE
    }


def test_functions_are_short() -> None:
    found = _long_functions()
    tree.forbid(
        f"{name}: {place} has {lines} lines, at most {MAX_FUNCTION}"
        for (name, place), lines in found.items()
        if (name, place) not in exemptions.LONG_FUNCTIONS
    )
    assert set(exemptions.LONG_FUNCTIONS) <= set(found)


def test_functions_take_few_parameters() -> None:
    found = _many_parameters()
    tree.forbid(
        f"{name}: {place} takes {count} parameters, at most {MAX_PARAMETERS}: make a small struct"
        for (name, place), count in found.items()
        if (name, place) not in exemptions.MANY_PARAMETERS
    )
    assert set(exemptions.MANY_PARAMETERS) <= set(found)


def test_files_are_short() -> None:
    found = _long_files()
    tree.forbid(
        f"{name} has {lines} lines besides its tables, at most {MAX_FILE}"
        for name, lines in found.items()
        if name not in exemptions.LONG_FILES
    )
    assert set(exemptions.LONG_FILES) <= set(found)


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("def f(a, b, *, c): ...", 3),
        ("class C:\n def f(self, a, *rest, **named): ...", 3),
        ("class C:\n @classmethod\n def f(cls): ...", 0),
        ("def f(self): ...", 1),
    ],
)
def test_parameters_are_counted_without_self(source: str, count: int) -> None:
    module = ast.parse(source)
    node = next(node for node in ast.walk(module) if isinstance(node, ast.FunctionDef))
    assert _parameters(node, isinstance(module.body[0], ast.ClassDef)) == count


def test_tables_of_data_do_not_count() -> None:
    rows = ",\n".join(f"    {number}: 'value'" for number in range(40))
    assert _table_lines(ast.parse(f"TABLE = {{\n{rows}\n}}").body) == 42
    assert _table_lines(ast.parse(f"TABLE = frozenset({{\n{rows}\n}})").body) == 42
    assert _table_lines(ast.parse(f"made = make({rows.replace(': ', ', ')})").body) == 0
