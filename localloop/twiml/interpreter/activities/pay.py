"""Pay: a card or a bank account entered by keys, checked, and handed to a payment connector.

What was entered is kept here until it is handed over, shows in no text of these values, and leaves masked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from localloop.twiml.interpreter import cards, commands, entry
from localloop.twiml.interpreter.activities import media, words
from localloop.twiml.interpreter.activity import Activity
from localloop.twiml.interpreter.commands import Card
from localloop.twiml.interpreter.entry import Secret
from localloop.twiml.interpreter.events import AnyEvent, Charged, Digit, Played, Timer
from localloop.twiml.voice import verbs

if TYPE_CHECKING:
    from localloop.twiml.interpreter.run import Run

PROCESSING: Final = "payment-processing"


class Entered(Struct, frozen=True):
    """All of it that is secret."""

    entered: Secret = Secret()
    first: Secret = Secret()
    card: Card = Card()


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
    is_hash_due: bool = False  # the piece before was whole without one, which may still come

    @property
    def is_private(self) -> bool:
        return True

    def on(self, run: Run, event: AnyEvent) -> bool:
        match event:
            case Played(n=n) if n == self.sounding:
                self._played(run, event.code)
            case Timer(name=name) if name and name == self.timer:
                replace(self, timer="")._entered(run)
            case Digit(key="*"):
                self._end(run, "caller-interrupted-with-star")
            case Digit() if not self.charge:
                self._pressed(run, event.key)
            case Charged(n=n) if n and n == self.charge:
                self._charged(run, event)
            case _:
                return False
        return True

    # -- what is secret of it

    @property
    def secret(self) -> Entered:
        return Entered(self.entered, self.first, self.card)

    def holding(self, secret: Entered) -> Paying:
        return replace(self, entered=secret.entered, first=secret.first, card=secret.card)

    def begun_again(self) -> Paying:
        """What was entered is lost."""
        first = steps_of(self.verb)[0]
        return replace(self, step=first, attempt=1, brand="").holding(Entered(card=entry.empty(self.verb)))

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
        keys = self.entered.keys
        if key == "#" and self.is_hash_due:
            run.wait(replace(self, is_hash_due=False))
            return
        if self.sounding:
            run.emit(commands.StopMedia())
        run.cancel_timer(self.timer)
        if key == "#":
            replace(self, sounding=0, prompts=(), timer="")._entered(run)
            return
        keys = (keys + key)[: entry.LONGEST]
        is_whole = len(keys) == entry.length(self.step, keys, self.brand)
        now = replace(self, sounding=0, prompts=(), timer="", entered=Secret(keys), is_hash_due=is_whole)
        if is_whole:
            now._entered(run)
        else:
            run.wait(replace(now, timer=run.start_timer("pay", self.verb.timeout)))

    def _entered(self, run: Run) -> None:
        keys = self.entered.keys
        error = entry.fault(self.step, keys, self.brand, self.verb, run.event.at)
        if error:
            self._again(run, error)
        elif words.is_entered_twice(self.verb, self.step) and not self.first.keys:
            replace(self, first=self.entered, error="").ask(run)
        elif self.first.keys and self.first.keys != keys:
            replace(self, first=Secret())._again(run, "input-matching-failed")
        else:
            self._take(run, keys)

    def _again(self, run: Run, error: str) -> None:
        self._report(run, error)
        if self.attempt >= self.verb.max_attempts:
            self._end(run, "too-many-failed-attempts")
        else:
            replace(self, attempt=self.attempt + 1, error=error).ask(run)

    def _take(self, run: Run, keys: str) -> None:
        brand = cards.brand_of(keys) if self.step == entry.CARD else self.brand
        card = entry.with_piece(self.card, self.step, keys)
        now = replace(self, card=card, brand=brand, entered=Secret(), first=Secret())
        now._report(run, "")
        steps = steps_of(self.verb)
        replace(now, step=steps[steps.index(self.step) + 1], attempt=1, error="").ask(run)

    # -- what is told

    def _report(self, run: Run, error: str) -> None:
        if self.verb.status_callback is None:
            return
        parameters = {
            "For": self.step,
            "Attempt": str(self.attempt),
            **entry.told(self.card, self.brand, self.verb),
        }
        if error:
            parameters["ErrorType"] = error
        run.tell(self.verb.status_callback, self.verb.status_callback_method, parameters, "pay-status")

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
            **entry.told(self.card, self.brand, self.verb),
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
    return (*entry.pieces(verb), PROCESSING)


def begin(run: Run, verb: verbs.Pay) -> None:
    run.answer()
    run.emit(commands.Listen(private=True))
    Paying(verb=verb, step=steps_of(verb)[0], card=entry.empty(verb)).ask(run)
