"""Makes what an operation needs (its parents, a record to act on) and asks it, all through the served API."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

import orjson
from msgspec import Struct
from serving import Client, Reply

from localloop.contract import load
from localloop.contract.model import Api, Operation, Param, Path, Resource
from localloop.core import sids
from tests.conformance import special, values
from tests.conformance.seeds import KEPT_ELSEWHERE, Seeds, home

ACCOUNT_NAMES = frozenset({"AccountSid", "account_sid", "accountSid"})
Place = tuple[Api, Resource, Path, Operation]


class Asked(Struct, frozen=True):
    """One exchange."""

    target: str
    params: dict[str, Any]
    reply: Reply

    @property
    def record(self) -> dict[str, Any]:
        found = orjson.loads(self.reply.body or b"{}")
        return found if isinstance(found, dict) else {}

    @property
    def fault(self) -> str:
        return f"{self.target}: {self.reply.status} {self.reply.body[:160]!r}"


class Made(Struct, frozen=True):
    """A record, the ids on its path, and how its create was asked for; a planted one has no `asked`."""

    id: str
    ids: dict[str, str]
    record: dict[str, Any]
    operation: str = ""
    asked: Asked | None = None


class Walk:
    """Knows one record of every kind that it was asked for."""

    def __init__(self, client: Client, seeds: Seeds) -> None:
        self.client = client
        self._seeds = seeds
        self._made: dict[str, Made | None] = {}
        self._count = 0
        self.refused: dict[str, str] = {}  # create → how it was refused

    async def record_of(self, kind: str) -> Made | None:
        """The walk's one record of this kind, made when first asked for."""
        if kind not in self._made:
            self._made[kind] = None  # a kind that needs itself has none
            is_live = kind in special.LIVE
            self._made[kind] = await (self._planted(kind) if is_live else self.fresh(kind))
        return self._made[kind]

    async def fresh(self, kind: str) -> Made | None:
        """Another record of this kind under the same parents."""
        if kind == "api/Account":
            sid = self.client.account_sid
            there = Asked("", {}, Reply(200, {}, b""))
            return Made(sid, {"Sid": sid, "AccountSid": sid}, {"sid": sid}, "", there)
        for place in _creators().get(kind, ()):
            above = await self.parents(place[2])
            made = await self._make(place, above) if above is not None else None
            if made is not None:
                return made
        return await self._planted(kind)

    async def record_at(self, path: Path, *, fresh: bool = False) -> Made | None:
        """A record that this path shows: the walk's one, or one that was planted below the parents of a view."""
        made = await (self.fresh(path.kind) if fresh else self.record_of(path.kind))
        above = await self.parents(path)
        if path.role != "view" or above is None or (made and {*above.values()} <= {*made.ids.values()}):
            return made
        key = path.template.removesuffix(f"/{{{path.id_param}}}")
        if fresh or key not in self._made:
            self._made[key] = await self._planted(path.kind, path)
        return self._made[key]

    async def _make(self, place: Place, ids: dict[str, str]) -> Made | None:
        _, resource, path, operation = place
        param = path.id_param
        if param and param not in ids:
            ids = {**ids, param: await self._chosen(resource, path, operation, param)}
        await self._approve(special.APPROVED.get(operation.id))
        asked = await self.ask(place, ids, await self.params(place))
        if asked.reply.status >= 300:
            self.refused[operation.id] = asked.fault
            return None
        if operation.id == "api.v2010.CreateValidationRequest":
            await self._seeds.type_code(asked.record)
        home_of_kind = load().kind(path.kind)
        sent = asked.params.get(param or "") if param not in path_params(path) else None
        shown = asked.record.get(home_of_kind.id_field or resource.id_field or "sid")
        own = sent or ids.get(param or "") or shown or await self._listed(path.kind, ids)
        if own is None and home_of_kind.id_source == "sid":
            return None
        return Made(str(own or path.kind), ids, asked.record, operation.id, asked)

    async def _planted(self, kind: str, view: Path | None = None) -> Made | None:
        if kind in special.WITHIN:
            return await self._within(kind, special.WITHIN[kind])
        own = await self._seeds.elsewhere(kind)
        if own is not None:
            return Made(own, {}, {})
        path = view or (home(kind) if kind in load().kinds else None)
        ids = await self.parents(path) if path and kind not in KEPT_ELSEWHERE else None
        if path is None or ids is None:
            return None
        shown = await self.fresh(special.SHOWN[kind]) if kind in special.SHOWN else None
        known = {name: await self._named(source) for name, source in special.SEEDS.get(kind, {}).items()}
        own, record = await self._seeds.plant(
            path, ids, self._known(path), known, shown.id if shown else None
        )
        return Made(own, ids, record)

    async def filled(self, path: Path, ids: Mapping[str, str]) -> str | None:
        """The id of a record planted at a list's path with a value in every field."""
        if path.kind in KEPT_ELSEWHERE:
            return None
        above = {name: ids[name] for name in path_params(path)}
        own, _ = await self._seeds.plant(path, above, self._known(path), {}, None)
        return own

    async def _within(self, kind: str, outer: str) -> Made | None:
        """A record that the create of another makes along."""
        made = await self.record_of(outer)
        own = (
            await self._listed(kind, {**made.ids, f"{outer.partition('/')[2]}Sid": made.id}) if made else None
        )
        return Made(own, {}, {}) if own else None

    async def _named(self, source: str) -> Any:
        """`kind`: the id of the walk's record; `kind.field`: the value of its field."""
        kind, _, field = source.partition(".")
        made = await self.record_of(kind) if kind else None
        return (made.record.get(field) if field else made.id) if made else None

    def _known(self, path: Path) -> dict[str, str]:
        """SIDs by prefix, those of the path's own product before others'."""
        product = path.kind.partition("/")[0]
        there = [(kind, made.id) for kind, made in self._made.items() if made and sids.is_sid(made.id)]
        found = {
            sid[:2]: sid for own in (False, True) for kind, sid in there if own == kind.startswith(product)
        }
        return {**found, "AC": self.client.account_sid}

    async def _listed(self, kind: str, ids: Mapping[str, str]) -> str | None:
        """The id of a record whose create does not show it (a caller id that is being verified)."""
        ids = {"AccountSid": self.client.account_sid, **ids}
        for place in load().operations():
            _, resource, path, operation = place
            if operation.verb == "list" and path.kind == kind and path.role == "collection":
                rows = (await self.ask(place, ids, {})).record.get(operation.list_key or "items") or [{}]
                found = rows[0].get(resource.id_field or "sid")
                return str(found) if found else None
        return None

    async def _chosen(self, resource: Resource, path: Path, operation: Operation, param: str) -> str:
        if resource.attaches:
            attached = await self.record_of(resource.attaches)
            if attached is not None:
                return attached.id
        return _path_value(operation, param)

    async def parents(self, path: Path) -> dict[str, str] | None:
        """Ids for the parameters of a path above its own; None when a parent cannot be made."""
        ids = {"AccountSid": self.client.account_sid} if "{AccountSid}" in path.template else {}
        given = special.PATHS.get(path.template, {})
        for param, kind in path.parents:
            if param in given:
                continue
            if not kind:
                unnamed = await self.record_of(special.UNNAMED[param]) if param in special.UNNAMED else None
                ids[param] = unnamed.id if unnamed else _path_value(path.operations[0], param)
                continue
            made = await self.record_of(kind)
            if made is None:
                return None
            ids[param] = made.id
        for param in path_params(path):
            if param not in ids and param not in given and param != path.id_param:
                ids[param] = _path_value(path.operations[0], param)
        return {**ids, **given}

    async def params(self, place: Place, *, required_only: bool = False) -> dict[str, Any]:
        """Every parameter of the operation that can be sent together, or only what it demands."""
        _, resource, _, operation = place
        sent: dict[str, Any] = {}
        self._count += 1
        demanded = {name for group in operation.one_of for name in group[:1]}
        for param in operation.params:
            if param.location not in ("body", "query") or _steers(param, operation):
                continue
            if required_only and not param.required and param.name not in demanded:
                continue
            sent[param.name] = self._value(param, operation)
        if resource.attaches and resource.id_param in sent:
            attached = await self.record_of(resource.attaches)
            sent[resource.id_param] = attached.id if attached else sent[resource.id_param]
        for name, wanted in special.PARAMS.get(operation.id, {}).items():
            sent.pop(name, None)
            if wanted is not None:
                sent[name] = wanted.format(n=self._count) if isinstance(wanted, str) else wanted
        for name, source in special.RECORDS.get(operation.id, {}).items():
            sent[name] = await self._named(source) or sent.get(name)
        return sent

    def _value(self, param: Param, operation: Operation) -> Any:
        if param.name in ACCOUNT_NAMES:
            return self.client.account_sid
        return values.value(param, str(self._count), other=operation.verb == "update")

    async def ask(
        self, place: Place, ids: Mapping[str, str], params: Mapping[str, Any], client: Client | None = None
    ) -> Asked:
        """The operation as a client would ask it."""
        api, _, path, operation = place
        ask = client or self.client
        target = address(api, path, ids)
        known = dict(ids) | dict(params)
        query = {p.name: _wire(known[p.name]) for p in _at(operation, "query") if p.name in known}
        body = {p.name: params[p.name] for p in _at(operation, "body") if p.name in params}
        if query:
            target += f"?{urlencode(query, doseq=True)}"
        if operation.body in ("json", "scim"):
            reply = await ask(operation.method, target, json=body)
        else:
            reply = await ask(operation.method, target, {k: _wire(v) for k, v in body.items()})
        return Asked(target, dict(params), reply)

    async def _approve(self, kind: str | None) -> None:
        made = await self.record_of(kind) if kind else None
        if made is not None:
            await self.judge(made.id, "approve")

    async def judge(self, sid: str, verdict: str) -> None:
        """What people and carriers decide at Twilio."""
        await self.client("POST", "/lab/v1/Verdicts", {"Sid": sid, "Verdict": verdict})

    async def end(self, sid: str) -> None:
        """What goes on comes to its end."""
        await self._seeds.end_recording(sid)

    async def get(self, url: str) -> Asked:
        """What an address in an answer leads to."""
        target = "/" + url.split("/", 3)[3] if "://" in url else url
        return Asked(target, {}, await self.client("GET", target))


def address(api: Api, path: Path, ids: Mapping[str, str]) -> str:
    target = path.template
    for param in path_params(path):
        target = target.replace(f"{{{param}}}", quote(ids[param], safe=""))
    if api.style == "2010":
        return f"{target}.json"
    return f"/{api.product}{target}"


def path_params(path: Path) -> list[str]:
    return [part[1:-1] for part in path.template.split("/") if part.startswith("{")]


def foreign(wanted: str) -> str:
    """An id of the same form that nobody has."""
    return sids.new(wanted[:2]) if sids.is_sid(wanted) else f"{wanted}none"


def _steers(param: Param, operation: Operation) -> bool:
    """Filters and marks of a page are judged one by one, not sent all together."""
    return operation.verb in ("list", "fetch", "delete") and not param.required


def _at(operation: Operation, location: str) -> list[Param]:
    return [param for param in operation.params if param.location == location]


def _path_value(operation: Operation, name: str) -> str:
    param = next((p for p in operation.params if p.name == name), Param(name=name, location="path"))
    return str(values.value(param))


def _wire(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return orjson.dumps(value).decode()
    return [_wire(member) for member in value] if isinstance(value, list) else value


@cache
def _creators() -> dict[str, list[Place]]:
    """How records of each kind come to be: creates before updates that make what they do not find."""
    by_kind: dict[str, list[Place]] = {}
    for place in load().operations():
        _, _resource, path, operation = place
        if path.role != "action" and (operation.verb == "create" or _upserts(place)):
            by_kind.setdefault(path.kind, []).append(place)
    for places in by_kind.values():
        places.sort(key=lambda p: (p[3].verb != "create", -len(p[2].parents), p[2].role == "view"))
    return by_kind


def _upserts(place: Place) -> bool:
    _, resource, path, operation = place
    return operation.verb == "update" and (resource.upsert or path.role == "singleton")
