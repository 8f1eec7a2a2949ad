"""Imports that import-linter cannot say: who may speak HTTP, and how one product knows another."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from tests.house import tree

_OUTBOUND = {"aiohttp", "httpx", "requests", "urllib3", "pyreqwest", "niquests"}
# A command of the shell, and a test of an application, speak to their own server; nothing of the server runs there.
_STANDARD_CLIENTS = {"urllib.request", "http.client"}
_CLIENTS = ("localloop/cli/", "localloop/testing/lab.py")


def _is(module: str, names: set[str]) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in names)


def test_webhooks_is_the_only_http_client() -> None:
    tree.forbid(
        f"{name}:{line} imports {module}: what leaves by HTTP leaves through localloop.webhooks"
        for name in tree.python("localloop")
        for line, module in tree.imports(name)
        if (_is(module, _OUTBOUND) and not name.startswith("localloop/webhooks/"))
        or (_is(module, _STANDARD_CLIENTS) and not name.startswith(_CLIENTS))
    )


# What opens a connection below HTTP: whoever needs one of these in another place says so here, and why not by webhooks.
_CONNECTS: Final = frozenset({"open_connection", "create_connection", "sock_connect", "connect_ex"})
_MAY_CONNECT = (
    "localloop/webhooks/",
    "localloop/intercept/dial.py",  # for programs of this machine, which reach whatever they like without us as well
    "localloop/intercept/forwarding.py",  # likewise: the service that a recorded program asks anyway
    "localloop/testing/serving.py",  # its own server, so that it stops waiting
    "localloop/cli/probing.py",  # the program that the person at the terminal has just started, on loopback
)


def _connections(module: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(module):
        match node:
            case ast.Attribute(attr=called) | ast.Name(id=called) if called in _CONNECTS:
                yield node.lineno, called


def test_webhooks_is_the_only_one_to_open_connections() -> None:
    tree.forbid(
        f"{name}:{line} {called}: what leaves by HTTP leaves through localloop.webhooks, which guards addresses"
        for name in tree.python("localloop")
        if not name.startswith(_MAY_CONNECT)
        for line, called in _connections(tree.syntax(name))
    )


def test_opened_connections_are_seen() -> None:
    source = (
        "asyncio.open_connection(h, 1)\nloop.create_connection(f)\nfrom socket import create_connection as c"
    )
    assert [line for line, _ in _connections(ast.parse(source))] == [1, 2]


def test_products_know_each_other_by_their_top_level() -> None:
    modules = {
        name.removesuffix("/__init__.py").removesuffix(".py").replace("/", ".")
        for name in tree.python("localloop/products")
    }
    found = []
    for name in tree.python("localloop/products"):
        own = ".".join(name.split("/")[:3])
        for line, module in tree.imports(name):
            inside = module.startswith("localloop.products.") and not f"{module}.".startswith(f"{own}.")
            if inside and module.count(".") > 2 and module in modules:
                found.append(
                    f"{name}:{line} imports {module}: only {'.'.join(module.split('.')[:3])} may be known"
                )
    tree.forbid(found)


def test_every_package_is_one() -> None:
    """A folder without `__init__.py` is left out of the import contracts, without a word."""
    folders = {
        folder.as_posix()
        for name in tree.python("localloop")
        for folder in PurePosixPath(name).parents
        if folder.parts
    }
    tree.forbid(
        f"{folder}: no __init__.py" for folder in folders if f"{folder}/__init__.py" not in tree.files()
    )
