"""What a phone does by itself, as data: what it answers, by which channels it can be reached, when somebody reads.

Kept with the phone (`phones`), heeded by the carrier (`loopback`); what it answers is said by a job of its own, whose
row commits with the message's `delivered`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import Struct

from localloop.core import e164
from localloop.jobs import NewJob

ANSWER: Final = "phone.answer"
SMS: Final = "sms"
CHANNELS: Final = (SMS, *sorted(e164.MESSAGING_CHANNELS))
# What a message ends with that comes by a channel which the phone does not have.
ABSENT: Final[Mapping[str, int]] = {SMS: 30006, "whatsapp": 63003, "messenger": 63003, "rcs": 63036}


class Rule(Struct, frozen=True, omit_defaults=True):
    """What is answered to texts that match: one of the last three, after `delay` milliseconds."""

    match: Mapping[str, tuple[str, ...]] = {}  # by Twilio's names for a text's fields
    delay: int = 0
    reply: str = ""  # these words
    template: str = ""  # these, with groups of the expression for the body, and fields: {code}, {1}, {From}
    webhook: str = ""  # what this address answers


class Persona(Struct, frozen=True, omit_defaults=True):
    rules: tuple[Rule, ...] = ()  # the first that matches has its say
    channels: tuple[str, ...] = ()  # none: all of them
    read_delay: int | None = None  # milliseconds from the arrival until somebody reads; None: nobody does

    def has(self, address: str) -> bool:
        """Whether what is sent to this address can reach it."""
        return not self.channels or channel_of(address) in self.channels


class Answering(Struct, frozen=True):
    """The job: a text to answer, by the rule that was chosen if that was done already."""

    number: str
    text_id: UUID
    rule: Rule | None = None


def channel_of(address: str) -> str:
    return e164.channel_of(address) or SMS


def job_of(account_sid: str, world_sid: str, answering: Answering, due: datetime) -> NewJob:
    return NewJob(ANSWER, account_sid, world_sid, answering, due)
