"""A cached value is gone after five seconds, and at once after a revocation, even one that happens while it is read."""

from __future__ import annotations

from localloop.products.accounts.freshness import MAX_AGE_S, Fresh


class Counter:
    def __init__(self) -> None:
        self.value = 0

    def current(self) -> int:
        return self.value

    def bump(self) -> None:
        self.value += 1


def test_a_value_lives_five_seconds() -> None:
    time = 100.0
    cache: Fresh[str] = Fresh(Counter(), now=lambda: time)
    cache.put("a", "first", cache.epoch())
    assert cache.get("a") == "first"
    time += MAX_AGE_S - 0.1
    assert cache.get("a") == "first"
    time += 0.2
    assert cache.get("a") is None


def test_a_revocation_empties_it() -> None:
    counter = Counter()
    cache: Fresh[str] = Fresh(counter)
    cache.put("a", "first", cache.epoch())
    counter.bump()
    assert cache.get("a") is None


def test_a_value_read_before_a_revocation_is_not_kept() -> None:
    counter = Counter()
    cache: Fresh[str] = Fresh(counter)
    epoch = cache.epoch()
    counter.bump()
    cache.get("b")  # somebody else notices the revocation first
    cache.put("a", "stale", epoch)
    assert cache.get("a") is None


def test_a_value_read_before_news_of_another_machine_is_not_kept() -> None:
    cache: Fresh[str] = Fresh(Counter())
    epoch = cache.epoch()
    cache.clear()
    cache.put("a", "stale", epoch)
    assert cache.get("a") is None
