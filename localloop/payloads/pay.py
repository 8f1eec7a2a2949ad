"""The parameters of <Pay>: those of its action, and those of its status callback.

Source: Twilio's "TwiML Voice: <Pay>". What was typed is there with all but its end hidden, as Twilio sends it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, UnsetType

from localloop.payloads import part
from localloop.payloads.part import Part, said

_CARD = "a card was taken"
_BANK = "a bank account was taken"


class Captured(Part, frozen=True, kw_only=True):
    """What was typed so far."""

    payment_card_number: Annotated[
        str | UnsetType, said("The card, but for its last four digits hidden", "xxxxxxxxxxxx4242", when=_CARD)
    ] = UNSET
    payment_card_type: Annotated[
        Literal[
            "visa", "mastercard", "amex", "maestro", "discover", "optima", "jcb", "diners-club", "enroute"
        ]
        | UnsetType,
        said("Its brand", "visa", when=_CARD),
    ] = UNSET
    expiration_date: Annotated[
        str | UnsetType, said("Until when it is good, MMYY", "1230", when=_CARD, pattern="^[0-9]{1,4}$")
    ] = UNSET
    security_code: Annotated[
        str | UnsetType, said("Its security code, hidden", "xxx", when="the security code was asked for")
    ] = UNSET
    payment_card_postal_code: Annotated[
        str | UnsetType, said("The holder's postal code", "94105", when="the postal code was asked for")
    ] = UNSET
    bank_account_number: Annotated[
        str | UnsetType, said("The account, but for its last two digits hidden", "xxxxxxxx89", when=_BANK)
    ] = UNSET
    bank_routing_number: Annotated[
        str | UnsetType, said("The bank", "021000021", when=_BANK, pattern=part.NUMBER)
    ] = UNSET
    bank_account_type: Annotated[
        Literal["consumer-checking", "consumer-savings", "commercial-checking"] | UnsetType,
        said("What kind of account it is", "consumer-checking", when=_BANK),
    ] = UNSET


class Paid(Part, frozen=True, kw_only=True):
    """What <Pay> adds to the request of its action."""

    result: Annotated[
        Literal[
            "success",
            "too-many-failed-attempts",
            "payment-connector-error",
            "caller-interrupted-with-star",
            "caller-hung-up",
            "validation-error",
            "internal-error",
        ],
        said("How it ended", "success"),
    ]
    payment_method: Annotated[
        Literal["credit-card", "ach-debit"] | UnsetType,
        said("What was paid with", "credit-card", when="Result is success"),
    ] = UNSET
    payment_token: Annotated[
        str | UnsetType, said("What stands for the card", "tok_1", when="nothing was charged")
    ] = UNSET
    payment_confirmation_code: Annotated[
        str | UnsetType, said("The charge", "ch_1", when="something was charged")
    ] = UNSET
    profile_id: Annotated[
        str | UnsetType,
        said("The customer, as the connector knows it", "cus_1", when="the connector has one"),
    ] = UNSET
    connector: Annotated[
        str | UnsetType, said("The connector", "Default", when="one was asked to take it")
    ] = UNSET
    pay_error_code: Annotated[
        str | UnsetType, said("Why it failed", "64011", when="it failed", pattern=part.CODE)
    ] = UNSET
    payment_error: Annotated[
        str | UnsetType, said("Why it failed, in words", "The card was declined", when="it failed")
    ] = UNSET
    connector_error: Annotated[
        str | UnsetType, said("What the connector says", "card_declined", when="the connector refused it")
    ] = UNSET


class PaymentChange(Part, frozen=True, kw_only=True):
    """A step of a payment that is led over REST."""

    account_sid: Annotated[
        str, said("The account that it belongs to", "AC" + "0" * 31 + "1", pattern=part.ACCOUNT_SID)
    ]
    call_sid: Annotated[
        str,
        said(
            "The call; of one with two legs the first",
            "CA0f3c1e5a7b9d2f4061728394a5b6c7d8",
            pattern=part.CALL_SID,
        ),
    ]
    sid: Annotated[str, said("The payment", "PK0f3c1e5a7b9d2f4061728394a5b6c7d8", pattern="^PK[0-9a-f]{32}$")]
    date_created: Annotated[str, said("When it was begun", "2026-11-21T20:15:30.250Z")]
    payment_connector: Annotated[str, said("The connector that will take it", "Default")]
    payment_method: Annotated[Literal["credit-card", "ach-debit"], said("What is paid with", "credit-card")]
    charge_amount: Annotated[
        str | UnsetType, said("What is charged", "12.00", when="something is charged")
    ] = UNSET
    token_type: Annotated[
        Literal["one-time", "reusable", "payment-method"] | UnsetType,
        said("What kind of token is made", "reusable", when="nothing is charged"),
    ] = UNSET
    date_updated: Annotated[
        str | UnsetType, said("When it changed", "2026-11-21T20:15:42.500Z", when="it has been updated")
    ] = UNSET
    capture: Annotated[
        Literal[
            "payment-card-number",
            "expiration-date",
            "security-code",
            "postal-code",
            "bank-routing-number",
            "bank-account-number",
        ]
        | UnsetType,
        said("What is asked for", "payment-card-number", when="something is"),
    ] = UNSET
    partial_result: Annotated[
        part.Boolean | UnsetType,
        said("Whether digits of it are still to come", "true", when="something is asked for"),
    ] = UNSET
    required: Annotated[
        str | UnsetType,
        said(
            "What has still to be asked for", "expiration-date,security-code", when="something is asked for"
        ),
    ] = UNSET
    error_type: Annotated[
        str | UnsetType,
        said("What was wrong with what was typed", "invalid-card-number", when="something was"),
    ] = UNSET
    result: Annotated[
        Literal["success", "payment-connector-error", "caller-interrupted-with-star", "caller-hung-up"]
        | UnsetType,
        said("How it ended", "success", when="it is over, and was not canceled"),
    ] = UNSET
    payment_token: Annotated[
        str | UnsetType,
        said("What stands for the card; empty of a charge", "tok_1", when="Result is success"),
    ] = UNSET
    payment_confirmation_code: Annotated[
        str | UnsetType, said("The charge; empty of a token", "ch_1", when="Result is success")
    ] = UNSET
    profile_id: Annotated[
        str | UnsetType, said("The customer, as the connector knows it", "cus_1", when="Result is success")
    ] = UNSET
    pay_error_code: Annotated[
        str | UnsetType, said("Why it failed", "64012", when="it failed", pattern=part.CODE)
    ] = UNSET
    payment_error: Annotated[
        str | UnsetType, said("Why it failed, in words", "card_declined", when="it failed")
    ] = UNSET
    connector_error: Annotated[
        str | UnsetType, said("What the connector says", "card_declined", when="it failed")
    ] = UNSET


class PayChange(Part, frozen=True, kw_only=True):
    """A step of <Pay>, told to its status callback."""

    account_sid: Annotated[
        str, said("The account that it belongs to", "AC" + "0" * 31 + "1", pattern=part.ACCOUNT_SID)
    ]
    call_sid: Annotated[str, said("The call", "CA0f3c1e5a7b9d2f4061728394a5b6c7d8", pattern=part.CALL_SID)]
    payment_sid: Annotated[
        str, said("The payment", "PK0f3c1e5a7b9d2f4061728394a5b6c7d8", pattern="^PK[0-9a-f]{32}$")
    ]
    for_: Annotated[
        Literal[
            "payment-card-number",
            "expiration-date",
            "security-code",
            "postal-code",
            "bank-routing-number",
            "bank-account-number",
            "payment-processing",
        ],
        said("What is asked for", "payment-card-number"),
    ]
    attempt: Annotated[Literal["1", "2", "3"], said("Which time it is asked for", "1")]
    partial_result: Annotated[
        part.Boolean | UnsetType, said("Whether digits are still to come", "true", when="some were typed")
    ] = UNSET
    error_type: Annotated[
        Literal[
            "input-timeout",
            "invalid-card-number",
            "invalid-card-type",
            "invalid-date",
            "invalid-security-code",
            "invalid-postal-code",
            "invalid-bank-routing-number",
            "invalid-bank-account-number",
            "invalid-bank-account-type",
            "invalid-card-number-security-code-capture-sequence",
            "input-matching-failed",
            "session-in-progress",
            "internal-error",
        ]
        | UnsetType,
        said("What was wrong with what was typed", "input-timeout", when="something was"),
    ] = UNSET
