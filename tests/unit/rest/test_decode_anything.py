"""Every operation's decoder, and every kind of rubbish: parameters or a 400, never another exception."""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from localloop import contract
from localloop.core.errors import ApiError
from localloop.rest.decode import Decoder

FORM = "application/x-www-form-urlencoded"
TYPES = (
    FORM,
    "application/json",
    "multipart/form-data; boundary=X",
    "multipart/form-data",
    "text/plain",
    "",
    "ü;=",
)
OPERATIONS = (
    "api.v2010.CreateMessage",
    "api.v2010.ListMessage",
    "lookups.v1.FetchPhoneNumber",
    "content.v1.CreateContent",
    "sync.v1.CreateDocument",
    "proxy.v1.CreateSession",
)
NAMES = (
    "To",
    "Body",
    "MediaUrl",
    "DateSent>",
    "DateSent",
    "Data",
    "Participants",
    "AddOns.a.b",
    "PageSize",
    "Ttl",
)
steady = settings(derandomize=True, max_examples=150, deadline=None, database=None)


@cache
def decoder(operation_id: str) -> Decoder:
    return Decoder(contract.load().operation(operation_id)[3])


def decoded(operation_id: str, query: bytes, content_type: str, body: bytes) -> dict[str, Any] | None:
    """The parameters, None when refused with a 400."""
    try:
        return decoder(operation_id)(query, content_type, body)
    except ApiError as refusal:
        if refusal.status != 400:
            raise
        return None


def test_every_operation_has_a_decoder_that_insists_on_what_is_required() -> None:
    for _, _, _, operation in contract.load().operations():
        sent = [param for param in operation.params if param.location in ("query", "body")]
        insists = bool(operation.one_of) or any(param.required for param in sent)

        assert (decoded(operation.id, b"", "", b"") is None) == insists, operation.id


@steady
@given(st.sampled_from(OPERATIONS), st.sampled_from(TYPES), st.binary(max_size=200), st.binary(max_size=60))
def test_any_bytes(operation_id: str, content_type: str, body: bytes, query: bytes) -> None:
    decoded(operation_id, query, content_type, body)


PAIRS = st.lists(st.tuples(st.sampled_from(NAMES), st.text(max_size=30)), max_size=8)


@steady
@given(st.sampled_from(OPERATIONS), PAIRS)
def test_any_texts_under_known_names(operation_id: str, pairs: list[tuple[str, str]]) -> None:
    encoded = urlencode(pairs, errors="replace").encode()

    decoded(operation_id, encoded, FORM, encoded)


@steady
@given(st.dictionaries(st.text(min_size=1, max_size=10), st.text(max_size=30), max_size=6))
def test_reads_what_the_standard_library_reads(texts: dict[str, str]) -> None:
    body = urlencode({"To": "+1", "From": "x", **{f"x{name}": text for name, text in texts.items()}})
    for text in texts.values():
        form = f"{body}&{urlencode({'Body': text or 'x'})}"
        expected = dict(parse_qsl(form))["Body"]
        params = decoded("api.v2010.CreateMessage", b"", FORM, form.encode())
        assert params is None if "\0" in form or "%00" in form else params and params["Body"] == expected


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False)
    | st.integers(-(2**70), 2**63)
    | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@steady
@given(
    st.dictionaries(st.sampled_from(("friendly_name", "types", "variables", "language", "x")), JSON_VALUES)
)
def test_any_json(document: dict[str, Any]) -> None:
    try:
        body = orjson.dumps(document)
    except (TypeError, orjson.JSONEncodeError):
        return
    decoded("content.v1.CreateContent", b"", "application/json", body)
