"""Shortening the links of messages, and what happens when somebody follows one."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from localloop.core import clock, errors, sids
from localloop.jobs import enqueue
from localloop.payloads.messaging import Click
from localloop.payloads.part import given
from localloop.products.messaging.link import queries
from localloop.products.messaging.link.queries import OF_CERTIFICATES, Domain, Link
from localloop.products.messaging.link.shorten import Shortened, media_links, shorten
from localloop.products.messaging.message import queries as messages
from localloop.products.messaging.message.compose import Origin
from localloop.products.messaging.message.wish import Wanted
from localloop.rest.render import iso8601
from localloop.store import Database
from localloop.store.reader import BatchReader
from localloop.webhooks import Alert, Notification, Webhooks

log = logging.getLogger(__name__)

OWN_PATH: Final = "/s/"  # where this server itself follows links
_KEPT_ON: Final = timedelta(days=30)
NO_DOMAIN: Final = 30106
UNVERIFIED: Final = 30101
EXPIRED_CERTIFICATE: Final = 30102
NO_CERTIFICATE: Final = 30107
BLOCKED: Final = 30110
DENIED: Final = 30111
NOT_FOUND_BUT_FALLBACK: Final = 30104
NOT_FOUND: Final = 30105


class Visit(Struct, frozen=True, kw_only=True):
    """Somebody asks for a short link. `host` without its port is the domain, unless it is this server's own path."""

    host: str
    code: str
    user_agent: str = ""
    is_click: bool = True  # a HEAD is none


class Links:
    """`public_url`: where this server is reached, for links without a domain of their own."""

    def __init__(self, database: Database, public_url: str, webhooks: Webhooks | None = None) -> None:
        self._database = database
        self.public_url = public_url
        self._own = f"{public_url}{OWN_PATH}"
        self._webhooks = webhooks
        self._domains: BatchReader[tuple[str, str], Domain | None] = BatchReader(
            database, queries.domains_of_services
        )

    async def close(self) -> None:
        await self._domains.close()

    async def prepare(self, wish: Wanted, origin: Origin, _: str, /) -> Wanted:
        """A wish whose links are short, where that was asked for. What hinders it fails the message, unless its domain
        says to go on."""
        if not wish.shorten_urls or not wish.body:
            return wish
        domain = None
        if wish.messaging_service_sid:
            domain = await self._domains.read((origin.account_sid, wish.messaging_service_sid))
        if domain is None:
            return replace(wish, failure=wish.failure or NO_DOMAIN)
        hindrance = hindrance_of(domain, wish.body, origin.now)
        if hindrance is None:
            done = shorten(wish.body, self.base_of(domain), domain.sid)
            return replace(wish, body=done.text, links=done.links)
        if domain.config.get("continue_on_failure"):
            log.warning("links of %s are not shortened: %s", domain.domain_name, errors.title(hindrance))
            return wish
        return replace(wish, failure=wish.failure or hindrance)

    async def add_domain(self, account_sid: str, world_sid: str, name: str) -> Domain:
        """A domain of the account; without a name one whose links lead to this server."""
        now = clock.now(world_sid)
        made = Domain(
            sid=sids.new(queries.DOMAIN_PREFIX),
            account_sid=account_sid,
            world_sid=world_sid,
            domain_name=name or urlsplit(self._own).hostname or "localhost",
            is_own=not name,
            date_created=now,
            date_updated=now,
        )
        await queries.insert_domain(self._database, made)
        return made

    async def domain(self, account_sid: str, sid: str) -> Domain | None:
        return await queries.get_domain(self._database, account_sid, sid)

    async def domains(self, account_sid: str, *, after: str, limit: int) -> list[Domain]:
        return await queries.list_domains(self._database, account_sid, after=after, limit=limit)

    async def judge(self, domain: Domain, wanted: Mapping[str, Any]) -> Domain:
        """What others find of a domain: whether its DNS is right (`is_valid`, `reason`), and what they block."""
        judged = replace(
            domain,
            is_valid=wanted["is_valid"],
            reason=wanted["reason"],
            data={
                **domain.data,
                "is_blocked": wanted["is_blocked"],
                "denied_url": wanted["denied_url"],
                "failure": wanted["failure"],
            },
            date_updated=clock.now(domain.world_sid),
        )
        await queries.change_domain(self._database, judged)
        return judged

    def media_links(self, text: str, urls: tuple[str, ...]) -> Shortened:
        """A text with links in the place of media, for a recipient who takes none; keep its links with the message."""
        return media_links(text, urls, self._own)

    def base_of(self, domain: Domain) -> str:
        """What comes before a link's code. Of a domain of one's own it is `https://`, or nothing."""
        if domain.is_own:
            return self._own
        return f"{'' if domain.config.get('disable_https') else 'https://'}{domain.domain_name}/"

    async def shortens(self, host: str) -> bool:
        """Whether a domain of this name was made here."""
        return await queries.domain_named(self._database, host) is not None

    async def prune(self) -> None:
        """Links that expired are kept a while, for worlds whose clocks are behind."""
        await queries.prune(self._database, clock.now() - _KEPT_ON)

    async def follow(self, visit: Visit) -> str | None:
        """Where it leads; None where nobody knows. The domain's owner is told of the click, or of the failure."""
        link = await queries.find_link(self._database, visit.code)
        domain = await self._domain(visit, link)
        is_reached_elsewhere = bool(visit.host) and (link is None or domain is None)
        if link is None or is_reached_elsewhere or link.expires_at <= clock.now(link.world_sid):
            return await self._lost(domain)
        if domain is not None and visit.is_click:
            await self._tell(link, domain, visit)
        return link.url

    async def _domain(self, visit: Visit, link: Link | None) -> Domain | None:
        """The link's, if it was asked for there; else whoever has the name that was asked for."""
        if link is not None and link.domain_sid is not None:
            found = await queries.get_domain(self._database, link.account_sid, link.domain_sid)
            if found is not None and visit.host in ("", found.domain_name):
                return found
        return await queries.domain_named(self._database, visit.host) if visit.host else None

    async def _lost(self, domain: Domain | None) -> str | None:
        if domain is None:
            return None
        fallback = domain.config.get("fallback_url")
        code = NOT_FOUND_BUT_FALLBACK if fallback else NOT_FOUND
        if self._webhooks is not None:
            await self._webhooks.alert(
                Alert(
                    account_sid=domain.account_sid,
                    world_sid=domain.world_sid,
                    error_code=code,
                    at=clock.now(domain.world_sid),
                    reason=errors.title(code),
                    facts={"domain": domain.domain_name},
                    resource_sid=domain.sid,
                )
            )
        return str(fallback) if fallback else None

    async def _tell(self, link: Link, domain: Domain, visit: Visit) -> None:
        url = domain.config.get("callback_url")
        message = await messages.get(self._database, link.account_sid, sids.uuid_of(link.message_sid))
        if not url or message is None:
            return
        now = clock.now(link.world_sid)
        click = Click(
            event_type="click",
            sms_sid=link.message_sid,
            to=message.to,
            from_=message.from_ or "",
            link=link.url,
            click_time=iso8601(now),
            messaging_service_sid=given(message.messaging_service_sid),
            account_sid=link.account_sid,
            user_agent=visit.user_agent,
        )
        told = Notification(url, click.params(), link.account_sid, link.message_sid)
        async with self._database.unit() as unit:
            await enqueue(unit, [told.job(link.world_sid, now)])


def hindrance_of(domain: Domain, body: str, at: datetime) -> int | None:
    """Why links of this text cannot be shortened with this domain."""
    if domain.failure is not None and domain.failure not in OF_CERTIFICATES:
        return domain.failure
    if domain.data.get("is_blocked"):
        return BLOCKED
    if not domain.is_valid:
        return UNVERIFIED
    denied = domain.data.get("denied_url")
    if denied and denied in body:
        return DENIED
    expires = domain.certificate.get("date_expires")
    if domain.is_own or domain.config.get("disable_https"):
        return None
    if not expires:
        return NO_CERTIFICATE
    return EXPIRED_CERTIFICATE if datetime.fromisoformat(expires) <= at else None
