"""The SQL that copies, empties and fills worlds: written from the map and from the columns that the database has.

One statement per step, whatever the number of tables: PostgreSQL moves the rows, and none comes here. `:name` stands
for an argument; `bound` gives it a number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from localloop.lab.shelf.tables import STATE, Table

SCHEMA: Final = "shelf"
ACCOUNTS: Final = frozenset({"account_sid", "world_sid", "owner_account_sid"})
# Secrets are never copied into another world, and names that prove a caller are of one account alone.
OF_CREDENTIALS: Final = frozenset({"accounts", "api_keys", "oauth_clients"})
# Columns of bytes that are JSON: of jobs, of calls and conferences that have not ended.
_JSON_BYTES: Final = frozenset({"payload", "state"})
_ARGUMENT: Final = re.compile(r"(?<!:):([a-z]+)")
_TYPES: Final = {
    "accounts": "text[]",
    "world": "text",
    "snapshot": "text",
    "snapshots": "text[]",
    "old": "text[]",
    "new": "text[]",
    "salt": "text",
    "copy": "text",
    "tokens": "bytea[]",
    "keys": "bytea[]",
    "tests": "text[]",
    "testtokens": "bytea[]",
    "names": "text[]",
    "fresh": "text[]",
    "secrets": "bytea[]",
}

Columns: TypeAlias = Mapping[str, Sequence[tuple[str, str]]]  # of each table: names and types, in order


def bound(sql: str, values: Mapping[str, Any]) -> tuple[Any, ...]:
    """The statement with numbered arguments, and their values in order."""
    names = list(dict.fromkeys(_ARGUMENT.findall(sql)))
    places = {name: f"${n}::{_TYPES[name]}" for n, name in enumerate(names, 1)}
    return _ARGUMENT.sub(lambda found: places[found[1]], sql), *(values[name] for name in names)


def save(columns: Columns, tables: Iterable[Table] = STATE) -> str:
    """Copy what is there of a world to the shelf; how many rows of each of these tables."""
    return _counting(
        (
            table.name,
            f"insert into {SCHEMA}.{table.name} (snapshot_sid, {_names(columns, table)})"
            f" select :snapshot, {_names(columns, table)} from {table.name} where {table.where}",
        )
        for table in tables
    )


def empty(tables: Iterable[Table]) -> str:
    """Delete a world's rows of these tables, those of its bytes among them; which objects were held."""
    steps = []
    found = "select null::uuid as object_id where false"
    for table in tables:
        is_holder = table.name == "object_holders"
        gone = "object_id" if is_holder else "1"
        steps.append(f"x_{table.name} as (delete from {table.name} where {table.where} returning {gone})")
        if is_holder:
            found = f"select distinct object_id from x_{table.name}"
    return f"with {', '.join(steps)} {found}"


def fill(columns: Columns, *, translated: bool) -> str:
    """Copy a world's state into its tables; `translated`, under the names that accounts have in another world."""
    left = OF_CREDENTIALS if translated else frozenset({"accounts"})
    return _counting(
        (table.name, copied(columns, table, translated=translated))
        for table in STATE
        if table.name not in left
    )


def copied(columns: Columns, table: Table, *, translated: bool) -> str:
    # A resource's notifications go out in the order of their jobs.
    order = " order by id" if table.name == "jobs" else ""
    values = ", ".join(
        table.fresh.get(name) or (_translated(table, name, kind) if translated else name)
        for name, kind in columns[table.name]
    )
    return (
        f"insert into {table.name} ({_names(columns, table)}) overriding system value"
        f" select {values} from {SCHEMA}.{table.name} where snapshot_sid = :snapshot{order}"
    )


def credentials(columns: Columns, table: Table, own: Mapping[str, str]) -> str:
    """Copy rows that prove callers, under other names: `own` says where the values of some columns come from."""
    values = ", ".join(own.get(name) or _translated(table, name, kind) for name, kind in columns[table.name])
    return (
        f"insert into {table.name} ({_names(columns, table)}) overriding system value"
        f" select {values} from {SCHEMA}.{table.name} where snapshot_sid = :snapshot"
    )


def put_back_accounts(columns: Columns) -> str:
    """Accounts are referred to by people's sessions, so they are written over, not deleted and made again."""
    table = next(table for table in STATE if table.name == "accounts")
    values = ", ".join("false" if name == "seeded" else name for name, _ in columns["accounts"])
    changes = ", ".join(
        f"{name} = excluded.{name}" for name, _ in columns["accounts"] if name not in ("sid", "seeded")
    )
    return (
        f"insert into accounts ({_names(columns, table)}) select {values} from {SCHEMA}.accounts"
        f" where snapshot_sid = :snapshot on conflict (sid) do update set {changes}"
    )


def count() -> str:
    """How many rows a world has in each table."""
    return "select " + ", ".join(
        f"(select count(*) from {table.name} where {table.where}) as {table.name}" for table in STATE
    )


def discard(tables: Iterable[Table] = STATE) -> str:
    """Take the rows of snapshots from the shelf."""
    return _counting(
        (table.name, f"delete from {SCHEMA}.{table.name} where snapshot_sid = any(:snapshots)")
        for table in tables
    )


def renamed_code(code: str) -> str:
    """A short link's code in a copy of its world: whoever follows a link must come to one world alone."""
    return f"substr(md5(:salt || {code}), 1, length({code}))"


def _translated(table: Table, name: str, kind: str) -> str:
    if name in ACCOUNTS:
        # What runs without a clock of its own is of no world. Another account than these there cannot be.
        return f"case {name} when '' then '' else (:new)[array_position(:old, {name})] end"
    if name in table.mentions:
        return f"{SCHEMA}.translated({name}, :old, :new)"
    if kind == "jsonb":
        return f"{SCHEMA}.translated({name}::text, :old, :new)::jsonb"
    if kind == "bytea" and name in _JSON_BYTES:
        return f"convert_to({SCHEMA}.translated(convert_from({name}, 'utf8'), :old, :new), 'utf8')"
    if (table.name, name) == ("short_links", "code"):
        return renamed_code(name)
    return name


def _counting(steps: Iterable[tuple[str, str]]) -> str:
    """All of these at once, and how many rows each concerned."""
    done = dict(steps)
    parts = ", ".join(f"x_{name} as ({sql} returning 1)" for name, sql in done.items())
    counts = ", ".join(f"(select count(*) from x_{name}) as {name}" for name in done)
    return f"with {parts} select {counts}"


def _names(columns: Columns, table: Table) -> str:
    return ", ".join(name for name, _ in columns[table.name])
