"""What a call asks of whoever sends messages: `<Message>` and `<Sms>` in its document. The messages implement it."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from msgspec import Struct

from localloop.store import Unit


class Text(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A message that a call wants sent, at a moment of its world."""

    account_sid: str
    world_sid: str
    at: datetime
    from_: str
    to: str
    body: str = ""
    media: tuple[str, ...] = ()
    status_callback: str | None = None


class Refused(Exception):
    """It is not sent. `code` is what the Debugger calls the reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Ready(Protocol):
    """A message that is fit to be accepted."""

    async def accept(self, unit: Unit) -> str:
        """Its SID; it is sent when this unit of work commits. Raises Refused, and nothing of it is kept."""
        ...


class Texts(Protocol):
    async def prepare(self, text: Text) -> Ready:
        """Raises Refused."""
        ...
