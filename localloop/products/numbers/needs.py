"""What the resources of this product need, handed in by the composition root."""

from __future__ import annotations

from msgspec import Struct

from localloop.products.numbers.directory import Directory
from localloop.rest.plain import Plain
from localloop.store import Database
from localloop.store.plain import PlainStore

ADDRESS: str = "api/Address"
APPLICATION: str = "api/Application"


class Needs(Struct, frozen=True):
    database: Database
    directory: Directory
    plain: Plain
    records: PlainStore
    strict: bool = False  # numbers must be valid, not just possible
