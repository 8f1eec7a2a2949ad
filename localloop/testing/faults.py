"""What goes wrong in a test's world, on purpose, and the same every time.

faults.add("webhook-drop", MessageStatus="delivered")              # every callback that says so is lost
faults.add("api-lose", Verb="create", count=1)                      # one answer never comes, though the work was done
with faults.add("webhook-duplicate", probability=0.1, seed=7):      # until the block is left
    ...
assert [each.event for each in faults.applied("webhook-drop")] == ["delivered"]
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Final, Literal, Self, TypeAlias

from localloop.testing.lab import Lab, segment

Kind: TypeAlias = Literal[
    "webhook-drop",
    "webhook-delay",
    "webhook-duplicate",
    "webhook-reorder",
    "webhook-signature",
    "api-error",
    "api-slow",
    "api-close",
    "api-lose",
    "carrier-refuse",
    "carrier-throttle",
    "receipt-lose",
    "receipt-delay",
    "receipt-duplicate",
    "receipt-reorder",
    "media-error",
    "media-slow",
    "media-drop",
]
_OPTIONS: Final = {
    "probability": "Probability",
    "count": "Count",
    "delay": "Delay",
    "status": "Status",
    "error_code": "ErrorCode",
    "seed": "Seed",
}


class Applied:
    """One strike of a rule: what it struck, and when in the world's time."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.sid: str = told["sid"]
        self.fault_sid: str = told["fault_sid"]
        self.kind: Kind = told["kind"]
        self.resource_sid: str | None = told["resource_sid"]
        self.event: str = told["event"]
        self.attempt: int = told["attempt"]
        self.at = datetime.fromisoformat(told["date_created"].replace("Z", "+00:00"))

    def __repr__(self) -> str:
        return (
            f"<{self.kind} struck {self.event} of {self.resource_sid or 'a request'}, attempt {self.attempt}>"
        )


class Fault:
    """A rule. As a context it goes when the block is left; what it did stays on record."""

    def __init__(self, faults: Faults, told: dict[str, Any]) -> None:
        self._faults = faults
        self.sid: str = told["sid"]
        self.kind: Kind = told["kind"]
        self.seed: int = told["seed"]
        self.told = told

    def __repr__(self) -> str:
        return f"<Fault {self.kind} {self.told['match']} seed={self.seed}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()

    def remove(self) -> None:
        self._faults.remove(self.sid)

    def applied(self) -> list[Applied]:
        """What it struck, the first first."""
        return self._faults.applied(fault_sid=self.sid)


class Faults:
    """Of one world. What holds in every world (`--chaos`) is listed, too, and cannot be removed."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def __iter__(self) -> Iterator[Fault]:
        return (Fault(self, told) for told in self._lab.items("Faults", "faults"))

    def add(self, kind: Kind, **asked: Any) -> Fault:
        """A rule of this kind. `probability`, `count`, `delay` (seconds, or a timedelta), `status`, `error_code` and
        `seed` are as the lab has them; a name that begins with a capital is what a field has to be,
        `To="+15551230001"`, `Body="~code"`. It holds when this returns."""
        params: dict[str, Any] = {"Kind": kind}
        for name, value in asked.items():
            if name[:1].isupper():
                params[f"Match.{name}"] = value
            elif name in _OPTIONS:
                params[_OPTIONS[name]] = _milliseconds(value) if name == "delay" else value
            else:
                known = ", ".join(_OPTIONS)
                raise TypeError(f"{name!r} is neither an option ({known}) nor a field, which has a capital")
        return Fault(self, self._lab.post("Faults", params))

    def remove(self, sid: str) -> None:
        self._lab.delete(f"Faults/{segment(sid)}")

    def clear(self) -> None:
        """All that were added."""
        self._lab.delete("Faults")

    def applied(
        self, kind: Kind | None = None, *, resource_sid: str | None = None, fault_sid: str | None = None
    ) -> list[Applied]:
        """What went wrong, the first first."""
        asked = {"Kind": kind, "ResourceSid": resource_sid, "FaultSid": fault_sid}
        found = self._lab.items("AppliedFaults", "applied_faults", asked)
        return [Applied(told) for told in found][::-1]

    def retries(self, *, duplicates: bool | None = None) -> list[dict[str, Any]]:
        """What the application asked again, and what that made; as the lab tells it, the latest first."""
        return list(self._lab.items("Retries", "retries", {"Duplicates": duplicates}))


def _milliseconds(delay: float | timedelta) -> int:
    return round((delay.total_seconds() if isinstance(delay, timedelta) else delay) * 1000)
