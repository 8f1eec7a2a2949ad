"""The examination of one operation: asked rightly and wrongly, every fault as a line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from localloop.contract import load
from localloop.contract.model import Operation, Param
from localloop.rest.routing import Router
from tests.conformance import judges, special, values
from tests.conformance.exceptions import UNDOCUMENTED
from tests.conformance.walk import Asked, Made, Place, Walk, foreign

UNSERVED = frozenset({405, 500, 501, 502, 503})


class Examination:
    """Faults of operations, and how many fields are filled of those that should be."""

    def __init__(self, walk: Walk, router: Router) -> None:
        self._walk = walk
        self._router = router
        self.filled = 0
        self.to_fill = 0
        self.unfilled: Counter[str] = Counter()

    async def examine(self, place: Place) -> list[str]:
        """All faults of this operation; where nothing can exist (activity makes it) its 404 is judged."""
        _, resource, path, operation = place
        ids = await self._walk.parents(path)
        if operation.id in special.BEFORE:
            await self._walk.ask(load().operation(special.BEFORE[operation.id]), {}, {})
        if ids is None:
            return await self._expect_absent(place, self._any_ids(place))
        made = await self._subject(place)
        if (
            made is None
            and resource.attaches
            and operation.verb != "list"
            and await self._walk.record_of(resource.attaches) is None
        ):
            return await self._expect_absent(place, {**self._any_ids(place), **ids})
        if made is not None and made.operation == operation.id:
            faults = self._judge(place, made.ids, made.asked)
        elif path.id_param and made is None and not _may_be_there(place):
            return await self._expect_absent(place, {**self._any_ids(place), **ids})
        else:
            own = {path.id_param: made.id} if path.id_param and made else {}
            ids = {**self._any_ids(place), **ids, **own}
            faults = await self._rightly(place, ids, made)
        return [*faults, *await self._wrongly(place, {**self._any_ids(place), **ids})]

    async def _subject(self, place: Place) -> Made | None:
        """The record that the operation acts on, or that it has made already."""
        _, resource, path, operation = place
        if path.role == "action" or (path.role == "singleton" and operation.verb != "create"):
            return None
        if operation.verb == "delete" and not resource.attaches:
            return await self._walk.fresh(path.kind)
        return await self._walk.record_of(path.kind)

    async def _rightly(self, place: Place, ids: Mapping[str, str], made: Made | None) -> list[str]:
        operation = place[3]
        asked = await self._walk.ask(place, ids, await self._walk.params(place))
        if asked.reply.status == 400:
            asked = await self._walk.ask(place, ids, await self._walk.params(place, required_only=True))
        if operation.verb == "list":
            return [*self._judge_list(place, ids, asked), *await self._filters(place, ids, made)]
        faults = self._judge(place, ids, asked)
        if operation.verb == "delete" and not faults and place[2].role != "singleton":
            again = await self._walk.ask(place, ids, await self._walk.params(place))
            if again.reply.status != 404:
                faults.append(f"deleted twice: {again.reply.status}")
        return faults

    def _judge(self, place: Place, ids: Mapping[str, str], asked: Asked) -> list[str]:
        _, resource, path, operation = place
        status = asked.reply.status
        is_bare = path.role == "singleton" and (resource.made_by == "activity" or operation.verb == "delete")
        if status == 404 and (is_bare or resource.made_by == "catalogue"):
            return []
        if status != operation.status and not (operation.verb == "delete" and status in (202, 204)):
            return [f"{operation.method} {asked.target}: {status} {asked.reply.body[:160]!r}"]
        if operation.verb == "delete":
            return []
        return self._judge_record(place, ids, asked, asked.record)

    def _judge_record(
        self, place: Place, ids: Mapping[str, str], asked: Asked, record: dict[str, Any]
    ) -> list[str]:
        operation = place[3]
        filled, to_fill = judges.filled(operation, record)
        self.filled += filled
        self.to_fill += to_fill
        self.unfilled.update(
            f"{field.name}"
            for field in operation.fields
            if field.filled and record.get(field.name) in (None, "", [], {})
        )
        faults = [*judges.shape(operation, record)]
        faults += judges.own(place, ids, record, self._walk.client.account_sid)
        if operation.verb != "list":
            faults += judges.echo(operation, asked)
        lost = [url for url in judges.addresses(record, operation) if not self._leads(url)]
        lost = [url for url in lost if not any(re.search(link, url) for link in UNDOCUMENTED)]
        return [*faults, *(f"no route for {url}" for url in lost)]

    def _leads(self, url: str) -> bool:
        return judges.leads_somewhere(self._router, url)

    def _judge_list(self, place: Place, ids: Mapping[str, str], asked: Asked) -> list[str]:
        operation = place[3]
        if asked.reply.status != operation.status:
            return [f"{operation.method} {asked.target}: {asked.reply.status} {asked.reply.body[:160]!r}"]
        rows = asked.record.get(operation.list_key or "items")
        if not isinstance(rows, list):
            return [f"no list under {operation.list_key!r}"]
        return self._judge_record(place, ids, asked, rows[0]) if rows else []

    async def _filters(self, place: Place, ids: Mapping[str, str], made: Made | None) -> list[str]:
        """Each filter by a value that the record has, and by one that it has not."""
        operation = place[3]
        faults: list[str] = []
        if made is None:
            return faults
        required = await self._walk.params(place, required_only=True)
        everything = await self._walk.ask(place, ids, required)
        if place[2].role == "view" and not _holds(everything, operation, made):
            return faults  # another view's record
        for param in operation.params:
            value = made.record.get(param.field or "")
            if (
                param.location != "query"
                or param.comparison != "="
                or not isinstance(value, str)
                or not value
            ):
                continue
            with_it = await self._walk.ask(place, ids, {**required, param.name: value})
            if not _holds(with_it, operation, made):
                faults.append(f"{param.name}={value!r} leaves out the record")
            other = _another(param, value)
            if other is None:
                continue
            without = await self._walk.ask(place, ids, {**required, param.name: other})
            if without.reply.status == 200 and _holds(without, operation, made):
                faults.append(f"{param.name}={other!r} keeps the record")
        return faults

    async def _wrongly(self, place: Place, ids: Mapping[str, str]) -> list[str]:
        _, _, path, operation = place
        faults = []
        params = await self._walk.params(place)
        for name, sent in _wrong(operation, params):
            asked = await self._walk.ask(place, ids, sent)
            if asked.reply.status != 400:
                faults.append(f"{name}: {asked.reply.status} {asked.reply.body[:100]!r}")
                break
        inner = path.id_param or next((p for p, kind in reversed(path.parents) if kind), None)
        if (
            inner is not None
            and inner in ids
            and not place[1].upsert
            and not (operation.verb == "create" and path.id_param)
        ):
            asked = await self._walk.ask(place, {**ids, inner: foreign(ids[inner])}, params)
            if asked.reply.status != 404:
                faults.append(f"foreign {inner}: {asked.reply.status} {asked.reply.body[:100]!r}")
        return faults

    async def _expect_absent(self, place: Place, ids: Mapping[str, str]) -> list[str]:
        asked = await self._walk.ask(place, ids, await self._walk.params(place))
        if asked.reply.status == 404 and asked.record.get("code") == 20404:
            return []
        return [f"nothing can be there, yet {asked.reply.status} {asked.reply.body[:160]!r}"]

    def _any_ids(self, place: Place) -> dict[str, str]:
        _, _, _, operation = place
        ids = {p.name: str(values.value(p)) for p in operation.params if p.location == "path"}
        return ids | ({"AccountSid": self._walk.client.account_sid} if "AccountSid" in ids else {})


def _may_be_there(place: Place) -> bool:
    """Whether an instance answers that nobody has made: it is made now, or belongs to a catalogue."""
    _, resource, _, operation = place
    return operation.verb == "create" or resource.upsert or resource.made_by == "catalogue"


def _wrong(operation: Operation, params: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Requests that must be refused: a required parameter left out, a value outside its enum."""
    wrong = []
    for param in operation.params:
        if param.location not in ("body", "query"):
            continue
        if param.required and operation.body != "scim":
            wrong.append(
                (
                    f"without {param.name}",
                    {name: value for name, value in params.items() if name != param.name},
                )
            )
        if param.enum and param.type == "string":
            wrong.append((f"bad {param.name}", {**params, param.name: "no-such-value"}))
    return wrong


def _another(param: Param, value: str) -> str | None:
    if param.enum:
        return next((other for other in param.enum if other != value), None)
    if param.sid:
        return foreign(value)
    return None if param.format or param.type != "string" else f"{value}x"


def _holds(asked: Asked, operation: Operation, made: Made) -> bool:
    rows = asked.record.get(operation.list_key or "items")
    return isinstance(rows, list) and any(made.id in row.values() for row in rows)
