"""Texts and what they mean, type by type."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from localloop.contract import Param
from localloop.rest.values import text_reader

MOMENT = datetime(2010, 8, 13, 1, 16, 24, tzinfo=UTC)


def read(text: str, *, is_filter: bool = False, **options: Any) -> Any:
    reader = text_reader(
        Param(name=options.pop("name", "X"), location="body", **options), is_filter=is_filter
    )
    assert reader is not None
    return reader(text)


@pytest.mark.parametrize("text", ["2010-08-13T01:16:24Z", "2010-08-13T01:16:24+00:00", "2010-08-13T01:16:24"])
def test_iso_moments(text: str) -> None:
    assert read(text, format="date-time") == MOMENT


@pytest.mark.parametrize(
    "text",
    [
        "2010-08-13 01:16:24",
        "20100813T011624Z",
        "2010-08-13T03:16:24+02:00",
        "2010-08-13T03:16:24 02:00",  # the + was not escaped
        "2010-08-12T18:16:24-0700",
        "Fri, 13 Aug 2010 01:16:24 +0000",
        "Fri, 13 Aug 2010 03:16:24 +0200",
        "13 Aug 2010 01:16:24 GMT",
    ],
)
def test_other_spellings_of_a_moment(text: str) -> None:
    found = read(text, format="date-time")

    assert found == MOMENT
    assert found.tzinfo is UTC


def test_fractions_of_a_second_are_kept() -> None:
    assert read("2010-08-13T01:16:24.5Z", format="date-time").microsecond == 500_000


def test_a_filter_is_a_day_or_a_moment() -> None:
    for form in ("date", "date-time"):
        day = read("2010-08-13", format=form, is_filter=True)
        assert day == date(2010, 8, 13)
        assert not isinstance(day, datetime)
        assert read("2010-08-13T01:16:24Z", format=form, is_filter=True) == MOMENT


def test_elsewhere_the_contract_decides() -> None:
    assert read("2010-08-13", format="date-time") == datetime(2010, 8, 13, tzinfo=UTC)
    assert type(read("2010-08-13T01:16:24Z", format="date")) is date


@pytest.mark.parametrize(
    "text",
    [
        "yesterday",
        "2010-13-01",
        "2010-02-30T00:00:00Z",
        "2010-08",
        "0001-01-01T00:00:00+10:00",
        "Fri, 99 Aug 2010",
        "1",
    ],
)
@pytest.mark.parametrize("form", ["date", "date-time"])
def test_what_is_no_date(text: str, form: str) -> None:
    for is_filter in (True, False):
        with pytest.raises(ValueError, match="date"):
            read(text, format=form, is_filter=is_filter)


@pytest.mark.parametrize(
    ("options", "text", "value"),
    [
        ({"type": "integer"}, "0", 0),
        ({"type": "integer"}, "+15", 15),
        ({"type": "integer"}, "-9223372036854775808", -(2**63)),
        ({"type": "number"}, "0.0075", 0.0075),
        ({"type": "number"}, "-1e3", -1000.0),
        ({"type": "boolean"}, "true", True),
        ({"type": "boolean"}, "FALSE", False),
        ({"type": "object"}, '{"a": 1}', {"a": 1}),
        ({"type": "any"}, "[1, null]", [1, None]),
        ({"enum": ("in-progress",)}, "in-progress", "in-progress"),
        ({"sid": ("SM", "MM")}, "MM" + "aB" * 16, "MM" + "aB" * 16),
        ({"pattern": "^aia_asst_.+$"}, "aia_asst_1", "aia_asst_1"),
        ({"format": "http-method", "enum": ("GET", "POST")}, "post", "POST"),
        ({"format": "uri"}, "http://localhost:8000", "http://localhost:8000"),
        ({"format": "uri"}, "HTTPS://u:p@my_app.test:1/a?b#rc=1", "HTTPS://u:p@my_app.test:1/a?b#rc=1"),
        ({"format": "uri"}, "http://[::1]:80/", "http://[::1]:80/"),
        ({"format": "uri", "name": "SipUrl"}, "sip:a@example.com", "sip:a@example.com"),
        ({"format": "phone-number"}, " 15558675310", "+15558675310"),
        ({"format": "phone-number"}, "(555) 867 5310", "(555) 867 5310"),
        ({"max_length": 3}, "äöü", "äöü"),
    ],
)
def test_reads(options: dict[str, Any], text: str, value: Any) -> None:
    found = read(text, **options)

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"type": "integer"}, "9223372036854775808"),
        ({"type": "integer"}, "1_000"),
        ({"type": "integer"}, " 1"),
        ({"type": "integer"}, "٣"),
        ({"type": "integer"}, "1.0"),
        ({"type": "integer", "minimum": 1}, "0"),
        ({"type": "integer", "maximum": 5}, "6"),
        ({"type": "number"}, "nan"),
        ({"type": "number"}, "inf"),
        ({"type": "number"}, "1e999"),
        ({"type": "boolean"}, "yes"),
        ({"type": "boolean"}, "1"),
        ({"type": "object"}, "[]"),
        ({"type": "object"}, "{a:1}"),
        ({"type": "any"}, '{"a": "\\u0000"}'),
        ({"enum": ("completed",)}, "Completed"),
        ({"sid": ("SM", "MM")}, "ME" + "a" * 32),
        ({"sid": ("SM",)}, "SM" + "a" * 31),
        ({"sid": ("SM",)}, "SM" + "a" * 31 + "g"),
        ({"sid": ("SM",)}, "SM" + "a" * 32 + "\n"),
        ({"pattern": "^aia_asst_.+$"}, "aia_asst_"),
        ({"format": "http-method", "enum": ("GET", "POST")}, "DELETE"),
        ({"format": "http-method"}, "FETCH"),
        ({"format": "uri"}, "/relative"),
        ({"format": "uri"}, "ftp://example.com"),
        ({"format": "uri"}, "http://"),
        ({"format": "uri"}, "http://a b/"),
        ({"format": "uri"}, "http://a/b c"),
        ({"format": "uri"}, "http://a:port/"),
        ({"format": "uri", "name": "SipUrl"}, "https://example.com"),
        ({"max_length": 3}, "abcd"),
        ({"min_length": 2}, "a"),
    ],
)
def test_refuses(options: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=r"^It "):
        read(text, **options)


def test_plain_text_needs_no_reader() -> None:
    assert text_reader(Param(name="FriendlyName", location="body")) is None
