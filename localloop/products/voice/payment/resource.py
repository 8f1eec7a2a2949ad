"""`/Calls/{CallSid}/Payments`: an agent leads a payment on a live call, piece by piece."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from msgspec import Struct

from localloop.core import errors, sids
from localloop.products.voice.call import queries
from localloop.products.voice.call.engine import Engine
from localloop.products.voice.call.events import PaymentAsked, PaymentBegun
from localloop.products.voice.call.live import Live
from localloop.products.voice.call.queries import Wanted
from localloop.products.voice.payment.session import Session
from localloop.rest.request import Binding, Item, Request
from localloop.store import Database
from localloop.twiml.voice import verbs

INVALID_AMOUNT: Final = 64003
NOT_OF_CARDS: Final = 64017
INVALID_VALUE: Final = 64020
_CARD_TYPES: Final = frozenset("visa mastercard amex maestro discover optima jcb diners-club enroute".split())
_MOST: Final = 1_000_000
_LONGEST_S: Final = 600
_CURRENCY: Final = re.compile(r"[A-Za-z]{3}")


class Payments(Struct, frozen=True):
    database: Database
    engine: Engine

    async def create(self, request: Request) -> Item:
        """The same IdempotencyKey once more: the payment that it began. Raises 20404, 21220, 64003, 64017, 64020 and,
        beside another payment, 64021."""
        live = await self._live(request)
        params = request.params
        session = Session(
            sid=sids.new("PK"),
            key=params["IdempotencyKey"],
            pay=_pay(params),
            callback=params["StatusCallback"],
            created=request.now,
            updated=request.now,
        )
        return _item(request, await self._taken(request, live, PaymentBegun(session)))

    async def update(self, request: Request) -> Item:
        """Raises 20404, 21220, 64018, 64019, 64020 and, for one that is over, 64021."""
        live = await self._live(request)
        params = request.params
        asked = PaymentAsked(
            sid=request.ids["Sid"],
            key=params["IdempotencyKey"],
            callback=params["StatusCallback"],
            capture=params.get("Capture") or None,
            status=params.get("Status") or None,
        )
        if live.payment is None or live.payment.sid != asked.sid:
            raise errors.not_found(request.address)
        return _item(request, await self._taken(request, live, asked))

    async def _live(self, request: Request) -> Live:
        call = await queries.by_sid(self.database, request.account_sid, request.ids["CallSid"])
        if call is None:
            raise errors.not_found(request.address)
        live = await queries.find(self.database, call.account_sid, call.id)
        if live is None:
            raise errors.call_not_in_progress()
        return live

    async def _taken(self, request: Request, live: Live, event: PaymentBegun | PaymentAsked) -> Session:
        wanted = Wanted(live.call.account_sid, live.call.id, live.root)
        now = await self.engine.take(wanted, event, request.now)
        if now is None or now.payment is None:
            raise errors.call_not_in_progress()
        return now.payment


def _item(request: Request, session: Session) -> Item:
    fields = {
        "sid": session.sid,
        "account_sid": request.account_sid,
        "call_sid": request.ids["CallSid"],
        "date_created": session.created,
        "date_updated": session.updated,
    }
    return Item(fields=fields)


def _pay(params: Mapping[str, Any]) -> verbs.Pay:
    """As if a document had asked for it. Raises 64003, 64017 and 64020."""
    method: Any = params.get("PaymentMethod") or "credit-card"
    kind = params.get("BankAccountType")
    if kind and method != "ach-debit":
        raise errors.of(NOT_OF_CARDS)
    if (params.get("Input") or "dtmf") != "dtmf":
        raise errors.of(INVALID_VALUE)
    return verbs.Pay(
        payment_method=method,
        bank_account_type=kind or "consumer-checking",
        timeout=_number(params, "Timeout", 5, _LONGEST_S),
        security_code=_is_wanted(params, "SecurityCode"),
        postal_code="true" if _is_wanted(params, "PostalCode") else "false",
        min_postal_code_length=_number(params, "MinPostalCodeLength", 0, 20),
        payment_connector=params.get("PaymentConnector") or "Default",
        token_type=params.get("TokenType") or "reusable",
        charge_amount=_amount(params.get("ChargeAmount")),
        currency=_currency(params.get("Currency") or "usd"),
        description=params.get("Description") or "",
        valid_card_types=_card_types(params.get("ValidCardTypes")),
        parameters=_parameters(params.get("Parameter")),
    )


def _is_wanted(params: Mapping[str, Any], name: str) -> bool:
    given = params.get(name)
    return given is not False


def _number(params: Mapping[str, Any], name: str, usual: int, most: int) -> int:
    given = params.get(name)
    if given in (None, ""):
        return usual
    if not 0 < given <= most:
        raise errors.of(INVALID_VALUE)
    return int(given)


def _amount(given: Any) -> str:
    if given in (None, ""):
        return "0"
    amount = Decimal(str(given))
    if not 0 <= amount < _MOST:
        raise errors.of(INVALID_AMOUNT)
    return f"{amount:.2f}"


def _currency(given: str) -> str:
    if not _CURRENCY.fullmatch(given):
        raise errors.of(INVALID_VALUE)
    return given.lower()


def _card_types(given: str | None) -> tuple[str, ...]:
    types = tuple((given or "visa mastercard amex").split())
    if not set(types) <= _CARD_TYPES:
        raise errors.of(INVALID_VALUE)
    return types


def _parameters(given: Any) -> tuple[tuple[str, str], ...]:
    """One level of names and values."""
    if given in (None, ""):
        return ()
    if not isinstance(given, dict) or any(isinstance(value, dict | list) for value in given.values()):
        raise errors.of(INVALID_VALUE)
    return tuple((name, str(value)) for name, value in given.items())


def binding(payments: Payments) -> Binding:
    return Binding(
        resource="api.v2010.Payments",
        operations={"CreatePayments": payments.create, "UpdatePayments": payments.update},
    )
