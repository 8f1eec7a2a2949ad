"""What `<Pay>` says: the document's own prompts where they fit, else the usual words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from localloop.twiml.voice import verbs

_ASKED: Final[Mapping[str, str]] = {
    "payment-card-number": "Please enter your credit card number, followed by the pound key.",
    "expiration-date": "Please enter your card's expiration date: two digits for the month, two for the year.",
    "security-code": "Please enter your card's security code.",
    "postal-code": "Please enter your billing postal code, followed by the pound key.",
    "bank-routing-number": "Please enter your bank's routing number.",
    "bank-account-number": "Please enter your bank account number, followed by the pound key.",
    "payment-processing": "Thank you. Please wait while your payment is processed.",
}
_WRONG: Final[Mapping[str, str]] = {
    "input-timeout": "Nothing was entered.",
    "invalid-card-number": "That card number is not valid.",
    "invalid-card-type": "That type of card is not accepted.",
    "invalid-date": "That expiration date is not valid.",
    "invalid-security-code": "That security code is not valid.",
    "invalid-postal-code": "That postal code is not valid.",
    "invalid-bank-routing-number": "That routing number is not valid.",
    "invalid-bank-account-number": "That account number is not valid.",
    "input-matching-failed": "What you entered is not the same.",
}
_ALSO: Final[Mapping[str, str]] = {"input-timeout": "timeout"}  # what <Prompt> calls it


def prompts(pay: verbs.Pay, step: str, error: str, brand: str, attempt: int) -> tuple[verbs.Prompt, ...]:
    """Of the document's own prompts the one that fits and says most about when it does."""
    fitting = [each for each in pay.filters if each.prompts and _fits(each, step, error, brand, attempt)]
    if fitting:
        return max(fitting, key=_precision).prompts
    text = f"{_WRONG.get(error, '')} {_ASKED[step]}".strip()
    return (verbs.Say(text=text, language=_language(pay.language)),)


def is_entered_twice(pay: verbs.Pay, step: str) -> bool:
    return any(each.require_matching_inputs for each in pay.filters if step in each.for_)


def _fits(prompt: verbs.Filter, step: str, error: str, brand: str, attempt: int) -> bool:
    return (
        (not prompt.for_ or step in prompt.for_)
        and (not prompt.error_type or bool({error, _ALSO.get(error, error)} & {*prompt.error_type}))
        and (not prompt.card_type or brand in prompt.card_type)
        and (not prompt.attempt or str(attempt) in prompt.attempt)
    )


def _precision(prompt: verbs.Filter) -> int:
    return sum(map(bool, (prompt.for_, prompt.error_type, prompt.card_type, prompt.attempt)))


def _language(tag: str) -> str:
    """Pay writes en-us, voices are told en-US."""
    language, _, region = tag.partition("-")
    return f"{language.lower()}-{region.upper()}" if region else language.lower()
