"""The job by which a phone answers a text, as its persona says.

An answer is a text from the phone like one that somebody typed, with its webhook and all. Two that answer each other
do so thirty times in half a minute, as with Twilio (14107), and then no more.
"""

from __future__ import annotations

import logging
import mimetypes
from collections.abc import Sequence
from datetime import timedelta
from typing import Final, Protocol

from localloop.carriers import phones
from localloop.carriers.patterns import PatternError, Patterns
from localloop.carriers.personas import Answering, Rule, job_of
from localloop.carriers.phones import PhoneMessage
from localloop.core import e164, segments
from localloop.jobs import Done, Job, Settled, enqueue
from localloop.jobs.settle import Gone, settle
from localloop.lab.matching import Match
from localloop.lab.personas import LONGEST, PLACE, expression_of, fields_of, own_address
from localloop.payloads.messaging import InboundMessage, Media
from localloop.payloads.part import API_VERSION, numbered
from localloop.payloads.places import places
from localloop.products.messaging import Texted
from localloop.store import Database
from localloop.twiml import document, messaging
from localloop.webhooks import Document, Failure, Instruction

log = logging.getLogger(__name__)

_SPAN: Final = timedelta(seconds=30)
_MOST_ANSWERS: Final = 30


class Receiver(Protocol):
    """Whoever takes texts from phones to numbers of the world: `products.messaging`."""

    async def take(self, texted: Texted) -> PhoneMessage | None: ...


class Asked(Protocol):
    """Whoever asks applications: `webhooks`."""

    async def fetch_instructions(self, instruction: Instruction) -> Document | Failure: ...


class Answers:
    """The handler of `phone.answer`."""

    def __init__(self, database: Database, receiver: Receiver, webhooks: Asked) -> None:
        self._database = database
        self._receiver = receiver
        self._webhooks = webhooks
        self._patterns = Patterns()

    async def close(self) -> None:
        await self._patterns.close()

    async def answer(self, job: Job) -> Done | Settled:
        asked = job.read(Answering)
        text = await phones.get_message(self._database, job.world_sid, asked.number, asked.text_id)
        if text is None:
            return Done()
        rule = asked.rule
        if rule is None:
            phone = await phones.get_phone(self._database, job.world_sid, asked.number)
            fields = fields_of(text)
            rule = next(
                (each for each in phone.persona.rules if Match.parse(each.match).admits(fields)), None
            )
            if rule is not None and rule.delay:
                return await self._later(job, Answering(asked.number, asked.text_id, rule))
        if rule is not None and await self._may_answer(text):
            for body in await self._words(rule, text, job.account_sid):
                await self._say(text, body)
        return Done()

    async def _later(self, job: Job, answering: Answering) -> Settled:
        assert answering.rule is not None
        due = job.due_at + timedelta(milliseconds=answering.rule.delay)
        async with self._database.unit() as unit:
            await enqueue(unit, [job_of(job.account_sid, job.world_sid, answering, due)])
            await settle(unit, [Gone(job)])
        return Settled()

    async def _may_answer(self, text: PhoneMessage) -> bool:
        """Once, should this job run twice, and not for ever."""
        is_answered, lately = await phones.answers_to(self._database, text, _SPAN)
        if lately >= _MOST_ANSWERS:
            log.warning(
                "%s answers %s no more: %s times in %s s, they may be answering each other",
                *(text.number, text.peer, lately, f"{_SPAN.total_seconds():g}"),
            )
        return not is_answered and lately < _MOST_ANSWERS

    async def _words(self, rule: Rule, text: PhoneMessage, account_sid: str) -> Sequence[str]:
        if rule.webhook:
            return await self._asked(rule.webhook, text, account_sid)
        return (rule.reply or await self._filled(rule, text),)

    async def _filled(self, rule: Rule, text: PhoneMessage) -> str:
        places = {name: str(value or "") for name, value in fields_of(text).items()}
        expression = expression_of(rule)
        if expression:
            try:
                places |= await self._patterns.groups(expression, text.body) or {}
            except PatternError as error:
                log.warning("%s has no answer to %s: %s", text.number, text.peer, error)
                return ""
        return PLACE.sub(lambda place: places.get(place[1], ""), rule.template)

    async def _asked(self, url: str, text: PhoneMessage, account_sid: str) -> Sequence[str]:
        """What an application says for the phone: TwiML, or just words."""
        instruction = Instruction(
            url,
            account_sid,
            _told(text, account_sid),
            world_sid=text.world_sid,
            resource_sid=text.message_sid,
        )
        answer = await self._webhooks.fetch_instructions(instruction)
        if isinstance(answer, Failure):
            return ()
        try:
            script = messaging.run(document.read(answer.body, answer.content_type), answer.url, "US")
        except document.TwimlError as error:
            log.warning("%s: %s %s", url, error.code, error.reason)
            return ()
        return [message.body for message in script.messages]

    async def _say(self, text: PhoneMessage, body: str) -> None:
        if not body:
            return
        said = Texted(
            world_sid=text.world_sid, phone=text.number, to=text.peer, body=body[:LONGEST], answers=text.id
        )
        if await self._receiver.take(said) is None:
            log.info("%s answers %s, where nobody in this world gets texts", text.number, text.peer)


def _told(text: PhoneMessage, account_sid: str) -> dict[str, str]:
    """As Twilio tells of a text that came in: a program that answers for a number can answer for a phone."""
    sid, to = text.message_sid or "", own_address(text)
    told = InboundMessage(
        message_sid=sid,
        sms_sid=sid,
        sms_message_sid=sid,
        account_sid=account_sid,
        from_=text.peer,
        to=to,
        body=text.body,
        num_media=str(len(text.media)),
        num_segments=str(segments.count(text.body).parts),
        sms_status="received",
        api_version=API_VERSION,
    )
    params = told.params()
    for number, address in enumerate(text.media):
        content_type = mimetypes.guess_type(address)[0] or "application/octet-stream"
        params |= numbered(Media(media_url=address, media_content_type=content_type), number)
    return params | places(e164.place(text.peer), e164.place(to)).params()
