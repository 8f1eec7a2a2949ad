"""Permissions: which countries, numbers and names an account may write to and as."""

from localloop.products.messaging.permissions import geography, safe_list
from localloop.products.messaging.permissions.permissions import Permissions
from localloop.products.messaging.permissions.queries import block, prefixes, unblock
from localloop.rest.request import Binding
from localloop.store import Database

__all__ = ["Permissions", "bindings", "block", "prefixes", "unblock"]


def bindings(database: Database, permissions: Permissions) -> tuple[Binding, ...]:
    return geography.binding(database, permissions), safe_list.binding(database, permissions)
