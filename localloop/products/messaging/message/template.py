"""A content in the place of a body: what a message says on the channel that it goes out by."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from msgspec.structs import replace

from localloop.core import errors
from localloop.products.content import Contents, NoSuchType
from localloop.products.messaging.message.compose import Origin
from localloop.products.messaging.message.wish import Wanted

UNFIT_CONTENT: Final = 63005
MISSING_VARIABLES: Final = 63028
_PLACE: Final = re.compile(r"geo:\s*(-?\d+(?:\.\d+)?)\s*,\s*(-?\d+(?:\.\d+)?)(?:\|(.*))?", re.S)


class Templates:
    """Prepares wishes that name a content."""

    def __init__(self, contents: Contents) -> None:
        self._contents = contents

    async def prepare(self, wish: Wanted, origin: Origin, channel: str, /) -> Wanted:
        """Raises 21654, 21655, 21656; what only the channel would refuse fails the message later."""
        if wish.content_sid is None and wish.content_variables is not None:
            raise errors.content_sid_required()
        if wish.content_sid is None:
            place = _place(wish) if channel else None
            return wish if place is None else replace(wish, rich=place)
        try:
            found = await self._contents.rendered(
                origin.account_sid, wish.content_sid, wish.content_variables, channel or "sms"
            )
        except NoSuchType:
            return replace(wish, body=wish.body or "", failure=UNFIT_CONTENT, rich={"type": ""})
        failure = MISSING_VARIABLES if found.missing and channel == "whatsapp" else None
        return replace(wish, body=found.body, media=found.media, rich=found.rich, failure=failure)


def _place(wish: Wanted) -> Mapping[str, Any] | None:
    """`PersistentAction=geo:37.78,-122.39|Market Street` (Twilio: "Location messages with WhatsApp")."""
    for action in wish.persistent_action:
        if found := _PLACE.fullmatch(action.strip()):
            place = {"type": "twilio/location", "latitude": found[1], "longitude": found[2]}
            return {**place, "label": found[3]} if found[3] else place
    return None
