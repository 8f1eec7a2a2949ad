"""The plain engine: any resource of the contract created, kept, listed, filtered, updated and deleted by data alone.

A record is kept by (account, kind, id) with the ids of its parents; a path is a view of a kind. What the contract says
of each field (`Field.source`) decides what a new record holds: its own id, its parents, the parameters that were sent,
the documented initial value, or nothing. No status is invented.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol

import orjson

from localloop.contract.model import Field, Operation, Param, Path, Resource
from localloop.core import clock, errors, sids
from localloop.core.errors import ApiError
from localloop.rest.addresses import snake
from localloop.rest.render import iso8601
from localloop.rest.request import Answer, Deleted, Exists, Item, Items, Operate, PageRequest, Request
from localloop.store.plain import Filter, Listing, NameTaken, PlainStore, Record

NOT_KEPT = frozenset({"sid", "account", "created", "updated", "version", "url", "links"})


class Kinds(Protocol):
    """The contract, as far as the engine asks it for the resource that owns a kind."""

    def kind(self, name: str) -> Resource: ...


class Plain:
    """Serves every operation that no product has bound, and keeps records for products that only add rules."""

    def __init__(self, store: PlainStore, kinds: Kinds) -> None:
        self._store = store
        self._kinds = kinds
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
        resource = request.resource
        data = new_data(request, parents, fields or {})
        record_id = sid or _new_id(resource, request, data)
        record = Record(
            account_sid=request.account_sid,
            kind=request.path.kind,
            sid=record_id,
            parent_sid=parents[-1] if parents else "",
            parents=parents,
            position=_position(record_id),
            version=0,
            data=data,
            date_created=request.now,
            date_updated=request.now,
        )
        if await self._store.get(record.account_sid, record.kind, record_id, record.parent_sid) is not None:
            return await self._replace(request, record_id, record)
        try:
            await self._store.create(record, _names(resource, data))
        except NameTaken as taken:
            raise errors.conflict(f"{taken.field} {taken.name!r} is already taken.") from None
        return self._item(request, record)

    async def fetch(self, request: Request) -> Item:
        record = await self.find(request)
        if record is None:
            return await self._absent_singleton(request)
        return self._item(request, record)

    async def update(self, request: Request, changes: Mapping[str, Any] | None = None) -> Item:
        """Writes what was sent. Raises 404, 409, and 412 when `If-Match` names another version."""
        record = await self.find(request)
        if record is None:
            return await self._first_write(request, changes or {})
        sent = {**_from_params(request.operation, request.params), **(changes or {})}
        return await self._write(request, record, sent)

    async def delete(self, request: Request) -> Deleted:
        record = await self.find(request)
        if record is None:
            raise errors.not_found(not_found_path(request))
        expected = _expected_version(request, record)
        if not await self._store.delete(
            record.account_sid, record.kind, record.sid, record.parent_sid, expected
        ):
            raise errors.precondition_failed()
        return Deleted()

    async def page(self, request: Request) -> Items:
        parents = await self._parents(request)
        page = request.page or PageRequest()
        descending = not request.params.get("Order") == "asc" and request.params.get("Order", "desc") != "asc"
        listing = Listing(
            account_sid=request.account_sid,
            kind=request.path.kind,
            parent=parents[-1] if parents else None,
            home=_is_home(request),
            filters=tuple(_filters(request)),
            after=page.after,
            before=page.before,
            limit=page.size,
            descending=descending,
        )
        rows, more, earlier = await self._store.page(listing)
        return Items(
            items=[shown(row, request) for row in rows],
            more=more,
            earlier=earlier,
            first_cursor=str(rows[0].position) if rows else None,
            last_cursor=str(rows[-1].position) if rows else None,
        )

    async def act(self, request: Request) -> Answer:
        """An action on its parent: answers a model of its own and keeps it where it can be read again."""
        await self._parents(request)
        if request.operation.verb == "create" and _is_readable(request):
            return await self.create(request)
        sid = _new_id(request.resource, request, {})
        fields = new_data(request, (), {})
        return Item(fields={**fields, **_server_fields(request.operation.fields, sid, request)})

    # Finding ---------------------------------------------------------------------------------------------------

    async def find(self, request: Request) -> Record | None:
        """The record that an instance path names, by id or by unique name. Raises 404 for a missing parent."""
        parents = await self._parents(request)
        wanted = self._wanted_id(request)
        if wanted is None:
            return await self._only(request, parents)
        return await self.lookup(request.account_sid, request.path.kind, wanted, parents)

    async def lookup(self, account_sid: str, kind: str, wanted: str, parents: Sequence[str]) -> Record | None:
        parent = parents[-1] if parents else None
        record = await self._store.get(account_sid, kind, _canonical(wanted), parent)
        if record is None and self._kinds.kind(kind).unique:
            record = await self._store.by_name(account_sid, kind, parent, wanted)
        return record

    def _wanted_id(self, request: Request) -> str | None:
        path = request.path
        if path.id_param:
            return request.ids[path.id_param]
        param = request.resource.id_param
        if path.role == "collection" and param and param in request.params:
            return str(request.params[param])
        return None

    async def _only(self, request: Request, parents: Sequence[str]) -> Record | None:
        """A singleton's record: its id is its parent's, or its kind's name at account level."""
        sid = _singleton_id(request, parents)
        return await self._store.get(
            request.account_sid, request.path.kind, sid, parents[-1] if parents else None
        )

    async def _parents(self, request: Request) -> tuple[str, ...]:
        """Ids of the parents on this path, outermost first; names are resolved. Raises 404 when one is missing."""
        known: list[str] = []
        for param, kind in request.path.parents:
            found = await self._parent_id(request.account_sid, kind, request.ids[param], known)
            if found is None:
                raise errors.not_found(not_found_path(request))
            known.append(found)
        return tuple(known)

    async def _parent_id(self, account_sid: str, kind: str, wanted: str, above: Sequence[str]) -> str | None:
        exists = self._exists.get(kind)
        if exists is not None:
            return wanted if await exists(account_sid, wanted) else None
        if not kind:
            return wanted
        record = await self.lookup(account_sid, kind, wanted, above[-1:])
        return record.sid if record else None

    # Writing ---------------------------------------------------------------------------------------------------

    async def _write(self, request: Request, record: Record, sent: Mapping[str, Any]) -> Item:
        data = {**record.data, **{name: storable(value) for name, value in sent.items()}}
        names = _names(request.resource, data)
        expected = _expected_version(request, record)
        try:
            written = await self._store.update(
                record, data, names, at=clock.now(request.world_sid), expected=expected
            )
        except NameTaken as taken:
            raise errors.conflict(f"{taken.field} {taken.name!r} is already taken.") from None
        if written is None:
            raise errors.precondition_failed()
        return self._item(request, written)

    async def _replace(self, request: Request, record_id: str, record: Record) -> Item:
        """A create whose id the client chose and that is there already: 409, or an update where create is an upsert."""
        raise errors.conflict(f"{record_id!r} already exists.")

    async def _first_write(self, request: Request, changes: Mapping[str, Any]) -> Item:
        """An update that makes its record: singletons and items keyed by name (a permission of an identity)."""
        if request.path.role not in ("singleton", "action") and request.resource.id_source != "param":
            raise errors.not_found(not_found_path(request))
        parents = await self._parents(request)
        sid = self._wanted_id(request) or _singleton_id(request, parents)
        made = await self.create(request, sid=sid, fields=changes)
        return Item(fields=made.fields, version=made.version)

    async def _absent_singleton(self, request: Request) -> Item:
        if request.path.role != "singleton" or request.resource.made_by == "activity":
            raise errors.not_found(not_found_path(request))
        parents = await self._parents(request)
        sid = _singleton_id(request, parents)
        data = new_data(request, parents, {})
        return Item(fields={**data, **_server_fields(request.operation.fields, sid, request)}, version=0)

    def _item(self, request: Request, record: Record) -> Item:
        return Item(fields=shown(record, request), version=record.version)


# What a record holds and shows ---------------------------------------------------------------------------------


def shown(record: Record, request: Request) -> dict[str, Any]:
    """A record as the fields of one operation's answer."""
    fields = dict(record.data)
    for field in request.operation.fields:
        if field.source == "sid":
            fields[field.name] = record.sid
        elif field.source == "account":
            fields[field.name] = record.account_sid
        elif field.source == "created":
            fields[field.name] = record.date_created
        elif field.source == "updated":
            fields[field.name] = record.date_updated
        elif field.source == "version":
            fields[field.name] = (
                record.version if field.type in ("integer", "number") else str(record.version)
            )
        elif field.source == "parent" and fields.get(field.name) is None:
            fields[field.name] = request.ids.get(field.source_name)
    return fields


def new_data(request: Request, parents: Sequence[str], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """What a new record keeps: parents, parameters, secrets, initial values; server-set fields are not stored."""
    resolved = {param: sid for (param, _), sid in zip(request.path.parents, parents, strict=False)}
    sent = _from_params(request.operation, request.params)
    data: dict[str, Any] = {}
    for field in _fields_of(request):
        if field.source in NOT_KEPT:
            continue
        if field.name in overrides:
            value = overrides[field.name]
        elif field.source == "parent":
            value = resolved.get(field.source_name, request.ids.get(field.source_name))
        elif field.name in sent:
            value = _fitting(field, sent[field.name])
        elif field.source == "secret":
            value = sids.new_secret()
        else:
            value = field.initial
        data[field.name] = storable(value)
    return data


def _fields_of(request: Request) -> Sequence[Field]:
    """Every field of the resource that any of its operations shows: a create may answer less than a fetch."""
    fields = {field.name: field for field in request.operation.fields}
    for path in request.resource.paths:
        for operation in path.operations:
            if path.kind == request.path.kind:
                for field in operation.fields:
                    fields.setdefault(field.name, field)
    return tuple(fields.values())


def _from_params(operation: Operation, params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters that are also fields, by field name; dotted fields become members of an object."""
    sent: dict[str, Any] = {}
    for param in operation.params:
        if param.location == "path" or param.field is None or param.name not in params:
            continue
        outer, _, inner = param.field.partition(".")
        if inner:
            nested = sent.setdefault(outer, {})
            if isinstance(nested, dict):
                nested[inner] = params[param.name]
        else:
            sent[outer] = params[param.name]
    return sent


def _fitting(field: Field, value: Any) -> Any:
    """The value in the field's own type: text for text, a parsed object for an object."""
    if field.type == "string" and isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return str(value)
    if field.type == "string" and isinstance(value, dict | list):
        return orjson.dumps(value).decode()
    if field.type in ("object", "array", "any") and isinstance(value, str) and value[:1] in "{[":
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
    return value


def storable(value: Any) -> Any:
    """JSON's own types: dates as ISO 8601, decimals as text, bytes never."""
    if isinstance(value, datetime):
        return iso8601(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict):
        return {name: storable(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [storable(member) for member in value]
    return value


def _server_fields(fields: Sequence[Field], sid: str, request: Request) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for field in fields:
        if field.source == "sid":
            values[field.name] = sid
        elif field.source == "account":
            values[field.name] = request.account_sid
        elif field.source in ("created", "updated"):
            values[field.name] = request.now
        elif field.source == "version":
            values[field.name] = 0 if field.type in ("integer", "number") else "0"
    return values


# Ids and filters -------------------------------------------------------------------------------------------------


def _new_id(resource: Resource, request: Request, data: Mapping[str, Any]) -> str:
    if resource.id_source == "param":
        chosen = request.params.get(resource.id_param or "") or data.get(resource.id_field or "")
        if chosen:
            return str(chosen)
    prefix = resource.prefixes[0] if resource.prefixes else ""
    made = sids.new(prefix or "XX")
    return made if prefix else made[2:]


def _position(record_id: str) -> Any:
    return sids.uuid_of(record_id) if sids.is_sid(record_id) else sids.uuid_of(sids.new("XX"))


def _canonical(wanted: str) -> str:
    """SIDs are accepted with upper-case hex (facts §1.11)."""
    return wanted[:2] + wanted[2:].lower() if sids.is_sid(wanted) else wanted


def _singleton_id(request: Request, parents: Sequence[str]) -> str:
    return parents[-1] if parents else request.path.kind


def _names(resource: Resource, data: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(data[name]) for name in resource.unique if data.get(name) not in (None, "")}


def _is_home(request: Request) -> bool:
    """Whether a list is its kind's own place rather than a view from another parent."""
    return request.path.role != "view"


def _is_readable(request: Request) -> bool:
    return any(operation.method == "GET" for operation in request.path.operations)


def _expected_version(request: Request, record: Record) -> int | None:
    """The version that `If-Match` names, with or without quotes; `*` is any. Raises 412 for what is no version."""
    if request.if_match is None or request.if_match.strip() == "*":
        return None
    text = request.if_match.strip().removeprefix("W/").strip('"')
    if not text.isdigit():
        raise errors.precondition_failed()
    return int(text)


def _filters(request: Request) -> list[Filter]:
    filters = []
    for param in request.operation.params:
        if param.location == "query" and param.field and param.name in request.params:
            value = request.params[param.name]
            if value in ("", None):
                continue
            field = _field_named(request.operation, param.field)
            column = {"created": "date_created", "updated": "date_updated"}.get(
                field.source if field else "", ""
            )
            filters.append(Filter(column or param.field, param.comparison, value, column=bool(column)))
    return filters


def _field_named(operation: Operation, name: str) -> Field | None:
    return next((field for field in operation.fields if field.name == name), None)


def not_found_path(request: Request) -> str:
    """What a 404 names: the whole path in the 2010 API, the path without its version elsewhere (facts §1.4)."""
    if request.api.style == "2010":
        return request.address
    return request.address.removeprefix(f"/{request.api.version}")
