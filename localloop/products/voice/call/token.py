"""CallToken: what an application is given of a call that came in, so that a call it makes may show the same caller.

Source: Twilio's Call resource ("CallToken"). Its form is Twilio's as well: JSON around a token that says which call it
is. It needs no signature here, because whether there is such a call from that number is looked up.
"""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from msgspec import Struct

from localloop.core import sids

_HEADER: Final = "eyJhbGciOiJub25lIn0"  # {"alg":"none"}


class _Said(Struct, frozen=True, rename="camel"):
    call_sid: str
    from_: str = msgspec.field(name="from")
    to: str
    iat: str


class _Token(Struct, frozen=True, rename="camel"):
    parent_call_info_token: str
    identity_header_tokens: tuple[str, ...] = ()


def token_of(call_sid: str, from_: str, to: str, at: datetime) -> str:
    said = _Said(call_sid=call_sid, from_=from_, to=to, iat=str(int(at.timestamp())))
    payload = base64.urlsafe_b64encode(msgspec.json.encode(said)).decode().rstrip("=")
    return msgspec.json.encode(_Token(f"{_HEADER}.{payload}.")).decode()


def call_of(token: str) -> UUID | None:
    """The call that it is of; None of what is no such token."""
    try:
        payload = msgspec.json.decode(token, type=_Token).parent_call_info_token.split(".")[1]
        said = msgspec.json.decode(base64.urlsafe_b64decode(payload + "=="), type=_Said)
    except (msgspec.DecodeError, binascii.Error, IndexError, ValueError):
        return None
    return sids.uuid_of(said.call_sid) if sids.is_sid(said.call_sid, "CA") else None
