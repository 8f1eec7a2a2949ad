"""The channels' senders of every world, and what a channel says to a message that is handed to it."""

from __future__ import annotations

import logging
import re
from typing import Final, Protocol

from localloop.core import clock, e164
from localloop.products.messaging.channel import sender, session
from localloop.products.messaging.channel.sender import SANDBOX, ChannelSender
from localloop.products.messaging.channel.session import Key, Session
from localloop.store import Database
from localloop.store.reader import BatchReader

log = logging.getLogger(__name__)

NOT_JOINED: Final = 63015
OUTSIDE_WINDOW: Final = 63016
NO_SENDER: Final = 63007
# What WhatsApp says to a template that it does not take (Twilio's error dictionary).
REFUSED_TEMPLATES: Final = {"rejected": 63040, "paused": 63041, "disabled": 63042}
# Channels on which only who was written to lately may be answered freely.
WINDOWED: Final = frozenset({"whatsapp", "messenger"})
# The texts that may open a conversation from the sandbox (Twilio: "Test WhatsApp messaging with the Sandbox").
_SANDBOX_TEMPLATES: Final = (
    re.compile(r"Your .+ code is .+", re.S),
    re.compile(r"Your appointment is coming up on .+ at .+", re.S),
    re.compile(r"Your .+ order of .+ has shipped and should be delivered on .+\. Details: .+", re.S),
)


class Written(Protocol):
    """A message, as far as a channel looks at it."""

    @property
    def account_sid(self) -> str: ...
    @property
    def world_sid(self) -> str: ...
    @property
    def from_(self) -> str | None: ...
    @property
    def to(self) -> str: ...
    @property
    def body(self) -> str | None: ...


class Templates(Protocol):
    async def approval(self, account_sid: str, content_sid: str) -> str | None:
        """What WhatsApp says of a content: `approved`, `rejected` …; None for one that is gone."""
        ...


class ChannelBook:
    """Finds senders, takes them in where that is allowed, and judges what they send."""

    def __init__(self, database: Database, templates: Templates, *, adopts: bool) -> None:
        self.database = database
        self.adopts = adopts
        self._templates = templates
        self._senders: BatchReader[tuple[str, str], ChannelSender | None] = BatchReader(
            database, sender.find_many
        )
        self._sessions: BatchReader[Key, Session] = BatchReader(database, session.get_many)

    async def close(self) -> None:
        await self._senders.close()
        await self._sessions.close()

    async def find(self, world_sid: str, address: str) -> ChannelSender | None:
        """Whoever has this address (`whatsapp:+1…`) in this world."""
        return await self._senders.read((world_sid, address))

    async def find_or_adopt(self, world_sid: str, account_sid: str, address: str) -> ChannelSender | None:
        """In open mode an address that is written from belongs to whom writes from it, with a notice."""
        found = await self.find(world_sid, address)
        if found is not None or not self.adopts:
            return found
        new = sender.new(account_sid, world_sid, address, "ONLINE", clock.now(world_sid))
        async with self.database.unit() as unit:
            taken = await sender.insert(unit, new)
        if taken is None:
            return await self.find(world_sid, address)
        log.info("%s is now a sender of %s", address, account_sid)
        return taken

    async def refusal(self, message: Written, content_sid: str | None) -> int | None:
        """The code with which the channel does not deliver this message; None when it does."""
        from_ = message.from_ or ""
        found = await self.find(message.world_sid, from_)
        if found is None or not found.may_send:
            return NO_SENDER
        met = await self._sessions.read(Key(message.world_sid, from_, message.to))
        now = clock.now(message.world_sid)
        if found.join_code and not met.is_joined(now):
            return NOT_JOINED
        if e164.channel_of(message.to) not in WINDOWED or met.is_open(now):
            return None
        return await self._outside(message, content_sid)

    async def _outside(self, message: Written, content_sid: str | None) -> int | None:
        """Outside the window only templates pass."""
        if e164.channel_of(message.to) != "whatsapp":
            return OUTSIDE_WINDOW
        if content_sid is not None:
            status = await self._templates.approval(message.account_sid, content_sid)
            return None if status == "approved" else REFUSED_TEMPLATES.get(status or "", OUTSIDE_WINDOW)
        if message.from_ == SANDBOX and any(
            each.fullmatch(message.body or "") for each in _SANDBOX_TEMPLATES
        ):
            return None
        return OUTSIDE_WINDOW
