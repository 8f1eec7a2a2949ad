"""JSON bodies, where the contract has them."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from localloop.contract import Operation, Param
from localloop.core.errors import ApiError
from localloop.rest.decode import Decoder

JSON = "application/json"


def body(name: str, **options: Any) -> Param:
    return Param(name=name, location="body", **options)


def decoder(*params: Param, verb: Any = "create") -> Decoder:
    return Decoder(Operation(id="made.Create", method="POST", verb=verb, params=params, body="json"))


def refusal(decoder: Decoder, content: bytes, content_type: str = JSON) -> ApiError:
    with pytest.raises(ApiError) as refused:
        decoder(b"", content_type, content)
    return refused.value


EVERYTHING = decoder(
    body("friendly_name", required=True),
    body("isActive", type="boolean"),
    body("limit", type="integer", minimum=1, maximum=100),
    body("score", type="number"),
    body("phone_numbers", type="array", items=body("", type="object")),
    body("emails", type="array", items=body("", format="uri")),
    body("config", type="object"),
    body("anything", type="any"),
    body("since", format="date-time"),
    body("kind", enum=("a", "b")),
)


def test_reads_what_is_declared_under_its_own_name() -> None:
    sent = {
        "friendly_name": "n",
        "isActive": False,
        "limit": 3,
        "score": 0.5,
        "phone_numbers": [{"phone_number": "+1"}],
        "config": {"a": [1, None]},
        "anything": [1],
        "kind": "b",
    }

    params = EVERYTHING(b"", JSON, orjson.dumps({**sent, "unknown": 1, "FriendlyName": "x"}))

    assert params == sent


def test_dates_are_dates() -> None:
    params = EVERYTHING(
        b"", "application/json; charset=utf-8", b'{"friendly_name":"n","since":"2026-01-02T03:04:05Z"}'
    )

    assert params["since"].isoformat() == "2026-01-02T03:04:05+00:00"


def test_null_clears_in_an_update_and_is_missing_where_required() -> None:
    update = decoder(body("name"), body("limit", type="integer"), body("tags", type="array"), verb="update")

    assert update(b"", JSON, b'{"name":null,"limit":null,"tags":null}') == {"name": "", "tags": []}
    assert "friendly_name" in refusal(EVERYTHING, b'{"friendly_name":null}').message


def test_a_form_is_not_seen() -> None:
    error = refusal(EVERYTHING, b"friendly_name=n", "application/x-www-form-urlencoded")

    assert error.message == "Missing required parameter friendly_name in the post body"


@pytest.mark.parametrize(
    "value",
    [
        {"friendly_name": 5},
        {"isActive": "true"},
        {"isActive": 1},
        {"limit": "3"},
        {"limit": True},
        {"limit": 0},
        {"limit": 101},
        {"limit": 1.0},
        {"score": "0.5"},
        {"phone_numbers": {"phone_number": "+1"}},
        {"phone_numbers": ["+1"]},
        {"emails": ["x"]},
        {"config": []},
        {"since": "yesterday"},
        {"kind": "c"},
    ],
)
def test_a_value_of_another_type_is_refused_by_name(value: dict[str, Any]) -> None:
    error = refusal(EVERYTHING, orjson.dumps({"friendly_name": "n", **value}))

    assert (error.status, error.code) == (400, 20001)
    assert error.message.startswith(f"Invalid {next(iter(value))}. It must ")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "The request body is not valid JSON."),
        (b'{"friendly_name": NaN}', "The request body is not valid JSON."),
        (b'{"friendly_name": "\xff"}', "The request body is not valid JSON."),
        (b'{"friendly_name": "\\ud800"}', "The request body is not valid JSON."),
        (b"[" * 100_000, "The request body is not valid JSON."),
        (b"[]", "The request body must be a JSON object."),
        (b'"text"', "The request body must be a JSON object."),
        (b'{"friendly_name": "a\\u0000b"}', "The request contains a NUL character."),
        (b'{"friendly_name":"n","config":{"a":[{"\\u0000":1}]}}', "The request contains a NUL character."),
        (
            b'{"friendly_name":"\\u0000","a":' + b"[" * 1000 + b"]" * 1000 + b"}",
            "The request contains a NUL character.",
        ),
    ],
)
def test_broken_json_is_refused(content: bytes, message: str) -> None:
    error = refusal(EVERYTHING, content)

    assert (error.status, error.code, error.message) == (400, 20001, message)


def test_a_backslash_before_u0000_is_text() -> None:
    assert EVERYTHING(b"", JSON, b'{"friendly_name":"\\\\u0000"}') == {"friendly_name": "\\u0000"}
