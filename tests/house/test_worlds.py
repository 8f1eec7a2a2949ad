"""Every table of the schema is on the map of worlds, or on the list of those that belong to none."""

from __future__ import annotations

import re

from localloop.lab.shelf import tables
from tests.house import tree

SCHEMA = "localloop/store/migrations/versions"
_CREATED = re.compile(r"^create (?:unlogged )?table (?:if not exists )?(\w+) \(", re.MULTILINE)


def _schema() -> str:
    return "\n".join(
        tree.text(name) for name in tree.names() if name.startswith(SCHEMA) and name.endswith(".sql")
    )


def test_every_table_is_on_the_map() -> None:
    created = set(_CREATED.findall(_schema()))
    known = {table.name for table in tables.TABLES} | tables.OF_NO_WORLD.keys()
    assert created, "no table was found in the schema"
    tree.forbid(
        [
            f"the table {name} is not in localloop/lab/shelf/tables.py: say how a world's rows are found in it, or why "
            "it belongs to none"
            for name in created - known
        ]
        + [
            f"localloop/lab/shelf/tables.py names {name}, which the schema does not have"
            for name in known - created - {"alembic_version"}
        ]
    )


def test_no_table_is_on_both_lists() -> None:
    names = [table.name for table in tables.TABLES]
    assert len(names) == len(set(names))
    assert not set(names) & tables.OF_NO_WORLD.keys()
    assert all(reason for reason in tables.OF_NO_WORLD.values())


def test_whoever_is_referred_to_comes_first() -> None:
    """Rows are copied in the order of the map."""
    order = {table.name: place for place, table in enumerate(tables.TABLES)}
    referring = re.compile(r"^create table (\w+) \((.*?)^\)", re.MULTILINE | re.DOTALL)
    for name, body in referring.findall(_schema()):
        for other in re.findall(r"references (\w+)", body):
            if other in order and name in order:
                assert order[other] < order[name], f"{name} refers to {other}"
