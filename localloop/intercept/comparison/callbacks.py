"""The callbacks of a recording held against those that came here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from localloop.intercept.comparison.difference import Found
from localloop.intercept.comparison.names import Names
from localloop.intercept.comparison.shape import texts
from localloop.intercept.recording import Request

_ABOUT: Final = ("MessageSid", "SmsSid", "CallSid")
_STATUSES: Final = ("MessageStatus", "SmsStatus", "CallStatus")
# How something ended is the carrier's, and the other phone's.
_ENDS: Final = frozenset(
    {"delivered", "undelivered", "failed", "read", "completed", "busy", "no-answer", "canceled"}
)
_HEADERS: Final = ("Content-Type", "I-Twilio-Idempotency-Token", "User-Agent", "X-Twilio-Signature")
# There only when something went wrong, or when it is known.
_PERHAPS: Final = frozenset({"ErrorCode", "ErrorMessage", "RawDlrDoneDate", "CallDuration", "Duration"})
THE_END: Final = "the end"
_INCOMING: Final = frozenset({"received", "receiving"})


class Expected:
    """What should come, and what has come for it."""

    def __init__(self, there: Request, about: str) -> None:
        self.there = there
        self.about = about  # the SID here
        self.here: Request | None = None

    def fits(self, here: Request) -> bool:
        return (
            about(here) == self.about
            and stage(here) == stage(self.there)
            and _place(here.url) == _place(self.there.url)
        )


def expected(there: Request, names: Names) -> Expected | None:
    """None for what nothing that was asked causes: a text or a call that came in."""
    sid = about(there)
    known = names.sid(sid) if sid and not is_incoming(there) else None
    return Expected(there, known) if known else None


def about(request: Request) -> str:
    given = dict(request.params)
    return next((given[name] for name in _ABOUT if given.get(name)), "")


def status(request: Request) -> str:
    given = dict(request.params)
    return next((given[name] for name in _STATUSES if given.get(name)), "")


def is_incoming(request: Request) -> bool:
    """Whether this tells of a text that came in."""
    return status(request) in _INCOMING


def stage(request: Request) -> str:
    """The status, or that it is the last."""
    told = status(request)
    return THE_END if told in _ENDS else told


def assign(waiting: Sequence[Expected], came: Sequence[Request]) -> list[Request]:
    """Gives each what came for it; the rest nobody waits for."""
    left = []
    taken = {id(each.here) for each in waiting if each.here is not None}
    for request in came:
        if id(request) in taken:
            continue
        fitting = next((each for each in waiting if each.here is None and each.fits(request)), None)
        if fitting is None:
            left.append(request)
        else:
            fitting.here = request
    return left


def differences(expected: Expected) -> Iterator[Found]:
    there, here = expected.there, expected.here
    if here is None:
        yield Found("callback", f"status {status(there) or 'unknown'}", "sent", "not sent")
        return
    if there.method != here.method:
        yield Found("callback", "method", there.method, here.method)
    for name in _HEADERS:
        if bool(there.header(name)) != bool(here.header(name)):
            yield Found("callback", name, *("sent" if r.header(name) else "not sent" for r in (there, here)))
    said, says = dict(there.params), dict(here.params)
    perhaps = _PERHAPS if status(there) != status(here) else frozenset()
    for name in sorted(said.keys() ^ says.keys()):
        if name not in perhaps:
            yield Found("callback", name, *("sent" if name in r else "not sent" for r in (said, says)))
    for name in sorted(said.keys() & says.keys()):
        for found in texts(said[name], says[name], name):
            yield Found("callback", name, found.there, found.here)


def unexpected(request: Request) -> Found:
    return Found("callback", f"status {status(request) or 'unknown'}", "not sent", "sent")


def _place(url: str) -> str:
    return url.partition("?")[0].partition("#")[0].removeprefix("http://").removeprefix("https://")
