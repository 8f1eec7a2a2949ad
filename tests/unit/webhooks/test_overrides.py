"""Connection overrides (Twilio's documentation, "Webhooks connection overrides")."""

from __future__ import annotations

import pytest

from localloop.webhooks import overrides
from localloop.webhooks.failure import Failure


def test_defaults_are_twilios() -> None:
    parsed = overrides.parse("")
    assert (parsed.connect_ms, parsed.read_ms, parsed.total_ms) == (5_000, 15_000, 15_000)
    assert (parsed.retries, parsed.retry_on, parsed.sni) == (1, {"ct"}, True)
    assert parsed.edges == ("ashburn",)


def test_documented_example() -> None:
    parsed = overrides.parse("rc=2&ct=1000&rp=ct,rt&e=ashburn,dublin&sni=n&tt=9000&rt=800")
    assert (parsed.retries, parsed.connect_ms, parsed.read_ms, parsed.total_ms) == (2, 1_000, 800, 9_000)
    assert parsed.retry_on == {"ct", "rt"}
    assert not parsed.sni
    assert [parsed.edge(attempt) for attempt in range(3)] == ["ashburn", "dublin", "ashburn"]


def test_numbers_are_brought_into_range() -> None:
    parsed = overrides.parse("ct=99&rt=15001&tt=1&rc=9")
    assert (parsed.connect_ms, parsed.read_ms, parsed.total_ms, parsed.retries) == (100, 15_000, 100, 5)


@pytest.mark.parametrize("fragment", ["section-2", "ct=&rt=abc&rc=-1", "ct=1e3&rt=²"])
def test_what_is_no_override_changes_nothing(fragment: str) -> None:
    assert overrides.parse(fragment) == overrides.DEFAULTS


def test_all_retries_on_every_class() -> None:
    assert overrides.parse("rp=all").retry_on == {"4xx", "5xx", "ct", "rt"}
    assert overrides.parse("rp=5xx,all").retry_on == {"4xx", "5xx", "ct", "rt"}
    assert overrides.parse("rp=4XX,%20ct").retry_on == {"4xx", "ct"}


@pytest.mark.parametrize(
    ("fragment", "code"),
    [("e=", 11240), ("e=ash%20burn", 11240), ("e=dublin,paris", 11241), ("rp=", 11243), ("rp=ct,6xx", 11243)],
)
def test_wrong_edges_and_policies_are_errors(fragment: str, code: int) -> None:
    with pytest.raises(Failure) as raised:
        overrides.parse(fragment)
    assert raised.value.code == code


def test_interconnect_can_be_forbidden() -> None:
    assert overrides.parse("e=ashburn-ix").edges == ("ashburn-ix",)
    with pytest.raises(Failure) as raised:
        overrides.parse("e=ashburn-ix", interconnect=False)
    assert raised.value.code == 11242


def test_own_total_time_is_remembered() -> None:
    assert overrides.parse("tt=15000").total_is_set
    assert not overrides.parse("tt=x").total_is_set
