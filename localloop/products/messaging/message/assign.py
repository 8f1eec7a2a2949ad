"""The job that gives a message of a service its sender, at once or when its moment has come, and queues it.

The place in the sender's queue, the status, its callback and the job that sends are one commit. Whatever a request with
a known sender would be refused with fails such a message.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from localloop.core import clock, e164, sids
from localloop.core.errors import ApiError
from localloop.jobs import Done, Job, Settled, enqueue
from localloop.jobs.settle import Gone, settle
from localloop.products.messaging.link.book import Links
from localloop.products.messaging.link.queries import keep as keep_links
from localloop.products.messaging.link.shorten import ShortLink
from localloop.products.messaging.media.resource import address_of
from localloop.products.messaging.message import callbacks, queries, scheduled
from localloop.products.messaging.message.accept import Acceptance, Reference, job_of
from localloop.products.messaging.message.compose import Composer, Draft, Sender
from localloop.products.messaging.message.deliver import Messages
from localloop.products.messaging.message.load import Loaded
from localloop.products.messaging.message.outcome import Outcome, Outcomes
from localloop.products.messaging.message.queries import Change
from localloop.products.messaging.message.resource import Message
from localloop.products.messaging.service.choice import Choice, Need
from localloop.products.messaging.service.selection import PLAIN, Recipient, takes_media
from localloop.products.messaging.service.settings import Staffed
from localloop.store import BatchWriter

QUEUE_OVERFLOW: Final = 30001
_WAITING: Final = frozenset({"accepted", "scheduled"})


class Assigned(Struct, frozen=True, kw_only=True):
    """A message as it was, with what it becomes: queued, or failed where there is no draft."""

    message: Message
    job: Job
    draft: Draft | None = None
    error_code: int | None = None


Writer: TypeAlias = BatchWriter[Assigned, bool]


class Assignment:
    """The handler of `message.assign`."""

    def __init__(
        self, messages: Messages, writer: Writer, composer: Composer, choice: Choice, links: Links
    ) -> None:
        self._links = links
        self._messages = messages
        self._writer = writer
        self._composer = composer
        self._choice = choice

    async def assign(self, job: Job) -> Done | Settled:
        """One that was canceled meanwhile is left alone."""
        loaded = await self._messages.read((job.account_sid, sids.uuid_of(job.read(Reference).sid)))
        if loaded is None or loaded.message.status not in _WAITING:
            return Done()
        message = loaded.message
        try:
            draft = await self._draft(loaded)
        except ApiError as error:
            await self._writer.write(Assigned(message=message, job=job, error_code=error.code))
        else:
            await self._writer.write(Assigned(message=message, job=job, draft=draft))
        return Settled()

    async def _draft(self, loaded: Loaded) -> Draft:
        """Raises 21610, 21703, 21704 and whatever else forbids it."""
        message = loaded.message
        staffed = await self._composer.service(message.account_sid, message.messaging_service_sid)
        now = clock.now(message.world_sid)
        links: tuple[ShortLink, ...] = ()
        if message.from_ is not None:
            sender = await self._composer.sender(message.account_sid, message.world_sid, message.from_)
        else:
            assert staffed is not None  # only what names its sender may have no service
            if message.num_media and staffed.service.mms_converter:
                loaded, links = self._readable(loaded, staffed)
                message = loaded.message
            need = Need(world_sid=message.world_sid, recipient=recipient_of(message), at=now)
            chosen = await self._choice.sender(staffed, need, self._composer.segment())
            if chosen.type in e164.MESSAGING_CHANNELS:
                world_sid, address = message.world_sid, chosen.address
                sender = await self._composer.sender(message.account_sid, world_sid, address)
            else:
                sender = Sender(
                    phone_number=chosen.address,
                    account_sid=message.account_sid,
                    type=chosen.type,
                    sms_enabled=chosen.sms,
                    country=chosen.country,
                    mms_enabled=chosen.mms,
                )
        draft = await self._composer.assign(message, sender, loaded.media_urls, links)
        return replace(draft, message=replace(draft.message, date_updated=now))

    def _readable(self, loaded: Loaded, staffed: Staffed) -> tuple[Loaded, tuple[ShortLink, ...]]:
        """Where media do not come through as media, a text has links to them."""
        message = loaded.message
        if takes_media(staffed.pool, recipient_of(message)):
            return loaded, ()
        addresses = tuple(address_of(each, message.sid, self._links.public_url) for each in loaded.media)
        written = self._links.media_links(message.body or "", addresses)
        text = replace(message, body=written.text, num_media=0)
        return replace(loaded, message=text, media=()), written.links


def recipient_of(message: Message) -> Recipient:
    address = e164.address(message.to)
    number = address.number or e164.parse(address.value)
    return Recipient(
        address=address.value,
        country=number.country if number is not None else "",
        channel=address.channel or PLAIN,
        has_media=bool(message.num_media),
    )


class Assignments:
    """The flush of what was chosen."""

    def __init__(self, acceptance: Acceptance, outcomes: Outcomes, choice: Choice) -> None:
        self._acceptance = acceptance
        self._outcomes = outcomes
        self._choice = choice

    async def flush(self, connection: Any, assigned: Sequence[Assigned]) -> list[bool]:
        """Whether each still waited. Messages are held before places are reserved, as everywhere."""
        held = await queries.hold(
            connection, [(each.message.account_sid, each.message.id) for each in assigned]
        )
        here = {each.message.id: each for each in assigned if each.message.id in held}
        drafts = [(each, each.draft) for each in here.values() if each.draft is not None]
        due = await self._acceptance.places(connection, [draft for _, draft in drafts])
        queued = [(each, draft, at) for (each, draft), at in zip(drafts, due, strict=True) if at is not None]
        if queued:
            await queries.assign(connection, [draft.message for _, draft, _ in queued])
            made = [(draft.message, draft.links) for _, draft, _ in queued if draft.links]
            await keep_links(connection, made)
            told = [job for each, draft, _ in queued for job in _callback(each, draft)]
            sent = [job_of(draft, at) for _, draft, at in queued]
            await enqueue(connection, [*told, *sent])
        through = {each.message.id for each, _, _ in queued}
        await self._fail(connection, [each for id, each in here.items() if id not in through])
        left = [here[id].message.account_sid for id, status in held.items() if status == "scheduled"]
        await scheduled.leave(connection, left)
        await settle(connection, [Gone(each.job) for each in assigned])
        for _, draft, at in queued:
            self._acceptance.tell(draft, at)
            self._choice.loads.learn(draft.pace_key, at + draft.interval)
        return [each.message.id in held for each in assigned]

    async def _fail(self, connection: Any, failed: Sequence[Assigned]) -> None:
        if failed:
            await self._outcomes.flush(connection, [_failure(each) for each in failed])


def _callback(each: Assigned, draft: Draft) -> tuple[Any, ...]:
    message = draft.message
    change = Change(account_sid=message.account_sid, id=message.id, status="queued", at=message.date_updated)
    return callbacks.job_of(replace(message, status=each.message.status), change)


def _failure(each: Assigned) -> Outcome:
    message = each.message
    change = Change(
        account_sid=message.account_sid,
        id=message.id,
        status="failed",
        at=clock.now(message.world_sid),
        error_code=each.error_code or QUEUE_OVERFLOW,
    )
    return Outcome(message=message, change=change)
