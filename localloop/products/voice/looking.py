"""Where a live call and a conference stand, for who only looks. Pure: it reads rows that somebody else fetched.

Of a document no more is told than its place: what is entered to pay is nobody's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from localloop.core import sids
from localloop.products.voice.call.queries import live_of
from localloop.products.voice.conference.queries import room_of
from localloop.products.voice.conference.room import Participant, Room
from localloop.twiml.interpreter.state import Frame

__all__ = ["Document", "Participant", "Room", "Standing", "room_of", "standing_of"]


class Document(Struct, frozen=True, kw_only=True):
    """A document that runs. The lowest is the call's own; those above run because of one of its verbs.

    `left` verbs are still to come behind the one at `line`, which does what `activity` says; `url` is empty of one that
    was given by REST, or that is still on its way.
    """

    role: str
    url: str
    is_inline: bool
    line: int
    left: int
    activity: str


class Standing(Struct, frozen=True, kw_only=True):
    """A call that has not ended: its documents, whom it is connected to, and the room or queue that it is in."""

    version: int
    documents: tuple[Document, ...] = ()
    peer_sid: str | None = None
    leg_sids: tuple[str, ...] = ()
    room: str = ""
    queue_sid: str = ""


def standing_of(row: Mapping[str, Any]) -> Standing:
    """Of a row of `live_calls`."""
    live = live_of(row)
    frames = live.script.frames if live.script is not None else ()
    return Standing(
        version=live.version,
        documents=tuple(_document(frame) for frame in frames),
        peer_sid=None if live.peer is None else sids.from_uuid("CA", live.peer.id),
        leg_sids=tuple(sids.from_uuid("CA", leg.id) for leg in live.legs.values()),
        room=live.room,
        queue_sid=live.queue_sid,
    )


def _document(frame: Frame) -> Document:
    return Document(
        role=frame.role,
        url=frame.url,
        is_inline=frame.is_inline,
        line=frame.line,
        left=len(frame.rest),
        activity="" if frame.activity is None else type(frame.activity).__name__,
    )
