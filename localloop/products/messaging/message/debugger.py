"""What the Debugger is told of messages: those that failed, and documents that could not be run as they stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from localloop.core import clock, errors
from localloop.products.messaging.message.queries import Change
from localloop.products.messaging.message.resource import Message
from localloop.webhooks import Alert, Document, Instruction
from localloop.webhooks.target import shown

# What the Debugger calls the error that REST would answer.
_NOTICES: Final[Mapping[int, int]] = {
    21211: 14101,
    21265: 14101,
    21266: 14101,
    21212: 14102,
    21659: 14102,
    21660: 14102,
    21602: 14103,
    21617: 14103,
    21609: 14105,
    21606: 14108,
    21661: 14108,
}


def notice_of(code: int) -> int:
    """By which code the Debugger has what REST would refuse with this one."""
    return _NOTICES.get(code, code)


def of_change(message: Message, change: Change) -> tuple[Alert, ...]:
    """None for a change that is no failure."""
    if change.error_code is None:
        return ()
    facts = {"MessageSid": message.sid, "To": message.to, "From": message.from_ or ""}
    return (_alert(message, change.error_code, errors.title(change.error_code), facts),)


def of_reply(message: Message, code: int, reason: str) -> Alert:
    """A reply to this message was not sent."""
    return _alert(message, code, f"{errors.title(code)}: {reason}", {"MessageSid": message.sid})


def of_document(
    instruction: Instruction, code: int, reason: str, answer: Document | None = None, line: int = 0
) -> Alert:
    """The answer to an instruction, or what it asked for, was not as it should be."""
    url = shown(instruction.url)
    request = {"url": url, "method": instruction.method, "parameters": dict(instruction.params)}
    exchange: dict[str, Any] = {"request": request}
    if answer is not None:
        body = answer.body.decode("utf-8", "replace").replace("\x00", "�")
        exchange["response"] = {"headers": {"Content-Type": answer.content_type}, "body": body}
    facts = {"url": url, "parserMessage": reason}
    return Alert(
        account_sid=instruction.account_sid,
        world_sid=instruction.world_sid,
        error_code=code,
        at=clock.now(instruction.world_sid),
        reason=errors.title(code),
        facts={**facts, "line": str(line)} if line else facts,
        resource_sid=instruction.resource_sid,
        exchange=exchange,
    )


def _alert(message: Message, code: int, reason: str, facts: dict[str, str]) -> Alert:
    return Alert(
        account_sid=message.account_sid,
        world_sid=message.world_sid,
        error_code=code,
        at=clock.now(message.world_sid),
        reason=reason,
        facts=facts,
        resource_sid=message.sid,
        service_sid=message.messaging_service_sid,
    )
