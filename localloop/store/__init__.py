"""PostgreSQL: the embedded server, the pool, the unit of work, the group-commit writer and the records on
them."""

from localloop.store.database import Database, Executor, Unavailable, Unit
from localloop.store.listen import Subscription
from localloop.store.migrate import MigrationFailed, migrate, needs_migration
from localloop.store.writer import BatchWriter, Overloaded

__all__ = [
    "BatchWriter",
    "Database",
    "Executor",
    "MigrationFailed",
    "Overloaded",
    "Subscription",
    "Unavailable",
    "Unit",
    "migrate",
    "needs_migration",
]
