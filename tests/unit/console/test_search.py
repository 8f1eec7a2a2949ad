"""The search syntax, and what it means for messages and deliveries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from string import ascii_lowercase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localloop.console import filters
from localloop.console.search import MAX_LENGTH, SearchError, Term, moment, parse, quoted
from localloop.core import sids

KNOWN = {"to": "a number", "body": "text"}
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)


def pairs(text: str) -> list[tuple[str, str]]:
    return [(term.name, term.value) for term in parse(text, KNOWN)]


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("", []),
        ("   ", []),
        ("hello", [("", "hello")]),
        ("to:+1 body:code", [("to", "+1"), ("body", "code")]),
        ("TO:+1", [("to", "+1")]),
        ('body:"your code" hi', [("body", "your code"), ("", "hi")]),
        (r'body:"a \"b\" \\"', [("body", r'a "b" \ '.strip())]),
        ('"foo:bar"', [("", "foo:bar")]),
        ("https://example.com/x", [("", "https://example.com/x")]),
        ("to:whatsapp:+1", [("to", "whatsapp:+1")]),
        ("12:30", [("", "12:30")]),
        ("a\u00a0b\tc", [("", "a"), ("", "b"), ("", "c")]),
    ],
)
def test_terms_are_told_apart(text: str, terms: list[tuple[str, str]]) -> None:
    assert pairs(text) == terms


@pytest.mark.parametrize(
    ("text", "position", "reason"),
    [
        ("hi foo:bar", 3, "There is no term foo:"),
        ("hi to:", 3, "to: wants a value: a number"),
        ("to: +1", 0, "to: wants a value"),
        ('hi "half', 3, "not closed"),
        ('body:"half', 5, "not closed"),
        ("a\0b", 1, "NUL"),
        ("x" * (MAX_LENGTH + 1), MAX_LENGTH, "at most"),
    ],
)
def test_a_mistake_is_pointed_at(text: str, position: int, reason: str) -> None:
    with pytest.raises(SearchError, match=reason) as raised:
        parse(text, KNOWN)
    assert raised.value.position == position


@given(TEXT)
def test_any_text_is_understood_or_pointed_at(text: str) -> None:
    terms, error = tried(text)
    assert (terms is None) != (error is None)
    if error is not None:
        assert 0 <= error.position <= len(text)
        assert error.reason
    if terms is not None:
        assert [term.position for term in terms] == sorted({term.position for term in terms})
        assert {term.name for term in terms} <= {"", *KNOWN}


def tried(text: str) -> tuple[tuple[Term, ...] | None, SearchError | None]:
    try:
        return parse(text, KNOWN), None
    except SearchError as error:
        return None, error


@given(st.lists(st.tuples(st.sampled_from(["", *KNOWN]), TEXT.filter(bool)), max_size=5))
def test_quotes_hold_anything(wanted: list[tuple[str, str]]) -> None:
    text = " ".join(f"{name}:{quoted(value)}" if name else quoted(value) for name, value in wanted)
    assert pairs(text) == wanted


@given(st.text(ascii_lowercase, min_size=1, max_size=8).filter(lambda name: name not in KNOWN))
def test_an_unknown_term_is_never_taken_for_a_word(name: str) -> None:
    with pytest.raises(SearchError):
        parse(f"{name}:x", KNOWN)


@given(TEXT)
def test_values_never_reach_the_statement(text: str) -> None:
    """Whatever is searched for travels as a parameter."""
    marked = f"marker{text}"
    conditions = filters.of_messages(f"body:{quoted(marked)} {quoted(marked)}", NOW)
    assert "marker" not in " ".join(conditions.clauses)
    assert len(conditions.values) >= 2


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("90s", NOW - timedelta(seconds=90)),
        ("30m", NOW - timedelta(minutes=30)),
        ("1h", NOW - timedelta(hours=1)),
        ("2d", NOW - timedelta(days=2)),
        ("1w", NOW - timedelta(weeks=1)),
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
        ("2026-11-20T10:30", datetime(2026, 11, 20, 10, 30, tzinfo=UTC)),
        ("2026-11-20T10:30:00+02:00", datetime(2026, 11, 20, 8, 30, tzinfo=UTC)),
        ("2026-11-20T10:30:00Z", datetime(2026, 11, 20, 10, 30, tzinfo=UTC)),
    ],
)
def test_moments(value: str, expected: datetime) -> None:
    assert moment(Term("since", value, 0), NOW) == expected


@pytest.mark.parametrize(
    "value", ["yesterday", "1x", "999999w", "2026-13-01", "h", "-1h", "0001-01-01T00:00+14:00"]
)
def test_a_moment_that_is_none_is_pointed_at(value: str) -> None:
    with pytest.raises(SearchError, match="since: wants") as raised:
        moment(Term("since", value, 7), NOW)
    assert raised.value.position == 7


@pytest.mark.parametrize(
    "text",
    [
        "status:sideways",
        "status:,",
        "direction:up",
        "error:x",
        "error:12345678",
        "sid:hello",
        "account:AC1",
        "since:soon",
        "until:later",
        "url:x",
    ],
)
def test_a_value_that_cannot_be_is_pointed_at(text: str) -> None:
    with pytest.raises(SearchError) as raised:
        filters.of_messages(f"hi {text}", NOW)
    assert raised.value.position == 3


@pytest.mark.parametrize("text", ["status:bad", "status:600", "status:9xx", "kind:x", "error:y", "to:+1"])
def test_the_same_for_deliveries(text: str) -> None:
    with pytest.raises(SearchError):
        filters.of_deliveries(text, NOW)


def test_what_was_told_of_a_message_is_looked_for_since_its_making() -> None:
    """Before it nothing can have been told: a long history is not walked through."""
    now = datetime(2026, 1, 31, tzinfo=UTC)
    sid = sids.new("SM", now)
    asked = filters.of_deliveries(f"resource:{sid}", now)
    assert asked.clauses == ["d.resource_sid = $3", "d.id >= $4"]
    assert asked.values[0] == sid
    assert sids.bound(now - timedelta(hours=1)) < asked.values[1] < sids.uuid_of(sid)
    assert filters.of_deliveries(f"resource:SM{'0' * 32}", now).clauses == ["d.resource_sid = $3"]
    assert filters.of_deliveries("resource:SM01", now).clauses == ["starts_with(d.resource_sid, $3)"]
