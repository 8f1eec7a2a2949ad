"""Notifications: callbacks whose answer does not matter, sent as jobs that commit with the state they tell of."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Final

from msgspec import Struct, field

from localloop.jobs import NewJob

KIND: Final = "webhook"


class Notification(Struct, frozen=True, omit_defaults=True):
    """One callback. Its token is the same at every attempt, so that an application can tell a repetition.

    `follows` says that the resource may have called back before: then that goes first.
    """

    url: str
    params: dict[str, str]
    account_sid: str
    resource_sid: str
    method: str = "POST"
    follows: bool = False
    voice: bool = False
    idempotency_token: str = field(default_factory=lambda: str(uuid.uuid4()))

    def job(self, world_sid: str, due_at: datetime) -> NewJob:
        """The job to queue in the unit that changes the state; `due_at` in the world's time."""
        return NewJob(KIND, self.account_sid, world_sid, self, due_at, key(self.resource_sid))


def key(resource_sid: str) -> str:
    """The key of a resource's notifications: to cancel them by, and the order of their first attempts."""
    return f"webhook:{resource_sid}"
