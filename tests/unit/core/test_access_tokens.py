"""Tokens made by Twilio's own package, and with which code each fault of one is refused."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from twilio.jwt.access_token import AccessToken as TwiliosToken
from twilio.jwt.access_token import grants as twilios
from twilio.jwt.client import ClientCapabilityToken

from localloop.core import access_tokens, clock, jwt, sids
from localloop.core.access_tokens import demand_voice, device_code, read, read_capability
from localloop.core.errors import ApiError

ACCOUNT, KEY, SECRET = sids.new("AC"), sids.new("SK"), "secret" * 11
AUTH_TOKEN = sids.new_secret()
APPLICATION = sids.new("AP")
NOW = clock.now()  # Twilio's package asks the machine's clock itself
HEADER = {"typ": "JWT", "alg": "HS256", "cty": "twilio-fpa;v=1"}
ISSUED = int(NOW.timestamp())


def claims(**changed: Any) -> dict[str, Any]:
    usual = {
        "jti": f"{KEY}-{ISSUED}",
        "iss": KEY,
        "sub": ACCOUNT,
        "exp": ISSUED + 3600,
        "grants": {"identity": "ada", "voice": {"incoming": {"allow": True}}},
    }
    return {name: value for name, value in {**usual, **changed}.items() if value is not None}


def refusal(text: str, now: datetime = NOW, secret: str = SECRET) -> tuple[int, int]:
    """As REST has it, and as devices are told."""
    with pytest.raises(ApiError) as refused:
        demand_voice(read(text).believe(secret, now))
    return refused.value.code, device_code(refused.value, now, text)


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_a_token_of_twilios_package(algorithm: str) -> None:
    made = TwiliosToken(ACCOUNT, KEY, SECRET, identity="ada", ttl=600, region="ie1")
    made.add_grant(
        twilios.VoiceGrant(
            incoming_allow=True,
            outgoing_application_sid=APPLICATION,
            outgoing_application_params={"door": "4"},
            push_credential_sid=sids.new("CR"),
        )
    )
    made.add_grant(twilios.ChatGrant(service_sid=sids.new("IS")))
    made.add_grant(twilios.SyncGrant(service_sid=sids.new("IS")))
    made.add_grant(twilios.VideoGrant(room="kitchen"))
    made.add_grant(
        twilios.TaskRouterGrant(workspace_sid=sids.new("WS"), worker_sid=sids.new("WK"), role="worker")
    )
    made.algorithm = algorithm
    presented = read(made.to_jwt())
    assert (presented.key_sid, presented.account_sid, presented.region) == (KEY, ACCOUNT, "ie1")
    token = presented.believe(SECRET, clock.now())
    assert (token.identity, token.token_id.partition("-")[0]) == ("ada", KEY)
    assert abs(token.expires - clock.now() - timedelta(seconds=600)) < timedelta(seconds=60)
    voice = demand_voice(token)
    assert voice.incoming is not None
    assert voice.incoming.allow
    assert voice.outgoing is not None
    assert (voice.outgoing.application_sid, voice.outgoing.params) == (APPLICATION, {"door": "4"})
    given = token.grants
    assert given.chat
    assert given.data_sync
    assert given.video == access_tokens.VideoGrant(room="kitchen")
    assert given.task_router is not None
    assert given.task_router.role == "worker"


@pytest.mark.parametrize("text", ["", "a.b", "a.b.c", "e30.e30.e30", "ü.ü.ü", "x" * 20_000])
def test_what_is_no_token(text: str) -> None:
    assert refusal(text) == (20101, 31204)


@pytest.mark.parametrize(
    "changed", [{"cty": None}, {"cty": "twilio-pkrv;v=1"}, {"typ": "JOSE"}, {"alg": "none"}]
)
def test_a_header_that_is_not_of_such_a_token(changed: dict[str, Any]) -> None:
    header = {name: value for name, value in {**HEADER, **changed}.items() if value is not None}
    rest = jwt.write(HEADER, claims(), SECRET).partition(".")[2]
    text = f"{urlsafe_b64encode(msgspec.json.encode(header)).decode()}.{rest}"
    assert refusal(text) == (20102, 31204)


@pytest.mark.parametrize("changed", [{"iss": None}, {"iss": ACCOUNT}, {"sub": KEY}, {"sub": "AC1"}])
def test_an_issuer_or_subject_that_cannot_be(changed: dict[str, Any]) -> None:
    assert refusal(jwt.write(HEADER, claims(**changed), SECRET)) == (20103, 31203)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"exp": ISSUED}, 31205),
        ({"exp": None}, 31205),
        ({"exp": "tomorrow"}, 31205),
        ({"exp": 10**20}, 31205),
        ({"exp": ISSUED + 86_401}, 31207),
        ({"exp": ISSUED + 600, "iat": ISSUED - 86_400}, 31207),
    ],
)
def test_an_end_that_is_past_or_too_far(changed: dict[str, Any], code: int) -> None:
    assert refusal(jwt.write(HEADER, claims(**changed), SECRET)) == (20104, code)


def test_a_whole_day_is_allowed() -> None:
    text = jwt.write(HEADER, claims(exp=ISSUED + 86_400), SECRET)
    assert read(text).believe(SECRET, NOW).identity == "ada"


def test_it_begins_and_ends_by_the_clock_that_is_asked() -> None:
    text = jwt.write(HEADER, claims(nbf=ISSUED + 60), SECRET)
    assert refusal(text) == (20105, 31204)
    assert read(text).believe(SECRET, NOW + timedelta(seconds=61)).identity == "ada"
    assert refusal(text, NOW + timedelta(hours=1)) == (20104, 31205)


@pytest.mark.parametrize(
    "grants",
    [
        None,
        "voice",
        {"identity": "ada"},
        {"voice": {}},
        {"identity": "", "voice": {}},
        {"identity": 1, "voice": {}},
    ],
)
def test_grants_that_let_no_device_call(grants: Any) -> None:
    assert refusal(jwt.write(HEADER, claims(grants=grants), SECRET)) == (20106, 31204)


def test_a_signature_of_somebody_else() -> None:
    assert refusal(jwt.write(HEADER, claims(), "guessed")) == (20107, 31202)


# Capability tokens -------------------------------------------------------------------------------------------


def capability(**options: Any) -> str:
    made = ClientCapabilityToken(ACCOUNT, AUTH_TOKEN, **options)
    made.allow_client_outgoing(APPLICATION, door="4")
    made.allow_client_incoming("ada")
    return str(made.to_jwt())


def test_a_capability_token_of_twilios_package() -> None:
    presented = read_capability(capability())
    found = presented.believe(("older", AUTH_TOKEN), NOW)
    assert presented.account_sid == found.account_sid == ACCOUNT
    assert (found.application_sid, found.params) == (APPLICATION, {"door": "4"})
    assert (found.client_name, found.may_be_called) == ("ada", True)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("nothing", 31204),
        (jwt.write({"alg": "HS256"}, {"iss": KEY, "exp": ISSUED + 60, "scope": ""}, AUTH_TOKEN), 31203),
        (jwt.write({"alg": "HS256"}, {"iss": ACCOUNT, "exp": ISSUED + 60}, "guessed"), 31202),
        (jwt.write({"alg": "HS256"}, {"iss": ACCOUNT, "exp": ISSUED}, AUTH_TOKEN), 31205),
        (jwt.write({"alg": "HS256"}, {"iss": ACCOUNT, "exp": ISSUED + 86_460}, AUTH_TOKEN), 31207),
        (jwt.write({"alg": "HS256"}, {"iss": ACCOUNT, "exp": ISSUED + 60, "scope": "x"}, AUTH_TOKEN), 31204),
    ],
)
def test_what_is_wrong_with_a_capability_token(text: str, code: int) -> None:
    with pytest.raises(ApiError) as refused:
        read_capability(text).believe((AUTH_TOKEN,), NOW)
    assert refused.value.code == code


def test_identities() -> None:
    assert [access_tokens.is_identity(text) for text in ("ada", "a" * 121, "", "a" * 122, "a\nb")] == [
        True,
        True,
        False,
        False,
        False,
    ]
