"""Who may come in: requests of one account at once and per second. What is refused here was not processed at all.

A subaccount counts apart from its parent. The number in `Twilio-Concurrent-Requests` is the account's requests in
flight with this one, refused ones included (Twilio: "API responses", response headers).
"""

from __future__ import annotations

from time import monotonic
from typing import Protocol

from localloop.core import errors
from localloop.core.errors import ApiError
from localloop.rest.limits import Limit, Limits, Rule
from localloop.rest.shared import Full


class TooManyRequests(ApiError):
    """429 / 20429, and the number for the answer's header."""

    def __init__(self, concurrent: int) -> None:
        refusal = errors.too_many_requests()
        super().__init__(refusal.status, refusal.code, refusal.message)
        self.concurrent = concurrent


class Counts(Protocol):
    """Where requests in flight are counted: `LocalCounts` in one process, `SharedTable` over all of a machine."""

    def hold(self) -> None: ...

    def release(self) -> None: ...

    def count(self, key: str) -> int: ...

    def add(self, key: str) -> None: ...

    def remove(self, key: str) -> None: ...

    def due(self, key: str) -> float: ...

    def set_due(self, key: str, due: float) -> None: ...

    def sweep(self) -> bool: ...


class Admission:
    def __init__(self, counts: Counts, limits: Limits) -> None:
        self._counts = counts
        self._most = limits.concurrency

    def enter(self, account_sid: str, limits: tuple[Limit, ...] = ()) -> int:
        """The account's requests in flight, this one included; `leave` must follow with the same arguments.

        Raises TooManyRequests, after which `leave` must not follow: a refused request was never inside.
        """
        self._counts.hold()
        try:
            concurrent = self._counts.count(account_sid) + 1
            if concurrent > self._most or not self._fit(account_sid, limits):
                concurrent = self._after_sweep(account_sid, limits)
            self._take(account_sid, limits)
            return concurrent
        except Full:
            raise TooManyRequests(1) from None
        finally:
            self._counts.release()

    def leave(self, account_sid: str, limits: tuple[Limit, ...] = ()) -> None:
        self._counts.remove(account_sid)
        for limit in limits:
            if limit.rule.concurrency is not None:
                self._counts.remove(_key(account_sid, limit))

    def _after_sweep(self, account_sid: str, limits: tuple[Limit, ...]) -> int:
        """The last word: nobody is refused because of a process that died."""
        self._counts.sweep()
        concurrent = self._counts.count(account_sid) + 1
        if concurrent > self._most or not self._fit(account_sid, limits):
            raise TooManyRequests(concurrent)
        return concurrent

    def _fit(self, account_sid: str, limits: tuple[Limit, ...]) -> bool:
        for limit in limits:
            key, rule = _key(account_sid, limit), limit.rule
            if rule.concurrency is not None and self._counts.count(key) >= rule.concurrency:
                return False
            if rule.per_second is not None and self._counts.due(key) > monotonic() + _ahead(rule):
                return False
        return True

    def _take(self, account_sid: str, limits: tuple[Limit, ...]) -> None:
        self._counts.add(account_sid)
        taken = [account_sid]
        try:
            for limit in limits:
                key, rule = _key(account_sid, limit), limit.rule
                if rule.concurrency is not None:
                    self._counts.add(key)
                    taken.append(key)
                if rule.per_second is not None:
                    due = max(self._counts.due(key), monotonic())
                    self._counts.set_due(key, due + 1 / rule.per_second)
        except Full:
            for key in taken:
                self._counts.remove(key)
            raise


def _key(account_sid: str, limit: Limit) -> str:
    return f"{account_sid} {limit.name}"


def _ahead(rule: Rule) -> float:
    """How far ahead of its pace (GCRA) a key may be: `burst` requests at once fit exactly."""
    return (rule.burst - 1) / rule.per_second if rule.per_second else 0.0


class LocalCounts:
    """Counts of the only api process there is."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._due: dict[str, float] = {}
        self._held = 0

    def hold(self) -> None:
        """Nobody else is here."""

    def release(self) -> None:
        """Nobody else is here."""

    def count(self, key: str) -> int:
        return self._counts.get(key, 0)

    def add(self, key: str) -> None:
        self._counts[key] = self._counts.get(key, 0) + 1

    def remove(self, key: str) -> None:
        left = self._counts[key] - 1
        if left:
            self._counts[key] = left
        else:
            del self._counts[key]

    def due(self, key: str) -> float:
        return self._due.get(key, 0.0)

    def set_due(self, key: str, due: float) -> None:
        if len(self._due) >= 10_000:
            now = monotonic()
            self._due = {key: due for key, due in self._due.items() if due > now}
        self._due[key] = due

    def sweep(self) -> bool:
        return False

    @property
    def is_shut(self) -> bool:
        return self._held > 0

    def shut(self, _: float) -> None:
        self._held += 1

    def reopen(self) -> None:
        self._held -= 1
