"""Pay: a card or a bank account entered by keys, checked, and handed to a payment connector.

What was entered is kept here until it is handed over, shows in no text of these values, and leaves masked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from localloop.twiml.interpreter import cards, commands
from localloop.twiml.interpreter.activities import media, words
from localloop.twiml.interpreter.activity import Activity
from localloop.twiml.interpreter.commands import Card
from localloop.twiml.interpreter.events import AnyEvent, Charged, Digit, Played, Timer
from localloop.twiml.voice import verbs

if TYPE_CHECKING:
    from localloop.twiml.interpreter.run import Run

CARD: Final = "payment-card-number"
EXPIRY: Final = "expiration-date"
SECURITY: Final = "security-code"
POSTAL: Final = "postal-code"
ROUTING: Final = "bank-routing-number"
ACCOUNT: Final = "bank-account-number"
PROCESSING: Final = "payment-processing"

_FIELDS: Final[Mapping[str, str]] = {
    CARD: "number",
    EXPIRY: "expires",
    SECURITY: "security_code",
    POSTAL: "postal_code",
    ROUTING: "routing_number",
    ACCOUNT: "account_number",
}
_LONGEST: Final = 20  # keys of one entry; more are not kept


class Secret(Struct, frozen=True):
    """Keys that were pressed."""

    keys: str = ""

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__


class Paying(Activity, frozen=True, kw_only=True):
    """`step` is asked for, for the `attempt`th time; `first` is what has to be entered again."""

    verb: verbs.Pay
    step: str = ""
    attempt: int = 1
    error: str = ""
    prompts: tuple[verbs.Prompt, ...] = ()
    sounding: int = 0
    timer: str = ""
    entered: Secret = Secret()
    first: Secret = Secret()
    card: Card = Card()
    brand: str = ""
    charge: int = 0
    is_full: bool = (
        False  # what was entered last ended by its length: a pound key after that is its end as well
    )

    @property
    def is_private(self) -> bool:
        return True

    def on(self, run: Run, event: AnyEvent) -> bool:
        match event:
            case Played(n=n) if n == self.sounding:
                self._played(run, event.code)
            case Timer(name=name) if name and name == self.timer:
                replace(self, timer="", is_full=False)._entered(run)
            case Digit(key="*"):
                self._end(run, "caller-interrupted-with-star")
            case Digit() if not self.charge:
                self._pressed(run, event.key)
            case Charged(n=n) if n and n == self.charge:
                self._charged(run, event)
            case _:
                return False
        return True

    # -- asking

    def ask(self, run: Run) -> None:
        """For what comes next, or hand everything over."""
        if self.step == PROCESSING:
            number = run.emit(commands.Charge(card=self.card, card_type=self.brand, pay=self.verb))
            prompts = words.prompts(self.verb, PROCESSING, "", self.brand, self.attempt)
            now = replace(self, charge=number, prompts=prompts, sounding=0, timer="", entered=Secret())
        else:
            prompts = words.prompts(self.verb, self.step, self.error, self.brand, self.attempt)
            now = replace(self, prompts=prompts, sounding=0, timer="", entered=Secret())
        now._played(run, 0)

    def _played(self, run: Run, code: int) -> None:
        if code:
            run.warn(code, "a prompt of <Pay> cannot be played")
        if self.prompts:
            prompt, *rest = self.prompts
            run.wait(replace(self, prompts=tuple(rest), sounding=media.sound(run, prompt)))
        elif self.charge:
            run.wait(replace(self, sounding=0))
        else:
            run.wait(replace(self, sounding=0, timer=run.start_timer("pay", self.verb.timeout)))

    # -- entering

    def _pressed(self, run: Run, key: str) -> None:
        if key == "#" and self.is_full:
            run.become(self, replace(self, is_full=False))
            return
        if self.sounding:
            run.emit(commands.StopMedia())
        run.cancel_timer(self.timer)
        keys = self.entered.keys
        if key == "#":
            replace(self, sounding=0, prompts=(), timer="", is_full=False)._entered(run)
            return
        keys = (keys + key)[:_LONGEST]
        now = replace(self, sounding=0, prompts=(), timer="", entered=Secret(keys), is_full=False)
        if len(keys) == self._length(keys):
            replace(now, is_full=True)._entered(run)
        else:
            run.wait(replace(now, timer=run.start_timer("pay", self.verb.timeout)))

    def _length(self, keys: str) -> int:
        """After so many keys it is whole; 0 where that is not known."""
        match self.step:
            case "payment-card-number":
                return cards.usual_length(keys) if len(keys) > 3 else 0
            case "expiration-date":
                return 4
            case "security-code":
                return cards.security_code_length(self.brand)
            case "bank-routing-number":
                return 9
        return 0

    def _entered(self, run: Run) -> None:
        keys = self.entered.keys
        error = self._error(run, keys)
        if error:
            self._again(run, error)
        elif words.is_entered_twice(self.verb, self.step) and not self.first.keys:
            replace(self, first=self.entered, error="").ask(run)
        elif self.first.keys and self.first.keys != keys:
            replace(self, first=Secret())._again(run, "input-matching-failed")
        else:
            self._take(run, keys)

    def _error(self, run: Run, keys: str) -> str:
        """What is wrong with it, as Twilio calls that; "" for nothing."""
        if not keys:
            return "input-timeout"
        match self.step:
            case "payment-card-number":
                if not cards.is_card_number(keys):
                    return "invalid-card-number"
                return "" if cards.brand_of(keys) in self.verb.valid_card_types else "invalid-card-type"
            case "expiration-date":
                return "" if cards.is_good_until(keys, run.event.at) else "invalid-date"
            case "security-code":
                good = len(keys) == cards.security_code_length(self.brand)
                return "" if good else "invalid-security-code"
            case "postal-code":
                good = len(keys) >= self.verb.min_postal_code_length
                return "" if good else "invalid-postal-code"
            case "bank-routing-number":
                return "" if cards.is_routing_number(keys) else "invalid-bank-routing-number"
            case _:
                return "" if cards.is_account_number(keys) else "invalid-bank-account-number"

    def _again(self, run: Run, error: str) -> None:
        self._report(run, error)
        if self.attempt >= self.verb.max_attempts:
            self._end(run, "too-many-failed-attempts")
        else:
            replace(self, attempt=self.attempt + 1, error=error).ask(run)

    def _take(self, run: Run, keys: str) -> None:
        brand = cards.brand_of(keys) if self.step == CARD else self.brand
        card = replace(self.card, **{_FIELDS[self.step]: keys})
        now = replace(self, card=card, brand=brand, entered=Secret(), first=Secret())
        now._report(run, "")
        steps = steps_of(self.verb)
        replace(now, step=steps[steps.index(self.step) + 1], attempt=1, error="").ask(run)

    # -- what is told

    def _report(self, run: Run, error: str) -> None:
        if self.verb.status_callback is None:
            return
        parameters = {"For": self.step, "Attempt": str(self.attempt), **self._captured()}
        if error:
            parameters["ErrorType"] = error
        run.tell(self.verb.status_callback, self.verb.status_callback_method, parameters, "pay-status")

    def _captured(self) -> dict[str, str]:
        card = self.card
        known = {
            "PaymentCardNumber": cards.masked(card.number, 4),
            "PaymentCardType": self.brand,
            "ExpirationDate": card.expires,
            "SecurityCode": cards.masked(card.security_code, 0),
            "PaymentCardPostalCode": card.postal_code,
            "BankRoutingNumber": card.routing_number,
            "BankAccountNumber": cards.masked(card.account_number, 2),
            "BankAccountType": self.verb.bank_account_type if card.account_number else "",
        }
        return {name: value for name, value in known.items() if value}

    def _charged(self, run: Run, charged: Charged) -> None:
        if charged.code:
            run.warn(charged.code, charged.error)
            self._report(run, "internal-error")
            failure = {"PayErrorCode": str(charged.code), "PaymentError": charged.error}
            failure["ConnectorError"] = charged.error
            self._end(run, "payment-connector-error", failure)
            return
        self._report(run, "")
        known = {
            "PaymentToken": charged.token,
            "PaymentConfirmationCode": charged.confirmation_code,
            "ProfileId": charged.profile_id,
        }
        self._end(run, "success", {name: value for name, value in known.items() if value})

    def _end(self, run: Run, result: str, more: Mapping[str, str] = {}) -> None:
        """Nothing that was entered stays. Without an action, only a success asks the document itself."""
        self._quiet(run)
        parameters = {
            "Result": result,
            "PaymentMethod": self.verb.payment_method,
            **({"Connector": self.verb.payment_connector} if self.charge else {}),
            **self._captured(),
            **more,
        }
        if self.verb.action is None and result != "success" and not run.state.gone:
            run.go_on()
        elif self.verb.action is None and run.state.gone:
            run.finish()
        else:
            run.request(self.verb.action, "POST", parameters, "pay")

    def _quiet(self, run: Run) -> None:
        if not run.state.gone:
            if self.sounding:
                run.emit(commands.StopMedia())
            run.emit(commands.StopListening())
        run.cancel_timer(self.timer)

    def stop(self, run: Run) -> None:
        self._quiet(run)

    def hung_up(self, run: Run) -> None:
        self._end(run, "caller-hung-up")


def steps_of(verb: verbs.Pay) -> tuple[str, ...]:
    """What is asked for, in order. A postal code that the document names itself is not asked for."""
    if verb.payment_method == "ach-debit":
        return (ROUTING, ACCOUNT, PROCESSING)
    asked = [CARD, EXPIRY]
    if verb.security_code:
        asked.append(SECURITY)
    if verb.postal_code == "true":
        asked.append(POSTAL)
    return (*asked, PROCESSING)


def begin(run: Run, verb: verbs.Pay) -> None:
    run.answer()
    run.emit(commands.Listen(private=True))
    given = verb.postal_code if verb.postal_code not in ("true", "false") else ""
    Paying(verb=verb, step=steps_of(verb)[0], card=Card(postal_code=given)).ask(run)
