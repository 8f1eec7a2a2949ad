"""Consent in the way of messages: keywords in texts that come in, and 21610 for what goes out.

An account without opt-outs, as most are, costs a look into memory. For the others the batch that accepts messages
asks once for all of them, in its own transaction: after somebody's STOP is committed nothing slips through.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from localloop.carriers.phones import PhoneMessage
from localloop.core import clock, e164, errors
from localloop.core.errors import ApiError
from localloop.products.messaging.consent import keywords, queries
from localloop.products.messaging.consent.keywords import DEFAULT, DEFAULTS, Handling, Heard
from localloop.products.messaging.consent.queries import CHANNEL, Asked, Book, Consented
from localloop.products.messaging.message.compose import Draft, Rules, Sender, SenderBook, answer_to
from localloop.products.messaging.message.outcome import Arrival, Understood
from localloop.products.messaging.message.resource import Message
from localloop.store import Database
from localloop.store.reader import BatchReader
from localloop.store.remembered import Changes, Remembered


class Consent:
    """Who stopped whom, and what people say about it."""

    def __init__(self, database: Database, changes: Changes, senders: SenderBook, rules: Rules) -> None:
        self.books: Remembered[str, Book] = Remembered(database, CHANNEL, changes, queries.books)
        self._senders = senders
        self._rules = rules
        self._is_first = False  # an account got its first opt-out, which nobody has been told of
        self._asking: BatchReader[Asked, bool] = BatchReader(database, _answers)

    async def start(self) -> None:
        await self.books.start()

    async def close(self) -> None:
        await self.books.close()
        await self._asking.close()

    def committed(self) -> None:
        """What texts said is durable: it holds in every process of this machine from now on."""
        if self._is_first:
            self._is_first = False
            self.books.moved()

    # What goes out ---------------------------------------------------------------------------------------------

    async def check(self, message: Message, sender: Sender) -> None:
        """A condition: of a message for a service, since a number's are refused by the batch that accepts them."""
        book = await self.books.get(message.account_sid)
        if not message.messaging_service_sid or not book.has_opt_outs:
            return
        if await self._asking.read(_asked(message, sender.phone_number)):
            raise errors.opted_out(message.to)

    async def refused(self, connection: Any, drafts: Sequence[Draft]) -> list[ApiError | None]:
        """21610 for drafts of a number to somebody who stopped it. In the transaction that accepts the others."""
        answers: list[ApiError | None] = [None] * len(drafts)
        concerned = [index for index, draft in enumerate(drafts) if self._may_be_refused(draft.message)]
        if not concerned:
            return answers
        asked = [_asked(drafts[index].message, drafts[index].message.from_ or "") for index in concerned]
        for place in await queries.opted_out(connection, asked):
            index = concerned[place]
            answers[index] = errors.opted_out(drafts[index].message.to)
        return answers

    def _may_be_refused(self, message: Message) -> bool:
        if message.messaging_service_sid:
            return False  # the condition's
        book = self.books.known(message.account_sid)
        return book is None or book.has_opt_outs

    # What comes in ---------------------------------------------------------------------------------------------

    async def understand(self, connection: Any, arrivals: Sequence[Arrival]) -> Understood:
        """Keywords take effect, and are answered, in the transaction that keeps the texts: before any webhook."""
        kept: list[Arrival] = []
        replies: list[Draft] = []
        texts: list[PhoneMessage] = []
        for arrival in arrivals:
            heard = await self._heard(connection, arrival.message)
            if heard is None:
                kept.append(arrival)
                continue
            kept.append(_marked(arrival, heard.meaning))
            if not await self._obey(connection, heard):
                continue
            if heard.meaning.network:
                texts.append(_from_network(arrival.message, heard.meaning.network))
            if heard.meaning.reply:
                replies.append(answer_to(arrival.message, heard.sender, heard.meaning.reply, self._rules))
        return Understood(tuple(kept), tuple(replies), tuple(texts))

    async def _heard(self, connection: Any, message: Message) -> _Said | None:
        """What a text says, when it is a keyword."""
        word = keywords.word_of(message.body)
        if not word or message.num_media:
            return None
        book = await self.books.get(message.account_sid)
        if word not in DEFAULTS and not any(each.mode == "advanced" for each in book.handlings.values()):
            return None
        service = message.messaging_service_sid or await queries.service_of(
            connection, message.account_sid, message.to
        )
        handling = book.handlings.get(service) or book.handlings.get(message.to)
        if handling is None and not e164.is_e164(message.from_ or ""):
            handling = _CHANNEL_DEFAULT
        sender = await self._senders.owner(message.world_sid, message.to)
        if sender is None:
            return None
        number = e164.parse(message.from_ or "")
        meaning = keywords.hear(
            word,
            handling or DEFAULT,
            toll_free=sender.type == "tollfree",
            country=number.country if number else "",
        )
        return None if meaning is None else _Said(message, meaning, sender, service, book.has_opt_outs)

    async def _obey(self, connection: Any, said: _Said) -> bool:
        """Whether there is something to answer."""
        message, meaning = said.message, said.meaning
        now = clock.now(message.world_sid)
        recipient = message.from_ or ""
        senders = (said.service, message.to) if said.service else (message.to,)
        account_sid = message.account_sid
        if meaning.kind == "HELP":
            # Who has stopped a toll-free number hears nothing more from it, not even help.
            is_deaf = said.sender.type == "tollfree" and await queries.is_opted_out(
                connection, account_sid, recipient, senders
            )
            return not is_deaf
        if meaning.kind == "START":
            changed = await queries.withdraw(connection, account_sid, recipient, senders, now)
            if not changed and meaning.is_custom:
                await queries.keep(connection, [_consented(said, "opt-in", senders[0])])
            return changed or meaning.is_custom
        was_stopped = await queries.is_opted_out(connection, account_sid, recipient, senders)
        await queries.keep(connection, [_consented(said, "opt-out", senders[0])])
        if not said.has_opt_outs:
            self._is_first = True
            await connection.execute("select pg_notify($1, '')", CHANNEL)
        return not was_stopped


class _Said(Struct, frozen=True):
    """A keyword, from whom and to whom."""

    message: Message
    meaning: Heard
    sender: Sender
    service: str
    has_opt_outs: bool  # that the account had some already


# WhatsApp and its like know keywords only where somebody has chosen them.
_CHANNEL_DEFAULT: Final = Handling(mode="off")


async def _answers(executor: Any, asked: Sequence[Asked]) -> list[bool]:
    places = await queries.opted_out(executor, asked)
    return [place in places for place in range(len(asked))]


def _asked(message: Message, sender: str) -> Asked:
    return Asked(
        account_sid=message.account_sid,
        recipient=message.to,
        sender=sender,
        service_sid=message.messaging_service_sid or "",
    )


def _consented(said: _Said, status: queries.Status, sender: str) -> Consented:
    at = clock.now(said.message.world_sid)
    source: queries.Source = "opt-in-message" if status == "opt-in" else "opt-out-message"
    return Consented(
        account_sid=said.message.account_sid,
        recipient=said.message.from_ or "",
        sender=sender,
        status=status,
        source=source,
        date_of_consent=at,
        at=at,
    )


def _marked(arrival: Arrival, meaning: Heard) -> Arrival:
    """The webhook will be told what the keyword did."""
    if meaning.opt_out_type is None:
        return arrival
    message = arrival.message
    options = replace(message.options, opt_out_type=meaning.opt_out_type)
    return replace(arrival, message=replace(message, options=options))


def _from_network(message: Message, body: str) -> PhoneMessage:
    """No message of the account: the network of toll-free numbers says it."""
    return PhoneMessage(
        world_sid=message.world_sid,
        number=message.from_ or "",
        direction="received",
        peer=message.to,
        body=body,
        date_created=clock.now(message.world_sid),
    )
