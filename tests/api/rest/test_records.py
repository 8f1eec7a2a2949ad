"""Plain records: versions, names, pages, and what goes with a parent."""

from __future__ import annotations

import asyncio
from typing import Any

from serving import Client

from localloop.core import sids

SERVICES = "/sync/v1/Services"


async def made(client: Client, target: str, **params: Any) -> dict[str, Any]:
    reply = await client("POST", target, params)
    assert reply.status == 201, reply.body
    record: dict[str, Any] = reply.json()
    return record


async def document(client: Client, **params: Any) -> str:
    service = await made(client, SERVICES)
    record = await made(client, f"{SERVICES}/{service['sid']}/Documents", **params)
    return f"{SERVICES}/{service['sid']}/Documents/{record['sid']}"


async def test_of_twenty_writers_with_one_version_one_wins(client: Client) -> None:
    target = await document(client, Data='{"n": 0}')
    etag = (await client("GET", target)).headers["etag"]
    replies = await asyncio.gather(
        *(client("POST", target, {"Data": f'{{"n": {n}}}'}, headers={"if-match": etag}) for n in range(20))
    )
    assert sorted(reply.status for reply in replies) == [200] + [412] * 19
    assert (await client("GET", target)).json()["revision"] == "1"


async def test_versions_may_be_written_in_three_ways(client: Client) -> None:
    target = await document(client)
    for version in ("*", "1", '"2"'):
        assert (await client("POST", target, {"Data": "{}"}, headers={"if-match": version})).status == 200
    bad = await client("POST", target, {"Data": "{}"}, headers={"if-match": "x"})
    assert (bad.status, bad.json()["code"]) == (400, 54003)
    for version in ("1", str(2**31), "9" * 5_000):
        stale = await client("POST", target, {"Data": "{}"}, headers={"if-match": version})
        assert (stale.status, stale.json()["code"]) == (412, 54103)


async def test_no_record_has_a_version_longer_than_any(client: Client) -> None:
    """Beyond sync, by every method that takes If-Match."""
    target = f"/intelligence/v2/Services/{(await made(client, '/intelligence/v2/Services', UniqueName='s'))['sid']}"
    for method, form in (("POST", {"FriendlyName": "n"}), ("DELETE", None)):
        for version in (f'"{2**31}"', '"99999999999999999999"', "9" * 5_000):
            stale = await client(method, target, form, headers={"if-match": version})
            assert stale.status == 412


async def test_unique_names_are_taken_once_and_stand_for_the_sid(client: Client) -> None:
    target = await document(client, UniqueName="mine")
    folder = target.rpartition("/")[0]
    again = await client("POST", folder, {"UniqueName": "mine"})
    assert again.status == 409
    assert (await client("GET", f"{folder}/mine")).json()["unique_name"] == "mine"
    other = await made(client, folder, UniqueName="other")
    assert (await client("GET", f"{folder}/{other['sid']}")).status == 200


async def test_a_taken_name_has_the_code_of_its_product(client: Client) -> None:
    service = f"{SERVICES}/{(await made(client, SERVICES))['sid']}"
    items = f"{service}/Maps/{(await made(client, f'{service}/Maps'))['sid']}/Items"
    for target, sent, code in (
        (f"{service}/Documents", {"UniqueName": "n"}, 54301),
        (items, {"Key": "n", "Data": "{}"}, 54208),
        ("/conversations/v1/Conversations", {"UniqueName": "n"}, 50353),
        ("/proxy/v1/Services", {"UniqueName": "n"}, 20409),
    ):
        await made(client, target, **sent)
        again = await client("POST", target, sent)
        assert (again.status, again.json()["code"]) == (409, code)


async def test_pages_neither_skip_nor_repeat_while_rows_are_added(client: Client) -> None:
    wanted = [(await made(client, SERVICES, FriendlyName=str(n)))["sid"] for n in range(7)]
    seen, url = [], f"{SERVICES}?PageSize=2"
    while url:
        listed = (await client("GET", url)).json()
        seen += [row["sid"] for row in listed["services"]]
        url = (listed["meta"]["next_page_url"] or "").partition("4010")[2]
        await made(client, SERVICES)
    assert seen == wanted[::-1]


async def test_port_in_requests_have_tokens_of_their_own(client: Client) -> None:
    target = "/numbers/v1/Porting/PortIn"
    wanted = {
        "account_sid": client.account_sid,
        "losing_carrier_information": {"customer_type": "Individual"},
        "phone_numbers": [{"phone_number": "+14155550100"}],
        "documents": ["RD0123456789abcdef0123456789abcdef"],
        "notification_emails": ["a@example.com"],
        "target_port_in_date": "2026-01-02",
    }
    for _ in range(3):
        made_one = await client("POST", target, json=wanted)
        assert made_one.status == 202, made_one.body
    first = (await client("GET", f"{target}/PortInRequests?Size=2")).json()
    assert len(first["port_in_requests"]) == 2
    rest = (await client("GET", f"{target}/PortInRequests?Size=2&Token={first['meta']['next_token']}")).json()
    assert (len(rest["port_in_requests"]), rest["meta"]["next_token"]) == (1, None)


async def test_a_broken_page_token(client: Client) -> None:
    for token in ("PAnonsense", "garbage"):
        reply = await client("GET", f"{SERVICES}?PageToken={token}")
        assert reply.status == 400


async def test_children_go_with_their_parent(client: Client) -> None:
    target = await document(client)
    service = target.partition("/Documents")[0]
    assert (await client("DELETE", service)).status == 204
    for path in (target, f"{service}/Documents"):
        reply = await client("GET", path)
        assert (reply.status, reply.json()["code"]) == (404, 20404)


async def test_children_of_a_parent_that_nobody_has(client: Client) -> None:
    reply = await client("POST", f"{SERVICES}/{sids.new('IS')}/Documents")
    assert (reply.status, reply.json()["code"]) == (404, 20404)


async def test_an_action_changes_its_parent(client: Client) -> None:
    plugins = "/flex-api/v1/PluginService/Plugins"
    plugin = await made(client, plugins, UniqueName="p", FriendlyName="p", Description="d")
    archived = await client("POST", f"{plugins}/{plugin['sid']}/Archive")
    assert (archived.status, archived.json()["archived"]) == (200, True)
    assert (await client("GET", f"{plugins}/{plugin['sid']}")).json()["archived"] is True


async def test_nested_members_are_set_one_by_one(client: Client) -> None:
    target = "/verify/v2/Services"
    record = await made(client, target, FriendlyName="one", **{"Passkeys.RelyingParty.Id": "example.com"})
    assert record["passkeys"]["relying_party"]["id"] == "example.com"
    changed = await client("POST", f"{target}/{record['sid']}", {"Passkeys.RelyingParty.Name": "Example"})
    party = changed.json()["passkeys"]["relying_party"]
    assert (party["id"], party["name"]) == ("example.com", "Example")


async def test_a_date_that_a_client_set_is_the_one_that_filters(client: Client) -> None:
    await made(
        client, "/conversations/v1/Conversations", DateCreated="2020-02-03T04:05:06Z", UniqueName="old"
    )
    await made(client, "/conversations/v1/Conversations", UniqueName="new")

    async def names(query: str) -> list[str]:
        reply = await client("GET", f"/conversations/v1/Conversations?{query}")
        return [row["unique_name"] for row in reply.json()["conversations"]]

    assert await names("EndDate=2020-02-04") == ["old"]
    assert await names("StartDate=2020-02-04") == ["new"]
    assert await names("StartDate=2020-02-03&EndDate=2020-02-03T04:05:06Z") == ["old"]


async def test_a_span_of_time_may_be_told_from_now(client: Client) -> None:
    summaries = "/insights/v1/Voice/Summaries"
    assert (await client("GET", f"{summaries}?StartTime=4h")).json()["call_summaries"] == []
    for wrong in ("soon", "999999d"):
        reply = await client("GET", f"{summaries}?StartTime={wrong}")
        assert (reply.status, reply.json()["code"]) == (400, 20001)


async def test_links_to_other_records_carry_their_ids(client: Client) -> None:
    workspace = await made(client, "/taskrouter/v1/Workspaces", FriendlyName="work")
    folder = f"/taskrouter/v1/Workspaces/{workspace['sid']}"
    activity = await made(client, f"{folder}/Activities", FriendlyName="Busy")
    worker = await made(client, f"{folder}/Workers", FriendlyName="Ada", ActivitySid=activity["sid"])
    assert worker["links"]["activity"].endswith(f"{folder}/Activities/{activity['sid']}")
    assert worker["links"]["reservations"].endswith(f"{folder}/Workers/{worker['sid']}/Reservations")


async def test_a_record_is_shown_under_the_address_of_the_view_that_it_was_asked_at(client: Client) -> None:
    service = await made(client, "/conversations/v1/Services", FriendlyName="chat")
    folder = f"/conversations/v1/Services/{service['sid']}/Conversations"
    conversation = await made(client, folder)
    shown = (await client("GET", f"{folder}/{conversation['sid']}")).json()
    assert shown["url"] == conversation["url"]
    assert shown["url"].endswith(f"{folder}/{conversation['sid']}")


async def test_what_is_made_through_a_view_is_listed_at_home(client: Client) -> None:
    service = await made(client, "/proxy/v1/Services", UniqueName="proxy")
    session = await made(client, f"/proxy/v1/Services/{service['sid']}/Sessions")
    folder = f"/proxy/v1/Services/{service['sid']}/Sessions/{session['sid']}"
    participant = await made(client, f"{folder}/Participants", Identifier="+14155550100")
    view = f"{folder}/Participants/{participant['sid']}/MessageInteractions"
    sent = (await client("POST", view, {"Body": "hello"})).json()
    listed = (await client("GET", f"{folder}/Interactions")).json()["interactions"]
    assert [row["sid"] for row in listed] == [sent["sid"]]
