"""A file fetched from the application: media of messages. One GET, signed like all that leaves, guarded at each hop."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from localloop.payloads.wire import IDEMPOTENCY
from localloop.webhooks import attempts, exchange, failure, target
from localloop.webhooks.attempts import Attempt
from localloop.webhooks.failure import Failure, Stage
from localloop.webhooks.outbound import Outbound, Outgoing, Response
from localloop.webhooks.tampering import Tamper

_NOTHING: Final[Mapping[str, Any]] = {}


class Download(Struct, frozen=True, kw_only=True):
    """What to fetch for which account, and how many bytes of it at most."""

    url: str
    account_sid: str
    world_sid: str
    limit: int
    headers: Mapping[str, str] = {}  # conditions, if any
    resource_sid: str = ""  # the message that it goes with


class Downloaded(Struct, frozen=True, kw_only=True):
    """What came: a 2xx with its bytes, or 304 where conditions were given."""

    status: int
    url: str  # where it came from in the end
    content_type: str  # as sent; "" when it says none
    body: bytes
    truncated: bool  # there was more
    headers: Mapping[str, str]


class NotDownloaded(Struct, frozen=True, kw_only=True):
    """Why nothing came, and what the Debugger shows of the exchange."""

    failure: Failure
    url: str
    status: int | None = None
    exchange: Mapping[str, Any] = _NOTHING


async def download(
    outbound: Outbound, wanted: Download, token: str, tamper: Tamper | None = None
) -> Downloaded | NotDownloaded:
    """With the attempts that the URL's connection overrides ask for."""
    try:
        aimed = target.parse(wanted.url)
    except Failure as wrong:
        return NotDownloaded(failure=wrong, url=target.shown(wanted.url))
    outgoing = Outgoing(
        "GET",
        aimed,
        token=token,
        headers={IDEMPOTENCY: str(uuid.uuid4()), **wanted.headers},
        verified=outbound.verifies(wanted.account_sid, wanted.world_sid),
        body_limit=wanted.limit,
    )
    made = await attempts.attempt(outbound, outgoing, wanted.world_sid, tamper)
    return _result(made[-1], wanted)


def _result(last: Attempt, wanted: Download) -> Downloaded | NotDownloaded:
    outcome = last.outcome
    if isinstance(outcome, Response) and (last.failure is None or (outcome.status == 304 and wanted.headers)):
        return Downloaded(
            status=outcome.status,
            url=outcome.url,
            content_type=outcome.headers.get("Content-Type", ""),
            body=outcome.body,
            truncated=outcome.truncated,
            headers=outcome.headers,
        )
    wrong = last.failure or Failure(failure.RETRIEVAL_FAILURE, last.url, Stage.BODY)
    status = outcome.status if isinstance(outcome, Response) else None
    return NotDownloaded(failure=wrong, url=last.url, status=status, exchange=exchange.for_debugger(last))
