"""What a recording shows of a program: its requests, its TwiML, and the webhooks that it was sent."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from localloop.contract import load
from localloop.core.errors import ApiError
from localloop.intercept.recording import Exchange, Recording, Request
from localloop.intercept.survey import twiml
from localloop.intercept.survey.use import Call, Place, Unclear, Use, Webhook, wire_names
from localloop.payloads.kinds import KINDS, declared
from localloop.rest.routing import Router, operation_of


def uses_of(name: str, recording: Recording) -> Iterator[Use]:
    """Every exchange, by its number in the recording."""
    for number, exchange in enumerate(recording.exchanges, 1):
        place = Place(name, number)
        if exchange.kind == "callback":
            yield from _callback(exchange, place)
        else:
            yield from _request(exchange.request, place)


def _request(request: Request, place: Place) -> Iterator[Use]:
    try:
        match = _router().match(_router().place(request.host), request.path)
        operation = operation_of(match, request.method)
    except ApiError:
        yield Unclear(f"{request.method} {request.path}", place)
        return
    yield Call(operation, wire_names(operation, (name for name, _ in request.params)), place)


def _callback(exchange: Exchange, place: Place) -> Iterator[Use]:
    kind = kind_of(dict(exchange.request.params))
    if kind:
        yield Webhook(kind, place)
    else:
        yield Unclear(f"callback {exchange.request.path}", place)
    if exchange.answer is not None:
        for use in twiml.documents(place.file, exchange.answer.body or ""):
            if not isinstance(use, Unclear | Webhook | Call):
                yield type(use)(use.product, use.name, use.attributes, place)


def kind_of(params: dict[str, str]) -> str:
    """The kind that has most of these parameters, and all that it always has; "" when they are no kind's."""
    best, most = "", 0
    for name in KINDS:
        known = declared(name)
        always = {each.parameter.name for each in known if each.is_required}
        shared = len({each.parameter.name for each in known} & params.keys())
        if always <= params.keys() and shared > most:
            best, most = name, shared
    if best:
        return best
    if "MessageStatus" in params:
        return "status"
    if "MessageSid" in params and "Body" in params:
        return "sms"
    return "voice" if "CallSid" in params and "CallStatus" in params else ""


@cache
def _router() -> Router:
    return Router(load().apis)
