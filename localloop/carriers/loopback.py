"""The loopback carrier: messages go to simulated phones, which answer as they were told to.

It decides at submission what the phone will say and when, and tells it as data, so the receipt becomes a row together
with the status `sent` and no death of a process can lose it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from localloop.carriers import personas, phones
from localloop.carriers.carrier import Accepted, Receipt, Refused, Submission
from localloop.carriers.phones import Phone, PhoneMessage
from localloop.core import clock, e164
from localloop.store import Database
from localloop.store.reader import BatchReader

RISKY: Final = "30450"  # texts to it look like fraud, to those who look
_DELIVERS: Final = frozenset({"deliver", "slow", "read", RISKY})
SLOW: Final = timedelta(seconds=3)
READABLE: Final = frozenset({"whatsapp", "rcs"})  # channels that tell when a message was read


class Loopback:
    """A carrier whose network is the table of phones."""

    is_outside: Final = False

    def __init__(self, database: Database) -> None:
        self._phones = BatchReader(database, phones.get_phones, lanes=1)

    async def submit(self, submission: Submission) -> Accepted | Refused:
        phone = await self._phones.read((submission.world_sid, e164.handset(submission.to_address)))
        if phone.behavior == RISKY and submission.risk_checked:
            return Refused(int(RISKY))
        if phone.behavior != RISKY and phones.fails(phone.behavior):
            return Refused(int(phone.behavior))
        return Accepted(receipt_of(phone, submission, submission.at or clock.now(submission.world_sid)))

    async def close(self) -> None:
        await self._phones.close()


def receipt_of(phone: Phone, submission: Submission, now: datetime) -> Receipt:
    """What the phone will report. `slow` delivers after its own delay or after three seconds; an error code means
    undelivered. (What a message fails with before a network has it is no phone's to report, nor is the risk check.)
    """
    delay = timedelta(milliseconds=phone.delay_ms)
    if phone.behavior == "slow":
        delay = delay or SLOW
    channel, persona = personas.channel_of(submission.to_address), phone.persona
    error_code = None if phone.behavior in _DELIVERS else int(phone.behavior)
    if error_code is None and not persona.has(submission.to_address):
        error_code = personas.ABSENT[channel]
    return Receipt(
        message_sid=submission.message_sid,
        account_sid=submission.account_sid,
        status="delivered" if error_code is None else "undelivered",
        at=now + delay,
        error_code=error_code,
        is_read=channel in READABLE and (phone.behavior == "read" or persona.read_delay is not None),
        read_delay_ms=persona.read_delay or 0,
        is_answered=bool(persona.rules),
    )


def received(submission: Submission, at: datetime) -> PhoneMessage:
    """The text as the phone shows it once delivered."""
    return PhoneMessage(
        world_sid=submission.world_sid,
        number=e164.handset(submission.to_address),
        direction="received",
        peer=submission.from_address,
        body=submission.body,
        media=submission.media_urls,
        content=submission.content,
        message_sid=submission.message_sid,
        date_created=at,
    )
