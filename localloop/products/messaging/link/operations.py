"""`/LinkShortening`: domains, their certificates and configuration, and the services that shorten with them.

Twilio's API knows domains that were made in its Console; here the lab makes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from localloop.core import errors, sids
from localloop.products.messaging.link import certificate, queries
from localloop.products.messaging.link.queries import Domain
from localloop.products.messaging.message.compose import is_http_url
from localloop.rest.render import iso8601
from localloop.rest.request import Binding, Deleted, Item, Request
from localloop.store import Database

MANAGED_LIFE: Final = timedelta(days=90)
_INVALID_CALLBACK: Final = 30109
_INVALID_FALLBACK: Final = 30122
_NO_FALLBACK: Final = 30121
_NO_CALLBACK: Final = 30123
_INVALID_SERVICE: Final = 30127
_IN_ANOTHER: Final = 30130
_NOT_UPLOADED: Final = 30133
_INVALID_DNS: Final = 30134
_NOT_ISSUED: Final = (30135, 30136)
# parameter → where it is kept, what an empty one is refused with, and what one that is no URL
_URLS: Final = {
    "CallbackUrl": ("callback_url", _NO_CALLBACK, _INVALID_CALLBACK),
    "FallbackUrl": ("fallback_url", _NO_FALLBACK, _INVALID_FALLBACK),
}
_FLAGS: Final = {"ContinueOnFailure": "continue_on_failure", "DisableHttps": "disable_https"}
_SERVICE: Final = "select 1 from resources where account_sid = $1 and kind = 'messaging/Service' and sid = $2"


class Operations(Struct, frozen=True):
    database: Database

    async def fetch_config(self, request: Request) -> Item:
        domain = await self._domain(request)
        return Item(fields=_config(domain))

    async def update_config(self, request: Request) -> Item:
        """Raises 30109, 30121 to 30123 for addresses that are none."""
        domain = await self._domain(request)
        changed = _changes(request.params)
        first = {"config_sid": sids.new("ZK"), "date_created": iso8601(request.now)}
        config = {**first, **domain.config, **changed, "date_updated": iso8601(request.now)}
        return Item(fields=_config(await self._write(domain, request, {"config": config})))

    async def fetch_certificate(self, request: Request) -> Item:
        domain = await self._domain(request)
        if not domain.certificate:
            raise errors.not_found(request.address)
        return Item(fields=_certificate(domain))

    async def update_certificate(self, request: Request) -> Item:
        """Raises 30116 to 30119, 30129, 30132, 30133."""
        domain = await self._domain(request)
        if domain.failure == _NOT_UPLOADED:
            raise errors.of(_NOT_UPLOADED)
        found = certificate.check(str(request.params["TlsCert"]), domain.domain_name, request.now)
        new = {
            "certificate_sid": sids.new("CW"),
            "date_expires": found.expires.isoformat(),
            "date_created": iso8601(request.now),
            "managed": False,
        }
        return Item(fields=_certificate(await self._write(domain, request, {"certificate": new})))

    async def delete_certificate(self, request: Request) -> Deleted:
        domain = await self._domain(request)
        if not domain.certificate:
            raise errors.not_found(request.address)
        await self._write(domain, request, {"certificate": {}})
        return Deleted()

    async def request_certificate(self, request: Request) -> Item:
        """One that is looked after for the account, issued at once. Raises 30134 while the DNS is not right,
        30135 and 30136."""
        domain = await self._domain(request)
        if domain.failure in _NOT_ISSUED:
            raise errors.of(domain.failure)
        if not domain.is_valid:
            raise errors.of(_INVALID_DNS)
        new = {
            "certificate_sid": domain.certificate.get("certificate_sid") or sids.new("CW"),
            "date_expires": (request.now + MANAGED_LIFE).isoformat(),
            "date_created": domain.certificate.get("date_created") or iso8601(request.now),
            "managed": True,
        }
        return Item(fields=_certificate(await self._write(domain, request, {"certificate": new})))

    async def validate_dns(self, request: Request) -> Item:
        domain = await self._domain(request)
        return Item(fields={"domain_sid": domain.sid, "is_valid": domain.is_valid, "reason": domain.reason})

    async def associate(self, request: Request) -> Item:
        """Raises 30127 for an unknown service, 30130 for one that shortens with another domain."""
        domain = await self._domain(request)
        service_sid = request.ids["MessagingServiceSid"]
        if not await self.database.fetchval(_SERVICE, request.account_sid, service_sid):
            raise errors.not_found(request.address)
        kept = await queries.associate(self.database, request.account_sid, service_sid, domain.sid)
        if kept != domain.sid:
            raise errors.of(_IN_ANOTHER)
        return Item(fields={"domain_sid": domain.sid, "messaging_service_sid": service_sid})

    async def dissociate(self, request: Request) -> Deleted:
        service_sid, domain_sid = request.ids["MessagingServiceSid"], request.ids["DomainSid"]
        if not await queries.dissociate(self.database, request.account_sid, service_sid, domain_sid):
            raise errors.not_found(request.address)
        return Deleted()

    async def fetch_association(self, request: Request) -> Item:
        domain = await self._of_service(request)
        service_sid = request.ids["MessagingServiceSid"]
        return Item(fields={"domain_sid": domain.sid, "messaging_service_sid": service_sid})

    async def fetch_config_of_service(self, request: Request) -> Item:
        config = _config(await self._of_service(request))
        return Item(fields={**config, "messaging_service_sid": request.ids["MessagingServiceSid"]})

    async def _domain(self, request: Request) -> Domain:
        found = await queries.get_domain(self.database, request.account_sid, request.ids["DomainSid"])
        if found is None:
            raise errors.not_found(request.address)
        return found

    async def _of_service(self, request: Request) -> Domain:
        key = request.account_sid, request.ids["MessagingServiceSid"]
        [found] = await queries.domains_of_services(self.database, [key])
        if found is None:
            raise errors.not_found(request.address)
        return found

    async def _write(self, domain: Domain, request: Request, changes: Mapping[str, Any]) -> Domain:
        written = replace(domain, data={**domain.data, **changes}, date_updated=request.now)
        await queries.change_domain(self.database, written)
        return written


def bindings(operations: Operations) -> tuple[Binding, ...]:
    return (
        Binding(
            resource="messaging.v1.DomainConfig",
            operations={
                "FetchDomainConfig": operations.fetch_config,
                "UpdateDomainConfig": operations.update_config,
            },
            errors={
                "CallbackUrl": lambda _: errors.of(_INVALID_CALLBACK),
                "FallbackUrl": lambda _: errors.of(_INVALID_FALLBACK),
            },
        ),
        Binding(
            resource="messaging.v1.DomainCertV4",
            operations={
                "FetchDomainCertV4": operations.fetch_certificate,
                "UpdateDomainCertV4": operations.update_certificate,
                "DeleteDomainCertV4": operations.delete_certificate,
            },
        ),
        Binding(
            resource="messaging.v2.DomainCertV4",
            operations={"FetchDomainCertV4": operations.fetch_certificate},
        ),
        Binding(
            resource="messaging.v1.RequestManagedCert",
            operations={"UpdateRequestManagedCert": operations.request_certificate},
        ),
        Binding(
            resource="messaging.v1.DomainDnsValidation",
            operations={"FetchDomainDnsValidation": operations.validate_dns},
        ),
        Binding(
            resource="messaging.v1.LinkshorteningMessagingService",
            operations={
                "CreateLinkshorteningMessagingService": operations.associate,
                "DeleteLinkshorteningMessagingService": operations.dissociate,
            },
            errors={"MessagingServiceSid": lambda _: errors.of(_INVALID_SERVICE)},
        ),
        Binding(
            resource="messaging.v1.LinkshorteningMessagingServiceDomainAssociation",
            operations={"FetchLinkshorteningMessagingServiceDomainAssociation": operations.fetch_association},
        ),
        Binding(
            resource="messaging.v1.DomainConfigMessagingService",
            operations={"FetchDomainConfigMessagingService": operations.fetch_config_of_service},
        ),
    )


def _changes(params: Mapping[str, Any]) -> dict[str, Any]:
    changed = {field: params[name] for name, field in _FLAGS.items() if name in params}
    for name, (field, empty, invalid) in _URLS.items():
        if name not in params:
            continue
        if not params[name]:
            raise errors.of(empty)
        if not is_http_url(params[name]):
            raise errors.of(invalid)
        changed[field] = params[name]
    return changed


def _config(domain: Domain) -> dict[str, Any]:
    config = domain.config
    return {
        "domain_sid": domain.sid,
        "config_sid": config.get("config_sid"),
        "fallback_url": config.get("fallback_url"),
        "callback_url": config.get("callback_url"),
        "continue_on_failure": bool(config.get("continue_on_failure")),
        "disable_https": bool(config.get("disable_https")),
        "date_created": _moment(config.get("date_created")) or domain.date_created,
        "date_updated": _moment(config.get("date_updated")) or domain.date_updated,
    }


def _certificate(domain: Domain) -> dict[str, Any]:
    kept = domain.certificate
    return {
        "domain_sid": domain.sid,
        "domain_name": domain.domain_name,
        "certificate_sid": kept.get("certificate_sid"),
        "date_expires": _moment(kept.get("date_expires")),
        "date_created": _moment(kept.get("date_created")) or domain.date_created,
        "date_updated": domain.date_updated,
        "managed": bool(kept.get("managed")),
        "requesting": False,
        "cert_in_validation": {},
    }


def _moment(kept: str | None) -> datetime | None:
    return None if kept is None else datetime.fromisoformat(kept)
