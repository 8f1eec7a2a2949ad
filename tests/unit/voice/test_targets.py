"""In which order a call tries the targets of a connection policy (RFC 2782)."""

from __future__ import annotations

from datetime import UTC, datetime

from localloop.core import sids
from localloop.products.voice.byoc import Target, order

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def target(name: str, priority: int = 10, weight: int = 10, enabled: bool = True) -> Target:
    return Target(
        sid=sids.new("NE"),
        account_sid=sids.new("AC"),
        connection_policy_sid=sids.new("NY"),
        friendly_name=name,
        target=f"sip:{name}@example.com",
        priority=priority,
        weight=weight,
        enabled=enabled,
        date_created=NOW,
        date_updated=NOW,
    )


def names(targets: list[Target], *draws: int) -> str:
    drawn = iter(draws)
    return "".join(each.friendly_name or "" for each in order(targets, lambda _: next(drawn)))


def test_the_lowest_priority_comes_first_and_what_is_off_never() -> None:
    assert names(
        [target("c", 30), target("a", 10), target("x", 0, enabled=False), target("b", 20)], 0, 0, 0
    ) == ("abc")


def test_equals_share_by_weight() -> None:
    equals = [target("a", weight=1), target("b", weight=3)]
    assert [names(equals, draw, 0) for draw in range(4)] == ["ab", "ba", "ba", "ba"]
