"""Access tokens for REST, as the SDKs read them: a JWT with `exp`, the account in `act.sub`."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

import jwt as reference
import pytest

from localloop.products.accounts.oauth import jwt

ISSUED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
GRANT = jwt.Grant(
    client_sid="OQ" + "1" * 32,
    account_sid="AC" + "2" * 32,
    issued=ISSUED,
    lifetime=timedelta(hours=1),
    token_id="t1",
)


def test_another_implementation_believes_it() -> None:
    token = jwt.write(GRANT, "k" * 32)
    claims = reference.decode(
        token, "k" * 32, ["HS256"], audience="https://api.twilio.com", options={"verify_exp": False}
    )
    assert claims["exp"] == int(ISSUED.timestamp()) + 3600
    assert claims["act"]["sub"] == f"trn:us1:iam:account:{GRANT.account_sid}"
    assert reference.get_unverified_header(token)["kid"] == GRANT.client_sid


def test_reading_back() -> None:
    parsed = jwt.parse(jwt.write(GRANT, "k" * 32))
    assert parsed is not None
    assert (parsed.key_id, parsed.account_sid) == (GRANT.client_sid, GRANT.account_sid)
    assert parsed.is_signed_with("k" * 32)
    assert not parsed.is_signed_with("x" * 32)


def test_a_changed_claim_breaks_the_signature() -> None:
    head, claims, signature = jwt.write(GRANT, "k" * 32).split(".")
    forged = json.loads(base64.urlsafe_b64decode(claims + "=="))
    forged["act"]["sub"] = "trn:us1:iam:account:AC" + "9" * 32
    body = base64.urlsafe_b64encode(json.dumps(forged).encode()).rstrip(b"=").decode()
    parsed = jwt.parse(f"{head}.{body}.{signature}")
    assert parsed is not None
    assert not parsed.is_signed_with("k" * 32)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a.b",
        "a.b.c",
        "!!.!!.!!",
        "é.é.é",
        "x" * 5000 + ".y.z",
        reference.encode({"exp": 1, "act": {"sub": "a:b"}}, "", algorithm="none", headers={"kid": "OQ"}),
        reference.encode({"exp": 1}, "k" * 32, headers={"kid": "OQ"}),
        reference.encode({"exp": "soon", "act": {"sub": "x"}}, "k" * 32, headers={"kid": "OQ"}),
    ],
)
def test_what_is_no_token_of_ours(text: str) -> None:
    assert jwt.parse(text) is None
