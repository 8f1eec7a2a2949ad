"""Who may do what, over HTTP: kinds of keys, parents and children, suspended and closed accounts."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from serving import Client

from localloop.core import sids

ACCOUNT = "/2010-04-01/Accounts"


def basic(name: str, secret: str) -> dict[str, str]:
    return {"authorization": "Basic " + b64encode(f"{name}:{secret}".encode()).decode()}


async def made(client: Client, target: str, **params: Any) -> dict[str, Any]:
    reply = await client("POST", target, params)
    assert reply.status == 201, reply.body
    record: dict[str, Any] = reply.json()
    return record


async def key_of(client: Client, **params: Any) -> tuple[dict[str, str], str]:
    key = await made(client, "/iam/v1/Keys", AccountSid=client.account_sid, **params)
    return basic(key["sid"], key["secret"]), key["sid"]


async def child_of(client: Client) -> tuple[str, dict[str, str]]:
    child = await made(client, f"{ACCOUNT}.json", FriendlyName="child")
    return child["sid"], basic(child["sid"], child["auth_token"])


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/2010-04-01/Accounts.json"),
        ("POST", "/2010-04-01/Accounts.json"),
        ("GET", "/2010-04-01/Accounts/{account}.json"),
        ("POST", "/2010-04-01/Accounts/{account}.json"),
        ("GET", "/2010-04-01/Accounts/{account}/Keys.json"),
        ("POST", "/2010-04-01/Accounts/{account}/Keys.json"),
        ("GET", "/2010-04-01/Accounts/{account}/Keys/{key}.json"),
        ("DELETE", "/2010-04-01/Accounts/{account}/Keys/{key}.json"),
        ("POST", "/2010-04-01/Accounts/{account}/SigningKeys.json"),
        ("GET", "/iam/v1/Keys?AccountSid={account}"),
        ("POST", "/iam/v1/Keys"),
        ("DELETE", "/iam/v1/Keys/{key}"),
        ("POST", "/accounts/v1/AuthTokens/Secondary"),
        ("POST", "/accounts/v1/AuthTokens/Promote"),
    ],
)
async def test_a_standard_key_manages_neither_accounts_nor_keys(
    standing: Client, method: str, target: str
) -> None:
    auth, key = await key_of(standing)
    place = target.format(account=standing.account_sid, key=key)
    form = {"AccountSid": standing.account_sid} if method == "POST" else None
    reply = await standing(method, place, form, headers=auth)
    assert (reply.status, reply.json()["code"]) == (401, 20003)
    assert reply.headers["www-authenticate"] == 'Basic realm="Twilio API"'


async def test_a_standard_key_does_everything_else(client: Client) -> None:
    auth, _ = await key_of(client)
    for target in (f"{ACCOUNT}/{client.account_sid}/Queues.json", "/sync/v1/Services"):
        assert (await client("POST", target, {"FriendlyName": "x"}, headers=auth)).status == 201
        assert (await client("GET", target, headers=auth)).status == 200


async def test_a_restricted_key_does_what_its_policy_names(standing: Client) -> None:
    policy = '{"allow": ["/twilio/voice/queues/list"]}'
    auth, _ = await key_of(standing, KeyType="restricted", Policy=policy)
    queues = f"{ACCOUNT}/{standing.account_sid}/Queues.json"
    assert (await standing("GET", queues, headers=auth)).status == 200
    for method, target in (("POST", queues), ("GET", "/sync/v1/Services"), ("GET", f"{ACCOUNT}.json")):
        reply = await standing(
            method, target, {"FriendlyName": "x"} if method == "POST" else None, headers=auth
        )
        assert (reply.status, reply.json()["code"]) == (401, 70051)


async def test_a_parent_acts_on_its_child_and_not_the_other_way(client: Client) -> None:
    child, auth = await child_of(client)
    queue = await made(client, f"{ACCOUNT}/{child}/Queues.json", FriendlyName="x")
    assert queue["account_sid"] == child
    own = await client("GET", f"{ACCOUNT}/{child}/Queues/{queue['sid']}.json", headers=auth)
    assert own.status == 200
    parents = f"{ACCOUNT}/{client.account_sid}/Queues"
    assert (await client("GET", f"{parents}/{queue['sid']}.json")).status == 404
    for target in (f"{parents}.json", f"{ACCOUNT}/{client.account_sid}.json"):
        reply = await client("GET", target, headers=auth)
        assert (reply.status, reply.json()["code"]) == (404, 20404)


async def test_records_of_another_account_and_what_is_below_them_do_not_exist(client: Client) -> None:
    _, auth = await child_of(client)
    service = f"/sync/v1/Services/{(await made(client, '/sync/v1/Services'))['sid']}"
    await made(client, f"{service}/Documents", UniqueName="doc")
    for method, target in (
        ("GET", service),
        ("DELETE", service),
        ("GET", f"{service}/Documents"),
        ("POST", f"{service}/Documents"),
        ("GET", f"{service}/Documents/doc"),
    ):
        reply = await client(method, target, headers=auth)
        assert (reply.status, reply.json()["code"]) == (404, 20404)
    assert (await client("GET", f"{service}/Documents/doc")).status == 200


async def test_accounts_that_nobody_reaches(standing: Client) -> None:
    for sid in (sids.new("AC"), "", "AC1"):
        reply = await standing("GET", f"{ACCOUNT}/{sid}/Queues.json")
        assert (reply.status, reply.json()["code"]) == (404, 20404)


async def test_a_suspended_account_reads_and_a_closed_one_is_nobody(client: Client) -> None:
    child, auth = await child_of(client)
    own, queues = f"{ACCOUNT}/{child}.json", f"{ACCOUNT}/{child}/Queues.json"
    await client("POST", own, {"Status": "suspended"})
    for who in (auth, None):
        reply = await client("POST", queues, {"FriendlyName": "x"}, headers=who)
        assert (reply.status, reply.json()["code"]) == (403, 20005)
    reply = await client("POST", "/sync/v1/Services", headers=auth)
    assert (reply.status, reply.json()["code"]) == (403, 20005)
    assert (await client("GET", queues, headers=auth)).status == 200
    await client("POST", own, {"Status": "active"})
    assert (await client("POST", queues, {"FriendlyName": "x"}, headers=auth)).status == 201
    await client("POST", own, {"Status": "closed"})
    assert (await client("GET", queues, headers=auth)).status == 401
    again = await client("POST", own, {"Status": "active"})
    assert (again.status, again.json()["code"]) == (400, 21479)


async def test_tokens_rotate(client: Client) -> None:
    child, old = await child_of(client)
    own, steps = f"{ACCOUNT}/{child}.json", "/accounts/v1/AuthTokens"
    nothing = await client("POST", f"{steps}/Promote", headers=old)
    assert (nothing.status, nothing.json()["message"]) == (
        404,
        "The requested resource /AuthTokens/Promote was not found",
    )
    token = (await client("POST", f"{steps}/Secondary", headers=old)).json()["secondary_auth_token"]
    new = basic(child, token)
    assert [(await client("GET", own, headers=each)).status for each in (old, new)] == [200, 200]
    assert (await client("POST", f"{steps}/Promote", headers=new)).json()["auth_token"] == token
    assert [(await client("GET", own, headers=each)).status for each in (old, new)] == [401, 200]


@pytest.mark.parametrize(
    ("suffix", "beginning"),
    [
        ("", b"<?xml version='1.0' encoding='UTF-8'?><TwilioResponse><RestException><Code>20003</Code>"),
        (".xml", b"<?xml version='1.0' encoding='UTF-8'?><TwilioResponse><RestException><Code>20003</Code>"),
        (".csv", b"Code,Message,MoreInfo,Status\r\n20003,Authenticate,"),
        (".json", b'{"code":20003,"message":"Authenticate",'),
    ],
)
@pytest.mark.parametrize("header", ["", "Basic", "Basic !!!", "Basic QUM=", "Bearer nonsense", "Digest x"])
async def test_no_credentials_in_every_format(
    standing: Client, suffix: str, beginning: bytes, header: str
) -> None:
    target = f"{ACCOUNT}/{standing.account_sid}{suffix}"
    reply = await standing("GET", target, headers={"authorization": header})
    assert reply.status == 401
    assert reply.headers["www-authenticate"] == 'Basic realm="Twilio API"'
    assert reply.body.startswith(beginning)
