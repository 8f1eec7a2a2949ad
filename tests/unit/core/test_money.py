"""Prices are exact and written as Twilio writes them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from localloop.core import money


@pytest.mark.parametrize(
    ("price", "expected"),
    [
        ("-0.0075", "-0.00750"),
        ("-0.03", "-0.03000"),
        ("-12.345678", "-12.34568"),
        ("0", "0.00000"),
        ("-0", "0.00000"),
        ("-0.000001", "0.00000"),
        ("-0.000005", "-0.00001"),
    ],
)
def test_price_text(price: str, expected: str) -> None:
    assert money.price_text(Decimal(price)) == expected


def test_balance_text() -> None:
    assert money.balance_text(Decimal("15.5")) == "15.50"
    assert money.balance_text(Decimal("-0.001")) == "0.00"


def test_a_text_costs_its_parts() -> None:
    one = money.message_price("outbound", "US", 1)
    assert money.price_text(one) == "-0.00790"
    assert money.message_price("outbound", "US", 10) == one * 10 == Decimal("-0.0790")


def test_media_cost_by_the_message() -> None:
    assert money.message_price("outbound", "US", 3, "mms") == Decimal("-0.0200")


@pytest.mark.parametrize(("seconds", "minutes"), [(0, 0), (1, 1), (60, 1), (61, 2), (3600, 60)])
def test_a_call_costs_every_minute_begun(seconds: int, minutes: int) -> None:
    assert money.call_price("outbound", "US", seconds) == -money.rate("voice", "outbound", "US") * minutes


def test_the_closest_rate_counts() -> None:
    assert money.rate("voice", "outbound", "GB", "mobile") == Decimal("0.0345")
    assert money.rate("voice", "outbound", "GB", "local") == Decimal("0.0158")  # of the country
    assert money.rate("voice", "outbound", "ZZ", "mobile") == Decimal("0.0500")  # of the rest
    assert money.rate("number", "monthly", "US", "toll-free") == Decimal("2.15")


def test_every_product_has_a_rate_anywhere() -> None:
    for product, direction in {key[:2] for key in money.rates()}:
        assert money.rates()[product, direction, "*", "*"] > 0
