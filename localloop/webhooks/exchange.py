"""One exchange with an application: a request with its attempts and redirects, and for instructions its fallback.

What becomes of a notification after its exchange, and what is recorded of either, is not decided here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from msgspec.structs import replace

from localloop.webhooks import attempts, cookies, target
from localloop.webhooks.attempts import Attempt
from localloop.webhooks.failure import Failure
from localloop.webhooks.instruction import Document, Instruction, document_of
from localloop.webhooks.notification import Notification
from localloop.webhooks.outbound import Outbound, Outgoing

IDEMPOTENCY: Final = "I-Twilio-Idempotency-Token"

Record: TypeAlias = Callable[[Sequence[Attempt]], None]


async def made(
    outbound: Outbound, asked: Notification | Instruction, token: str, world_sid: str
) -> list[Attempt]:
    """All attempts at the URL, at least one; the last one's outcome is the outcome."""
    method = asked.method.upper()
    try:
        aimed = target.parse(asked.url)
    except Failure as failure:
        return attempts.impossible(asked.url, method, failure, world_sid)
    headers = {IDEMPOTENCY: asked.idempotency_token}
    if asked.voice:
        headers["X-Home-Region"] = "us1"
    is_instruction = isinstance(asked, Instruction)
    outgoing = Outgoing(
        method,
        aimed,
        asked.params,
        token=token,
        headers=headers,
        jar=asked.jar if isinstance(asked, Instruction) else cookies.EMPTY,
        voice=asked.voice,
        live=is_instruction,
        verified=outbound.verifies(asked.account_sid, world_sid),
    )
    return await attempts.attempt(outbound, outgoing, world_sid)


async def instructed(
    outbound: Outbound, instruction: Instruction, token: str, record: Record
) -> Document | Failure:
    """What the application answers, from its fallback URL if need be; the last failure when neither answers."""
    answer = await _answer(outbound, instruction, token, record)
    if isinstance(answer, Document):
        return answer
    return await fallen_back(outbound, instruction, answer, token, record) or answer


async def fallen_back(
    outbound: Outbound, instruction: Instruction, cause: Failure, token: str, record: Record
) -> Document | Failure | None:
    """What the fallback URL answers when it is told of this cause; None when there is no such URL."""
    fallback = instruction.fallback(cause.code)
    if fallback is None:
        return None
    answer = await _answer(outbound, fallback, token, record)
    return replace(answer, fallback_for=cause) if isinstance(answer, Document) else answer


async def _answer(
    outbound: Outbound, instruction: Instruction, token: str, record: Record
) -> Document | Failure:
    attempted = await made(outbound, instruction, token, instruction.world_sid)
    record(attempted)
    return document_of(attempted)
