"""One request and its answer as they are kept: for people, and to send the request again. Never with credentials,
never with what was typed to pay.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, quote_plus, urlsplit, urlunsplit

from localloop.webhooks.attempts import Attempt
from localloop.webhooks.connector import Timings
from localloop.webhooks.failure import Failure, without_login
from localloop.webhooks.outbound import BODY_LIMIT, Response, Sent, compose

HIDDEN: Final = "…"
_SECRET: Final = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})
# What a caller says or types to pay: https://www.twilio.com/docs/voice/twiml/pay#attributes-action
_PAYMENT: Final = frozenset(
    {
        "PaymentCardNumber",
        "SecurityCode",
        "ExpirationDate",
        "PaymentCardPostalCode",
        "BankAccountNumber",
        "BankRoutingNumber",
        "PaymentToken",
    }
)
_TYPED: Final = frozenset({"Digits", "SpeechResult", "UnstableSpeechResult", "StableSpeechResult"})
_CARD: Final = re.compile(r"\d(?:[ -]?\d){12,18}")


def detail(attempt: Attempt, fragment: str = "") -> dict[str, Any]:
    """What an attempt looked like: request, response, timings in milliseconds; `fragment` is that of its URL."""
    if attempt.outgoing is None:
        return {}
    overrides = attempt.outgoing.target.overrides
    kept: dict[str, Any] = {"edge": overrides.edge(attempt.number - 1)}
    if attempt.fault:
        kept["fault"] = attempt.fault
    if isinstance(attempt.outcome, Failure):
        sent = compose(attempt.outgoing)
    else:
        sent = attempt.outcome.sent
        kept["response"] = _response(attempt.outcome)
        kept["timings"] = _milliseconds(attempt.outcome.timings)
    kept["request"] = _request(sent)
    asked = kept["request"]
    if sent.method != attempt.method or not sent.target.text.startswith(attempt.url):
        # It was redirected: what was asked at first is needed to ask again.
        asked = kept["asked"] = _request(compose(attempt.outgoing))
    if fragment:
        asked["fragment"] = storable(fragment)
    if attempt.outgoing.target.credentials is not None:
        asked["login"] = True
    return kept


def for_debugger(attempt: Attempt) -> dict[str, Any]:
    """Request and response as the debugger webhook has them: parameters and headers by name."""
    request: dict[str, Any] = {"url": attempt.url, "method": attempt.method}
    if attempt.outgoing is None:
        return {"request": request}
    sent = compose(attempt.outgoing) if isinstance(attempt.outcome, Failure) else attempt.outcome.sent
    request["headers"] = _by_name(sent.headers)
    params = attempt.outgoing.params
    request["parameters"] = {storable(name): _blanked(name, value) for name, value in params.items()}
    if isinstance(attempt.outcome, Failure):
        return {"request": request}
    response = {
        "status_code": attempt.outcome.status,
        "headers": _by_name(attempt.outcome.headers),
        "body": body_text(attempt.outcome.body),
    }
    return {"request": request, "response": response}


def storable(text: str) -> str:
    """PostgreSQL's text and JSON hold no NUL."""
    return text.replace("\x00", "�")


def headers_of(headers: Mapping[str, str]) -> list[list[str]]:
    """As pairs: their order and repetitions count."""
    return [
        [str(name), HIDDEN if name.lower() in _SECRET else without_login(storable(value))]
        for name, value in headers.items()
    ]


def _by_name(headers: Mapping[str, str]) -> dict[str, str]:
    return {pair[0]: pair[1] for pair in headers_of(headers)}


def body_text(body: bytes) -> str:
    """JSON in PostgreSQL holds no NUL and nothing that is no Unicode."""
    return storable(body[:BODY_LIMIT].decode("utf-8", "replace"))


def _request(sent: Sent) -> dict[str, Any]:
    body = sent.body or b""
    text, url = body_text(body), sent.target.text
    is_form = "form" in sent.headers.get("Content-Type", "")
    kept_text = _blanked_form(text) if is_form else text
    kept_url = _blanked_url(url)
    kept: dict[str, Any] = {
        "method": sent.method,
        "url": kept_url,
        "headers": headers_of(sent.headers),
        "body": kept_text,
    }
    if len(body) > BODY_LIMIT:
        kept["truncated"] = True
    if (kept_text, kept_url) != (text, url):
        kept["blanked"] = True
    return kept


def _response(response: Response) -> dict[str, Any]:
    return {
        "status": response.status,
        "headers": headers_of(response.headers),
        "body": body_text(response.body),
        "truncated": response.truncated,
    }


def _milliseconds(timings: Timings) -> dict[str, Any]:
    points = {
        "resolved": timings.resolved,
        "connected": timings.connected,
        "secured": timings.secured,
        "first_byte": timings.first_byte,
        "done": timings.done,
    }
    taken: dict[str, Any] = {name: round(at * 1000, 2) for name, at in points.items() if at is not None}
    return {**taken, "reused": timings.reused}


def _blanked_url(url: str) -> str:
    parts = urlsplit(url)
    query = _blanked_form(parts.query)
    return url if query == parts.query else urlunsplit(parts._replace(query=query))


def _blanked_form(text: str) -> str:
    """The form without what pays; as it was where there is none of that."""
    if not any(name in text for name in (*_PAYMENT, *_TYPED)):
        return text
    pairs = parse_qsl(text, keep_blank_values=True)
    blanked = [(name, str(_blanked(name, value))) for name, value in pairs]
    if blanked == pairs:
        return text
    return "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in blanked)


def _blanked(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return [_blanked(name, each) for each in value]
    if name in _PAYMENT and value:
        return HIDDEN
    if name in _TYPED:
        value = _CARD.sub(lambda found: HIDDEN if _is_card(found[0]) else found[0], value)
    return storable(value)


def _is_card(text: str) -> bool:
    """Whether the digits are those of a payment card, by their check digit (ISO/IEC 7812-1)."""
    digits = [int(character) for character in text if character.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) if at % 2 else digit for at, digit in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0
