"""`/v1/ByocTrunks`: a carrier of one's own, with the webhooks of the calls that it brings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from localloop.core import errors
from localloop.products.numbers import is_url
from localloop.products.voice.byoc.policy import POLICY, TRUNK
from localloop.products.voice.needs import Needs, check_friendly_name
from localloop.rest.request import Binding, Deleted, Item, Request

DOMAIN: Final = "api/SipDomain"
MOST: Final = 100  # Twilio publishes no number; this is its limit on SIP domains
URLS: Final = ("VoiceUrl", "VoiceFallbackUrl", "StatusCallbackUrl")
METHODS: Final[Mapping[str, str]] = {
    "VoiceMethod": "voice_method",
    "VoiceFallbackMethod": "voice_fallback_method",
    "StatusCallbackMethod": "status_callback_method",
}


class ByocTrunk(Struct, frozen=True, kw_only=True):
    sid: str
    account_sid: str
    friendly_name: str | None
    voice_url: str | None
    voice_method: str
    voice_fallback_url: str | None
    voice_fallback_method: str
    status_callback_url: str | None
    status_callback_method: str
    cnam_lookup_enabled: bool
    connection_policy_sid: str | None
    from_domain_sid: str | None
    date_created: datetime
    date_updated: datetime


class Trunks(Struct, frozen=True):
    needs: Needs

    async def create(self, request: Request) -> Item:
        """Raises 21244 at the limit."""
        await self._check(request)
        if await self.needs.count(request, TRUNK) >= MOST:
            raise errors.of(21244)
        methods: dict[str, Any] = {
            field: "POST" for name, field in METHODS.items() if not request.params.get(name)
        }
        return await self.needs.plain.create(request, fields=methods)

    async def update(self, request: Request) -> Item:
        await self.needs.demand(request)
        await self._check(request)
        cleared = {field: "POST" for name, field in METHODS.items() if request.params.get(name) == ""}
        return await self.needs.plain.update(request, cleared)

    async def delete(self, request: Request) -> Deleted:
        """Raises 20409 while a SIP domain takes its calls."""
        if await self.needs.is_named(request, DOMAIN, "byoc_trunk_sid", request.ids["Sid"]):
            raise errors.conflict("The BYOC trunk is in use by a SIP domain")
        return await self.needs.plain.delete(request)

    async def _check(self, request: Request) -> None:
        """Raises 20001, 20002."""
        check_friendly_name(request.params)
        for name in URLS:
            url = request.params.get(name)
            if url and not is_url(str(url)):
                raise errors.invalid_parameter(name, f"{url} is not a valid URL")
        await self.needs.check_there(request, "ConnectionPolicySid", POLICY)
        await self.needs.check_there(request, "FromDomainSid", DOMAIN)


def binding(needs: Needs) -> Binding:
    trunks, plain = Trunks(needs), needs.plain
    return Binding(
        resource="voice.v1.ByocTrunk",
        operations={
            "CreateByocTrunk": trunks.create,
            "UpdateByocTrunk": trunks.update,
            "DeleteByocTrunk": trunks.delete,
            "FetchByocTrunk": plain.fetch,
            "ListByocTrunk": plain.page,
        },
        record=ByocTrunk,
    )
