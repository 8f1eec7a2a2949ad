"""What WhatsApp, carriers and the owners of domains decide, decided by the lab."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from msgspec import Struct

from localloop.core import errors
from localloop.products.content import Owner, Reviews
from localloop.products.messaging import ChannelSender, Domain, Messaging
from localloop.rest.request import Binding, Item, Items, Request

_DOMAIN: Final = re.compile(r"(?=.{1,253}$)[a-z0-9-]+(\.[a-z0-9-]+)+")


class Decisions(Struct, frozen=True):
    messaging: Messaging
    reviews: Reviews


def bindings(decisions: Decisions) -> tuple[Binding, ...]:
    return (
        Binding(
            resource="lab.v1.ChannelSender",
            operations={
                "FetchChannelSender": partial(fetch_sender, decisions),
                "UpdateChannelSender": partial(update_sender, decisions),
            },
        ),
        Binding(
            resource="lab.v1.ContentApproval",
            operations={"UpdateContentApproval": partial(approve, decisions)},
        ),
        Binding(
            resource="lab.v1.LinkDomain",
            operations={
                "ListLinkDomain": partial(list_domains, decisions),
                "CreateLinkDomain": partial(create_domain, decisions),
                "FetchLinkDomain": partial(fetch_domain, decisions),
                "UpdateLinkDomain": partial(update_domain, decisions),
            },
        ),
    )


async def fetch_sender(decisions: Decisions, request: Request) -> Item:
    """By its SID or its address."""
    return Item(fields=_sender(await _find_sender(decisions, request)))


async def update_sender(decisions: Decisions, request: Request) -> Item:
    """Another status, and what its sandbox has to be joined with; an empty code is none. Raises 20409."""
    found = await _find_sender(decisions, request)
    senders = decisions.messaging.senders
    if "JoinCode" in request.params:
        found = await senders.set_join_code(found, request.params["JoinCode"] or None)
    status = request.params.get("Status")
    if status and status != found.status:
        found = await senders.decide(found, status)
    return Item(fields=_sender(found))


async def approve(decisions: Decisions, request: Request) -> Item:
    """What WhatsApp says to a template. Raises 404, and 20409 where its status does not lead there."""
    sid = request.ids["Sid"]
    moved = await decisions.reviews.move(
        Owner(request.account_sid, request.world_sid),
        sid,
        request.params["Status"],
        {"rejection_reason": request.params.get("Reason") or ""},
    )
    if moved is None:
        raise errors.not_found(request.address)
    return Item(fields={**moved, "sid": sid})


async def list_domains(decisions: Decisions, request: Request) -> Items:
    page = request.page
    size, after = (page.size, page.after or "") if page else (50, "")
    found = await decisions.messaging.links.domains(request.account_sid, after=after, limit=size + 1)
    items = [_domain(decisions, each) for each in found[:size]]
    return Items(items=items, more=len(found) > size, earlier=bool(after))


async def create_domain(decisions: Decisions, request: Request) -> Item:
    """As in Twilio's Console; without a name its links lead to this server itself."""
    name = str(request.params.get("DomainName") or "").lower()
    if name and not _DOMAIN.fullmatch(name):
        raise errors.invalid_parameter("DomainName")
    made = await decisions.messaging.links.add_domain(request.account_sid, request.world_sid, name)
    return Item(fields=_domain(decisions, made))


async def fetch_domain(decisions: Decisions, request: Request) -> Item:
    return Item(fields=_domain(decisions, await _find_domain(decisions, request)))


async def update_domain(decisions: Decisions, request: Request) -> Item:
    found = await _find_domain(decisions, request)
    wanted = {
        "is_valid": request.params.get("IsValid", found.is_valid),
        "reason": request.params.get("Reason", found.reason) or None,
        "is_blocked": request.params.get("IsBlocked", found.data.get("is_blocked", False)),
        "denied_url": request.params.get("DeniedUrl", found.data.get("denied_url")) or None,
        "failure": int(request.params.get("Failure", found.failure) or 0) or None,
    }
    return Item(fields=_domain(decisions, await decisions.messaging.links.judge(found, wanted)))


async def _find_sender(decisions: Decisions, request: Request) -> ChannelSender:
    found = await decisions.messaging.senders.named(
        request.account_sid, request.world_sid, request.ids["Sid"]
    )
    if found is None:
        raise errors.not_found(request.address)
    return found


async def _find_domain(decisions: Decisions, request: Request) -> Domain:
    found = await decisions.messaging.links.domain(request.account_sid, request.ids["Sid"])
    if found is None:
        raise errors.not_found(request.address)
    return found


def _sender(found: ChannelSender) -> Mapping[str, Any]:
    return {
        "sid": found.sid,
        "account_sid": found.account_sid,
        "sender_id": found.address,
        "status": found.status,
        "verification_code": found.verification_code,
        "join_code": found.join_code,
        "date_created": found.date_created,
        "date_updated": found.date_updated,
    }


def _domain(decisions: Decisions, found: Domain) -> Mapping[str, Any]:
    return {
        "sid": found.sid,
        "account_sid": found.account_sid,
        "domain_name": found.domain_name,
        "link_prefix": decisions.messaging.links.base_of(found),
        "is_valid": found.is_valid,
        "reason": found.reason,
        "is_blocked": bool(found.data.get("is_blocked")),
        "denied_url": found.data.get("denied_url"),
        "failure": found.failure,
        "date_created": found.date_created,
        "date_updated": found.date_updated,
    }
