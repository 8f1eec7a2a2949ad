"""What a simulated phone reports, by behaviour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from localloop.carriers import Receipt, Submission
from localloop.carriers.loopback import receipt_of
from localloop.carriers.personas import Persona, Rule
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
        (Phone("+1", persona=Persona(channels=("sms", "rcs"))), "delivered", 0, None),
        (Phone("+1", delay_ms=500, persona=Persona(channels=("rcs",))), "undelivered", 0.5, 30006),
        (Phone("+1", "30003", persona=Persona(channels=("rcs",))), "undelivered", 0, 30003),
    ],
)
def test_receipts(phone: Phone, status: str, seconds: float, error_code: int | None) -> None:
    at = NOW + timedelta(seconds=seconds)
    assert receipt_of(phone, SUBMISSION, NOW) == Receipt("SM1", "AC1", status, at, error_code)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("channel", "error_code"), [("whatsapp", 63003), ("messenger", 63003), ("rcs", 63036), ("sms", None)]
)
def test_a_channel_that_a_phone_does_not_have(channel: str, error_code: int | None) -> None:
    address = "+15550002222" if channel == "sms" else f"{channel}:+15550002222"
    phone = Phone("+15550002222", persona=Persona(channels=("sms",)))
    assert receipt_of(phone, replace(SUBMISSION, to_address=address), NOW).error_code == error_code


def test_somebody_reads_after_a_while_where_the_channel_tells() -> None:
    phone = Phone("+1", persona=Persona(read_delay=2_000))
    by_whatsapp = receipt_of(phone, replace(SUBMISSION, to_address="whatsapp:+15550002222"), NOW)
    assert (by_whatsapp.is_read, by_whatsapp.read_delay_ms, by_whatsapp.at) == (True, 2_000, NOW)
    assert not receipt_of(phone, SUBMISSION, NOW).is_read


def test_only_a_phone_with_rules_is_asked_for_an_answer() -> None:
    assert not receipt_of(Phone("+1"), SUBMISSION, NOW).is_answered
    assert receipt_of(Phone("+1", persona=Persona((Rule(reply="hi"),))), SUBMISSION, NOW).is_answered
