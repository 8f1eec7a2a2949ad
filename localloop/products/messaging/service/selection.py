"""Which sender of a pool a message gets: pure, so that it can be asked about any pool.

Order of types: RCS, short code, alphanumeric, then long codes and toll-free numbers; in Canada toll-free numbers go
before long codes. Within a type a sender of the recipient's country, for numbers else one of the United States, else
any; within a country one of the recipient's area code or an overlay of it; among equals whoever is idle, evenly
(Twilio: "Messaging Services", sender selection).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeAlias

from msgspec import Struct

from localloop.core import geo

PLAIN: Final = "sms"  # the channel of an address without a prefix
CHANNELS: Final = frozenset({"whatsapp", "messenger"})  # whose senders reach nobody elsewhere
RCS: Final = "rcs"
SHORT_CODE: Final = "shortcode"
ALPHANUMERIC: Final = "alpha"
TOLL_FREE: Final = "tollfree"
NANP: Final = frozenset({"US", "CA"})
MMS_COUNTRIES: Final = frozenset({*NANP, "AU"})


class Candidate(Struct, frozen=True, kw_only=True):
    """One sender of a pool."""

    sid: str
    address: str
    type: str  # as `compose.Sender.type`
    country: str = ""  # "" of an alphanumeric sender for every country
    sms: bool = True
    mms: bool = True


class Recipient(Struct, frozen=True, kw_only=True):
    """Who is to be reached, and with what."""

    address: str  # without the channel's prefix
    country: str
    channel: str = PLAIN
    has_media: bool = False
    takes_rcs: bool = False


class Policy(Struct, frozen=True, kw_only=True):
    """What a service says of its selection."""

    area_code_geomatch: bool = True
    fallback_to_long_code: bool = True


Load: TypeAlias = Callable[[Candidate], Any]  # the least loaded of equals is taken


def choose(
    pool: Sequence[Candidate], recipient: Recipient, policy: Policy, load: Load, sticky: str | None = None
) -> Candidate | None:
    """The sender for this recipient; `sticky`, whom it knows, while that one can reach it. None when nobody can."""
    if sticky is not None:
        known = next((candidate for candidate in pool if candidate.sid == sticky), None)
        if known is not None and can_reach(known, recipient):
            return known
    able = [candidate for candidate in pool if can_reach(candidate, recipient)]
    if not policy.fallback_to_long_code and _has_short_code(pool, recipient):
        able = [candidate for candidate in able if _rank(candidate, recipient) < _LONG]
    best = _best(able, recipient, policy)
    return min(best, key=load) if best else None


def can_reach(candidate: Candidate, recipient: Recipient) -> bool:
    """Whether this sender carries such a message to this recipient at all."""
    if recipient.channel != PLAIN:
        return candidate.type == recipient.channel
    if candidate.type in CHANNELS:
        return False
    if candidate.type == RCS:
        return recipient.takes_rcs
    if candidate.type == SHORT_CODE:
        is_home = candidate.country == recipient.country
        return is_home and (candidate.mms or not recipient.has_media)
    if candidate.type == ALPHANUMERIC:
        # One-way text; nobody in the United States and Canada gets it.
        may = not recipient.has_media and recipient.country not in NANP
        return may and candidate.country in ("", recipient.country)
    return candidate.mms if recipient.has_media else candidate.sms


def takes_media(pool: Sequence[Candidate], recipient: Recipient) -> bool:
    """Whether media can come to this recipient as media."""
    if recipient.channel == PLAIN and recipient.country not in MMS_COUNTRIES:
        return False
    return any(can_reach(candidate, recipient) for candidate in pool)


def overlays(area_code: str) -> frozenset[str]:
    """The area codes of the same place, this one among them."""
    own = geo.area_codes().get(area_code)
    if own is None or own.kind != "geographic":
        return frozenset({area_code})
    place = (own.country, own.region, own.city)
    same = (code for code in geo.area_codes().values() if (code.country, code.region, code.city) == place)
    return frozenset(code.code for code in same if code.kind == "geographic")


_LONG: Final = 3


def _rank(candidate: Candidate, recipient: Recipient) -> int:
    """The place of its type: the least goes first."""
    if candidate.type in (RCS, *CHANNELS):
        return 0
    if candidate.type == SHORT_CODE:
        return 1
    if candidate.type == ALPHANUMERIC:
        return 2
    is_toll_free = candidate.type == TOLL_FREE
    return _LONG + int(is_toll_free != (recipient.country == "CA"))


def _distance(candidate: Candidate, recipient: Recipient) -> int:
    """0 at home, 1 for the United States, 2 for the rest of the world."""
    home = NANP if candidate.type == TOLL_FREE and candidate.country in NANP else {candidate.country}
    if recipient.country in home:
        return 0
    return 1 if "US" in home else 2


def _best(able: Sequence[Candidate], recipient: Recipient, policy: Policy) -> Sequence[Candidate]:
    """Those between whom only their load decides."""

    def place(candidate: Candidate) -> tuple[int, ...]:
        rank = _rank(candidate, recipient)
        if rank < _LONG:
            # A sender registered for this country before one for all.
            return (rank, int(not candidate.country), 0)
        # Long codes and toll-free numbers are one type: the country decides before the kind of number.
        return (_LONG, _distance(candidate, recipient), rank)

    best = _least(able, place)
    if policy.area_code_geomatch and recipient.country in NANP:
        near = overlays(recipient.address[2:5])
        return [each for each in best if _is_near(each, near)] or best
    return best


def _least(able: Iterable[Candidate], place: Callable[[Candidate], tuple[int, ...]]) -> list[Candidate]:
    best: list[Candidate] = []
    least: tuple[int, ...] | None = None
    for candidate in able:
        here = place(candidate)
        if least is None or here < least:
            best, least = [candidate], here
        elif here == least:
            best.append(candidate)
    return best


def _is_near(candidate: Candidate, near: frozenset[str]) -> bool:
    number = candidate.address
    return len(number) == 12 and number.startswith("+1") and number[2:5] in near


def _has_short_code(pool: Sequence[Candidate], recipient: Recipient) -> bool:
    return any(each.type == SHORT_CODE and each.country == recipient.country for each in pool)
