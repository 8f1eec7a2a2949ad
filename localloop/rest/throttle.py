"""Guessing secrets is slowed down: failures are counted per (address, name), and past a number they answer 429.

Only failures come here, so a right secret is never blocked, however many wrong ones came before it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from time import monotonic
from typing import Final

from localloop.core import errors
from localloop.rest.guard import is_loopback

BURST: Final = 20
PER_SECOND: Final = 1 / 3
MOST_BUCKETS: Final = 10_000


class Throttle:
    """A token bucket per (address, name): `BURST` failures at once, then `PER_SECOND`.

    Bounded: the bucket that was used longest ago makes room for a new one. `spare_loopback`: failures from this
    machine are not counted (`up`, where the caller is the developer's own test suite).
    """

    def __init__(self, *, spare_loopback: bool = False, now: Callable[[], float] = monotonic) -> None:
        self._spare_loopback = spare_loopback
        self._now = now
        self._due: OrderedDict[tuple[str, str], float] = OrderedDict()  # when the bucket is full again

    def note(self, address: str, name: str) -> None:
        """One more failure; raises 429 / 20429 when there were too many."""
        if self._spare_loopback and is_loopback(address):
            return
        key = (_network(address), name)
        now = self._now()
        due = max(self._due.pop(key, now), now) + 1 / PER_SECOND
        is_too_many = due > now + BURST / PER_SECOND
        self._due[key] = due if not is_too_many else due - 1 / PER_SECOND
        if len(self._due) > MOST_BUCKETS:
            self._due.popitem(last=False)
        if is_too_many:
            raise errors.too_many_requests()


def _network(address: str) -> str:
    """An IPv6 host may take any address of its /64."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return f"{int(parsed) >> 64:x}"
