"""Both kinds of webhooks at work: notifications as a job's handler, instructions as a function that answers."""

from __future__ import annotations

from typing import Protocol

from localloop.jobs import Dead, Job, Outcome, Settled
from localloop.store import Database
from localloop.webhooks import asking
from localloop.webhooks.deliveries import About, Deliveries
from localloop.webhooks.failure import Failure
from localloop.webhooks.instruction import Document, Instruction, document_of
from localloop.webhooks.notification import Notification, key
from localloop.webhooks.outbound import Outbound
from localloop.webhooks.sequence import FirstAttempts


class SigningKey(Protocol):
    """What webhooks are signed with: an account's primary auth token, until its secondary one is promoted."""

    async def signing_token(self, account_sid: str) -> str | None:
        """None for an account that is gone."""


class Webhooks:
    """Signs, sends, retries, falls back and records. `full` keeps headers and bodies of what went well, too."""

    def __init__(self, database: Database, outbound: Outbound, keys: SigningKey, *, full: bool) -> None:
        self._outbound = outbound
        self._keys = keys
        self._deliveries = Deliveries(database, full=full)
        self._first_attempts = FirstAttempts(database)

    async def close(self) -> None:
        """Write what is not recorded yet. The outbound client is its owner's to close."""
        await self._first_attempts.close()
        await self._deliveries.close()

    async def deliver(self, job: Job) -> Outcome:
        """The handler of notifications: all of Twilio's attempts at once, then the job is done, answered or not."""
        notification = job.read(Notification)
        place = (key(notification.resource_sid), job.id)
        async with self._first_attempts.turn(place, follows=notification.follows):
            token = await self._keys.signing_token(notification.account_sid)
            if token is None:
                return Dead(f"nothing signs for {notification.account_sid}")
            made = await asking.attempted(self._outbound, notification, token, job.world_sid)
        about = About("notification", notification.account_sid, notification.resource_sid)
        await self._deliveries.record(about, made, job)
        return Settled()

    async def fetch_instructions(self, instruction: Instruction) -> Document | Failure:
        """What the application answers, from its fallback URL if need be; the last failure when neither answers."""
        return await asking.answered(self._fetch, instruction)

    async def fetch_fallback(self, instruction: Instruction, cause: Failure) -> Document | Failure | None:
        """The same after `cause`, which may also be what a fetched document did; None without a fallback URL."""
        return await asking.answered_by_fallback(self._fetch, instruction, cause)

    async def _fetch(self, instruction: Instruction) -> Document | Failure:
        token = await self._keys.signing_token(instruction.account_sid) or ""
        made = await asking.attempted(self._outbound, instruction, token, instruction.world_sid)
        about = About("instruction", instruction.account_sid, instruction.resource_sid)
        self._deliveries.record_later(about, made)
        return document_of(made)
