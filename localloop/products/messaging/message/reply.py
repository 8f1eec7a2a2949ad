"""From what an application wants sent in answer to a message to drafts of replies, within Twilio's bounds."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from localloop.core import clock, sids
from localloop.core.errors import ApiError, title
from localloop.products.messaging.message import debugger, queries
from localloop.products.messaging.message.compose import Composer, Draft, Origin
from localloop.products.messaging.message.resource import Message
from localloop.products.messaging.message.wish import Wanted
from localloop.store import Database
from localloop.twiml import messaging
from localloop.webhooks import Webhooks

log = logging.getLogger(__name__)

# Two programs that answer each other would do so for ever (14107).
LOOP_REPLIES: Final = 30
LOOP_SPAN: Final = timedelta(seconds=30)
TOO_MANY_REPLIES: Final = 14107
TOO_MANY_MESSAGES: Final = 14109


class Replies:
    """Composes replies with the numbers of the world."""

    def __init__(self, database: Database, composer: Composer, webhooks: Webhooks | None = None) -> None:
        self._database = database
        self._composer = composer
        self._webhooks = webhooks

    async def drafts(self, message: Message, wishes: Sequence[messaging.Message]) -> tuple[Draft, ...]:
        """Those fit to be sent; of the others the Debugger and the log have the reason."""
        if len(wishes) > messaging.MAX_MESSAGES:
            await self._tell(
                message,
                TOO_MANY_MESSAGES,
                f"only the first {messaging.MAX_MESSAGES} of {len(wishes)} are sent",
            )
        composed = [await self._compose(message, wish) for wish in wishes[: messaging.MAX_MESSAGES]]
        drafts = [draft for draft in composed if draft is not None]
        left: dict[tuple[str, str], int] = {}
        kept = []
        for draft in drafts:
            pair = draft.message.from_ or "", draft.message.to
            if pair not in left:
                left[pair] = LOOP_REPLIES - await self._recent(message, *pair)
            left[pair] -= 1
            if left[pair] >= 0:
                kept.append(draft)
            else:
                await self._tell(
                    message, TOO_MANY_REPLIES, f"{LOOP_REPLIES} from {pair[0]} to {pair[1]} within 30 s"
                )
        return tuple(kept)

    async def _recent(self, message: Message, from_: str, to: str) -> int:
        """In the world's time; ids, which carry real time, bound the search where that runs as fast."""
        span = clock.now(message.world_sid) - LOOP_SPAN
        is_real = clock.world_time(message.world_sid).mode == "real"
        oldest = sids.bound(span) if is_real else UUID(int=0)
        pair, since = (from_, to), (oldest, span)
        return await queries.count_replies(self._database, message.account_sid, pair, since, LOOP_REPLIES)

    async def _compose(self, message: Message, wish: messaging.Message) -> Draft | None:
        origin = Origin(
            account_sid=message.account_sid,
            world_sid=message.world_sid,
            now=clock.now(message.world_sid),
            direction="outbound-reply",
            reply_to=message.sid,
        )
        wanted = Wanted(
            to=wish.to or message.from_,
            from_=wish.from_ or message.to,
            body=wish.body,
            media=wish.media,
            status_callback=wish.status_callback or wish.action,
            callback_method="POST" if wish.status_callback else wish.method,
        )
        try:
            return await self._composer.compose(wanted, origin)
        except ApiError as error:
            await self._tell(message, debugger.notice_of(error.code), error.message)
            return None

    async def _tell(self, message: Message, code: int, reason: str) -> None:
        log.warning("a reply to %s was not sent: %s %s: %s", message.sid, code, title(code), reason)
        if self._webhooks is not None:
            await self._webhooks.alert(debugger.of_reply(message, code, reason))
