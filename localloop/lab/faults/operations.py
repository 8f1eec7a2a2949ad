"""`/lab/v1/Faults` and `/lab/v1/AppliedFaults`: what goes wrong in the caller's world, and what went wrong."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from functools import partial
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from localloop.carriers.phones import BEHAVIORS
from localloop.core import errors, sids
from localloop.core.errors import ApiError
from localloop.lab.faults import queries
from localloop.lab.faults.book import Faults
from localloop.lab.faults.queries import APPLIED_PREFIX, Part
from localloop.lab.faults.rule import DEFAULT_ERROR_CODE, DEFAULT_STATUS, KINDS, PREFIX, Rule
from localloop.lab.matching import Match, MatchError
from localloop.rest.request import Binding, Deleted, Item, Items, PageRequest, Request

STANDS: Final = 20409  # our own code
MOST_RULES: Final = 200  # of a world: each is held against everything that happens
_STATUSES: Final[Mapping[str, frozenset[int]]] = {
    "api-error": frozenset({429, 500, 503}),
    "media-error": frozenset({400, 403, 404, 408, 410, 429, 500, 502, 503, 504}),
}
_FITTING: Final = frozenset(code for code in BEHAVIORS if code.isdigit())


class Operations(Struct, frozen=True):
    faults: Faults


def bindings(operations: Operations) -> tuple[Binding, ...]:
    faults = operations.faults
    return (
        Binding(
            resource="lab.v1.Fault",
            operations={
                "CreateFault": partial(create, faults),
                "ListFault": partial(list_rules, faults),
                "FetchFault": partial(fetch, faults),
                "DeleteFault": partial(delete, faults),
                "DeleteFaults": partial(clear, faults),
            },
        ),
        Binding(
            resource="lab.v1.AppliedFault", operations={"ListAppliedFault": partial(list_applied, faults)}
        ),
    )


async def create(faults: Faults, request: Request) -> Item:
    """From its answer on it holds, in every process."""
    rule = _rule(request, faults.seed)
    async with faults.database.unit() as unit:
        if len(await queries.of_world(unit, request.world_sid)) >= MOST_RULES:
            raise errors.bad_request(f"A world has {MOST_RULES} faults at most.")
        row = await queries.insert(unit, rule)
        faults.changed(unit)
    return Item(fields=_shown(queries.rule_of(row), 0, request.world_sid))


async def list_rules(faults: Faults, request: Request) -> Items:
    """The world's own in their order, then those that stand for every world."""
    rows = await queries.of_world(faults.database, request.world_sid)
    struck = await queries.counts(faults.database, request.world_sid)
    rules = [*map(queries.rule_of, rows), *faults.standing]
    shown = [_shown(rule, struck.get(rule.sid, 0), request.world_sid) for rule in rules]
    page = request.page or PageRequest()
    start = next((n + 1 for n, each in enumerate(shown) if each["sid"] == page.after), 0)
    return Items(items=shown[start : start + page.size], more=len(shown) > start + page.size)


async def fetch(faults: Faults, request: Request) -> Item:
    rule = await _find(faults, request)
    struck = await queries.counts(faults.database, request.world_sid)
    return Item(fields=_shown(rule, struck.get(rule.sid, 0), request.world_sid))


async def delete(faults: Faults, request: Request) -> Deleted:
    """What it did stays on record."""
    rule = await _find(faults, request)
    if rule.is_standing:
        raise ApiError(
            409, STANDS, f"{rule.sid} holds in every world as long as localloop runs with --chaos."
        )
    async with faults.database.unit() as unit:
        await queries.delete(unit, request.world_sid, rule.sid)
        faults.changed(unit)
    return Deleted()


async def clear(faults: Faults, request: Request) -> Deleted:
    """All that the world has of its own."""
    async with faults.database.unit() as unit:
        await queries.delete(unit, request.world_sid, None)
        faults.changed(unit)
    return Deleted()


async def list_applied(faults: Faults, request: Request) -> Items:
    """Newest first."""
    params, page = request.params, request.page or PageRequest()
    part = Part(
        fault_sid=params.get("FaultSid") or None,
        kind=params.get("Kind") or None,
        resource_sid=params.get("ResourceSid") or None,
        after=_cursor(page.after),
        before=_cursor(page.before),
        limit=page.size + 1,
    )
    found = await queries.applied(faults.database, request.world_sid, part)
    is_backward = part.before is not None and part.after is None
    is_cut = len(found) > page.size
    kept = found if not is_cut else found[1:] if is_backward else found[:-1]
    return Items(
        items=[applied(row) for row in kept],
        more=is_backward or is_cut,
        earlier=is_cut if is_backward else part.after is not None,
    )


def applied(row: queries.Row) -> dict[str, Any]:
    """One strike, as it is shown."""
    return {
        "sid": sids.from_uuid(APPLIED_PREFIX, row["id"]),
        "account_sid": row["account_sid"],
        "fault_sid": row["fault_sid"],
        "kind": row["kind"],
        "description": KINDS[row["kind"]].words,
        "resource_sid": row["resource_sid"],
        "event": row["event"],
        "attempt": row["attempt"],
        "date_created": row["date_created"],
    }


async def _find(faults: Faults, request: Request) -> Rule:
    sid = request.ids["Sid"]
    for rule in faults.standing:
        if rule.sid == sid:
            return rule
    row = await queries.get(faults.database, request.world_sid, sid)
    if row is None:
        raise errors.not_found(request.address)
    return queries.rule_of(row)


def _rule(request: Request, seed: int | None) -> Rule:
    params = request.params
    kind: str = params["Kind"]
    status, error_code = params.get("Status"), params.get("ErrorCode")
    if status is not None and int(status) not in _STATUSES.get(kind, ()):
        raise errors.invalid_parameter("Status", _allowed(kind))
    if error_code is not None and (kind != "carrier-refuse" or str(error_code) not in _FITTING):
        raise errors.invalid_parameter("ErrorCode", "It is an error of a message, and of carrier-refuse.")
    if "Delay" in params and KINDS[kind].delay is None:
        raise errors.invalid_parameter("Delay", f"{kind} does not wait.")
    try:
        match = Match.parse({name: str(value) for name, value in (params.get("Match") or {}).items()})
    except MatchError as error:
        raise errors.invalid_parameter(f"Match.{error.name}", f"{error.reason}.") from None
    if seed is None:
        seed = secrets.randbelow(1 << 31)
    return Rule(
        sid=sids.new(PREFIX),
        world_sid=request.world_sid,
        position=0,
        kind=kind,
        match=match,
        probability=float(params.get("Probability", 1)),
        count=params.get("Count"),
        delay_ms=params.get("Delay"),
        status=None if status is None else int(status),
        error_code=error_code,
        seed=params.get("Seed", seed),
        date_created=request.now,
    )


def _allowed(kind: str) -> str:
    statuses = _STATUSES.get(kind)
    return (
        f"{kind} has none." if statuses is None else f"It is one of {', '.join(map(str, sorted(statuses)))}."
    )


def _shown(rule: Rule, struck: int, world_sid: str) -> dict[str, Any]:
    kind = KINDS[rule.kind]
    default_code = DEFAULT_ERROR_CODE if rule.kind == "carrier-refuse" else None
    return {
        "sid": rule.sid,
        "account_sid": world_sid,
        "kind": rule.kind,
        "description": kind.words,
        "match": {
            name: values[0] if len(values) == 1 else list(values) for name, values in rule.match.asked.items()
        },
        "probability": rule.probability,
        "count": rule.count,
        "applied": struck,
        "delay": None if kind.delay is None else round(rule.delay.total_seconds() * 1000),
        "status": rule.status or DEFAULT_STATUS.get(rule.kind),
        "error_code": rule.error_code or default_code,
        "seed": rule.seed,
        "position": rule.position,
        "source": "chaos" if rule.is_standing else "lab",
        "date_created": rule.date_created,
    }


def _cursor(token: str | None) -> UUID | None:
    if token is None:
        return None
    if not sids.is_sid(token, APPLIED_PREFIX):
        raise errors.invalid_page_token()
    return sids.uuid_of(token)
