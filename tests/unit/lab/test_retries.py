"""Which requests are the same wish asked again, and what that made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from localloop.lab.retries import Attempt, stories

START = datetime(2026, 1, 31, tzinfo=UTC)


def attempt(at_s: float, status: int | None = 201, made: str | None = None, **more: Any) -> Attempt:
    at = START + timedelta(seconds=at_s)
    return Attempt(
        account_sid="AC1",
        request_sid=f"RQ{at_s}",
        operation="api.v2010.CreateMessage",
        path="/2010-04-01/Accounts/AC1/Messages.json",
        at=at,
        until=at + timedelta(milliseconds=more.pop("ms", 5)),
        status=status,
        resource_sid=made,
        key=None,
        body=more.pop("body", "same"),
    )


def test_a_lost_answer_and_what_came_of_asking_again() -> None:
    [story] = stories([attempt(0, None, "SM1"), attempt(3, 503), attempt(9, 201, "SM2")])
    assert (len(story.attempts), story.made, story.duplicates) == (3, ("SM1", "SM2"), 1)
    assert not story.is_storm


def test_the_same_after_a_good_answer_is_another_wish() -> None:
    assert stories([attempt(0, 201, "SM1"), attempt(1, 201, "SM2"), attempt(2, 400), attempt(3, 400)]) == []


def test_who_does_not_wait_for_the_answer_asks_again() -> None:
    [story] = stories([attempt(0, 201, "SM1", ms=8_000), attempt(5, 201, "SM2")])
    assert story.duplicates == 1


def test_other_parameters_are_other_wishes() -> None:
    assert stories([attempt(0, 503), attempt(1, 201, "SM1", body="other")]) == []


def test_who_comes_much_later_has_another_reason() -> None:
    assert stories([attempt(0, 503), attempt(1_000, 201, "SM1")]) == []


def test_one_replayed_made_nothing_twice() -> None:
    [story] = stories([attempt(0, None, "SM1"), attempt(1, 201, "SM1")])
    assert (story.made, story.duplicates) == (("SM1",), 0)


def test_five_without_breath_are_a_storm_and_the_latest_story_is_first() -> None:
    storm = [attempt(n / 10, 503) for n in range(5)]
    calm = [attempt(10 + 2 * n, 503, body="calm") for n in range(5)]
    told = stories([*storm, *calm])
    assert [(each.attempts[0].body, each.is_storm) for each in told] == [("calm", False), ("same", True)]
