"""`/Messages/{Sid}/Feedback`: what the application says came of a message.

A message made with `ProvideFeedback` is unconfirmed until somebody says otherwise. Nothing that Twilio publishes says
that feedback on another message is refused, so it is kept as well.
"""

from __future__ import annotations

from typing import Final

from localloop.core import errors
from localloop.products.messaging.message import queries
from localloop.products.messaging.message.resource import Feedback, Message
from localloop.rest.request import Item, Request
from localloop.store import Executor

DEFAULT_OUTCOME: Final = "confirmed"


async def create(database: Executor, message: Message, request: Request) -> Item:
    """The last word counts. Raises 404 for a message that goes at the same moment."""
    options = message.options
    began = message.date_created if options.provide_feedback else request.now
    if options.feedback is not None:
        began = options.feedback.date_created
    outcome = request.params.get("Outcome") or DEFAULT_OUTCOME
    feedback = Feedback(outcome, began, request.now)
    if not await queries.keep_feedback(database, message, feedback):
        raise errors.not_found(request.address)
    return Item(
        fields={
            "account_sid": message.account_sid,
            "message_sid": message.sid,
            "outcome": feedback.outcome,
            "date_created": feedback.date_created,
            "date_updated": feedback.date_updated,
        }
    )
