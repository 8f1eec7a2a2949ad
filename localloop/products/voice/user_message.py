"""`/Calls/{CallSid}/UserDefinedMessages` and `/UserDefinedMessageSubscriptions`: kept with the call while it lives."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct, structs

from localloop.core import errors, sids
from localloop.products.numbers import is_url
from localloop.products.voice import letters
from localloop.products.voice.call import queries
from localloop.products.voice.call.engine import Engine
from localloop.products.voice.call.events import Letter, Subscribed, Unsubscribed, UserMessage
from localloop.products.voice.call.live import Live
from localloop.products.voice.call.queries import Wanted
from localloop.products.voice.call.resource import Method
from localloop.products.voice.letters import Made, Subscription
from localloop.rest.request import Binding, Deleted, Item, Request
from localloop.store import Database


class ShownMessage(Struct, frozen=True):
    sid: str
    account_sid: str
    call_sid: str
    date_created: datetime


class UserMessages(Struct, frozen=True):
    database: Database
    engine: Engine

    async def send(self, request: Request) -> Item:
        """Raises 20001, 20404, 21220, 32702, 32703."""
        content = request.params["Content"]
        letters.check(content)
        sid, key = sids.new("KX"), request.params.get("IdempotencyKey") or ""
        return _item(
            request, await self._made(request, UserMessage(sid, content, f"KX{key}" if key else ""), sid)
        )

    async def subscribe(self, request: Request) -> Item:
        """Raises 20001, 20404, 21220, 21609."""
        url = request.params["Callback"]
        if not is_url(url):
            raise errors.invalid_status_callback(url)
        sid, key = sids.new("ZY"), request.params.get("IdempotencyKey") or ""
        method: Method = "GET" if request.params.get("Method") == "GET" else "POST"
        wanted = Subscribed(Subscription(sid, url, method), f"ZY{key}" if key else "")
        return _item(request, await self._made(request, wanted, sid))

    async def unsubscribe(self, request: Request) -> Deleted:
        """Raises 20404: also where the call is over, which ends its subscriptions."""
        live, sid = await self._live(request), request.ids["Sid"]
        if live is None or all(each.sid != sid for each in live.letters.subscriptions):
            raise errors.not_found(request.address)
        await self._take(request, live, Unsubscribed(sid))
        return Deleted()

    async def _made(self, request: Request, letter: UserMessage | Subscribed, sid: str) -> Made:
        live = await self._live(request)
        if live is None:
            raise errors.call_not_in_progress()
        now = await self._take(request, live, letter)
        return now.letters.made[letter.key or sid]

    async def _take(self, request: Request, live: Live, letter: Letter) -> Live:
        wanted = Wanted(live.call.account_sid, live.call.id, live.root)
        now = await self.engine.take(wanted, letter, request.now)
        if now is None:
            raise errors.call_not_in_progress()
        return now

    async def _live(self, request: Request) -> Live | None:
        """Raises 20404."""
        call = await queries.by_sid(self.database, request.account_sid, request.ids["CallSid"])
        if call is None:
            raise errors.not_found(request.address)
        return await queries.find(self.database, call.account_sid, call.id)


def _item(request: Request, made: Made) -> Item:
    shown = ShownMessage(made.sid, request.account_sid, request.ids["CallSid"], made.at)
    return Item(fields=structs.asdict(shown))


def bindings(database: Database, engine: Engine) -> tuple[Binding, ...]:
    messages = UserMessages(database, engine)
    sending = Binding(
        resource="api.v2010.UserDefinedMessage",
        operations={"CreateUserDefinedMessage": messages.send},
        record=ShownMessage,
    )
    subscribing = Binding(
        resource="api.v2010.UserDefinedMessageSubscription",
        operations={
            "CreateUserDefinedMessageSubscription": messages.subscribe,
            "DeleteUserDefinedMessageSubscription": messages.unsubscribe,
        },
        record=ShownMessage,
    )
    return sending, subscribing
