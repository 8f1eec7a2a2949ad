"""The judges of the tests' own webhooks: they refuse what is forged."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
import validators
from webhook_keys import TOKEN

from localloop.payloads.signature import body_hash, signature
from localloop.testing import request_for
from tests.needs import needs

FORM = "application/x-www-form-urlencoded"


def note(url: str, signed: str, body: bytes = b"", kind: str = FORM, **headers: str) -> None:
    protocol, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    given = {"host": host, "content-type": kind, validators.SIGNATURE: signed, **headers}
    validators.note(protocol, slash + path, given, body)


@needs("twilio-node")
def test_genuine_ones_pass() -> None:
    note("http://h:1/a?b=%20c", signature(TOKEN, "http://h:1/a?b=%20c", {"B": "x y"}), b"B=x+y")
    url = f"http://h/a?{body_hash(b'[]')}"
    note(url, signature(TOKEN, url), b"[]", "application/json")
    forwarded = {"x-forwarded-proto": "https", "x-forwarded-host": "app.example"}
    note("http://inside:8080/a", signature(TOKEN, "https://app.example/a", {"B": "1"}), b"B=1", **forwarded)
    validators.expect("AC1", "another")
    note("http://h/", signature("another", "http://h/", {"AccountSid": "AC1"}), b"AccountSid=AC1")
    assert validators.settle() == []


@needs("twilio-node")
@pytest.mark.parametrize(
    ("url", "signed", "body"),
    [
        ("http://h/a", "", b"B=1"),
        ("http://h/a", signature(TOKEN, "http://h/a", {"B": "2"}), b"B=1"),
        ("https://h/a", signature(TOKEN, "http://h/a", {"B": "1"}), b"B=1"),
        ("http://h/a", signature("another", "http://h/a", {"B": "1"}), b"B=1"),
        (f"http://h/?{body_hash(b'[]')}", signature(TOKEN, f"http://h/?{body_hash(b'[]')}"), b"[1]"),
    ],
)
def test_forged_ones_are_refused_by_both(url: str, signed: str, body: bytes) -> None:
    note(url, signed, body, FORM if body.startswith(b"B") else "application/json")
    assert [verdict.partition(" refuses")[0] for verdict in validators.settle()] == [
        "Twilio's validator for Python",
        "Twilio's validator for Node",
    ]


@needs("twilio-node")
@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({}, ""),
        ({"MessageStatus": "dealt"}, "status: MessageStatus: 'dealt' is not one of"),
        ({"MessageStatus": None, "SmsStatus": None}, "no webhook is declared that says"),
        ({"To": None}, "status: 'To' is a required property"),
        ({"Extra": "1"}, "status: Additional properties are not allowed ('Extra' was unexpected)"),
        ({"AccountSid": "AC1"}, "status: AccountSid: 'AC1' does not match"),
    ],
)
def test_what_is_not_declared_is_refused(changes: dict[str, str | None], fault: str) -> None:
    params = {**request_for("status").params, **changes}
    sent = {name: value for name, value in params.items() if value is not None}
    note("http://h/a", signature(TOKEN, "http://h/a", sent), urlencode(sent).encode())
    said = validators.settle(declared=True)
    assert len(said) == bool(fault)
    assert fault in "".join(said)


@needs("twilio-node")
def test_what_the_debugger_is_told_is_looked_into() -> None:
    params = request_for("debugger").params
    params["Payload"] = params["Payload"].replace("service_sid", "serviceSid")
    note("http://h/a", signature(TOKEN, "http://h/a", params), urlencode(params).encode())
    assert any(
        "Payload: 'service_sid' is a required property" in each for each in validators.settle(declared=True)
    )
    note("http://h/a", signature(TOKEN, "http://h/a", params), urlencode(params).encode())
    assert validators.settle() == []
