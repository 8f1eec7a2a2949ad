"""Notifications: callbacks whose answer does not matter, sent as jobs that commit with the state they tell of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal, TypeAlias, get_args

from msgspec import Struct, field

from localloop.core import sids
from localloop.jobs import NewJob

KIND: Final = "webhook"
Purpose: TypeAlias = Literal["callback", "retry", "replay", "debugger", "late", "held"]
PURPOSES: Final[tuple[Purpose, ...]] = get_args(Purpose)


class Notification(Struct, frozen=True, omit_defaults=True):
    """One callback. Its token is the same at every attempt, so that an application can tell a repetition.

    `follows` says that the resource may have called back before: then that goes first. `made` counts the attempts that
    were made in vain, `retries` the times that it came back for more. A replay names the delivery that it repeats.
    What is late or held was disturbed on purpose: it waits for its moment, or for the next callback of its resource.
    """

    url: str
    params: Mapping[str, str | list[str]]
    account_sid: str
    resource_sid: str
    method: str = "POST"
    follows: bool = False
    voice: bool = False
    as_json: bool = False  # its POST carries JSON in place of a form
    purpose: Purpose = "callback"
    made: int = 0
    retries: int = 0
    replay_of: str = ""
    instructs: bool = False  # a replay of an instruction: the answer is recorded, and nobody acts on it
    next: Notification | None = (
        None  # of the same resource, known already: right after this one, by the same job
    )
    idempotency_token: str = field(default_factory=sids.new_uuid)

    def job(self, world_sid: str, due_at: datetime) -> NewJob:
        """The job to queue in the unit that changes the state; `due_at` in the world's time."""
        return NewJob(KIND, self.account_sid, world_sid, self, due_at, key(self.resource_sid, self.purpose))


def key(resource_sid: str, purpose: Purpose = "callback") -> str:
    """The key of a resource's notifications: to find them by, and the order of the first attempts of its callbacks."""
    return f"webhook:{resource_sid}" if purpose == "callback" else f"webhook-{purpose}:{resource_sid}"
