"""The tree that the house rules look at: its files, their syntax trees, and names for what is found in them."""

from __future__ import annotations

import ast
import functools
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
Function = ast.FunctionDef | ast.AsyncFunctionDef


@functools.cache
def names() -> tuple[str, ...]:
    """Whatever is or could be committed, files and links, by its path from the root."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
        timeout=30,
    ).stdout
    return tuple(sorted(name for name in set(listed.split("\0")) if name))


@functools.cache
def files() -> tuple[str, ...]:
    """Every file that is or could be committed."""
    return tuple(name for name in names() if (ROOT / name).is_file())


def python(*folders: str) -> list[str]:
    """The Python files below these folders; all of them without any."""
    below = tuple(f"{folder}/" for folder in folders)
    return [name for name in files() if name.endswith(".py") and (not below or name.startswith(below))]


def forbid(findings: Iterable[str]) -> None:
    """Fails with one line for each finding."""
    told = sorted(findings)
    if told:
        pytest.fail("\n".join(told), pytrace=False)


@functools.cache
def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@functools.cache
def syntax(name: str) -> ast.Module:
    return ast.parse(text(name), filename=name)


@functools.cache
def functions(name: str) -> tuple[tuple[str, Function], ...]:
    """Each function of a file with its dotted place in it (`Class.method`, `outer.inner`)."""
    return tuple(_functions(syntax(name), ""))


def _functions(node: ast.AST, place: str) -> Iterator[tuple[str, Function]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function):
            yield f"{place}{child.name}", child
            yield from _functions(child, f"{place}{child.name}.")
        elif isinstance(child, ast.ClassDef):
            yield from _functions(child, f"{place}{child.name}.")
        else:
            yield from _functions(child, place)


def enclosing(name: str, line: int) -> str:
    """The place of the innermost function around a line; "" at module level."""
    around = [
        (place, node) for place, node in functions(name) if node.lineno <= line <= (node.end_lineno or 0)
    ]
    return max(around, key=lambda found: found[1].lineno)[0] if around else ""


@functools.cache
def imports(name: str) -> tuple[tuple[int, str], ...]:
    """Each import of a file: its line, and the module (for `from a import b`: both `a` and `a.b`)."""
    return tuple(_imports(name))


def _imports(name: str) -> Iterator[tuple[int, str]]:
    package = name.removesuffix(".py").split("/")[:-1]
    for node in ast.walk(syntax(name)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            yield node.lineno, module
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def dotted(node: ast.AST) -> str:
    """`a.b.c` for an attribute chain; calls in it are written `()`; "?" for anything else."""
    match node:
        case ast.Name():
            return node.id
        case ast.Attribute():
            return f"{dotted(node.value)}.{node.attr}"
        case ast.Call():
            return f"{dotted(node.func)}()"
    return "?"


def strings(name: str) -> Iterator[tuple[int, str]]:
    """Each string of a file that is not a docstring, f-strings by their fixed parts."""
    documentation = {
        id(node.body[0].value)
        for node in ast.walk(syntax(name))
        if isinstance(node, ast.Module | ast.ClassDef | Function)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(syntax(name)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node.lineno, node.value
