"""Stable names of things: the third text to +15550001111 is that in every run, whatever its SID is.

A message or a call is known by the phone at its other end and by how many of its account went before it in the same
direction: two runs of one program agree on that even where it sends to several phones at once. What is neither is known
by what is said of it, less whatever differs from run to run.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from localloop.core import sids
from localloop.store import Executor

_REMEMBERED: Final = 4_096
_SID: Final = re.compile(r"[A-Z]{2}[0-9a-f]{32}")
_PASSING: Final = re.compile(r"sid$|date|time|stamp|token|signature|duration|price|uri|url$", re.IGNORECASE)
_THING: Final = """
select {columns}, t.direction, t.from_address, t.to_address, (
  select count(*) from {table} e where e.account_sid = t.account_sid and e.direction = t.direction and e.id < t.id
  and case when t.direction = 'inbound' then e.from_address = t.from_address else e.to_address = t.to_address end
) as earlier
from {table} t where t.account_sid = $1 and t.id = $2
"""
_MESSAGE: Final = _THING.format(table="messages", columns="t.body, t.num_media, t.messaging_service_sid")
_CALL: Final = _THING.format(table="calls", columns="t.id")
_MESSAGE_PREFIXES: Final = frozenset({"SM", "MM"})
# Which change of a thing a callback tells of.
_EVENTS: Final = (
    "MessageStatus",
    "SmsStatus",
    "StatusCallbackEvent",
    "CallStatus",
    "RecordingStatus",
    "EventType",
    "AnsweredBy",
)


class Thing(Struct, frozen=True):
    """Its stable name, and what a rule may ask of it by Twilio's names."""

    name: str
    fields: Mapping[str, Any]


class Things:
    """Names are asked for once: those of one resource do not change."""

    def __init__(self, reader: Executor) -> None:
        self._reader = reader
        self._known: OrderedDict[tuple[str, str], Thing] = OrderedDict()

    async def of(self, account_sid: str, resource_sid: str, params: Mapping[str, Any]) -> Thing:
        """The thing that a request is about; `params` is what it says."""
        key = (account_sid, resource_sid)
        known = self._known.get(key)
        if known is not None:
            self._known.move_to_end(key)
            return known
        found = None
        if resource_sid[:2] in _MESSAGE_PREFIXES and sids.is_sid(resource_sid):
            found = await self._message(account_sid, resource_sid)
        elif resource_sid[:2] == "CA" and sids.is_sid(resource_sid):
            found = await self._call(account_sid, resource_sid)
        if found is None:
            return Thing(f"{resource_sid[:2]} {_lasting(params)}", {})
        self._known[key] = found
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return found

    async def _message(self, account_sid: str, resource_sid: str) -> Thing | None:
        row = await self._reader.fetchrow(_MESSAGE, account_sid, sids.uuid_of(resource_sid))
        if row is None:
            return None
        own = {
            "Body": row["body"],
            "NumMedia": row["num_media"],
            "MessagingServiceSid": row["messaging_service_sid"],
        }
        return _thing("message", account_sid, row, own)

    async def _call(self, account_sid: str, resource_sid: str) -> Thing | None:
        row = await self._reader.fetchrow(_CALL, account_sid, sids.uuid_of(resource_sid))
        return None if row is None else _thing("call", account_sid, row, {})


def _thing(noun: str, account_sid: str, row: Mapping[str, Any], own: Mapping[str, Any]) -> Thing:
    """Known by the phone at its other end, and the how-manieth it is."""
    other = row["from_address"] if row["direction"] == "inbound" else row["to_address"]
    fields = {
        "From": row["from_address"],
        "To": row["to_address"],
        "Direction": row["direction"],
        "AccountSid": account_sid,
        **own,
    }
    return Thing(f"{noun} {row['direction']} {other} {row['earlier'] + 1}", fields)


def event_of(params: Mapping[str, Any]) -> str:
    """Which of a thing's changes this tells of."""
    return " ".join(dict.fromkeys(str(params[name]) for name in _EVENTS if params.get(name)))


def _lasting(params: Mapping[str, Any]) -> str:
    return "&".join(
        f"{name}={_SID.sub('', str(value))}"
        for name, value in sorted(params.items())
        if not _PASSING.search(name)
    )
