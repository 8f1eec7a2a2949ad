"""Failed authentications slow down, per address and name."""

from __future__ import annotations

import pytest

from localloop.core.errors import ApiError
from localloop.rest import throttle
from localloop.rest.throttle import BURST, PER_SECOND, Throttle

HOME, AC1, AC2 = "192.0.2.1", "AC1", "AC2"


class Clock:
    now = 50.0

    def __call__(self) -> float:
        return self.now


def failures(subject: Throttle, address: str, name: str, tries: int = BURST * 2) -> int:
    """How many wrong secrets are answered as wrong before the answer is 429."""
    for tried in range(tries):
        try:
            subject.note(address, name)
        except ApiError:
            return tried
    return tries


def test_a_few_failures_pass_and_then_none() -> None:
    assert failures(Throttle(now=Clock()), HOME, AC1) == BURST


def test_the_answer_is_429() -> None:
    subject = Throttle(now=Clock())
    failures(subject, HOME, AC1)

    with pytest.raises(ApiError) as refusal:
        subject.note(HOME, AC1)

    assert (refusal.value.status, refusal.value.code) == (429, 20429)


def test_time_gives_tries_back_one_by_one_and_never_more_than_a_burst() -> None:
    clock = Clock()
    subject = Throttle(now=clock)
    failures(subject, HOME, AC1)

    clock.now += 1.01 / PER_SECOND
    assert failures(subject, HOME, AC1) == 1
    clock.now += 10_000
    assert failures(subject, HOME, AC1) == BURST


def test_guessing_on_while_blocked_does_not_make_it_longer() -> None:
    clock = Clock()
    subject = Throttle(now=clock)
    failures(subject, HOME, AC1)
    for _ in range(1000):
        with pytest.raises(ApiError):
            subject.note(HOME, AC1)

    clock.now += 1.01 / PER_SECOND
    assert failures(subject, HOME, AC1) == 1


def test_addresses_and_names_are_apart() -> None:
    subject = Throttle(now=Clock())
    failures(subject, HOME, AC1)

    assert failures(subject, HOME, AC2) == BURST
    assert failures(subject, "192.0.2.2", AC1) == BURST


def test_a_network_of_one_ipv6_host_is_one_address() -> None:
    subject = Throttle(now=Clock())
    failures(subject, "2001:db8::1", AC1)

    assert failures(subject, "2001:db8::ffff:2", AC1) == 0
    assert failures(subject, "2001:db8:0:1::1", AC1) == BURST


def test_an_ipv4_address_in_ipv6_clothes_is_the_same() -> None:
    subject = Throttle(now=Clock())
    failures(subject, "::ffff:192.0.2.1", AC1)

    assert failures(subject, HOME, AC1) == 0


def test_loopback_is_spared_on_request() -> None:
    assert failures(Throttle(spare_loopback=True), "127.0.0.1", AC1) == BURST * 2
    assert failures(Throttle(spare_loopback=True), "::1", AC1) == BURST * 2
    assert failures(Throttle(spare_loopback=True), HOME, AC1) == BURST
    assert failures(Throttle(), "127.0.0.1", AC1) == BURST


def test_memory_is_bounded_and_the_blocked_stay_blocked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "MOST_BUCKETS", 100)
    subject = Throttle(now=Clock())
    failures(subject, HOME, AC1)

    for number in range(1000):
        subject.note(HOME, f"name-{number}")
        if number % 50 == 0:
            with pytest.raises(ApiError):
                subject.note(HOME, AC1)

    assert len(subject._due) == 100


def test_an_address_that_is_none_is_a_name_like_any_other() -> None:
    assert failures(Throttle(now=Clock()), "", AC1) == BURST
