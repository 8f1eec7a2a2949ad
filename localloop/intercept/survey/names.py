"""What the SDKs call each resource, and which operation a chain of names with a verb is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from msgspec import Struct

from localloop.contract import Contract, load
from localloop.contract.model import Operation

FILE: Final = Path(__file__).with_name("data") / "sdk_names.tsv"
VERBS: Final = {
    "create": "create",
    "fetch": "fetch",
    "list": "list",
    "stream": "list",
    "page": "list",
    "getpage": "list",
    "each": "list",
    "read": "list",
    "update": "update",
    "delete": "delete",
    "remove": "delete",
}
# What begins a Java chain, and what it is.
BUILDERS: Final = {
    "creator": "create",
    "fetcher": "fetch",
    "reader": "list",
    "updater": "update",
    "deleter": "delete",
}
_WORDS_OF_ASYNC: Final = "async"
_SHORTCUT: Final = ("api", "v2010")


class Named(Struct, frozen=True):
    """A resource by its names."""

    product: str
    version: str  # as the SDKs say it: v2010
    chain: tuple[str, ...]
    module: tuple[str, ...]
    paths: tuple[str, ...]


class Names:
    """Every name of the SDKs, in any spelling."""

    def __init__(self, rows: Iterable[Named], contract: Contract) -> None:
        self._by_chain: dict[tuple[str, ...], list[Named]] = {}
        self._by_module: dict[tuple[str, ...], Named] = {}
        self._operations: dict[tuple[str, str, str], list[Operation]] = {}
        self.products = set()
        for row in rows:
            self.products.add(plain(row.product))
            self._by_chain.setdefault(row.chain, []).append(row)
            self._by_module.setdefault((plain(row.product), row.version, *row.module), row)
        for api, _, path, operation in contract.operations():
            self._operations.setdefault((api.product, path.template, operation.verb), []).append(operation)

    def operation(self, chain: Sequence[str], verb: str) -> Operation | None:
        """Of `("verify", "v2", "services", "verifications")` and "create". None for what is no resource's chain."""
        wanted = VERBS.get(plain(verb).removesuffix(_WORDS_OF_ASYNC) or "")
        named = self.named(chain)
        return self.of(named, wanted) if named and wanted else None

    def named(self, chain: Sequence[str]) -> Named | None:
        names = tuple(plain(name) for name in chain)
        product, version = _SHORTCUT
        if names and names[0] in self.products:
            found = self._in_product(names[0], names[1:])
            if found is not None:
                return found
        return self._find(product, version, _without_account(names))

    def in_module(self, module: Sequence[str]) -> Named | None:
        """`("verify", "v2", "service", "VerificationCheck")`: a Java class, or a C# one without `Resource`."""
        return self._by_module.get(tuple(plain(name) for name in module))

    def of(self, named: Named, verb: str) -> Operation | None:
        """The first of the resource's paths that has this verb."""
        for path in named.paths:
            for operation in self._operations.get((named.product, path, verb), ()):
                return operation
        return None

    def _in_product(self, product: str, names: tuple[str, ...]) -> Named | None:
        if names and names[0][:1] == "v" and names[0][1:].isdigit():
            return self._find(product, names[0], _without_account(names[1:]))
        return self._find(product, "", _without_account(names))

    def _find(self, product: str, version: str, names: tuple[str, ...]) -> Named | None:
        fitting = [
            row
            for row in self._by_chain.get(names, ())
            if plain(row.product) == product and version in ("", row.version)
        ]
        return max(fitting, key=lambda row: row.version, default=None)


def plain(name: str) -> str:
    """`verification_checks`, `verificationChecks` and `VerificationChecks` are one name."""
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _without_account(names: tuple[str, ...]) -> tuple[str, ...]:
    """`client.api.accounts(sid).messages` is `client.messages`."""
    return names[1:] if len(names) > 1 and names[0] in ("account", "accounts") else names


@cache
def names() -> Names:
    """Read once."""
    return Names((_read(line) for line in FILE.read_text("utf-8").splitlines()), load())


def _read(line: str) -> Named:
    product, version, chain, module, *paths = line.split("\t")
    return Named(
        product,
        version,
        _without_account(tuple(plain(name) for name in chain.split("."))),
        tuple(plain(name) for name in module.split(".")),
        tuple(path for path in paths if path),
    )
