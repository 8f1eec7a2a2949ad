"""What resources beside a call ask of whoever holds the calls: the engine implements it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, Protocol
from uuid import UUID

from msgspec import Struct

from localloop.products.voice.conference.room import Room, Tell
from localloop.store import Executor, Unit


class Document(Struct, frozen=True):
    """TwiML to be asked for."""

    url: str
    method: Literal["GET", "POST"] = "POST"


class Whose(Struct, frozen=True, kw_only=True):
    """On whose behalf, and when."""

    account_sid: str
    world_sid: str
    at: datetime


class Made(Protocol):
    """A call that is fit to be queued."""

    @property
    def sid(self) -> str: ...

    async def begin(self, unit: Unit) -> int:
        """It is in its account's queue from then on, for so many milliseconds. Raises 22005."""
        ...


class Calls(Protocol):
    async def exists(self, account_sid: str, call_sid: str) -> bool:
        """Whether the account has this call, live or ended."""
        ...

    async def statuses(self, account_sid: str, call_sids: Sequence[str]) -> Mapping[str, str]:
        """What has become of these calls."""
        ...

    async def redirect(self, whose: Whose, call_id: UUID, document: Document) -> None:
        """Go on with another document, whatever runs. Raises 20404, and 21220 for one that is not in progress.

        A call that waits in a queue is out of it, and its <Enqueue> tells `redirected`.
        """
        ...

    async def compose(self, whose: Whose, params: Mapping[str, Any], room: str) -> Made:
        """A call into a conference, by the parameters of `POST …/Calls`. Raises the 212xx errors."""
        ...

    async def tell(self, unit: Executor, whose: Whose, of: Room, tells: Sequence[Tell]) -> None:
        """What a conference has for calls, in its unit of work: each is an event of its call."""
        ...
