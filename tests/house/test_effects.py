"""Effects have owners: one place commits, tasks are kept, nobody swallows what went wrong."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.house import exemptions, tree

_TRANSACTION_SQL = re.compile(r"^\s*(begin|start\s+transaction|commit|rollback|savepoint)\b", re.IGNORECASE)
_TRANSACTION_CALLS = {"transaction", "commit", "rollback"}
_EVERYTHING = {"Exception", "BaseException"}
_MAKES_TASKS = ("create_task", "ensure_future")  # to look for a word is quicker than to look at a tree


def _transactions(module: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(module):
        match node:
            case ast.Call(func=ast.Attribute(attr=called)) if called in _TRANSACTION_CALLS:
                yield node.lineno, f".{called}("
            case ast.keyword(arg="autocommit") | ast.Attribute(attr="autocommit"):
                yield node.lineno, "autocommit"
            case ast.Constant(value=str(sql)) if _TRANSACTION_SQL.match(sql) and len(sql.split()) <= 3:
                yield node.lineno, repr(sql)


def test_only_the_store_commits() -> None:
    tree.forbid(
        f"{name}:{line} {what}: a unit of work commits at its edge, in localloop/store"
        for name in tree.python("localloop")
        if not name.startswith("localloop/store/")
        for line, what in _transactions(tree.syntax(name))
    )


def _task_groups(module: ast.Module) -> set[str]:
    """What this file calls a TaskGroup: by `async with`, by annotation, by assignment."""
    groups = set()
    for node in ast.walk(module):
        match node:
            case ast.withitem(context_expr=made, optional_vars=ast.Name(id=kept)) if _makes_group(made):
                groups.add(kept)
            case ast.arg(arg=kept, annotation=ast.expr() as kind) if _is_group(kind):
                groups.add(kept)
            case ast.AnnAssign(target=target, annotation=kind) if _is_group(kind):
                groups.add(tree.dotted(target))
            case ast.Assign(targets=[target], value=made) if _makes_group(made):
                groups.add(tree.dotted(target))
    return groups


def _makes_group(node: ast.expr) -> bool:
    return any(isinstance(part, ast.Call) and _is_group(part.func) for part in ast.walk(node))


def _is_group(node: ast.expr) -> bool:
    named = ast.unparse(node).strip("\"'")
    return re.search(r"(^|\.|\b)TaskGroup\b", named) is not None


def _forgotten_tasks(module: ast.Module) -> Iterator[tuple[int, str]]:
    groups = _task_groups(module)
    for node in ast.walk(module):
        match node:
            case ast.Expr(value=ast.Call(func=ast.Name(id="create_task" | "ensure_future" as called))):
                yield node.lineno, called
            case ast.Expr(
                value=ast.Call(func=ast.Attribute(value=owner, attr="create_task" | "ensure_future"))
            ):
                if tree.dotted(owner) not in groups:
                    yield node.lineno, f"{tree.dotted(owner)}.create_task"


def test_tasks_have_owners() -> None:
    tree.forbid(
        f"{name}:{line} {what}: nobody keeps this task (TaskGroup, or an object that awaits and cancels it)"
        for name in tree.python()
        if any(called in tree.text(name) for called in _MAKES_TASKS)
        for line, what in _forgotten_tasks(tree.syntax(name))
    )


def _catch_alls(module: ast.Module) -> Iterator[int]:
    for node in ast.walk(module):
        if isinstance(node, ast.ExceptHandler) and _catches_everything(node) and not _raises_again(node):
            yield node.lineno


def _catches_everything(node: ast.ExceptHandler) -> bool:
    kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
    return any(kind is None or tree.dotted(kind).rpartition(".")[2] in _EVERYTHING for kind in kinds)


def _raises_again(node: ast.ExceptHandler) -> bool:
    """What it does not know goes on (`if not expected(error): raise`)."""
    return any(isinstance(part, ast.Raise) and part.exc is None for part in ast.walk(node))


def test_only_the_edge_of_a_task_catches_everything() -> None:
    found = {
        (name, tree.enclosing(name, line)): f"{name}:{line} in {tree.enclosing(name, line) or 'the module'}"
        for name in tree.python("localloop", "scripts", "benchmarks", "examples")
        for line in _catch_alls(tree.syntax(name))
    }
    tree.forbid(told for place, told in found.items() if place not in exemptions.CATCHES_EVERYTHING)
    assert set(exemptions.CATCHES_EVERYTHING) <= set(found)


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ("asyncio.create_task(work())", True),
        ("create_task(work())", True),
        ("asyncio.get_running_loop().create_task(work())", True),
        ("task = asyncio.create_task(work())", False),
        ("self._tasks.add(asyncio.create_task(work()))", False),
        ("async def f():\n async with asyncio.TaskGroup() as group:\n  group.create_task(work())", False),
        ("def f(group: asyncio.TaskGroup):\n group.create_task(work())", False),
        ("def f(group: 'TaskGroup | None'):\n group.create_task(work())", False),
        (
            "class C:\n def f(self):\n  self._group = asyncio.TaskGroup()\n  self._group.create_task(work())",
            False,
        ),
    ],
)
def test_forgotten_tasks_are_seen(source: str, *, seen: bool) -> None:
    assert bool(list(_forgotten_tasks(ast.parse(source)))) == seen


@pytest.mark.parametrize(
    ("handler", "seen"),
    [
        ("except Exception:\n log()", True),
        ("except:\n log()", True),
        ("except (ValueError, BaseException):\n log()", True),
        ("except Exception:\n undo()\n raise", False),
        ("except Exception as error:\n if not expected(error):\n  raise", False),
        ("except ValueError:\n log()", False),
    ],
)
def test_catch_alls_are_seen(handler: str, *, seen: bool) -> None:
    assert bool(list(_catch_alls(ast.parse(f"try:\n work()\n{handler}")))) == seen


@pytest.mark.parametrize(
    "source", ["db.transaction()", "'COMMIT'", "connect(autocommit=True)", "conn.commit()"]
)
def test_commits_are_seen(source: str) -> None:
    assert list(_transactions(ast.parse(source)))


def test_a_sentence_about_commits_passes() -> None:
    assert not list(_transactions(ast.parse("log('commit took longer than a second')")))
