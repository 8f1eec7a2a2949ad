"""`/v1/IpRecords` and `/v1/SourceIpMappings`: addresses whose calls a SIP domain takes."""

from __future__ import annotations

from datetime import datetime
from ipaddress import AddressValueError, IPv4Address
from typing import Final

from msgspec import Struct

from localloop.core import errors
from localloop.products.voice.byoc.trunk import DOMAIN
from localloop.products.voice.needs import Needs, check_friendly_name
from localloop.rest.request import Binding, Deleted, Item, Request

RECORD: Final = "voice/IpRecord"
MAPPING: Final = "voice/SourceIpMapping"
ONE_ADDRESS: Final = 32  # bits


class IpRecord(Struct, frozen=True, kw_only=True):
    sid: str
    account_sid: str
    friendly_name: str | None
    ip_address: str
    cidr_prefix_length: int
    date_created: datetime
    date_updated: datetime


class SourceIpMapping(Struct, frozen=True, kw_only=True):
    sid: str
    ip_record_sid: str
    sip_domain_sid: str
    date_created: datetime
    date_updated: datetime


class Sources(Struct, frozen=True):
    needs: Needs

    async def create_record(self, request: Request) -> Item:
        """Raises 21238 for what is no IPv4 address, 20001 for a prefix that it cannot have."""
        check_friendly_name(request.params)
        try:
            IPv4Address(str(request.params["IpAddress"]))
        except AddressValueError:
            raise errors.of(21238) from None
        length = request.params.get("CidrPrefixLength", ONE_ADDRESS)
        if not 0 <= length <= ONE_ADDRESS:
            raise errors.invalid_parameter("CidrPrefixLength", f"It must be between 0 and {ONE_ADDRESS}")
        return await self.needs.plain.create(request, fields={"cidr_prefix_length": length})

    async def update_record(self, request: Request) -> Item:
        check_friendly_name(request.params)
        return await self.needs.plain.update(request)

    async def delete_record(self, request: Request) -> Deleted:
        """Raises 20409 while it is mapped."""
        if await self.needs.is_named(request, MAPPING, "ip_record_sid", request.ids["Sid"]):
            raise errors.conflict("The IP record is in use by a source IP mapping")
        return await self.needs.plain.delete(request)

    async def create_mapping(self, request: Request) -> Item:
        """Raises 20001 for a record or a domain that is not the account's."""
        await self.needs.check_there(request, "IpRecordSid", RECORD)
        await self.needs.check_there(request, "SipDomainSid", DOMAIN)
        return await self.needs.plain.create(request)

    async def update_mapping(self, request: Request) -> Item:
        await self.needs.demand(request)
        await self.needs.check_there(request, "SipDomainSid", DOMAIN)
        return await self.needs.plain.update(request)


def bindings(needs: Needs) -> tuple[Binding, ...]:
    sources, plain = Sources(needs), needs.plain
    return (
        Binding(
            resource="voice.v1.IpRecord",
            operations={
                "CreateIpRecord": sources.create_record,
                "UpdateIpRecord": sources.update_record,
                "DeleteIpRecord": sources.delete_record,
                "FetchIpRecord": plain.fetch,
                "ListIpRecord": plain.page,
            },
            record=IpRecord,
        ),
        Binding(
            resource="voice.v1.SourceIpMapping",
            operations={
                "CreateSourceIpMapping": sources.create_mapping,
                "UpdateSourceIpMapping": sources.update_mapping,
                "DeleteSourceIpMapping": plain.delete,
                "FetchSourceIpMapping": plain.fetch,
                "ListSourceIpMapping": plain.page,
            },
            record=SourceIpMapping,
        ),
    )
