"""Addresses at which the bytes of a file may be fetched for a while by whoever has them, as Twilio's are.

`/bytes/AC…/MM…/ME…?Expires=…&Signature=…`: what is signed is the path and the moment.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from msgspec import Struct

from localloop.core import clock, sids
from localloop.products.messaging.media.resource import Media
from localloop.store.sealing import Sealer

PREFIX: Final = "/bytes/"
LIFETIME: Final = timedelta(hours=4)
_PURPOSE: Final = "media"


class Address(Struct, frozen=True):
    """Which file an address names, and until when, in seconds since 1970."""

    account_sid: str
    message_sid: str
    media_sid: str
    expires: int

    @property
    def message_id(self) -> UUID:
        return sids.uuid_of(self.message_sid)

    @property
    def media_id(self) -> UUID:
        return sids.uuid_of(self.media_sid)

    @property
    def path(self) -> str:
        return f"{PREFIX}{self.account_sid}/{self.message_sid}/{self.media_sid}"

    def left_s(self, world_sid: str) -> int:
        """For how many seconds of its world's time it still holds; 0 when it does no more."""
        return max(0, self.expires - int(clock.now(world_sid).timestamp()))


class Addresses:
    """Signs and checks. Whether an address still holds is for its world's clock to say."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def of(self, media: Media, message_sid: str, world_sid: str) -> str:
        expires = int((clock.now(world_sid) + LIFETIME).timestamp())
        address = Address(media.account_sid, message_sid, media.sid, expires)
        proof = self._sealer.sign(_PURPOSE, _signed(address))
        return f"{address.path}?Expires={expires}&Signature={proof}"

    def read(self, path: str, expires: str, proof: str) -> Address | None:
        """What an address names, be it over; None for one that is not ours."""
        named = path.removeprefix(PREFIX).split("/")
        if len(named) != 3 or not (expires.isascii() and expires.isdigit()) or len(expires) > 12:
            return None
        if not (
            sids.is_sid(named[0], "AC") and sids.is_sid(named[1], "SM", "MM") and sids.is_sid(named[2], "ME")
        ):
            return None
        address = Address(named[0], named[1], named[2], int(expires))
        if not self._sealer.has_signed(_PURPOSE, _signed(address), proof):
            return None
        return address


def _signed(address: Address) -> str:
    return f"{address.path} {address.expires}"
