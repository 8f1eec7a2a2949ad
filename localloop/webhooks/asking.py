"""One exchange with an application: a request with its attempts and redirects; and when the fallback URL is asked.

What becomes of a notification after its exchange, and what is recorded of either, is not decided here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

import orjson
from msgspec.structs import replace

from localloop.payloads.wire import IDEMPOTENCY, VOICE_HEADERS
from localloop.webhooks import attempts, cookies, target
from localloop.webhooks.attempts import Attempt
from localloop.webhooks.failure import Failure
from localloop.webhooks.instruction import Document, Instruction
from localloop.webhooks.notification import Notification
from localloop.webhooks.outbound import Outbound, Outgoing
from localloop.webhooks.tampering import Tamper

REPLAY: Final = "Localloop-Replay-Of"

Fetch: TypeAlias = Callable[[Instruction], Awaitable[Document | Failure]]


async def attempted(
    outbound: Outbound,
    asked: Notification | Instruction,
    token: str,
    world_sid: str,
    tamper: Tamper | None = None,
) -> list[Attempt]:
    """All attempts at the URL, at least one; the last one's outcome is the outcome."""
    method = asked.method.upper()
    try:
        aimed = target.parse(asked.url)
    except Failure as failure:
        return attempts.impossible(asked.url, method, failure, world_sid)
    headers = {IDEMPOTENCY: asked.idempotency_token}
    if asked.voice:
        headers |= VOICE_HEADERS
    if isinstance(asked, Notification) and asked.replay_of:
        headers[REPLAY] = asked.replay_of
    outgoing = Outgoing(
        method,
        aimed,
        asked.params,
        json=_json(asked) if method == "POST" else None,
        token=token,
        headers=headers,
        jar=asked.jar if isinstance(asked, Instruction) else cookies.EMPTY,
        voice=asked.voice,
        live=isinstance(asked, Instruction),
        verified=outbound.verifies(asked.account_sid, world_sid),
    )
    return await attempts.attempt(outbound, outgoing, world_sid, tamper)


def _json(asked: Notification | Instruction) -> bytes | None:
    return orjson.dumps(asked.params) if isinstance(asked, Notification) and asked.as_json else None


async def answered(fetch: Fetch, instruction: Instruction) -> Document | Failure:
    """What the application answers, from its fallback URL if need be; the last failure when neither answers."""
    answer = await fetch(instruction)
    if isinstance(answer, Document):
        return answer
    return await answered_by_fallback(fetch, instruction, answer) or answer


async def answered_by_fallback(
    fetch: Fetch, instruction: Instruction, cause: Failure
) -> Document | Failure | None:
    """What the fallback URL answers when it is told of this cause; None when there is no such URL."""
    fallback = instruction.fallback(cause.code)
    if fallback is None:
        return None
    answer = await fetch(fallback)
    return replace(answer, fallback_for=cause) if isinstance(answer, Document) else answer
