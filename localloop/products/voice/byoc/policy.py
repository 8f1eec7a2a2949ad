"""`/v1/ConnectionPolicies` and their targets: where calls over a trunk of one's own are sent to."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from localloop.core import errors
from localloop.products.voice.needs import Needs, check_friendly_name
from localloop.rest.request import Binding, Deleted, Item, Request

POLICY: Final = "voice/ConnectionPolicy"
TARGET: Final = "voice/ConnectionPolicyTarget"
TRUNK: Final = "voice/ByocTrunk"
# Twilio publishes neither number; these are its limits on SIP domains and on the origination URIs of a trunk.
MOST_POLICIES: Final = 100
MOST_TARGETS: Final = 10
HIGHEST: Final = 65_535
_BEGINNING: Final[Mapping[str, Any]] = {"priority": 10, "weight": 10, "enabled": True}
_SIP: Final = re.compile(r"sip:(?:[^\s@]+@)?[A-Za-z0-9.\[\]:-]+(?:[;?]\S*)?")


class ConnectionPolicy(Struct, frozen=True, kw_only=True):
    sid: str
    account_sid: str
    friendly_name: str | None
    date_created: datetime
    date_updated: datetime


class Target(Struct, frozen=True, kw_only=True):
    """One SIP address; that of the lowest priority comes first, and equals share by their weight."""

    sid: str
    account_sid: str
    connection_policy_sid: str
    friendly_name: str | None
    target: str
    priority: int
    weight: int
    enabled: bool
    date_created: datetime
    date_updated: datetime


def order(targets: Sequence[Target], draw: Callable[[int], int]) -> list[Target]:
    """In which order a call tries them (RFC 2782): by priority, within it by weight; `draw(n)` is below n."""
    waiting = [target for target in targets if target.enabled]
    chosen = []
    while waiting:
        lowest = min(target.priority for target in waiting)
        equals = [target for target in waiting if target.priority == lowest]
        mark = draw(sum(target.weight for target in equals))
        for target in equals:
            mark -= target.weight
            if mark < 0:
                chosen.append(target)
                waiting.remove(target)
                break
    return chosen


class Policies(Struct, frozen=True):
    needs: Needs

    async def create(self, request: Request) -> Item:
        """Raises 21253 at the limit."""
        check_friendly_name(request.params)
        if await self.needs.count(request, POLICY) >= MOST_POLICIES:
            raise errors.of(21253)
        return await self.needs.plain.create(request)

    async def update(self, request: Request) -> Item:
        check_friendly_name(request.params)
        return await self.needs.plain.update(request)

    async def delete(self, request: Request) -> Deleted:
        """Raises 20409 while a trunk sends its calls there."""
        if await self.needs.is_named(request, TRUNK, "connection_policy_sid", request.ids["Sid"]):
            raise errors.conflict("The connection policy is in use by a BYOC trunk")
        return await self.needs.plain.delete(request)

    async def create_target(self, request: Request) -> Item:
        """Raises 21254 at the limit."""
        _check_target(request)
        there = await self.needs.count(request, TARGET, request.ids["ConnectionPolicySid"])
        if there >= MOST_TARGETS:
            raise errors.of(21254)
        sent = {"Priority": "priority", "Weight": "weight", "Enabled": "enabled"}
        left_out = {field: _BEGINNING[field] for name, field in sent.items() if name not in request.params}
        return await self.needs.plain.create(request, fields=left_out)

    async def update_target(self, request: Request) -> Item:
        _check_target(request)
        return await self.needs.plain.update(request)


def _check_target(request: Request) -> None:
    """Raises 20001 for what is no SIP address or out of range, 20002."""
    params = request.params
    check_friendly_name(params)
    target = params.get("Target")
    if target is not None and not _SIP.fullmatch(str(target)):
        raise errors.invalid_parameter("Target", "It must be a sip: address")
    for name, least in (("Priority", 0), ("Weight", 1)):
        value = params.get(name)
        if value is not None and not (isinstance(value, int) and least <= value <= HIGHEST):
            raise errors.invalid_parameter(name, f"It must be between {least} and {HIGHEST}")


def bindings(needs: Needs) -> tuple[Binding, ...]:
    policies, plain = Policies(needs), needs.plain
    return (
        Binding(
            resource="voice.v1.ConnectionPolicy",
            operations={
                "CreateConnectionPolicy": policies.create,
                "UpdateConnectionPolicy": policies.update,
                "DeleteConnectionPolicy": policies.delete,
                "FetchConnectionPolicy": plain.fetch,
                "ListConnectionPolicy": plain.page,
            },
            record=ConnectionPolicy,
        ),
        Binding(
            resource="voice.v1.ConnectionPolicyTarget",
            operations={
                "CreateConnectionPolicyTarget": policies.create_target,
                "UpdateConnectionPolicyTarget": policies.update_target,
                "DeleteConnectionPolicyTarget": plain.delete,
                "FetchConnectionPolicyTarget": plain.fetch,
                "ListConnectionPolicyTarget": plain.page,
            },
            record=Target,
        ),
    )
