"""Signatures, against Twilio's published vectors and the validator of its own package."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from localloop.payloads.signature import body_hash, signature, signed_url

TOKEN = "12345"
VOICE_CALL = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+14158675310",
    "Digits": "1234",
    "From": "+14158675310",
    "To": "+18005551212",
}


class Form(dict[str, list[str]]):
    """A form as Django gives it."""

    def getlist(self, name: str) -> list[str]:
        return self[name]


def test_documented_vector_of_a_form() -> None:
    url = "https://example.com/myapp.php?foo=1&bar=2"
    assert signature(TOKEN, url, VOICE_CALL) == "L/OH5YylLD5NRKLltdqwSvS0BnU="


def test_documented_vector_of_a_json_body() -> None:
    body = b'{"CallSid":"CA1234567890ABCDE","Caller":"+12349013030"}'
    url = f"https://example.com/myapp?{body_hash(body)}"
    assert url.endswith("5ccde7145dfb8f56479710896586cb9d5911809d83afbe34627818790db0aec9")
    assert signature(TOKEN, url) == "hPXmLwIy3Fgqv1i9KPmH/HhQ6zo="
    assert RequestValidator(TOKEN).validate(url, body.decode(), signature(TOKEN, url))


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/sms",
        "http://example.com:80/sms",
        "http://example.com:5000/sms?a=1&b=%20x",
        "https://example.com:443/sms",
        "https://example.com:8443/sms/",
    ],
)
def test_official_validator_accepts_a_form(url: str) -> None:
    params = {"Body": " häåø 你好 & = + ", "From": "+15551230001", "A": "", "a": "b"}
    assert RequestValidator(TOKEN).validate(url, params, signature(TOKEN, url, params))
    assert not RequestValidator("other").validate(url, params, signature(TOKEN, url, params))


def test_repeated_values_are_sorted_and_unique() -> None:
    params = Form(To=["+2", "+1", "+2"], Body=["x"])
    url = "https://example.com/sms"
    assert RequestValidator(TOKEN).validate(url, params, signature(TOKEN, url, params))
    assert signature(TOKEN, url, params) == signature(TOKEN, url, {"Body": "x", "To": ["+1", "+2"]})


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(
    params=st.dictionaries(TEXT, TEXT, max_size=6),
    query=TEXT,
    host=st.sampled_from(["h", "h:1", "h.example:8443"]),
)
def test_official_validator_accepts_whatever_there_is(params: dict[str, str], query: str, host: str) -> None:
    url = f"https://{host}/p?{quote(query)}"
    assert RequestValidator(TOKEN).validate(url, params, signature(TOKEN, url, params))


def test_names_are_sorted_by_bytes() -> None:
    assert signature(TOKEN, "http://h/", {"b": "1", "A": "2"}) == signature(TOKEN, "http://h/", {"A2b": "1"})


@pytest.mark.parametrize(
    ("url", "signed"),
    [
        ("http://h/a?b=1#rc=2", "http://h/a?b=1"),
        ("https://user:p%40ss@h:8443/a", "https://h:8443/a"),
        ("http://u@[::1]:80/", "http://[::1]:80/"),
    ],
)
def test_fragment_and_user_info_are_not_signed(url: str, signed: str) -> None:
    assert signed_url(url) == signed
    assert signature(TOKEN, url) == signature(TOKEN, signed)


@pytest.mark.parametrize(
    ("url", "signed"),
    [
        ("https://h:8443/a", "https://h/a"),
        ("wss://h:8443/a", "wss://h/a"),
        ("https://[2001:db8::1]:444/a", "https://[2001:db8::1]:444/a"),
        ("https://[2001:db8::1]/a", "https://[2001:db8::1]/a"),
        ("http://h:8080/a", "http://h:8080/a"),
    ],
)
def test_voice_leaves_the_port_of_https_out(url: str, signed: str) -> None:
    assert signed_url(url, voice=True) == signed
