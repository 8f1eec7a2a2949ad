"""Which sender of a pool a message gets: the order of types, geography, idleness and stickiness."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from localloop.products.messaging.service.choice import Loads
from localloop.products.messaging.service.selection import (
    Candidate,
    Policy,
    Recipient,
    can_reach,
    choose,
    overlays,
)

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def number(address: str, type: str = "local", country: str = "US", **more: bool) -> Candidate:
    return Candidate(sid=f"PN{address}", address=address, type=type, country=country, **more)


RCS = Candidate(sid="XE1", address="rcs:acme", type="rcs")
WHATSAPP = Candidate(sid="XE2", address="whatsapp:+14155238886", type="whatsapp")
SHORT = number("55555", "shortcode")
SHORT_GB = number("60000", "shortcode", "GB")
ALPHA = Candidate(sid="AI1", address="ACME", type="alpha", mms=False)
ALPHA_FR = Candidate(sid="AI2", address="ACME FR", type="alpha", country="FR", mms=False)
SF, SF_OVERLAY, NEW_YORK = number("+14155550001"), number("+16285550001"), number("+12125550001")
TORONTO = number("+14165550001", country="CA")
TOLL_FREE = number("+18005550001", "tollfree")
LONDON = number("+447911123456", "mobile", "GB")
SYDNEY = number("+61491570156", "mobile", "AU")
EVERYBODY = [
    RCS,
    WHATSAPP,
    SHORT,
    SHORT_GB,
    ALPHA,
    ALPHA_FR,
    SF,
    SF_OVERLAY,
    NEW_YORK,
    TORONTO,
    TOLL_FREE,
    LONDON,
]

AMERICAN = Recipient(address="+14155550100", country="US")
CANADIAN = Recipient(address="+14165550100", country="CA")
BRITISH = Recipient(address="+447911123457", country="GB")
FRENCH = Recipient(address="+33612345678", country="FR")


def first(pool: list[Candidate], recipient: Recipient, policy: Policy | None = None) -> Candidate | None:
    """The choice where all are idle."""
    return choose(pool, recipient, policy or Policy(), lambda _: 0)


@pytest.mark.parametrize(
    ("pool", "recipient", "expected"),
    [
        (EVERYBODY, replace(AMERICAN, takes_rcs=True), RCS),
        (EVERYBODY, AMERICAN, SHORT),
        (EVERYBODY, BRITISH, SHORT_GB),
        (EVERYBODY, FRENCH, ALPHA_FR),
        ([ALPHA, LONDON], FRENCH, ALPHA),
        ([ALPHA, LONDON], replace(FRENCH, has_media=True), LONDON),
        ([ALPHA, SF], AMERICAN, SF),
        ([ALPHA, ALPHA_FR], AMERICAN, None),
        ([TOLL_FREE, NEW_YORK], AMERICAN, NEW_YORK),
        ([TORONTO, TOLL_FREE], CANADIAN, TOLL_FREE),
        ([LONDON, SF], FRENCH, SF),  # nobody at home: the United States
        ([LONDON, SF], BRITISH, LONDON),
        ([SYDNEY, LONDON], FRENCH, SYDNEY),  # nor there: whoever is
        ([SYDNEY], AMERICAN, SYDNEY),
        ([NEW_YORK, SF_OVERLAY], AMERICAN, SF_OVERLAY),
        ([NEW_YORK, SF], replace(AMERICAN, address="+13125550100"), NEW_YORK),
        ([replace(SHORT, mms=False), SF], replace(AMERICAN, has_media=True), SF),
        ([replace(SF, mms=False)], replace(AMERICAN, has_media=True), None),
        ([replace(SF, sms=False)], AMERICAN, None),
        (EVERYBODY, replace(AMERICAN, channel="whatsapp"), WHATSAPP),
        ([SF, SHORT], replace(AMERICAN, channel="whatsapp"), None),
        ([WHATSAPP], AMERICAN, None),
        ([], AMERICAN, None),
    ],
)
def test_order(pool: list[Candidate], recipient: Recipient, expected: Candidate | None) -> None:
    assert first(pool, recipient) == expected


def test_no_long_code_in_place_of_a_short_one() -> None:
    media = replace(AMERICAN, has_media=True)
    pool = [replace(SHORT, mms=False), SF]
    assert first(pool, media, Policy(fallback_to_long_code=False)) is None
    assert (
        first(pool, BRITISH, Policy(fallback_to_long_code=False)) == SF
    )  # no short code speaks there at all


def test_without_area_codes_all_of_a_country_are_equal() -> None:
    policy = Policy(area_code_geomatch=False)
    busy = {SF.sid: 1, NEW_YORK.sid: 0}
    assert choose([SF, NEW_YORK], AMERICAN, policy, lambda each: busy[each.sid]) == NEW_YORK
    assert choose([SF, NEW_YORK], AMERICAN, Policy(), lambda each: busy[each.sid]) == SF


def test_overlays_share_a_place() -> None:
    assert {"415", "628"} <= overlays("415") == overlays("628")
    assert "212" not in overlays("415")
    assert overlays("800") == {"800"}


candidates = st.builds(
    Candidate,
    sid=st.uuids().map(str),
    address=st.sampled_from(
        ["+14155550001", "+12125550001", "+18005550001", "+447911123456", "55555", "ACME"]
    ),
    type=st.sampled_from(["local", "mobile", "tollfree", "shortcode", "alpha", "whatsapp", "rcs"]),
    country=st.sampled_from(["US", "CA", "GB", "FR", ""]),
    sms=st.booleans(),
    mms=st.booleans(),
)
recipients = st.builds(
    Recipient,
    address=st.sampled_from(["+14155550100", "+14165550100", "+447911123457", "+33612345678"]),
    country=st.sampled_from(["US", "CA", "GB", "FR"]),
    channel=st.sampled_from(["sms", "whatsapp"]),
    has_media=st.booleans(),
    takes_rcs=st.booleans(),
)
pools = st.lists(candidates, max_size=12, unique_by=lambda each: each.sid)
policies = st.builds(Policy, area_code_geomatch=st.booleans(), fallback_to_long_code=st.booleans())


@given(pools, recipients, policies)
def test_who_is_chosen_reaches_the_recipient(
    pool: list[Candidate], recipient: Recipient, policy: Policy
) -> None:
    chosen = first(pool, recipient, policy)
    able = [each for each in pool if can_reach(each, recipient)]
    assert chosen is None or chosen in able
    if policy.fallback_to_long_code:
        assert (chosen is None) == (not able)


@given(pools, recipients, policies, st.data())
def test_the_order_of_the_pool_decides_nothing(
    pool: list[Candidate], recipient: Recipient, policy: Policy, data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(pool))
    chosen = choose(pool, recipient, policy, lambda each: each.sid)
    assert choose(shuffled, recipient, policy, lambda each: each.sid) == chosen


@given(pools.filter(bool), recipients, policies, st.integers(0, 11))
def test_whom_the_recipient_knows_stays(
    pool: list[Candidate], recipient: Recipient, policy: Policy, place: int
) -> None:
    known = pool[place % len(pool)]
    chosen = choose(pool, recipient, policy, lambda _: 0, known.sid)
    if can_reach(known, recipient):
        assert chosen == known
    else:
        assert chosen == first(pool, recipient, policy)


@given(st.integers(1, 20), st.integers(1, 200), st.sampled_from([timedelta(), timedelta(seconds=1)]))
def test_equals_get_equally_many(senders: int, messages: int, segment: timedelta) -> None:
    pool = [number(f"+1312555{place:04}") for place in range(senders)]
    loads, taken = Loads(), Counter[str]()
    for _ in range(messages):
        chosen = choose(pool, AMERICAN, Policy(), lambda each: loads.of(each.address, NOW))
        assert chosen is not None
        loads.take(chosen.address, NOW, segment)
        taken[chosen.address] += 1
    counts = [taken[each.address] for each in pool]
    assert max(counts) - min(counts) <= 1


def test_whoever_waits_is_spared() -> None:
    loads = Loads()
    pool = [SF, SF_OVERLAY]
    loads.learn(SF.address, NOW + timedelta(minutes=1))
    for _ in range(60):
        chosen = choose(pool, AMERICAN, Policy(), lambda each: loads.of(each.address, NOW))
        assert chosen == SF_OVERLAY
        loads.take(SF_OVERLAY.address, NOW, timedelta(seconds=1))
    later = NOW + timedelta(minutes=2)  # both are idle again: the one that sent least
    assert choose(pool, AMERICAN, Policy(), lambda each: loads.of(each.address, later)) == SF
