"""A call that has not ended: everything that another process needs to go on with it.

It changes by events alone, and every change counts up its version: whoever writes names the version that he saw, so of
two who took an event at the same time one begins again.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, TypeAlias
from uuid import UUID

import msgspec
from msgspec import Struct

from localloop.products.voice.call.events import Event, Name
from localloop.products.voice.call.resource import Call, Method
from localloop.products.voice.letters import Letters
from localloop.products.voice.payment.session import Session
from localloop.products.voice.session.session import CallSession
from localloop.telephony.leg import Trail
from localloop.telephony.simulated import Phone, Wire
from localloop.twiml.interpreter import State
from localloop.webhooks import Jar

EVENT: Final = "call.event"
FETCH: Final = "call.fetch"
_LEAST: Final = "0" * 32
_MOST: Final = "f" * 32
End: TypeAlias = Phone | Wire


class Running(Struct, frozen=True, omit_defaults=True):
    """A recording that the document has begun. `sound` is the time from when something was first said to the end of
    what was said last; without any speech in between it ends at `silent_at`."""

    sid: str
    since: datetime
    silence: int = 0
    is_trimmed: bool = False
    hears: bool = False  # what is said to the call as well
    sound: tuple[datetime, datetime] | None = None
    silent_at: datetime | None = None


class Taking(Struct, frozen=True, omit_defaults=True):
    """It takes a caller of a queue, who hears the document at `url` first."""

    leg: str
    url: str | None = None
    method: Method = "POST"
    waited: int = 0


class Speech(Struct, frozen=True):
    """What somebody says until then; who is connected to him meanwhile hears it."""

    text: str
    until: datetime
    trail: Trail = ()


class Live(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`root` is the call that this one descends from, itself mostly: a family's events are taken in their order.
    `at` is the time of the last event, by which the call's own time goes on."""

    call: Call
    root: UUID
    at: datetime
    version: int = 0
    sequence: int = 0  # how many status callbacks it has had
    end: End | None = None
    script: State | None = None  # where its document stands
    jar: Jar = Jar()
    boss: Name | None = None  # who dialled it, or took it from a queue
    leg: str = ""  # how its boss calls it
    legs: dict[str, Name] = {}  # the calls that this one has dialled or taken, by what it calls them
    peer: Name | None = None  # whom it is connected to
    bridged_at: datetime | None = None
    taking: Taking | None = None  # from a queue
    queue_sid: str = ""
    whisper: dict[str, str] = {}  # what the document is told that it hears before it is connected
    room: str = ""  # the conference that it is in, or is called into, by its name
    announces: bool = False  # what it plays is for all in there
    recordings: dict[int, Running] = {}  # by the number of the command that began each
    recording_sid: str = ""  # of the call as a whole, from its answer on
    speech: Speech | None = None  # that nobody hears yet
    sessions: dict[int, CallSession] = {}  # what listens to it, by its command's number; REST's below 0
    letters: Letters = Letters()
    passed: dict[str, str] = {}  # what the application that it calls is told besides
    passed_to: str = ""  # whom that shall think called, instead of itself
    hops: int = 0  # calls of the house that led to it
    refusal: int = 0  # why it is not dialled, though another call wants it, or not taken
    payment: Session | None = None  # that somebody leads over REST
    sound: int = 0  # the number of a file that is looked into before it is played
    paying: str = ""  # the SID of the payment that its document asks for, or has asked for last
    secret: bytes = b""  # what is being entered to pay, sealed, while it is between two events

    @property
    def is_over(self) -> bool:
        """Nothing more comes of it. A call that has ended may still have to tell how."""
        return self.call.has_ended and (self.script is None or self.script.ended)

    @property
    def is_private(self) -> bool:
        """Whether what is pressed now is nobody's business: the digits of a card."""
        is_paying = self.payment is not None and self.payment.is_private
        return is_paying or (self.script is not None and self.script.is_private)

    @property
    def key(self) -> str:
        return key_of(self.root, self.call.id)


class Reference(Struct, frozen=True):
    """The payload of a job: an event for one call."""

    id: UUID
    root: UUID
    event: Event


class Asked(Struct, frozen=True, omit_defaults=True):
    """The payload of a job that asks an application for a document."""

    id: UUID
    root: UUID
    n: int
    url: str
    method: Method = "POST"
    parameters: dict[str, str] = {}
    why: str = ""


def key_of(root: UUID, id: UUID) -> str:
    """The key of a call's jobs. Of hex digits alone, so that the keys of a family are a range in every collation."""
    return f"call{root.hex}{id.hex}"


def family(root: UUID) -> tuple[str, str]:
    """The least and the greatest key of a family's jobs."""
    return f"call{root.hex}{_LEAST}", f"call{root.hex}{_MOST}"


# As text: what copies a world finds the accounts' names in it.
_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(Live)


class _Rooted(Struct):
    root: UUID


_root_decoder: Final = msgspec.json.Decoder(_Rooted)


def encode(live: Live) -> bytes:
    return _encoder.encode(live)


def decode(state: bytes) -> Live:
    """Raises msgspec.MsgspecError for what another program has written."""
    return _decoder.decode(state)


def root_of(state: bytes) -> UUID | None:
    """None where that cannot be read."""
    try:
        return _root_decoder.decode(state).root
    except msgspec.MsgspecError:
        return None
