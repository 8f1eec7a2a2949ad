"""Requests that were refused with a 21xxx error, told to the Debugger of the account that asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qsl

from localloop.core import clock
from localloop.rest.app import Refusal
from localloop.rest.masking import Masker, secrets_of
from localloop.webhooks import Alert, Webhooks

CODES: Final = range(21_000, 22_000)
_LONGEST: Final = 64 * 1024


def teller(webhooks: Webhooks) -> Callable[[Refusal], None]:
    """What the engine calls; the alert is written behind the request's back."""

    def tell(refusal: Refusal) -> None:
        if refusal.error.code in CODES:
            webhooks.alert_later(alert_of(refusal))

    return tell


def alert_of(refusal: Refusal) -> Alert:
    caller, error = refusal.caller, refusal.error
    request = {"url": refusal.url, "method": refusal.method, "parameters": _parameters(refusal)}
    response = {"status_code": error.status, "body": error.message}
    return Alert(
        account_sid=caller.account_sid,
        world_sid=caller.world_sid,
        error_code=error.code,
        at=clock.now(caller.world_sid),
        reason=error.message,
        exchange={"request": request, "response": response},
    )


def _parameters(refusal: Refusal) -> dict[str, str]:
    """The form without its secrets."""
    secrets = secrets_of(refusal.operation) if refusal.operation else frozenset()
    text = Masker(secrets).form(refusal.params[:_LONGEST].decode("utf-8", "replace"))
    return dict(parse_qsl(text, keep_blank_values=True))
