"""What test credentials may do: operations that look like the real ones, keep nothing and call nobody.

Magic numbers choose the result (Twilio: "Test Credentials"). Answers echo what was sent; every other operation is
403 / 20008, which the engine says. The purchase of a number is answered by the numbers themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from localloop.core import e164, errors, segments, sids
from localloop.core.errors import ApiError
from localloop.rest.request import Answer, Item, Operate, Request

GOOD: Final = "+15005550006"
INVALID: Final = "+15005550001"
MAX_BODY: Final = 1600
# Twilio's code for a Lookup package asked about a number that is not one of its magic numbers.
NOT_A_MAGIC_NUMBER: Final = 60622
PACKAGES: Final = (
    "caller_name sim_swap call_forwarding line_status line_type_intelligence identity_match reassigned_number "
    "sms_pumping_risk phone_number_quality_score pre_fill"
).split()


class TestCredentials:
    """The operations that test credentials may use, by their id in the contract."""

    __test__ = False  # its name reads like a test case to pytest

    def answers(self, operation_id: str) -> Operate | None:
        return _OPERATIONS.get(operation_id)


async def send_message(request: Request) -> Answer:
    to, from_, body = (request.params.get(name) for name in ("To", "From", "Body"))
    if not to:
        raise errors.to_required()
    if not from_:  # a messaging service is not supported here
        raise errors.from_required()
    media = request.params.get("MediaUrl") or []
    if not body and not media:
        raise errors.body_required() if body is None else errors.content_required()
    if len(body or "") > MAX_BODY:
        raise errors.body_too_long()
    sender = _demand_sender(from_)
    recipient = _demand_recipient(to, sender)
    counted = segments.count(body or "")
    return Item(
        fields={
            **_echo(request),
            **_record(request, "MM" if media else "SM"),
            "to": recipient,
            "from": sender,
            "body": body or "",
            "status": "queued",
            "direction": "outbound-api",
            "num_segments": str(counted.parts),
            "num_media": str(len(media)),
            "price_unit": "USD",
            "api_version": "2010-04-01",
        }
    )


def _demand_sender(from_: str) -> str:
    sender = _read(from_) or from_
    if sender == INVALID:
        raise errors.invalid_from(sender)
    if sender == "+15005550008":
        raise errors.queue_full()
    if sender != GOOD:
        raise errors.from_not_message_capable(sender)
    return sender


def _demand_recipient(to: str, sender: str) -> str:
    recipient = _read(to)
    if recipient is None or recipient == INVALID:
        raise errors.invalid_to(recipient or to)
    if recipient == sender:
        raise errors.same_to_and_from(recipient)
    refusals: Mapping[str, ApiError] = {
        "+15005550002": errors.unreachable(recipient, sender),
        "+15005550003": errors.region_not_permitted(recipient),
        "+15005550004": errors.opted_out(recipient),
        "+15005550009": errors.not_a_mobile_number(recipient),
    }
    if recipient in refusals:
        raise refusals[recipient]
    return recipient


async def make_call(request: Request) -> Answer:
    to, from_ = request.params.get("To"), request.params.get("From")
    if not to:
        raise errors.no_called_number()
    if not from_:
        raise errors.caller_required()
    if not any(request.params.get(name) for name in ("Url", "Twiml", "ApplicationSid")):
        raise errors.call_url_required()
    caller = _read(from_) or from_
    if caller == INVALID:
        raise errors.invalid_caller_id(caller)
    if caller != GOOD:
        raise errors.caller_not_verified(caller)
    called = _demand_called(to)
    return Item(
        fields={
            **_echo(request),
            **_record(request, "CA"),
            "to": called,
            "to_formatted": e164.national(called),
            "from": caller,
            "from_formatted": e164.national(caller),
            "status": "queued",
            "direction": "outbound-api",
            "price_unit": "USD",
            "api_version": "2010-04-01",
        }
    )


def _demand_called(to: str) -> str:
    if to.startswith(("sip:", "sips:", "client:")):
        return to
    called = _read(to)
    if called is None:
        raise errors.invalid_called_number(to)
    refusals: Mapping[str, ApiError] = {
        INVALID: errors.called_number_not_valid(called),
        "+15005550002": errors.called_number_unreachable(called),
        "+15005550003": errors.call_not_permitted(called),
        "+15005550004": errors.call_blocked(called),
    }
    if called in refusals:
        raise refusals[called]
    return called


async def look_up(request: Request) -> Answer:
    """Formatting and validation are real; a package knows magic numbers only."""
    written = request.ids["PhoneNumber"]
    number = e164.parse(written, str(request.params.get("CountryCode") or "US"))
    fields: dict[str, Any] = {
        "phone_number": number.e164 if number else written,
        "valid": bool(number and number.is_valid),
        "validation_errors": [] if number and number.is_valid else [_fault(number)],
    }
    if number is not None and number.is_possible:
        fields["country_code"] = number.country or None
        fields["calling_country_code"] = e164.calling_code(number.e164)
        fields["national_format"] = e164.national(number.e164)
    asked = {name.strip() for name in str(request.params.get("Fields") or "").split(",")}
    fields.update({name: {"error_code": NOT_A_MAGIC_NUMBER} for name in PACKAGES if name in asked})
    return Item(fields=fields)


def _fault(number: e164.Number | None) -> str:
    if number is None:
        return "NOT_A_NUMBER"
    return "INVALID_BUT_POSSIBLE" if number.is_possible else "INVALID_LENGTH"


def _read(written: str) -> str | None:
    """E.164; None for what is no phone number. The magic numbers are not valid, only possible."""
    number = e164.parse(written)
    return number.e164 if number is not None and number.is_possible else None


def _echo(request: Request) -> dict[str, Any]:
    """What was sent, by the response field that shows it."""
    sent = request.params
    return {p.field: sent[p.name] for p in request.operation.params if p.field and p.name in sent}


def _record(request: Request, prefix: str) -> dict[str, Any]:
    return {
        "sid": sids.new(prefix),
        "account_sid": request.account_sid,
        "date_created": request.now,
        "date_updated": request.now,
    }


_OPERATIONS: Final[Mapping[str, Operate]] = {
    "api.v2010.CreateMessage": send_message,
    "api.v2010.CreateCall": make_call,
    "lookups.v2.FetchPhoneNumber": look_up,
}
