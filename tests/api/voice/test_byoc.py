"""Bring your own carrier: trunks, connection policies and the addresses that calls come from."""

from __future__ import annotations

from typing import Any

import pytest
from asking import Asker

from localloop.core import sids
from localloop.products.voice import Needs
from localloop.products.voice.byoc import policy, trunk
from localloop.rest.request import Binding, Caller
from tests.api.voice.conftest import refusal

TARGET = "sip:calls@carrier.example.com:5060;transport=tls"


async def new_policy(ask: Asker, caller: Caller) -> str:
    made = await ask.item("voice.v1.CreateConnectionPolicy", caller, {"FriendlyName": "carrier"})
    return str(made["sid"])


async def new_target(ask: Asker, caller: Caller, policy_sid: str, **params: Any) -> dict[str, Any]:
    sent = {"Target": TARGET, **params}
    return await ask.item(
        "voice.v1.CreateConnectionPolicyTarget", caller, sent, ConnectionPolicySid=policy_sid
    )


async def test_a_target_has_documented_defaults(ask: Asker, caller: Caller) -> None:
    made = await new_target(ask, caller, await new_policy(ask, caller))
    assert (made["priority"], made["weight"], made["enabled"]) == (10, 10, True)


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"Target": "sips:calls@carrier.example.com"}, 20001),
        ({"Target": "carrier.example.com"}, 20001),
        ({"Priority": 65_536}, 20001),
        ({"Priority": -1}, 20001),
        ({"Weight": 0}, 20001),
        ({"FriendlyName": "x" * 256}, 20002),
    ],
)
async def test_what_a_target_cannot_be(ask: Asker, caller: Caller, params: dict[str, Any], code: int) -> None:
    asked = new_target(ask, caller, await new_policy(ask, caller), **params)
    assert await refusal(asked) == (400, code)


async def test_limits(ask: Asker, caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    policy_sid = await new_policy(ask, caller)
    for _ in range(policy.MOST_TARGETS):
        await new_target(ask, caller, policy_sid)
    assert await refusal(new_target(ask, caller, policy_sid)) == (400, 21254)
    monkeypatch.setattr(policy, "MOST_POLICIES", 1)
    monkeypatch.setattr(trunk, "MOST", 1)
    assert await refusal(new_policy(ask, caller)) == (400, 21253)
    await ask.item("voice.v1.CreateByocTrunk", caller)
    assert await refusal(ask("voice.v1.CreateByocTrunk", caller)) == (400, 21244)


async def test_a_trunk_refers_to_what_is_there(ask: Asker, caller: Caller) -> None:
    policy_sid = await new_policy(ask, caller)
    made = await ask.item(
        "voice.v1.CreateByocTrunk",
        caller,
        {"VoiceUrl": "https://example.com/voice", "ConnectionPolicySid": policy_sid},
    )
    assert (made["connection_policy_sid"], made["voice_method"]) == (policy_sid, "POST")
    for wrong in (
        {"ConnectionPolicySid": sids.new("NY")},
        {"FromDomainSid": sids.new("SD")},
        {"VoiceUrl": "nowhere"},
    ):
        asked = ask("voice.v1.UpdateByocTrunk", caller, wrong, Sid=made["sid"])
        assert await refusal(asked) == (400, 20001)
    in_use = ask("voice.v1.DeleteConnectionPolicy", caller, Sid=policy_sid)
    assert await refusal(in_use) == (409, 20409)
    await ask("voice.v1.UpdateByocTrunk", caller, {"ConnectionPolicySid": ""}, Sid=made["sid"])
    await ask("voice.v1.DeleteConnectionPolicy", caller, Sid=policy_sid)
    assert await refusal(ask("voice.v1.FetchConnectionPolicy", caller, Sid=policy_sid)) == (404, 20404)


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"IpAddress": "198.51.100.256"}, 21238),
        ({"IpAddress": "2001:db8::1"}, 21238),
        ({"IpAddress": "198.51.100.7", "CidrPrefixLength": 33}, 20001),
    ],
)
async def test_what_is_no_address(ask: Asker, caller: Caller, params: dict[str, Any], code: int) -> None:
    assert await refusal(ask("voice.v1.CreateIpRecord", caller, params)) == (400, code)


async def test_a_mapping_of_an_address_to_a_domain(ask: Asker, caller: Caller, needs: Needs) -> None:
    address = await ask.item("voice.v1.CreateIpRecord", caller, {"IpAddress": "198.51.100.7"})
    assert address["cidr_prefix_length"] == 32
    domain = Asker(_domains(needs))
    domain_sid = (await domain.item("api.v2010.CreateSipDomain", caller, {"DomainName": "a.sip.twilio.com"}))[
        "sid"
    ]
    sent = {"IpRecordSid": address["sid"], "SipDomainSid": domain_sid}
    made = await ask.item("voice.v1.CreateSourceIpMapping", caller, sent)
    assert made["sip_domain_sid"] == domain_sid
    assert await refusal(ask("voice.v1.DeleteIpRecord", caller, Sid=address["sid"])) == (409, 20409)
    stranger = {**sent, "SipDomainSid": sids.new("SD")}
    assert await refusal(ask("voice.v1.CreateSourceIpMapping", caller, stranger)) == (400, 20001)


def _domains(needs: Needs) -> tuple[Binding, ...]:
    """SIP domains have no behaviour yet: the plain engine makes one."""
    return (Binding(resource="api.v2010.SipDomain", operations={"CreateSipDomain": needs.plain.create}),)
