"""What resources beside a call ask of whoever holds the calls: the engine implements it."""

from __future__ import annotations

from typing import Literal, Protocol
from uuid import UUID

from msgspec import Struct


class Document(Struct, frozen=True):
    """TwiML to be asked for."""

    url: str
    method: Literal["GET", "POST"] = "POST"


class Calls(Protocol):
    async def exists(self, account_sid: str, call_sid: str) -> bool:
        """Whether the account has this call, live or ended."""
        ...

    async def redirect(self, account_sid: str, call_id: UUID, document: Document) -> None:
        """Go on with another document, whatever runs. Raises 20404, and 21220 for one that is not in progress.

        A call that waits in a queue is out of it, and its <Enqueue> tells `redirected`.
        """
        ...
