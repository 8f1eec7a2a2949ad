"""The plain engine: any resource of the contract created, kept, listed, filtered, updated and deleted by data alone.

A record is kept by (account, kind, id) with the ids of its parents; a path is a view of a kind. What the contract says
of each field (`Field.source`) decides what a new record holds: its own id, its parents, the parameters that were sent,
the documented initial value, or nothing. No status is invented.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from localloop.contract.model import Operation, Path, Resource
from localloop.core import clock, errors
from localloop.rest.plain_data import (
    ATTACHED_SID,
    attached,
    changed_data,
    merged,
    new_data,
    server_fields,
    shown,
    storable,
)
from localloop.rest.plain_queries import (
    attached_id,
    canonical,
    expected_version,
    filters,
    name_taken,
    names,
    new_id,
    not_found_path,
    position,
    singleton_id,
    stale,
    wanted_id,
)
from localloop.rest.request import Answer, Deleted, Exists, Item, Items, Operate, PageRequest, Request
from localloop.store.plain import BadCursor, Listing, NameTaken, PlainStore, Record


class Kinds(Protocol):
    """The contract, as far as the engine asks it for the resource that owns a kind."""

    def kind(self, name: str) -> Resource: ...


# (account_sid, kind, id) -> a record that a product keeps in tables of its own, by response field name; None when it is
# unknown or of a kind that is not kept there. For resources that attach such records.
Elsewhere: TypeAlias = Callable[[str, str, str], Awaitable[Mapping[str, Any] | None]]


async def nowhere(account_sid: str, kind: str, sid: str) -> None:
    """No product keeps anything."""


class Plain:
    """Serves every operation that no product has bound, and keeps records for products that only add rules."""

    def __init__(self, store: PlainStore, kinds: Kinds, elsewhere: Elsewhere = nowhere) -> None:
        self._store = store
        self._kinds = kinds
        self._elsewhere = elsewhere
        self._exists: dict[str, Exists] = {}

    def know(self, exists: Mapping[str, Exists]) -> None:
        """Who answers for parents that a product keeps in tables of its own."""
        self._exists.update(exists)

    def operate_for(self, path: Path, operation: Operation) -> Operate:
        if operation.verb == "list":
            return self.page
        if operation.verb == "delete":
            return self.delete
        if path.role == "action":
            return self.act
        if operation.verb == "fetch":
            return self.fetch
        return self.create if operation.verb == "create" else self.update

    # What operations do ----------------------------------------------------------------------------------------

    async def create(
        self, request: Request, *, sid: str | None = None, fields: Mapping[str, Any] | None = None
    ) -> Item:
        """Keeps a new record. `fields` overrides what the contract would give. Raises 404 for a missing parent, 409."""
        parents = await self._parents(request)
        if sid is None and request.path.role == "singleton":
            sid = singleton_id(request, parents)
            there = await self._only(request, parents)
            if there is not None:
                return await self._write(request, there, changed_data(request, fields or {}))
        return await self._created(request, parents, sid, fields or {})

    async def _created(
        self, request: Request, parents: tuple[str, ...], sid: str | None, fields: Mapping[str, Any]
    ) -> Item:
        resource = request.resource
        found = await self._attached(request) if resource.attaches else {}
        data = new_data(request, parents, {**attached(found, request), **fields})
        record_id = sid or found.get(ATTACHED_SID) or new_id(resource, request, data)
        data |= {field.name: record_id for field in request.operation.fields if field.source == "sid"}
        above = self._from_home(request.path, parents)
        record = Record(
            account_sid=request.account_sid,
            kind=request.path.kind,
            sid=record_id,
            parent_sid=above[-1] if above else "",
            parents=above,
            position=position(record_id) if resource.id_source == "sid" else position(""),
            version=0,
            data=data,
            date_created=request.now,
            date_updated=request.now,
        )
        item = self._item(request, record)
        kept = None if request.once is None else request.once.kept(item)
        try:
            await self._store.create(record, names(resource, data), kept)
        except NameTaken as taken:
            raise name_taken(request, taken) from None
        return item

    def _from_home(self, path: Path, parents: tuple[str, ...]) -> tuple[str, ...]:
        """What is made through a view has the innermost parent of its home, so that its home lists it too."""
        if path.role != "view":
            return parents
        paths = [
            other for other in self._kinds.kind(path.kind).paths if other.role in ("collection", "instance")
        ]
        kinds = [kind for _, kind in path.parents]
        home = next((kind for other in paths[:1] for _, kind in other.parents[-1:]), None)
        if home not in kinds[:-1]:
            return parents
        innermost = parents[kinds.index(home)]
        return (*(parent for parent in parents if parent != innermost), innermost)

    async def fetch(self, request: Request) -> Item:
        if request.path.role == "collection":
            return await self._only_list(request)
        record = await self.find(request)
        if record is None:
            return await self._absent_singleton(request)
        return self._item(request, record)

    async def update(self, request: Request, changes: Mapping[str, Any] | None = None) -> Item:
        """Writes what was sent. Raises 404, 409, and 412 when `If-Match` names another version."""
        record = await self.find(request)
        if record is None:
            return await self._first_write(request, changes or {})
        return await self._write(request, record, changed_data(request, changes or {}))

    async def delete(self, request: Request) -> Deleted:
        record = await self.find(request)
        if record is None:
            raise errors.not_found(not_found_path(request))
        expected = expected_version(request)
        if not await self._store.delete(
            record.account_sid, record.kind, record.sid, record.parent_sid, expected
        ):
            raise errors.not_found(not_found_path(request)) if expected is None else stale(request)
        return Deleted()

    async def page(self, request: Request) -> Items:
        parents = await self._parents(request)
        page = request.page or PageRequest()
        listing = Listing(
            account_sid=request.account_sid,
            kind=request.path.kind,
            parent=parents[-1] if parents else None,
            home=request.path.role != "view",
            filters=tuple(filters(request)),
            after=page.after,
            before=page.before,
            limit=page.size,
            descending=request.params.get("Order") != "asc",
        )
        try:
            rows, more, earlier = await self._store.page(listing)
        except BadCursor:
            raise errors.invalid_page_token() from None
        return Items(
            items=[shown(row, request) for row in rows],
            more=more,
            earlier=earlier,
            first_cursor=str(rows[0].position) if rows else None,
            last_cursor=str(rows[-1].position) if rows else None,
        )

    async def act(self, request: Request) -> Answer:
        """An action: it changes the parent that its path names, or answers a model of its own, kept if readable."""
        path = request.path
        if path.parents and path.parents[-1][1] == path.kind:
            return await self._act_on_parent(request)
        parents = await self._parents(request)
        if request.operation.verb == "fetch":
            return await self.fetch(request)
        if request.operation.verb == "create" and _is_readable(request):
            return await self._created(request, parents, None, {})
        sid = new_id(request.resource, request, {})
        fields = new_data(request, parents, {})
        return Item(fields={**fields, **server_fields(request.operation.fields, sid, request)})

    async def _act_on_parent(self, request: Request) -> Item:
        path = request.path
        *above, (param, kind) = path.parents
        known = await self._resolved(request, above)
        record = await self.lookup(request.account_sid, kind, request.ids[param], known)
        if record is None:
            raise errors.not_found(not_found_path(request))
        return await self._write(request, record, changed_data(request, dict(path.sets)))

    # Finding ---------------------------------------------------------------------------------------------------

    async def find(self, request: Request) -> Record | None:
        """The record that an instance path names, by id or by unique name. Raises 404 for a missing parent."""
        parents = await self._parents(request)
        wanted = wanted_id(request)
        if wanted is None:
            return await self._only(request, parents)
        return await self.lookup(request.account_sid, request.path.kind, wanted, parents)

    async def lookup(self, account_sid: str, kind: str, wanted: str, parents: Sequence[str]) -> Record | None:
        parent = parents[-1] if parents else None
        record = await self._store.get(account_sid, kind, canonical(wanted), parent)
        if record is None and self._kinds.kind(kind).unique:
            record = await self._store.by_name(account_sid, kind, parent, wanted)
        return record

    async def _only(self, request: Request, parents: Sequence[str]) -> Record | None:
        """A singleton's record: its id is its parent's, or its kind's name at account level."""
        sid = singleton_id(request, parents)
        return await self._store.get(
            request.account_sid, request.path.kind, sid, parents[-1] if parents else None
        )

    async def _only_list(self, request: Request) -> Item:
        """A fetch of a collection answers an object with the list inside (`{"listings": […]}`), empty here."""
        await self._parents(request)
        return Item(fields={field.name: field.initial or [] for field in request.operation.fields})

    async def _parents(self, request: Request) -> tuple[str, ...]:
        """Ids of the parents on this path, outermost first; names are resolved. Raises 404 when one is missing."""
        return await self._resolved(request, request.path.parents)

    async def _resolved(self, request: Request, wanted: Sequence[tuple[str, str]]) -> tuple[str, ...]:
        known: list[str] = []
        for param, kind in wanted:
            found = await self._parent_id(request.account_sid, kind, request.ids[param], known)
            if found is None:
                raise errors.not_found(not_found_path(request))
            known.append(found)
        return tuple(known)

    async def _parent_id(self, account_sid: str, kind: str, wanted: str, above: Sequence[str]) -> str | None:
        if not kind:
            return wanted
        exists = self._exists.get(kind)
        if exists is not None:
            return wanted if await exists(account_sid, wanted) else None
        record = await self.lookup(account_sid, kind, wanted, above[-1:])
        return record.sid if record else None

    async def _attached(self, request: Request) -> Mapping[str, Any]:
        """The fields of the record that a create attaches, and its SID. Raises 404 when there is none."""
        kind, wanted = request.resource.attaches or "", attached_id(request)
        found = await self._elsewhere(request.account_sid, kind, wanted)
        if found is not None:
            return {**found, ATTACHED_SID: found.get("sid")}
        if kind in self._exists and await self._exists[kind](request.account_sid, wanted):
            return {}
        record = await self._store.get(request.account_sid, kind, canonical(wanted), None)
        if record is None:
            raise errors.not_found(not_found_path(request))
        return {**record.data, ATTACHED_SID: record.sid}

    # Writing ---------------------------------------------------------------------------------------------------

    async def _write(self, request: Request, record: Record, sent: Mapping[str, Any]) -> Item:
        data = {**record.data, **{name: merged(record.data.get(name), value) for name, value in sent.items()}}
        expected = expected_version(request)
        try:
            written = await self._store.update(
                record,
                storable(data),
                names(request.resource, data),
                at=clock.now(request.world_sid),
                expected=expected,
            )
        except NameTaken as taken:
            raise name_taken(request, taken) from None
        if written is None:
            raise errors.not_found(not_found_path(request)) if expected is None else stale(request)
        return self._item(request, written)

    async def _first_write(self, request: Request, changes: Mapping[str, Any]) -> Item:
        """An update that makes its record: singletons and items keyed by name (a permission of an identity)."""
        if request.path.role not in ("singleton", "action") and not request.resource.upsert:
            raise errors.not_found(not_found_path(request))
        if request.if_match not in (None, "", "*"):
            raise stale(request)
        parents = await self._parents(request)
        sid = wanted_id(request) or singleton_id(request, parents)
        return await self._created(request, parents, sid, changes)

    async def _absent_singleton(self, request: Request) -> Item:
        if request.path.role != "singleton" or request.resource.made_by == "activity":
            raise errors.not_found(not_found_path(request))
        parents = await self._parents(request)
        sid = singleton_id(request, parents)
        data = new_data(request, parents, {})
        return Item(fields={**data, **server_fields(request.operation.fields, sid, request)}, version=0)

    def _item(self, request: Request, record: Record) -> Item:
        return Item(fields=shown(record, request), version=record.version)


def _is_readable(request: Request) -> bool:
    """Whether any operation shows again what this one made."""
    paths = (path for path in request.resource.paths if path.kind == request.path.kind)
    return any(operation.method == "GET" for path in paths for operation in path.operations)
