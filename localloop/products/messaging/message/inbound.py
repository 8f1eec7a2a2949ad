"""The job of a message that came in: ask the application what to do, and do it in one commit with `received`."""

from __future__ import annotations

import logging
import uuid
from typing import Final, cast

from msgspec import Struct
from msgspec.structs import replace

from localloop.core import clock, e164, sids
from localloop.core.errors import title
from localloop.jobs import Done, Job, Settled
from localloop.payloads.messaging import InboundMessage, Media, OptOut, OptOutType
from localloop.payloads.part import API_VERSION, given, numbered
from localloop.payloads.places import places
from localloop.products.messaging.channel.book import ChannelBook
from localloop.products.messaging.media.fetching import Fetching
from localloop.products.messaging.media.resource import address_of
from localloop.products.messaging.message import debugger
from localloop.products.messaging.message.accept import Reference
from localloop.products.messaging.message.compose import Draft
from localloop.products.messaging.message.deliver import Messages, Writer, price_of
from localloop.products.messaging.message.load import Loaded
from localloop.products.messaging.message.outcome import Outcome
from localloop.products.messaging.message.queries import Change
from localloop.products.messaging.message.reply import Replies
from localloop.products.messaging.message.resource import Message
from localloop.products.messaging.service.directory import Services
from localloop.products.numbers import Directory, Webhook, sms_webhook
from localloop.store.plain import PlainStore
from localloop.twiml import document, messaging
from localloop.webhooks import Document, Failure, Instruction, Webhooks

log = logging.getLogger(__name__)

MAX_REDIRECTS: Final = 10
TOO_MANY_REDIRECTS: Final = 14106


class Asked(Struct, frozen=True):
    """Whom to ask about a message, and who composes what they answer."""

    directory: Directory
    channels: ChannelBook
    records: PlainStore
    webhooks: Webhooks
    replies: Replies
    services: Services
    fetching: Fetching
    public_url: str = ""  # what is told of our own addresses is built on it


class Reception:
    """The handler of `message.inbound`."""

    def __init__(self, messages: Messages, writer: Writer, asked: Asked) -> None:
        self._messages = messages
        self._writer = writer
        self._asked = asked

    async def receive(self, job: Job) -> Done | Settled:
        """Whatever the application does, the message is received."""
        loaded = await self._messages.read((job.account_sid, sids.uuid_of(job.read(Reference).sid)))
        if loaded is None or loaded.message.status != "receiving":
            return Done()
        if loaded.media:
            loaded = await self._asked.fetching.brought(loaded)
        message = loaded.message
        began = clock.now(message.world_sid)
        webhook = await self._webhook(message) if loaded.account_is_active else None
        replies: tuple[Draft, ...] = ()
        if webhook is not None:
            wishes = await self._ask(_instruction(loaded, webhook, self._asked.public_url))
            replies = await self._asked.replies.drafts(message, wishes)
        change = Change(
            account_sid=message.account_sid,
            id=message.id,
            status="received",
            at=clock.now(message.world_sid),
            date_sent=began,
            price=price_of(message, "inbound"),
        )
        await self._writer.write(Outcome(message=message, change=change, job=job, replies=replies))
        return Settled()

    async def _webhook(self, message: Message) -> Webhook | None:
        """The service's, where its senders do not speak for themselves; else that of whom it came to."""
        if e164.channel_of(message.to):
            sender = await self._asked.channels.find(message.world_sid, message.to)
            if sender is None or sender.account_sid != message.account_sid:
                return None
            webhook: Webhook | None = await self._service_webhook(message) or sender.webhook
        else:
            owned = await self._asked.directory.find(message.world_sid, message.to)
            if owned is None or owned.account_sid != message.account_sid:
                return None
            webhook = await self._service_webhook(message) or await sms_webhook(self._asked.records, owned)
        return webhook if webhook is not None and webhook.url else None

    async def _service_webhook(self, message: Message) -> Webhook | None:
        if message.messaging_service_sid is None:
            return None
        staffed = await self._asked.services.find(message.account_sid, message.messaging_service_sid)
        return staffed.service.inbound if staffed is not None else None

    async def _ask(self, instruction: Instruction) -> tuple[messaging.Message, ...]:
        """All messages of the documents that the application answers with, redirects followed."""
        wanted: list[messaging.Message] = []
        for _ in range(MAX_REDIRECTS + 1):
            script = await self._script(instruction)
            wanted += script.messages
            if script.redirect is None:
                return tuple(wanted)
            instruction = replace(
                instruction,
                url=script.redirect.url,
                method=script.redirect.method,
                idempotency_token=str(uuid.uuid4()),
            )
        await self._tell(instruction, TOO_MANY_REDIRECTS, "its documents redirect too often")
        return tuple(wanted)

    async def _script(self, instruction: Instruction) -> messaging.Script:
        answer = await self._asked.webhooks.fetch_instructions(instruction)
        if isinstance(answer, Failure):
            return _given_up(instruction, answer)
        try:
            return await self._run(instruction, answer)
        except document.TwimlError as error:
            cause = Failure(error.code, error.reason)
            await self._tell(instruction, error.code, error.reason, answer, error.line)
        if answer.fallback_for is not None:
            return messaging.Script()
        second = await self._asked.webhooks.fetch_fallback(instruction, cause)
        if second is None:
            return messaging.Script()
        if isinstance(second, Failure):
            return _given_up(instruction, second)
        try:
            return await self._run(instruction, second)
        except document.TwimlError as error:
            await self._tell(instruction, error.code, error.reason, second, error.line)
            return messaging.Script()

    async def _run(self, instruction: Instruction, answer: Document) -> messaging.Script:
        """Raises TwimlError."""
        content = document.read(answer.body, answer.content_type)
        country = str(instruction.params.get("ToCountry") or "US")
        script = messaging.run(content, answer.url, country)
        for notice in script.notices:
            await self._tell(instruction, notice.code, notice.reason, answer, notice.line)
        return script

    async def _tell(
        self, instruction: Instruction, code: int, reason: str, answer: Document | None = None, line: int = 0
    ) -> None:
        url = (answer.url if answer is not None else instruction.url).partition("?")[0]
        log.warning("%s: %s %s: %s", url, code, title(code), reason)
        alert = debugger.of_document(instruction, code, reason, answer, line)
        await self._asked.webhooks.alert(alert)


def _given_up(instruction: Instruction, failure: Failure) -> messaging.Script:
    url = instruction.url.partition("?")[0]
    log.warning("%s: %s %s", url, failure.code, failure.message)
    return messaging.Script()


def _instruction(loaded: Loaded, webhook: Webhook, public_url: str) -> Instruction:
    message = loaded.message
    return Instruction(
        webhook.url,
        message.account_sid,
        params_of(loaded, public_url),
        webhook.method,
        webhook.fallback_url,
        webhook.fallback_method,
        message.world_sid,
        message.sid,
    )


def params_of(loaded: Loaded, public_url: str) -> dict[str, str]:
    """The parameters of the request for instructions (Twilio: "Twilio's Request to your Webhook URL")."""
    message = loaded.message
    told = InboundMessage(
        message_sid=message.sid,
        sms_sid=message.sid,
        sms_message_sid=message.sid,
        account_sid=message.account_sid,
        from_=message.from_ or "",
        to=message.to,
        body=message.body or "",
        num_media=str(message.num_media),
        num_segments=str(message.num_segments),
        sms_status="received",
        api_version=API_VERSION,
        messaging_service_sid=given(message.messaging_service_sid),
    )
    params = told.params()
    if message.options.opt_out_type is not None:
        kind = cast(OptOutType, message.options.opt_out_type)
        params |= OptOut(opt_out_type=kind).params()
    for number, each in enumerate(loaded.media):
        address = address_of(each, message.sid, public_url)
        params |= numbered(Media(media_url=address, media_content_type=each.content_type), number)
    params |= message.options.channel_params or {}
    return params | places(e164.place(message.from_ or ""), e164.place(message.to)).params()
