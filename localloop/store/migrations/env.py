"""Alembic's environment: it writes SQL and never connects; `localloop.store.migrate` runs what it wrote."""

from __future__ import annotations

from alembic import context

# "named" keeps the compiler from doubling every percent sign.
context.configure(dialect_name="postgresql", dialect_opts={"paramstyle": "named"}, literal_binds=True)
context.run_migrations()
