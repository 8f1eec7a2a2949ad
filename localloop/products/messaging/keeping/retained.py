"""`ContentRetention=discard` and `AddressRetention=obfuscate`: in the commit that ends a message its text and media
go, or its recipient's last digits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from localloop.core import clock, e164
from localloop.products.messaging.keeping import batches
from localloop.products.messaging.media import queries as media
from localloop.products.messaging.message import lifecycle
from localloop.products.messaging.message.queries import Change
from localloop.products.messaging.message.resource import Message

DISCARD: Final = "discard"
OBFUSCATE: Final = "obfuscate"
_EMPTY: Final = "update messages set body = '' where account_sid = $1 and id = $2"
_MASK: Final = "update messages set to_address = $3 where account_sid = $1 and id = $2"
_MASK_ALERTS: Final = """
update alerts set facts = facts - 'To' where account_sid = $1 and resource_sid = $2
"""


def is_concerned(message: Message, change: Change) -> bool:
    """Whether this change is the end of a message of which not all is kept."""
    options = message.options
    keeps_all = options.content_retention != DISCARD and options.address_retention != OBFUSCATE
    return not keeps_all and lifecycle.is_settled(change.status)


async def let_go(connection: Any, ended: Sequence[Message]) -> None:
    """Must run in the transaction of the changes, after all else that they write."""
    for message in ended:
        if message.options.content_retention == DISCARD:
            await connection.execute(_EMPTY, message.account_sid, message.id)
            if message.may_have_files:
                await media.delete_of(connection, message.account_sid, [message.id], clock.now())
        if message.options.address_retention == OBFUSCATE:
            masked = e164.mask(message.to)
            await connection.execute(_MASK, message.account_sid, message.id, masked)
            await connection.execute(_MASK_ALERTS, message.account_sid, message.sid)
        await batches.forget_all(connection, message.account_sid, message.world_sid, [message.sid])
