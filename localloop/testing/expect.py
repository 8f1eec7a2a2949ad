"""What a test expects of its world: that something comes, that so many do, or none. Nothing sleeps.

    expect.message(To="+15551230001", MessageStatus="delivered")
    expect.text("+15551230001", Body=r"~code is \\d{6}")
    expect.nothing("messages", To="+15559999999", within=timedelta(hours=10))

Fields are named as Twilio names them, and what they shall be is said as in docs/reference/waits.md: `~` is a regular
expression, `!` not, `*` there. What does not come fails with what came closest, and why it did not match.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias

from msgspec import Struct

from localloop.testing.lab import Lab, LabError

Within: TypeAlias = timedelta | float
WITHIN_S: Final = 10.0
_MARGIN_S: Final = 120.0  # what passing time by itself may take
_NOT_SO: Final = 408
KINDS: Final[Mapping[str, str]] = {
    "messages": "Messages",
    "texts": "PhoneMessages",
    "deliveries": "Deliveries",
    "alerts": "Alerts",
    "calls": "Calls",
}


class NotSo(AssertionError):
    """It is not as the test expects; the text says what came closest. `details` has the same for programs."""

    def __init__(self, said: str, details: Mapping[str, Any]) -> None:
        super().__init__(said)
        self.details = details


class Thing(Struct, frozen=True):
    """What came: its fields by Twilio's names, `thing["Body"]`."""

    sid: str
    at: datetime  # in the world's time
    fields: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.fields[name]


class Expect:
    """Of one world. `within` is real time, and the world's where its clock is automatic."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def message(self, *, within: Within = WITHIN_S, **fields: Any) -> Thing:
        """A message; `MessageStatus` is every status that it has had, `Status` the present one."""
        __tracebackhide__ = True
        return self.some("messages", within=within, **fields)[0]

    def text(self, number: str = "", *, within: Within = WITHIN_S, **fields: Any) -> Thing:
        """A text that a phone received, or with Direction="sent" has sent."""
        __tracebackhide__ = True
        asked = {"Direction": "received", **({"Number": number} if number else {}), **fields}
        return self.some("texts", within=within, **asked)[0]

    def delivery(self, *, within: Within = WITHIN_S, **fields: Any) -> Thing:
        """An attempt at a webhook: `Url`, `HttpStatus`, and whatever was sent, `MessageStatus` or `Body`."""
        __tracebackhide__ = True
        return self.some("deliveries", within=within, **fields)[0]

    def alert(self, error_code: int | str = "", *, within: Within = WITHIN_S, **fields: Any) -> Thing:
        __tracebackhide__ = True
        asked = {**({"ErrorCode": error_code} if error_code else {}), **fields}
        return self.some("alerts", within=within, **asked)[0]

    def call(self, *, within: Within = WITHIN_S, **fields: Any) -> Thing:
        """A call: `To`, `From`, `CallStatus`, `Duration`."""
        __tracebackhide__ = True
        return self.some("calls", within=within, **fields)[0]

    def some(
        self,
        kind: str,
        at_least: int = 1,
        *,
        within: Within = WITHIN_S,
        after: str | None = None,
        **fields: Any,
    ) -> list[Thing]:
        """At least so many of messages, texts, deliveries, alerts or calls; the newest first. Those up to the SID
        `after` do not count."""
        __tracebackhide__ = True
        return self._wait(kind, {"AtLeast": at_least, "After": after}, within, fields)

    def exactly(self, count: int, kind: str, *, within: Within = 0.0, **fields: Any) -> list[Thing]:
        """So many, and no more until the end of `within`."""
        __tracebackhide__ = True
        return self._wait(kind, {"Exactly": count}, within, fields)

    def nothing(self, kind: str, *, within: Within = 0.0, **fields: Any) -> None:
        """None, until the end of `within`."""
        __tracebackhide__ = True
        self.exactly(0, kind, within=within, **fields)

    def _wait(
        self, kind: str, count: Mapping[str, int | str | None], within: Within, fields: Mapping[str, Any]
    ) -> list[Thing]:
        __tracebackhide__ = True
        if kind not in KINDS:
            raise ValueError(f"there is nothing to expect named {kind!r}: {', '.join(KINDS)}")
        seconds = within.total_seconds() if isinstance(within, timedelta) else within
        match = [f"{name}={each}" for name, value in fields.items() for each in _values(value)]
        params = {"Timeout": seconds, **count, "Match": match}
        try:
            found = self._lab.get(f"Waits/{KINDS[kind]}", params, timeout=min(seconds, 600.0) + _MARGIN_S)
        except LabError as error:
            if error.status != _NOT_SO:
                raise
            raise NotSo(error.message, error.details) from None
        return [_thing(item) for item in found["items"]]


def _values(value: Any) -> Sequence[str]:
    if isinstance(value, list | tuple | set | frozenset):
        return [each for one in value for each in _values(one)]
    if value is None:
        return ("",)
    if isinstance(value, bool):
        return ("true" if value else "false",)
    return (str(value),)


def _thing(item: Mapping[str, Any]) -> Thing:
    fields = {name: value for name, value in item.items() if name not in ("sid", "at")}
    return Thing(item["sid"], datetime.fromisoformat(item["at"].replace("Z", "+00:00")), fields)
