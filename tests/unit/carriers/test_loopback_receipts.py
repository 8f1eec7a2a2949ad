"""What a simulated phone reports, by behaviour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from localloop.carriers import Receipt, Submission
from localloop.carriers.loopback import receipt_of
from localloop.carriers.phones import Phone

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
SUBMISSION = Submission("SM1", "AC1", "AC0", "+15550001111", "+15550002222", "hello")


@pytest.mark.parametrize(
    ("phone", "status", "seconds", "error_code"),
    [
        (Phone("+1"), "delivered", 0, None),
        (Phone("+1", "deliver", 1500), "delivered", 1.5, None),
        (Phone("+1", "slow"), "delivered", 3, None),
        (Phone("+1", "slow", 10_000), "delivered", 10, None),
        (Phone("+1", "30003"), "undelivered", 0, 30003),
        (Phone("+1", "30008", 250), "undelivered", 0.25, 30008),
        (Phone("+1", "30450"), "delivered", 0, None),
    ],
)
def test_receipts(phone: Phone, status: str, seconds: float, error_code: int | None) -> None:
    at = NOW + timedelta(seconds=seconds)
    assert receipt_of(phone, SUBMISSION, NOW) == Receipt("SM1", "AC1", status, at, error_code)  # type: ignore[arg-type]
