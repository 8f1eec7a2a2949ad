"""SIDs sort by creation, carry their time, and never repeat, not even after a fork."""

from __future__ import annotations

import os
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from localloop.core import clock, sids

MOMENT = datetime(2026, 4, 5, 6, 7, 8, 123_000, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _fresh_sequence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clocks that a test sets must not outlive it."""
    monkeypatch.setattr(sids, "_tick", 0)


def test_shape() -> None:
    sid = sids.new("SM")
    assert len(sid) == 34
    assert sids.is_sid(sid, "SM", "MM")
    assert sid == sid[:2] + sid[2:].lower()


def test_layout_is_uuid_version_7() -> None:
    value = sids.uuid_of(sids.new("AC"))
    assert value.version == 7
    assert value.variant == uuid.RFC_4122


def test_carries_real_milliseconds() -> None:
    before = clock.now()
    made = sids.at(sids.new("SM"))
    assert before - timedelta(milliseconds=1) <= made <= clock.now() + timedelta(milliseconds=1)


def test_is_dated_on_request() -> None:
    assert sids.at(sids.new("SM", MOMENT)) == MOMENT


def test_order_of_creation_is_order_of_sorting() -> None:
    made = [sids.new("SM") for _ in range(10_000)]  # far more than one per millisecond
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_overflowing_a_millisecond_borrows_from_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    standing = clock.unix_ms() + 1_000
    monkeypatch.setattr(sids, "unix_ms", lambda: standing)
    made = [sids.new("SM") for _ in range(9_000)]
    assert made == sorted(made)
    assert {sids.uuid_of(sid).version for sid in made} == {7}


def test_a_small_step_back_of_the_clock_keeps_the_order(monkeypatch: pytest.MonkeyPatch) -> None:
    now = clock.unix_ms() + 1_000
    monkeypatch.setattr(sids, "unix_ms", lambda: now)
    first = sids.new("SM")
    monkeypatch.setattr(sids, "unix_ms", lambda: now - 500)
    assert sids.new("SM") > first


def test_a_clock_set_right_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong, right = clock.unix_ms() + 86_400_000, clock.unix_ms()
    monkeypatch.setattr(sids, "unix_ms", lambda: wrong)
    sids.new("SM")
    monkeypatch.setattr(sids, "unix_ms", lambda: right)
    assert sids.milliseconds_of(sids.at(sids.new("SM"))) == right


def test_a_forked_child_does_not_repeat_its_parent() -> None:
    sids.new("SM")  # stock is at hand
    readable, writable = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writable, sids.new("SM")[18:].encode())
        os._exit(0)
    os.close(writable)
    with os.fdopen(readable, "rb") as answer:
        tail_of_child = answer.read().decode()
    os.waitpid(child, 0)
    assert len(tail_of_child) == 16
    assert sids.new("SM")[18:] != tail_of_child


@pytest.mark.parametrize(
    ("text", "prefixes", "expected"),
    [
        ("SM" + "0" * 32, (), True),
        ("SM" + "ABCDEF0123456789" * 2, (), True),  # Twilio accepts upper-case digits
        ("SM" + "0" * 32, ("MM",), False),
        ("SM" + "0" * 32, ("MM", "SM"), True),
        ("sm" + "0" * 32, (), False),
        ("SM" + "0" * 31, (), False),
        ("SM" + "0" * 33, (), False),
        ("SM" + "g" * 32, (), False),
        ("SM" + "0" * 32 + "\n", (), False),
        ("SM" + "٠" * 32, (), False),
        ("", (), False),
    ],
)
def test_is_sid(text: str, prefixes: tuple[str, ...], expected: bool) -> None:
    assert sids.is_sid(text, *prefixes) is expected


def test_database_form_round_trips() -> None:
    sid = sids.new("CA")
    assert sids.from_uuid("CA", sids.uuid_of(sid)) == sid


def test_bound_lies_below_its_moment_and_above_the_one_before() -> None:
    bound = sids.bound(MOMENT)
    assert bound <= sids.uuid_of(sids.new("SM", MOMENT))
    assert bound > sids.uuid_of(sids.new("SM", MOMENT - timedelta(milliseconds=1)))


def test_a_foreign_sid_has_no_time() -> None:
    with pytest.raises(ValueError, match="does not carry a time"):
        sids.at("AC" + "0" * 32)


def test_secrets_are_32_hex_digits_and_differ() -> None:
    first, second = sids.new_secret(), sids.new_secret()
    assert len(bytes.fromhex(first)) == 16
    assert first != second
