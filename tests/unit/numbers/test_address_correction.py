"""US and Canadian regions and postal codes, written as they are on envelopes."""

from __future__ import annotations

import pytest

from localloop.products.numbers.address.correction import corrected, is_country


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (("US", "CA", "94105"), ("CA", "94105")),
        (("US", "california", "941051234"), ("CA", "94105-1234")),
        (("US", " New  York ", "10001-0001"), ("NY", "10001-0001")),
        (("CA", "ontario", "m5h2n2"), ("ON", "M5H 2N2")),
        (("GB", " London ", "SW1A 1AA"), ("London", "SW1A 1AA")),
    ],
)
def test_corrections(given: tuple[str, str, str], expected: tuple[str, str]) -> None:
    assert corrected(*given) == expected


@pytest.mark.parametrize(
    "given", [("US", "ON", "94105"), ("US", "XX", "94105"), ("US", "CA", "9410"), ("CA", "ON", "94105")]
)
def test_what_cannot_be(given: tuple[str, str, str]) -> None:
    with pytest.raises(ValueError, match="is no"):
        corrected(*given)


def test_countries() -> None:
    assert is_country("US")
    assert not is_country("XX")
