"""Faults of the API itself: errors, slowness, and answers that never come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from localloop.lab.faults import queries
from localloop.lab.faults.book import Faults
from localloop.lab.faults.rule import DEFAULT_STATUS, Happening
from localloop.rest.interference import Interference, Trick
from localloop.rest.operations import short_id
from localloop.rest.request import Request

_TRICKS: Final[Mapping[str, Trick]] = {
    "api-error": "error",
    "api-slow": "slow",
    "api-close": "close",
    "api-lose": "lose",
}
_KINDS: Final = frozenset(_TRICKS)
_NAMES: Final = ("To", "PhoneNumber", "UniqueName", "Identity")  # by which an application knows what it makes


class ApiFaults:
    """Whoever decides what goes wrong, for `rest`. The lab itself never does."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def touches(self, world_sid: str) -> bool:
        return self._faults.touches(world_sid, "api")

    async def decide(self, request: Request) -> Interference | None:
        if request.api.product == "lab" or request.caller.credential == "test":
            return None
        fields = _fields(request)
        rules = await self._faults.rules(request.world_sid, "api")
        if not any(rule.match.admits(fields) for rule in rules):
            return None
        thing = _thing(request)
        rule = await self._faults.strike(
            Happening(
                border="api",
                kinds=_KINDS,
                world_sid=request.world_sid,
                account_sid=request.account_sid,
                thing=thing,
                event=short_id(request.operation),
                attempt=await queries.turn(self._faults.database, request.world_sid, thing),
                fields=fields,
            )
        )
        if rule is None:
            return None
        status = rule.status or DEFAULT_STATUS["api-error"]
        return Interference(_TRICKS[rule.kind], rule.sid, rule.delay, status)


def _thing(request: Request) -> str:
    """What is asked for, as far as two runs agree on it; the how-manieth request for it is told by a count."""
    named = next((str(request.params[name]) for name in _NAMES if request.params.get(name)), "")
    return f"{short_id(request.operation)} {named}".rstrip()


def _fields(request: Request) -> Mapping[str, Any]:
    operation = request.operation
    return {
        **request.params,
        "Method": operation.method,
        "Path": request.address,
        "Product": request.api.product,
        "Operation": short_id(operation),
        "Verb": operation.verb,
        "IdempotencyKey": request.headers.get("idempotency-key"),
    }
