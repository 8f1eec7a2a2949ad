"""Matches: what satisfies each form, and what is said of that which does not."""

from __future__ import annotations

import pytest

from localloop.lab.matching import Match, MatchError, closest

TEXT = {
    "To": "+15550001",
    "Body": "Your code is 123456",
    "NumMedia": 0,
    "ErrorCode": None,
    "Final": True,
    "MediaUrl": ["https://a/1.png", "https://a/2.gif"],
}


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"To": "+15550001", "Body": r"~code is \d{6}$"},
        {"Body": "!~(?i)unsubscribe"},
        {"ErrorCode": ""},
        {"ErrorCode": "!*"},
        {"To": "*", "NumMedia": "0", "Final": "true"},
        {"To": ["+15550009", "+15550001"]},
        {"MediaUrl": "~gif$"},
        {"MediaUrl": "!~pdf$"},
        {"Body": "=Your code is 123456"},
    ],
)
def test_admits(asked: dict[str, str]) -> None:
    match = Match.parse(asked)
    assert match.admits(TEXT)
    assert match.misses(TEXT) == ()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"To": "+15550002"}, "To is '+15550001', wanted: '+15550002'"),
        (
            {"Body": r"~\d{8}"},
            r"Body is 'Your code is 123456', wanted: something that matches \d{8}",
        ),
        ({"ErrorCode": ["30003", "30005"]}, "ErrorCode is not there, wanted: '30003' or '30005'"),
        ({"From": "*"}, "From is not there, wanted: anything"),
        ({"To": ""}, "To is '+15550001', wanted: nothing"),
        ({"To": "!~^\\+1"}, "To is '+15550001', wanted: not something that matches ^\\+1"),
        (
            {"MediaUrl": "!~gif$"},
            "MediaUrl is 'https://a/1.png, https://a/2.gif', wanted: not something that matches gif$",
        ),
        ({"Body": "=~"}, "Body is 'Your code is 123456', wanted: '~'"),
    ],
)
def test_says_what_misses(asked: dict[str, str], said: str) -> None:
    match = Match.parse(asked)
    assert not match.admits(TEXT)
    assert [str(miss) for miss in match.misses(TEXT)] == [said]


def test_refuses_what_makes_no_sense() -> None:
    with pytest.raises(MatchError, match="Body: it is no regular expression"):
        Match.parse({"Body": "~("})
    with pytest.raises(MatchError, match="MessageStats: there is no such field; there are Body, To"):
        Match.parse({"MessageStats": "sent"}, known=("To", "Body"))


def test_the_closest_misses_least_and_is_most_alike() -> None:
    match = Match.parse({"To": "+15550001", "Body": "Your code is 42"})
    other = {"To": "+15550009", "Body": "Your code is 41"}
    unlike = {"To": "+15550001", "Body": "Bring milk"}
    nearly = {"To": "+15550002", "Body": "Your code is 42"}
    like = {"To": "+15550001", "Body": "Your code is 43"}
    found = closest(match, [other, like, unlike, nearly], lambda fields: fields)
    assert found is not None
    assert found[0] is like
    assert [miss.name for miss in found[1]] == ["Body"]
    assert closest(match, [], lambda fields: fields) is None


def test_is_shown_in_words_and_as_given() -> None:
    match = Match.parse({"To": "+15550001", "Body": "~hi"})
    assert str(match) == "To '+15550001', Body something that matches hi"
    assert match.asked == {"To": ("+15550001",), "Body": ("~hi",)}
