"""The examination of one operation: asked rightly and wrongly, every fault as a line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from serving import Client

from localloop.contract import load
from localloop.contract.model import Operation, Param
from localloop.core.errors import ApiError
from localloop.rest.routing import Match, Router
from tests.conformance import filters, judges, special, values, wrong
from tests.conformance.exceptions import UNDESCRIBED
from tests.conformance.walk import ACCOUNT_NAMES, Asked, Made, Place, Walk, path_params


class Examination:
    """Faults of operations, and how many fields are filled of those that should be."""

    def __init__(self, walk: Walk, stranger: Client) -> None:
        self._walk = walk
        self._stranger = stranger
        self._followed: set[str] = set()
        self._router = Router(load().apis)
        self.filled = 0
        self.to_fill = 0
        self.unfilled: Counter[str] = Counter()
        self.untried: list[str] = []  # filters for which no record has a value
        self.judged: Counter[str] = Counter()  # what was tried: filters, addresses, refusals

    async def examine(self, place: Place) -> list[str]:
        """All faults of this operation."""
        _, _, path, operation = place
        above = await self._walk.parents(path)
        if above is None:
            return ["a parent cannot be made"]
        made = await self._subject(place)
        if made is None and not _needs_none(place):
            return ["no record can be made"]
        own = {path.id_param: made.id} if path.id_param and made and made.operation != operation.id else {}
        ids = {**self._any_ids(place), **above, **own}
        await self._before(operation, ids)
        if operation.verb == "delete":
            return [*await self._wrongly(place, ids), *await self._rightly(place, ids, made)]
        return [*await self._rightly(place, ids, made), *await self._wrongly(place, ids)]

    async def _subject(self, place: Place) -> Made | None:
        """The record that the operation acts on, or that it has made already."""
        _, resource, path, operation = place
        if path.role == "singleton" and operation.verb != "create" and resource.made_by == "client":
            return None
        if operation.verb == "delete" and not resource.attaches and operation.id not in special.ALONE:
            return await self._walk.record_at(path, fresh=True)
        return await self._walk.record_at(path)

    async def _before(self, operation: Operation, ids: Mapping[str, str]) -> None:
        for earlier, params in special.BEFORE.get(operation.id, ()):
            await self._walk.ask(load().operation(earlier), ids, params)
        if operation.id in special.ENDED:
            await self._walk.end(ids["Sid"])
        if operation.id in special.VERDICTS and "Sid" in ids:
            await self._walk.judge(ids["Sid"], special.VERDICTS[operation.id])

    async def _rightly(self, place: Place, ids: Mapping[str, str], made: Made | None) -> list[str]:
        _, _, path, operation = place
        if made is not None and made.asked is not None and made.operation == operation.id:
            return await self._judge(place, made.ids, made.asked)
        asked = await self._walk.ask(place, ids, await self._walk.params(place))
        if operation.verb == "list":
            return await self._judge_list(place, ids, asked, made)
        faults = await self._judge(place, ids, asked, planted=made is not None and made.asked is None)
        if operation.verb == "fetch" and made is not None and made.asked is None:
            faults += judges.as_left(operation, made.record, asked.record)
        if operation.verb == "delete" and not faults and path.role != "singleton":
            again = await self._walk.ask(place, ids, await self._walk.params(place))
            faults += [f"deleted twice: {line}" for line in judges.refused(again, 404, wrong.NOT_FOUND)]
        return faults

    async def _judge(
        self, place: Place, ids: Mapping[str, str], asked: Asked, *, planted: bool = False
    ) -> list[str]:
        operation = place[3]
        status = asked.reply.status
        if status != operation.status and not (operation.verb == "delete" and status in (202, 204)):
            return [f"{operation.method} {asked.fault}"]
        if operation.verb == "delete":
            return []
        faults = await self._judge_record(place, ids, asked.record, planted=planted)
        return [*faults, *judges.echo(operation, asked), *await self._kept(operation, asked.record)]

    async def _judge_record(
        self, place: Place, ids: Mapping[str, str], record: dict[str, Any], *, planted: bool
    ) -> list[str]:
        operation = place[3]
        if not planted:  # what the walk filled itself says nothing
            found = judges.filled(operation, record)
            self.filled += sum(found.values())
            self.to_fill += len(found)
            self.unfilled.update(name for name, is_filled in found.items() if not is_filled)
        faults = [*judges.shape(operation, record)]
        faults += judges.own(place, ids, record, self._walk.client.account_sid)
        return [*faults, *await self._follow(operation, record)]

    async def _kept(self, operation: Operation, record: dict[str, Any]) -> list[str]:
        """What was written is there when it is asked for again."""
        url = judges.own_address(record, operation)
        if operation.verb not in ("create", "update") or url is None:
            return []
        asked = await self._walk.get(url)
        if asked.reply.status != 200:
            return []  # judged where addresses are followed
        self.judged["kept"] += 1
        return [*judges.kept(operation, record, asked.record)]

    async def _follow(self, operation: Operation, record: dict[str, Any]) -> list[str]:
        """Every address that the record shows leads somewhere."""
        faults = []
        for url in judges.addresses(record, operation):
            if url in self._followed:
                continue
            self._followed.add(url)
            self.judged["addresses"] += 1
            if _is_undescribed(operation, url):
                continue
            asked = await self._walk.get(url)
            if asked.reply.status == 404 and await self._comes_with_activity(asked.target):
                asked = await self._walk.get(url)
            if self._is_readable(asked.target):
                faults += [f"address {asked.fault}"] if asked.reply.status >= 400 else []
            else:
                self.judged["addresses of what cannot be read"] += 1
                faults += [f"address {asked.target}: {line}" for line in judges.refused(asked, 405, 20004)]
        return faults

    async def _comes_with_activity(self, target: str) -> bool:
        """A single record below another, which only activity makes, is planted where it is missing."""
        found = self._match(target)
        if (
            found is None
            or found.route.path.role != "singleton"
            or found.route.resource.made_by != "activity"
        ):
            return False
        return await self._walk.filled(found.route.path, found.ids) is not None

    def _is_readable(self, target: str) -> bool:
        """Whether the documents have a GET at this address; where they have others only, it is Twilio's 405."""
        found = self._match(target)
        return found is None or "GET" in found.route.operations

    def _match(self, target: str) -> Match | None:
        try:
            return self._router.match(self._router.place("127.0.0.1"), target.partition("?")[0])
        except ApiError:
            return None

    async def _judge_list(
        self, place: Place, ids: Mapping[str, str], asked: Asked, made: Made | None
    ) -> list[str]:
        operation = place[3]
        if asked.reply.status != operation.status:
            return [f"{operation.method} {asked.fault}"]
        rows = _rows(asked, operation)
        if not rows:
            return ["the list shows no record"]
        row = next((row for row in rows if made and made.id in row.values()), rows[0])
        planted = made is not None and made.asked is None and made.id in row.values()
        faults = await self._judge_record(place, ids, row, planted=planted)
        if made is not None and planted:
            faults += judges.as_left(operation, made.record, row)
        return [*faults, *await self._filters(place, ids, row)]

    async def _filters(self, place: Place, ids: Mapping[str, str], row: dict[str, Any]) -> list[str]:
        """Each filter by values that let a row pass, and by values that do not."""
        required = await self._walk.params(place, required_only=True)
        filled: dict[str, Any] | None = None
        faults = []
        for param in place[3].params:
            if param.location != "query" or param.name in filters.PAGING or not param.field:
                continue
            subject, tried = row, [*filters.trials(param, row)]
            if not tried:
                filled = await self._filled(place, ids) if filled is None else filled
                subject, tried = filled, [*filters.trials(param, filled)]
            self.judged["filters" if tried else "filters without a value"] += 1
            if not tried:
                self.untried.append(f"{place[3].id}.{param.name}")
            for trial in tried:
                asked = await self._walk.ask(place, ids, {**required, trial.name: trial.value})
                faults += self._sifted(place, asked, subject, param, trial)
        return faults

    async def _filled(self, place: Place, ids: Mapping[str, str]) -> dict[str, Any]:
        """A row of this list with a value in every field."""
        planted = await self._walk.filled(place[2], ids)
        rows = _rows(await self._walk.ask(place, ids, {}), place[3]) if planted else []
        return next((row for row in rows if planted in row.values()), {})

    def _sifted(
        self, place: Place, asked: Asked, row: dict[str, Any], param: Param, trial: filters.Trial
    ) -> list[str]:
        if asked.reply.status != 200:
            return [f"filter {asked.fault}"]
        if self._shows(place, asked, row, param) == trial.passes:
            return []
        does = "leaves out" if trial.passes else "keeps"
        shown = filters.field_of(row, param.field or "")
        return [f"{trial.name}={trial.value!r} {does} the record with {shown!r}"]

    def _shows(self, place: Place, asked: Asked, row: dict[str, Any], param: Param) -> bool:
        """Whether the row is still there; of an inventory, one like it, for its first page differs."""
        rows = [_timeless(other) for other in _rows(asked, place[3])]
        if _timeless(row) in rows or place[1].made_by != "catalogue":
            return _timeless(row) in rows
        value = filters.field_of(row, param.field or "")
        return any(filters.field_of(other, param.field or "") == value for other in rows)

    async def _wrongly(self, place: Place, ids: Mapping[str, str]) -> list[str]:
        _, _, path, operation = place
        faults = []
        params = await self._walk.params(place)
        for request in wrong.requests(operation, params):
            asked = await self._walk.ask(place, ids, request.params)
            self.judged["bad requests"] += 1
            faults += [f"{request.name}: {line}" for line in judges.refused(asked, 400, request.code)]
        for param, strange in wrong.strange_ids(place, ids):
            asked = await self._walk.ask(place, strange, params)
            self.judged["foreign ids"] += 1
            faults += [f"foreign {param}: {line}" for line in judges.refused(asked, 404, wrong.NOT_FOUND)]
        is_owned = place[1].made_by != "catalogue" and operation.id not in special.PUBLIC
        if is_owned and next(wrong.strange_ids(place, ids), None):
            asked = await self._walk.ask(
                place, self._as_stranger(path_params(path), ids), params, self._stranger
            )
            self.judged["other accounts"] += 1
            faults += [f"another account: {line}" for line in judges.refused(asked, 404, wrong.NOT_FOUND)]
        return faults

    def _as_stranger(self, names: list[str], ids: Mapping[str, str]) -> dict[str, str]:
        own = {name: self._stranger.account_sid for name in names if name in ACCOUNT_NAMES}
        return {**ids, **own}

    def _any_ids(self, place: Place) -> dict[str, str]:
        _, _, _, operation = place
        ids = {p.name: str(values.value(p)) for p in operation.params if p.location == "path"}
        return ids | ({"AccountSid": self._walk.client.account_sid} if "AccountSid" in ids else {})


def _needs_none(place: Place) -> bool:
    """Whether an operation can be asked where no record is: it makes one, or acts on what its path names."""
    _, resource, path, operation = place
    return (
        operation.verb in ("create", "list")
        or path.role in ("action", "singleton")
        or resource.upsert
        or path.id_param is None
    )


def _is_undescribed(operation: Operation, url: str) -> bool:
    product = operation.id.partition(".")[0]
    path = url.removeprefix(f"http://127.0.0.1:4010/{product}").removesuffix(".json")
    return any(_fits(path, template) for template in UNDESCRIBED if template.startswith(f"{product} "))


def _fits(path: str, template: str) -> bool:
    wanted, given = template.partition(" ")[2].split("/"), path.split("/")
    return len(wanted) == len(given) and all(
        segment.startswith("{") or segment == there for segment, there in zip(wanted, given, strict=True)
    )


def _timeless(row: Mapping[str, Any]) -> dict[str, Any]:
    """Without the second at which it was asked for."""
    return {name: value for name, value in row.items() if name != "as_of"}


def _rows(asked: Asked, operation: Operation) -> list[dict[str, Any]]:
    rows = asked.record.get(operation.list_key or "items")
    return rows if isinstance(rows, list) else []
