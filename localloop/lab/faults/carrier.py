"""Faults of carriers: one before the carrier that there really is."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from localloop.carriers import Accepted, Answer, Carrier, Receipt, Refused, Submission, Throttled
from localloop.lab.faults import queries
from localloop.lab.faults.book import Faults
from localloop.lab.faults.rule import DEFAULT_ERROR_CODE, Happening, Rule
from localloop.lab.faults.things import Things

_OF_SUBMISSIONS: Final = frozenset({"carrier-refuse", "carrier-throttle"})
_OF_RECEIPTS: Final = frozenset({"receipt-lose", "receipt-delay", "receipt-duplicate", "receipt-reorder"})


class FaultyCarrier:
    """The same carrier, with what goes wrong on purpose in worlds that wish it."""

    def __init__(self, carrier: Carrier, faults: Faults) -> None:
        self._carrier = carrier
        self._faults = faults
        self._things = Things(faults.database)

    @property
    def is_outside(self) -> bool:
        return self._carrier.is_outside

    async def close(self) -> None:
        await self._carrier.close()

    async def submit(self, submission: Submission) -> Answer:
        if not self._faults.touches(submission.world_sid, "carrier"):
            return await self._carrier.submit(submission)
        rule = await self._struck(submission, "submission", _OF_SUBMISSIONS)
        if rule is not None and rule.kind == "carrier-refuse":
            return Refused(rule.error_code or DEFAULT_ERROR_CODE)
        if rule is not None:
            return Throttled(rule.delay)
        answer = await self._carrier.submit(submission)
        if not isinstance(answer, Accepted) or answer.receipt is None:
            return answer
        rule = await self._struck(submission, f"receipt {answer.receipt.status}", _OF_RECEIPTS)
        return answer if rule is None else _changed(answer, answer.receipt, rule)

    async def _struck(self, submission: Submission, event: str, kinds: frozenset[str]) -> Rule | None:
        thing = await self._things.of(submission.account_sid, submission.message_sid, {})
        earlier = await queries.strikes(
            self._faults.database, submission.world_sid, submission.message_sid, "carrier-throttle"
        )
        return await self._faults.strike(
            Happening(
                border="carrier",
                kinds=kinds,
                world_sid=submission.world_sid,
                account_sid=submission.account_sid,
                resource_sid=submission.message_sid,
                thing=thing.name,
                event=event,
                attempt=earlier + 1,
                fields={
                    **thing.fields,
                    "MessageSid": submission.message_sid,
                    "From": submission.from_address,
                    "To": submission.to_address,
                    "Body": submission.body,
                    "MediaUrl": submission.media_urls,
                    "MessageStatus": event.removeprefix("receipt ") if event != "submission" else None,
                    "Event": event,
                },
            )
        )


def _changed(answer: Accepted, receipt: Receipt, rule: Rule) -> Accepted:
    if rule.kind == "receipt-lose":
        return replace(answer, receipt=replace(receipt, is_lost=True))
    if rule.kind == "receipt-delay":
        return replace(answer, receipt=replace(receipt, at=receipt.at + rule.delay))
    if rule.kind == "receipt-duplicate":
        return replace(answer, more=(replace(receipt, is_read=False),))
    return replace(answer, receipt=replace(receipt, overtakes=True))
