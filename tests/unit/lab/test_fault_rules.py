"""Whether a rule strikes: decided by its seed and by what is the same in every run."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from localloop.cli.up import _chaos, _seeded
from localloop.core import settings
from localloop.core.settings import Settings, SettingsError
from localloop.lab.faults.chaos import rules_of
from localloop.lab.faults.rule import KINDS, Happening, Rule, chance, is_struck
from localloop.lab.matching import Match

NOW = datetime(2026, 1, 31, tzinfo=UTC)
RULE = Rule(
    sid="LF1", world_sid="AC1", position=1, kind="webhook-drop", probability=0.1, seed=7, date_created=NOW
)
EVENT = Happening(
    border="webhook",
    kinds=frozenset({"webhook-drop"}),
    world_sid="AC1",
    account_sid="AC1",
    resource_sid="SM1",
    thing="message outbound-api +15551230001 1",
    event="sent",
    fields={"MessageStatus": "sent"},
)


def test_a_tenth_is_a_tenth() -> None:
    struck = [is_struck(RULE, replace(EVENT, thing=f"message {n}")) for n in range(20_000)]
    assert 0.094 < sum(struck) / len(struck) < 0.106


def test_neither_names_nor_worlds_decide() -> None:
    elsewhere = replace(EVENT, world_sid="AC2", account_sid="AC3", resource_sid="SM9", fields={})
    renamed = replace(RULE, sid="LF2", world_sid="AC2", probability=0.7, kind="webhook-delay")
    assert chance(RULE, EVENT) == chance(renamed, elsewhere)


@pytest.mark.parametrize("other", [{"thing": "message 2"}, {"event": "delivered"}, {"attempt": 2}])
def test_whatever_happens_is_decided_by_itself(other: dict[str, object]) -> None:
    assert chance(RULE, EVENT) != chance(RULE, replace(EVENT, **other))


@pytest.mark.parametrize("other", [{"seed": 8}, {"position": 2}])
def test_every_rule_decides_by_itself(other: dict[str, object]) -> None:
    assert chance(RULE, EVENT) != chance(replace(RULE, **other), EVENT)


def test_what_does_not_match_is_never_struck() -> None:
    certain = replace(RULE, probability=1.0)
    assert is_struck(certain, EVENT)
    assert not is_struck(replace(certain, match=Match.parse({"MessageStatus": "!sent"})), EVENT)
    assert not is_struck(replace(certain, kind="webhook-delay"), EVENT)
    assert not is_struck(replace(certain, probability=0.0), EVENT)


def test_chaos_is_the_same_in_every_process_and_meets_every_border() -> None:
    rules = rules_of(0.05, 7, NOW)
    assert [rule.sid for rule in rules] == [rule.sid for rule in rules_of(0.05, 7, NOW)]
    assert {rule.border for rule in rules} == {kind.border for kind in KINDS.values()}
    assert all(rule.is_standing and 0 < rule.probability <= 0.05 for rule in rules)
    assert not {rule.sid for rule in rules} & {rule.sid for rule in rules_of(0.05, 8, NOW)}
    assert rules_of(0, 7, NOW) == ()


def test_chaos_is_said_at_the_start_with_the_seed_that_repeats_it() -> None:
    chosen = _seeded(settings.load("up", {"chaos": "0.05"}, {}))
    assert chosen.seed is not None
    told = _chaos(chosen)
    assert told[0].endswith(f"--chaos 0.05 --seed {chosen.seed}")
    assert "  5.0%  webhook-drop" in told[1]
    assert _chaos(_seeded(Settings())) == []


@pytest.mark.parametrize("share", ["2", "-0.1", "5%", "1.5"])
def test_chaos_is_a_share(share: str) -> None:
    with pytest.raises(SettingsError, match="a number from 0 to 1"):
        settings.load("up", {"chaos": share}, {})


def test_serve_knows_no_chaos() -> None:
    with pytest.raises(SettingsError, match="for the laptop"):
        settings.load("serve", {}, {"LOCALLOOP_CHAOS": "0.1"})
