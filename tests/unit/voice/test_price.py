"""What a call costs: by the minute begun, by the number that it is rated by; and what usage counts of it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from localloop.core import money
from localloop.products.voice.price import Rated, category_of, extra_price, price_of, way_of

US, TOLL_FREE, GERMAN_MOBILE, BRITISH = "+14155550100", "+18005550100", "+4915123456789", "+442071838750"


def inbound(to: str, seconds: int | None = 60, from_: str = BRITISH) -> Rated:
    return Rated(way="inbound", from_=from_, to=to, seconds=seconds)


def outbound(to: str, seconds: int | None = 60) -> Rated:
    return Rated(way="outbound", from_=US, to=to, seconds=seconds)


@pytest.mark.parametrize(("seconds", "minutes"), [(0, 1), (1, 1), (59, 1), (60, 1), (61, 2), (14_400, 240)])
def test_every_minute_begun_counts(seconds: int, minutes: int) -> None:
    assert price_of(outbound(US, seconds)) == Decimal("-0.0140") * minutes


@pytest.mark.parametrize(
    ("leg", "price"),
    [
        (outbound(US), "-0.01400"),
        (outbound(GERMAN_MOBILE), "-0.04600"),
        (outbound("+4930123456"), "-0.01800"),
        (outbound("client:ada"), "-0.00400"),
        (outbound("sip:ada@example.com"), "-0.00400"),
        (inbound(US), "-0.00850"),
        (inbound(TOLL_FREE), "-0.02200"),
        (inbound(US, from_="client:ada"), "-0.00400"),
        (inbound("sip:a@a.sip.twilio.com", from_="sip:b@example.com"), "-0.00400"),
    ],
)
def test_rated_by_whom_it_reaches(leg: Rated, price: str) -> None:
    found = price_of(leg)
    assert found is not None
    assert money.price_text(found) == price


def test_what_nobody_answered_has_no_price() -> None:
    assert price_of(outbound(US, None)) is None


@pytest.mark.parametrize(
    ("leg", "category"),
    [
        (inbound(US), "calls-inbound-local"),
        (inbound(TOLL_FREE), "calls-inbound-tollfree"),
        (inbound(GERMAN_MOBILE), "calls-inbound-mobile"),
        (outbound(US), "calls-outbound"),
        (outbound("client:ada"), "calls-client"),
        (outbound("sip:ada@example.com"), "calls-sip-outbound"),
    ],
)
def test_what_usage_counts(leg: Rated, category: str) -> None:
    assert category_of(leg) == category


def test_what_is_rated_apart() -> None:
    assert extra_price("recording", 61) == Decimal("-0.0050")
    assert extra_price("conference", 600) == Decimal("-0.0180")
    assert extra_price("detection", 12) == Decimal("-0.0075")


def test_which_way_a_call_goes() -> None:
    ways = {direction: way_of(direction) for direction in ("inbound", "outbound-api", "outbound-dial")}
    assert ways == {"inbound": "inbound", "outbound-api": "outbound", "outbound-dial": "outbound"}
    assert (way_of("trunking-originating"), way_of("trunking-terminating")) == ("inbound", "outbound")
