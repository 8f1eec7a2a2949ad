"""The parameters of a usage trigger's callback. Source: Twilio's "Usage Triggers resource"."""

from __future__ import annotations

from typing import Annotated, Literal

from localloop.payloads import part
from localloop.payloads.part import Part, said

_ACCOUNT = "AC00000000000000000000000000000001"
_TRIGGER = "UT0f3c1e5a7b9d2f4061728394a5b6c7d8"


class TriggerFired(Part, frozen=True, kw_only=True):
    """A value was reached."""

    account_sid: Annotated[str, said("The account that uses it", _ACCOUNT, pattern=part.ACCOUNT_SID)]
    usage_trigger_sid: Annotated[str, said("The trigger", _TRIGGER, pattern="^UT[0-9a-f]{32}$")]
    date_fired: Annotated[
        str, said("When, RFC 2822", "Fri, 02 Jan 2026 03:04:05 +0000", pattern=part.RFC_2822)
    ]
    recurring: Annotated[
        Literal["daily", "monthly", "yearly", "alltime", ""],
        said("How often it may fire, empty for once", "daily"),
    ]
    usage_category: Annotated[str, said("What is counted", "sms")]
    trigger_by: Annotated[Literal["count", "usage", "price"], said("By what", "usage")]
    trigger_value: Annotated[str, said("What was to be reached", "1000.000000", pattern="^[0-9.]+$")]
    current_value: Annotated[str, said("What is reached", "1000", pattern="^[0-9.]+$")]
    usage_record_uri: Annotated[
        str,
        said("Where it is counted", f"/2010-04-01/Accounts/{_ACCOUNT}/Usage/Records/Daily.json?Category=sms"),
    ]
    idempotency_token: Annotated[
        str, said("The same at every attempt", f"{_ACCOUNT}-FIRES-{_TRIGGER}-2026-01-02")
    ]
