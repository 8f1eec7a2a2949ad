"""How much one account may ask for at once and per second: data, per product and per operation.

`data/limits.json` (or an operator's file of the same form) says:

    {"concurrency": 100,
     "products": {"verify": {"concurrency": 50}},
     "operations": {"sync.v1.CreateStreamMessage": {"per_second": 30, "burst": 10}}}

`concurrency` at the top is of everything that an account has in flight; the others come on top of it. About 100 is
what Twilio is known to allow; it publishes no number, neither this one nor any per operation, so none are made up.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

DEFAULT_FILE: Final = Path(__file__).with_name("data") / "limits.json"
MOST: Final = 65_535  # what a count of the shared table can hold


class Rule(Struct, frozen=True, forbid_unknown_fields=True):
    """One entry of the file. `burst`: how many may come at once within `per_second`."""

    concurrency: int | None = None
    per_second: float | None = None
    burst: int = 1


class Limit(Struct, frozen=True):
    """A rule and the name under which an account's use of it is counted."""

    name: str
    rule: Rule


class Limits(Struct, frozen=True, forbid_unknown_fields=True):
    concurrency: int = 100
    products: Mapping[str, Rule] = {}
    operations: Mapping[str, Rule] = {}
    uncounted: tuple[str, ...] = ()  # products whose requests take no place (long polls)

    def counts(self, product: str) -> bool:
        """Whether a request to this product takes one of its account's places."""
        return product not in self.uncounted

    def of(self, product: str, operation_id: str) -> tuple[Limit, ...]:
        """The limits that hold for an operation besides the account's own."""
        found = []
        if product in self.products:
            found.append(Limit(product, self.products[product]))
        if operation_id in self.operations:
            found.append(Limit(operation_id, self.operations[operation_id]))
        return tuple(found)


def load(path: Path = DEFAULT_FILE) -> Limits:
    """Raises msgspec.ValidationError, which names the place, for a file of another form."""
    limits = msgspec.json.decode(path.read_bytes(), type=Limits)
    rules = [*limits.products.values(), *limits.operations.values()]
    if not 1 <= limits.concurrency <= MOST or any(_is_impossible(rule) for rule in rules):
        raise msgspec.ValidationError(f"{path}: a limit is not between 1 and {MOST}")
    return limits


def _is_impossible(rule: Rule) -> bool:
    at_once = rule.concurrency is not None and not 1 <= rule.concurrency <= MOST
    return at_once or rule.burst < 1 or (rule.per_second is not None and rule.per_second <= 0)
