"""The clock of a test's world: it stands, is set, moved on, or lets time pass by itself while the test waits.

clock.freeze("2027-01-01T09:00:00Z")
clock.advance(days=30)       # and all that was due has been done, each thing at its time
clock.auto()                 # time passes by itself while something is waited for
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, TypeAlias

from localloop.testing.lab import Lab

Mode: TypeAlias = Literal["real", "frozen", "offset", "auto"]
PATIENCE_S: Final = 60.0
_MARGIN_S: Final = 20.0


class StillBusy(AssertionError):
    """Time has passed, but what was due is not done: something takes too long."""


class Clock:
    """Of one world. Moments are aware, or ISO 8601; without a zone they are UTC."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def __repr__(self) -> str:
        shown = self._lab.get("Clock")
        return f"<Clock {shown['mode']} {shown['at']}>"

    def now(self) -> datetime:
        """What it shows."""
        return _moment(self._lab.get("Clock")["at"])

    @property
    def mode(self) -> Mode:
        mode: Mode = self._lab.get("Clock")["mode"]
        return mode

    @property
    def next_due(self) -> datetime | None:
        """When the next thing is due: a message, a retry of a webhook; None when nothing is."""
        due = self._lab.get("Clock")["next_due"]
        return None if due is None else _moment(due)

    def freeze(self, at: datetime | str | None = None) -> datetime:
        """It stands, where it is or at a moment, until it is moved."""
        return self._change({"Mode": "frozen", "At": _aware(at)})

    def run(self, at: datetime | str | None = None) -> datetime:
        """It runs on, from where it is or from a moment."""
        return self._change({"Mode": "offset", "At": _aware(at)})

    def auto(self) -> datetime:
        """It runs, and leaps to what is due next while something is waited for and nothing happens."""
        return self._change({"Mode": "auto"})

    def real(self) -> datetime:
        return self._change({"Mode": "real"})

    def set(self, at: datetime | str, *, patience: float = PATIENCE_S) -> datetime:
        """It shows a moment. Forward it goes by way of all that is due, and that is done. Raises StillBusy."""
        return self._pass({"At": _aware(at)}, patience)

    def advance(
        self, by: timedelta | str | float = 0, *, patience: float = PATIENCE_S, **units: float
    ) -> datetime:
        """It goes on: `advance(90)` seconds, `advance("1h30m")`, `advance(days=30)`; and what is due meanwhile is done,
        each thing at its time. Raises StillBusy."""
        span = by if isinstance(by, str) else _seconds(by, units)
        return self._pass({"Advance": span}, patience)

    def leap(self, by: timedelta | str | float = 0, **units: float) -> datetime:
        """It goes on at once, without waiting for anything: all that was due meanwhile is due now."""
        span = by if isinstance(by, str) else _seconds(by, units)
        return self._change({"Advance": span, "Steps": False})

    def _pass(self, wishes: dict[str, Any], patience: float) -> datetime:
        __tracebackhide__ = True
        shown = self._ask({**wishes, "Patience": patience}, patience)
        if shown["is_busy"]:
            raise StillBusy(f"it is {shown['at']}, and after {patience:g} s something is still under way")
        return _moment(shown["at"])

    def _change(self, wishes: dict[str, Any]) -> datetime:
        return _moment(self._ask(wishes, PATIENCE_S)["at"])

    def _ask(self, wishes: dict[str, Any], patience: float) -> dict[str, Any]:
        shown: dict[str, Any] = self._lab.post("Clock", wishes, timeout=patience + _MARGIN_S)
        return shown


def _seconds(by: timedelta | float, units: dict[str, float]) -> str:
    span = (by if isinstance(by, timedelta) else timedelta(seconds=by)) + timedelta(**units)
    if span < timedelta():
        raise ValueError("a clock is not advanced backwards; set it")
    return f"{span.total_seconds():.6f}"


def _aware(at: datetime | str | None) -> str | None:
    if at is None or isinstance(at, str):
        return at
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).isoformat()


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
