"""A world as a file: compressed lines of JSON, the first of which says what they are.

Secrets are left out, unless they are asked for; then they stand there in plain text, and are sealed anew where the file
is loaded. Bytes that messages have come along.
"""

from __future__ import annotations

import gzip
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final
from uuid import UUID

import msgspec
from msgspec import Struct

from localloop.lab.shelf.statements import SCHEMA, Columns
from localloop.lab.shelf.tables import STATE
from localloop.store import Executor
from localloop.store.migrations.whole import newest
from localloop.store.objects import Objects

KIND: Final = "localloop world"
VERSION: Final = 1
OBJECT: Final = "object"
_LARGEST: Final = 512 * 1024 * 1024  # of what a file holds
_SEALED: Final[Mapping[str, Sequence[str]]] = {
    "accounts": ("auth_token", "secondary_auth_token", "test_auth_token", "token_key"),
    "api_keys": ("secret",),
    "oauth_clients": ("secret",),
}
# The column with the secret that is worth taking along.
_SECRET: Final = {"accounts": "auth_token", "api_keys": "secret", "oauth_clients": "secret"}
_ROWS: Final = """
select (to_jsonb(t) - 'snapshot_sid' - $2::text[] || $3::jsonb)::text as row from {table} t where snapshot_sid = $1
"""
_OBJECTS: Final = f"select distinct object_id from {SCHEMA}.object_holders where snapshot_sid = $1"


class Unreadable(Exception):
    """The file is none of ours, or not of this version; the text says why."""


class Head(Struct, frozen=True, kw_only=True):
    """The first line. `secrets` are by the SID of whom they prove."""

    kind: str
    version: int
    schema: str
    columns: Mapping[str, Sequence[str]]
    accounts: Sequence[str]
    secrets: Mapping[str, str]


class Contents(Struct, frozen=True):
    """What a file holds: rows by table, and bytes by the id of their object."""

    head: Head
    rows: Mapping[str, Sequence[msgspec.Raw]]
    objects: Mapping[UUID, bytes]


class Outside(Struct, frozen=True):
    """Where bytes are, and what opens secrets, if they come along."""

    objects: Objects
    unseal: Callable[[bytes], str] | None = None


async def written(
    executor: Executor, columns: Columns, snapshot: tuple[str, Sequence[str]], outside: Outside
) -> list[bytes]:
    """The lines of a snapshot, which had these accounts."""
    sid, accounts = snapshot
    secrets = await _secrets(executor, sid, outside.unseal) if outside.unseal is not None else {}
    head = Head(
        kind=KIND,
        version=VERSION,
        schema=newest(),
        columns={table: [name for name, _ in listed] for table, listed in columns.items()},
        accounts=list(accounts),
        secrets=secrets,
    )
    lines = [msgspec.json.encode(head)]
    for table in STATE:
        if table.name in ("api_keys", "oauth_clients") and not secrets:
            continue
        sealed = list(_SEALED.get(table.name, ()))
        blank = {name: "\\x" for name in sealed if name in ("token_key", "auth_token", "secret")}
        sql = _ROWS.format(table=f"{SCHEMA}.{table.name}")
        rows = await executor.fetch(sql, sid, sealed, blank)
        lines.extend(b'["%s",%s]' % (table.name.encode(), row["row"].encode()) for row in rows)
    for row in await executor.fetch(_OBJECTS, sid):
        content = await outside.objects.read(row["object_id"])
        if content is not None:
            line = [OBJECT, {"id": str(row["object_id"]), "content": b64encode(content).decode()}]
            lines.append(msgspec.json.encode(line))
    return lines


async def _secrets(executor: Executor, sid: str, unseal: Callable[[bytes], str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for table, column in _SECRET.items():
        sql = f"select sid, {column} as secret from {SCHEMA}.{table} where snapshot_sid = $1"
        found |= {row["sid"]: unseal(row["secret"]) for row in await executor.fetch(sql, sid)}
    return found


def packed(lines: Sequence[bytes]) -> bytes:
    return gzip.compress(b"\n".join(lines), 6, mtime=0)


def unpacked(content: bytes, columns: Columns) -> Contents:
    """What a file of this version holds. Raises Unreadable."""
    lines = _lines(content)
    try:
        head = msgspec.json.decode(next(lines, b""), type=Head)
    except msgspec.DecodeError:
        raise Unreadable("This is no file of a world: `localloop lab export` makes one.") from None
    _check(head, columns)
    rows: dict[str, list[msgspec.Raw]] = {}
    objects: dict[UUID, bytes] = {}
    for number, line in enumerate(lines, 2):
        try:
            table, row = msgspec.json.decode(line, type=tuple[str, msgspec.Raw])
            if table == OBJECT:
                told = msgspec.json.decode(row, type=dict[str, str])
                objects[UUID(told["id"])] = b64decode(told["content"], validate=True)
            elif table in columns:
                rows.setdefault(table, []).append(row)
            else:
                raise ValueError(table)
        except (msgspec.DecodeError, ValueError, KeyError):
            raise Unreadable(f"Line {number} of the file is damaged.") from None
    return Contents(head, rows, objects)


def _lines(content: bytes) -> Iterator[bytes]:
    opened = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        plain = opened.decompress(content, _LARGEST)
    except zlib.error:
        raise Unreadable("This is no file of a world: it is not compressed as one.") from None
    if opened.unconsumed_tail:
        raise Unreadable(f"The file holds more than {_LARGEST >> 20} MB.")
    if not opened.eof:
        raise Unreadable("The file is cut off.")
    yield from plain.split(b"\n")


def _check(head: Head, columns: Columns) -> None:
    if head.kind != KIND:
        raise Unreadable("This is no file of a world: `localloop lab export` makes one.")
    if head.version != VERSION or head.schema != newest():
        raise Unreadable(
            f"The file has version {head.version} and schema {head.schema}; this localloop reads version {VERSION}"
            f" and schema {newest()}. Export it with the same localloop."
        )
    if not head.accounts:
        raise Unreadable("The file has no account.")
    own = {table: [name for name, _ in listed] for table, listed in columns.items()}
    other = sorted(table for table in own if list(head.columns.get(table, ())) != own[table])
    if other:
        raise Unreadable(
            f"The file was made by another build of localloop: it differs in {', '.join(other)}."
        )
