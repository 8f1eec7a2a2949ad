"""Records that nobody makes over the API (activity does, or Twilio's catalogue): planted in the store, every field filled.

They are written by the plain engine itself, as the home path of their kind would, so what is judged is what serves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from asking import request_of

from localloop import server
from localloop.contract import load
from localloop.contract.model import Path
from localloop.core import sids
from localloop.rest.plain import Plain
from localloop.rest.plain_data import fields_of
from localloop.rest.request import Caller
from localloop.store import Database
from localloop.store.plain import PlainStore
from tests.conformance import values

# Kinds that a product keeps in tables of its own: what is planted in the plain store would not be seen there.
KEPT_ELSEWHERE = frozenset(load().resource(binding.resource).kind for binding in server.bindings())
_ORDER = ("collection", "instance", "singleton")


class Seeds:
    """Plants records for one account."""

    def __init__(self, database: Database, account_sid: str) -> None:
        self._database = database
        self._account_sid = account_sid
        self._count = 0
        self._store = PlainStore(database)
        self._plain = Plain(self._store, load())
        self._plain.know(dict.fromkeys(load().kinds, _is_there))

    async def close(self) -> None:
        await self._store.close()

    async def plant(self, path: Path, ids: Mapping[str, str], known: Mapping[str, str]) -> dict[str, Any]:
        """A new record at `path`; `known` are ids of other records by prefix. Its id is also under ""."""
        world_sid = await self._database.fetchval("select world_sid from accounts where sid = $1", self._account_sid)
        caller = Caller(account_sid=self._account_sid, world_sid=world_sid)
        request = request_of(path.operations[0].id, caller, None, **ids)
        filled = {
            field.name: values.of_field(field, known)
            for field in fields_of(request)
            if field.source in ("initial", "param") and field.initial in (None, "", [], {})
        }
        own = load().kind(path.kind).id_field
        if own in filled:
            filled[own] = self._another(str(filled[own]))
        if path.role == "instance" and path.id_param:
            request.ids[path.id_param] = self._another(request.ids[path.id_param])
        item = await self._plain.create(request, fields=filled)
        return {**item.fields, "": request.ids.get(path.id_param or "")}

    def _another(self, wanted: str) -> str:
        """An id that no other record has."""
        self._count += 1
        return sids.new(wanted[:2]) if sids.is_sid(wanted) else f"{wanted}{self._count}"


def home(kind: str) -> Path | None:
    """The path that a record of this kind is planted at: None when the plain store does not serve the kind."""
    if kind in KEPT_ELSEWHERE:
        return None
    paths = [path for path in load().kind(kind).paths if path.kind == kind and path.role in _ORDER]
    return min(paths, key=lambda path: _ORDER.index(path.role), default=None)


async def _is_there(account_sid: str, sid: str) -> bool:
    return True
