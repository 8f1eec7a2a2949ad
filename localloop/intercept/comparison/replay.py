"""The replay: each recorded request is asked here in its turn, and its two answers are held against each other."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Final, Protocol

from msgspec import Struct
from msgspec.structs import replace

from localloop.contract import load
from localloop.contract.model import Operation
from localloop.core.errors import ApiError
from localloop.intercept.comparison import callbacks, paging, shape
from localloop.intercept.comparison.difference import Findings, Report, Skipped
from localloop.intercept.comparison.names import Names
from localloop.intercept.comparison.translation import Translation, Untranslatable
from localloop.intercept.recording import Answer, Exchange, Recording, Request
from localloop.rest.routing import Router, operation_of

_ACCOUNT: Final = re.compile(r"(?<![0-9A-Za-z])AC[0-9a-f]{32}(?![0-9A-Za-z])")
_TOO_MANY: Final = 429
# A replay is faster than life: what is refused because something is not over yet is asked again.
_TRIES: Final = 6
_FIRST_PAUSE_S: Final = 0.1
_ONCE_MISSED_S: Final = 1.0
_COVERAGE: Final = "Localloop-Coverage"


class Callbacks(Protocol):
    """Receives what localloop sends during the replay, in the program's place."""

    @property
    def url(self) -> str: ...

    @property
    def came(self) -> Sequence[Request]: ...

    def wait(self, is_enough: Callable[[], bool], seconds: float) -> None:
        """Until so much has come, and no longer than this."""


class Text(Struct, frozen=True):
    """A text that came in while the recording was made; `url` is where its webhook has to go now."""

    from_: str
    to: str
    body: str
    url: str


class Target(Struct, frozen=True, kw_only=True):
    """The localloop that is asked. `pause` waits; `text` sends a text to a number of the account, and tells its SID."""

    account_sid: str
    auth_token: str
    ask: Callable[[Request], Answer]
    callbacks: Callbacks
    pause: Callable[[float], None]
    text: Callable[[Text], str | None]
    patience_s: float = 10.0


def compare(recording: Recording, target: Target) -> Report:
    """Every difference between what was recorded and what is answered here."""
    replay = _Replay(recording, target)
    for number, exchange in enumerate(recording.exchanges, 1):
        if exchange.kind == "callback":
            replay.expect(number, exchange)
        else:
            replay.ask(number, exchange)
    return replay.report()


class _Replay:
    def __init__(self, recording: Recording, target: Target) -> None:
        self._target = target
        self._names = Names()
        self._translation = Translation(self._names, target.account_sid, target.callbacks.url)
        self._findings = Findings()
        self._skipped: list[Skipped] = []
        self._plain: set[str] = set()
        self._replayed = 0
        self._originals: list[Request] = []
        self._is_missing = False
        self._expected: list[tuple[int, callbacks.Expected]] = []
        self._names.secrets[target.account_sid] = target.auth_token
        if account := _account_of(recording):
            self._names.same(account, target.account_sid)

    def ask(self, number: int, exchange: Exchange) -> None:
        there, operation = exchange.answer, _operation(exchange.request)
        name = _name(exchange.request, operation)
        if there is None or there.status == _TOO_MANY or there.status >= 500:
            reason = "it had no answer" if there is None else f"the service was in trouble ({there.status})"
            self._skipped.append(Skipped(request=number, operation=name, reason=reason))
            return
        try:
            request = self._translation.request(exchange.request, there)
        except Untranslatable as error:
            self._skipped.append(Skipped(request=number, operation=name, reason=str(error)))
            return
        here = self._answer(request, there, operation)
        self._replayed += 1
        if here.header(_COVERAGE) == "plain":
            self._plain.add(name)
        said, says = there.json(), here.json()
        alike = paging.aligned(said, says, operation, self._names)
        found = [
            *shape.differences(there, here, operation, alike),
            *paging.differences(said, says, operation, exchange.request, self._names),
        ]
        self._findings.add(number, name, found)
        if there.status < 400 and here.status < 400:
            self._names.learn(said, alike)

    def expect(self, number: int, exchange: Exchange) -> None:
        """What the program was told before it went on has to come here before we go on."""
        expected = callbacks.expected(exchange.request, self._names) or self._text(exchange.request)
        if expected is None:
            self._skipped.append(
                Skipped(
                    request=number, operation=_callback(exchange.request), reason="nothing recorded causes it"
                )
            )
            return
        self._expected.append((number, expected))
        patience_s = _ONCE_MISSED_S if self._is_missing else self._target.patience_s
        self._target.callbacks.wait(
            lambda: self._has_come(expected), min(patience_s, self._target.patience_s)
        )
        self._is_missing = self._is_missing or expected.here is None

    def report(self) -> Report:
        left = self._assign()
        for number, expected in self._expected:
            self._findings.add(number, _callback(expected.there), callbacks.differences(expected))
        ended = {
            expected.about: number
            for number, expected in self._expected
            if callbacks.stage(expected.there) == callbacks.THE_END
        }
        for request in left:
            about = callbacks.about(request)
            if about in ended:
                self._findings.add(ended[about], _callback(request), [callbacks.unexpected(request)])
        return Report(
            replayed=self._replayed,
            callbacks=len(self._expected),
            differences=self._findings.all(),
            skipped=tuple(self._skipped),
            plain=tuple(sorted(self._plain)),
        )

    def _answer(self, request: Request, there: Answer, operation: Operation | None) -> Answer:
        """Only what was certainly not done is asked again."""
        pause_s = _FIRST_PAUSE_S
        for _ in range(_TRIES):
            here = self._target.ask(request)
            is_early = (
                there.status < 400 <= here.status < 500
                and operation is not None
                and operation.verb in ("update", "delete")
            )
            if here.status != _TOO_MANY and not is_early:
                return here
            self._target.pause(pause_s)
            pause_s *= 2
        return here

    def _text(self, there: Request) -> callbacks.Expected | None:
        """A text that came in comes in here as well; None where it was none, or cannot come."""
        given = dict(there.params)
        sid = callbacks.about(there)
        if not callbacks.is_incoming(there) or not all(given.get(name) for name in ("From", "To")):
            return None
        url = self._translation.caught(there.url)
        here = self._target.text(
            Text(given["From"], self._names.here(given["To"]), given.get("Body", ""), url)
        )
        if here is None:
            return None
        self._names.same(sid, here)
        return callbacks.Expected(there, here)

    def _has_come(self, expected: callbacks.Expected) -> bool:
        self._assign()
        return expected.here is not None

    def _assign(self) -> list[Request]:
        for request in self._target.callbacks.came[len(self._originals) :]:
            self._originals.append(replace(request, url=self._translation.original(request.url)))
        return callbacks.assign([expected for _, expected in self._expected], self._originals)


def _account_of(recording: Recording) -> str:
    """The account that the recording speaks for: the first that is named."""
    for exchange in recording.exchanges:
        if exchange.kind == "request":
            found = _ACCOUNT.search(f"{exchange.request.header('Authorization')} {exchange.request.url}")
            if found is not None:
                return found[0]
    return ""


def _operation(request: Request) -> Operation | None:
    """None for what is no operation of Twilio's."""
    try:
        match = _router().match(_router().place(request.host), request.path)
        return operation_of(match, request.method)
    except ApiError:
        return None


def _name(request: Request, operation: Operation | None) -> str:
    return operation.id if operation else f"{request.method} {request.path}"


def _callback(request: Request) -> str:
    return f"callback {request.path}"


@cache
def _router() -> Router:
    return Router(load().apis)
