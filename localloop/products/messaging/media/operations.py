"""`/Messages/{Sid}/Media`, as the REST engine calls it."""

from __future__ import annotations

from msgspec import Struct

from localloop.core import clock, errors, sids
from localloop.products.messaging.media import queries, settings
from localloop.products.messaging.media.addresses import Addresses
from localloop.products.messaging.media.resource import Media, shown
from localloop.products.messaging.message import lifecycle
from localloop.products.messaging.message.operations import find
from localloop.products.messaging.message.resource import Message
from localloop.rest.guard import host_of
from localloop.rest.request import Binding, Deleted, Item, Items, Raw, Request
from localloop.rest.windows import window
from localloop.store import Database


class MediaOperations(Struct, frozen=True):
    """What media may be asked over REST. `vanity`: names of applications' own that lead here."""

    database: Database
    addresses: Addresses
    vanity: frozenset[str] = frozenset()

    async def page(self, request: Request) -> Items:
        """All of a message's media: they are ten at most."""
        message = await find(self.database, request, "MessageSid")
        start, end = window(request.params, "DateCreated")
        found = [
            each
            for each in await queries.of_message(self.database, message.account_sid, message.id)
            if (start is None or each.date_created >= start) and (end is None or each.date_created < end)
        ]
        return Items(items=[shown(each, message.sid) for each in found])

    async def fetch(self, request: Request) -> Item | Raw:
        """Metadata with a suffix; else the way to the bytes, or to where the application has them."""
        if request.suffix:
            message = await find(self.database, request, "MessageSid")
            return Item(fields=shown(await self._find(request, message), message.sid))
        await self._admit(request)
        message = await find(self.database, request, "MessageSid")
        media = await self._find(request, message)
        if media.object_id is None:
            return Raw(status=307, headers={"Location": media.url})
        base = f"{request.urls.scheme}://{request.urls.authority}"
        return Raw(
            status=307,
            headers={"Location": f"{base}{self.addresses.of(media, message.sid, message.world_sid)}"},
        )

    async def delete(self, request: Request) -> Deleted:
        """Not while the message is on its way with it: 20009."""
        message = await find(self.database, request, "MessageSid")
        media = await self._find(request, message)
        if not lifecycle.is_settled(message.status):
            raise errors.delete_before_complete()
        async with self.database.unit() as unit:
            if not await queries.delete(unit, media, clock.now()):
                raise errors.not_found(request.address)
        return Deleted()

    async def _admit(self, request: Request) -> None:
        """Who knows an address may fetch what is there, unless the account asks for credentials; under a name of an
        application's own never without, and never in the clear. Raises 401, 426."""
        is_vanity = host_of(request.urls.authority) in self.vanity
        if is_vanity and request.urls.scheme != "https":
            raise errors.upgrade_required()
        if request.caller.world_sid:
            return
        if is_vanity or await self._wants_credentials(request.account_sid):
            raise errors.authenticate()

    async def _wants_credentials(self, account_sid: str) -> bool:
        world_sid = await self.database.fetchval("select world_sid from accounts where sid = $1", account_sid)
        held = await settings.of_account(self.database, account_sid, world_sid or account_sid)
        return held.media_auth

    async def _find(self, request: Request, message: Message) -> Media:
        sid = request.ids["Sid"]
        if sids.is_sid(sid, "ME"):
            wanted = sids.uuid_of(sid)
            for each in await queries.of_message(self.database, message.account_sid, message.id):
                if each.id == wanted:
                    return each
        raise errors.not_found(request.address)


def bindings(operations: MediaOperations) -> tuple[Binding, ...]:
    return (
        Binding(
            resource="api.v2010.Media",
            operations={
                "ListMedia": operations.page,
                "FetchMedia": operations.fetch,
                "DeleteMedia": operations.delete,
            },
            # As at Twilio while an account does not ask for authentication on its media.
            public=frozenset({"FetchMedia"}),
        ),
    )
