"""The lab's webhooks: settings, the record of deliveries, and replays of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from http_server import Server, answer, running

from localloop.core import clock, sids
from localloop.jobs import enqueue
from localloop.testing import request_for
from localloop.webhooks import Notification
from tests.api.webhooks.conftest import Loop

OK = answer("204 No Content", length=False)
OOPS = answer("500 Oops", b"trace", "Content-Type: text/plain")
MESSAGE = "SM" + "1" * 32


async def send(loop: Loop, server: Server, resource: str = MESSAGE, **more: Any) -> Notification:
    """A status callback, and wait until it is recorded."""
    told = request_for("status", MessageSid=resource, MessageStatus="sent", ErrorMessage="é &=+")
    url = more.pop("url", f"{server.url}/status?a=1")
    made = Notification(url, told.params, loop.ask.account_sid, resource, **more)
    async with loop.database.unit() as unit:
        await enqueue(unit, [made.job(loop.ask.account_sid, clock.now())])
    await loop.until("exists (select from deliveries where token = $1::text::uuid)", made.idempotency_token)
    await loop.quiet()
    return made


async def listed(loop: Loop, **params: str) -> list[dict[str, Any]]:
    reply = await loop.ask("GET", f"/lab/v1/Deliveries?{urlencode(params)}")
    assert reply.status == 200, reply.body
    rows: list[dict[str, Any]] = reply.json()["deliveries"]
    return rows


async def replayed(loop: Loop, **params: str) -> dict[str, Any]:
    reply = await loop.ask("POST", "/lab/v1/DeliveryReplays", params)
    assert reply.status == 201, reply.body
    await loop.quiet()
    made: dict[str, Any] = reply.json()
    return made


async def test_one_is_sent_again_with_its_token_and_marked(loop: Loop) -> None:
    async with running(Server(OOPS, OK)) as server:
        first = await send(loop, server)
        [row] = await listed(loop)
        assert (await replayed(loop, Sid=row["sid"]))["replayed"] == 1
        before, after = server.requests
    assert after.form == before.form
    assert (after.method, after.path) == ("POST", "/status?a=1")
    assert after.headers["i-twilio-idempotency-token"] == first.idempotency_token
    assert after.headers["x-twilio-signature"] == before.headers["x-twilio-signature"]
    assert after.headers["localloop-replay-of"] == row["sid"]
    assert "localloop-replay-of" not in before.headers
    again, _ = await listed(loop)
    assert (again["status_code"], again["replay_of"]) == (204, row["sid"])
    assert await listed(loop, ReplayOf=row["sid"]) == [again]
    shown = (await loop.ask("GET", f"/lab/v1/Deliveries/{again['sid']}")).json()
    assert [each["sid"] for each in shown["attempts"]] == [row["sid"], again["sid"]]


async def test_a_get_is_sent_again_as_it_was(loop: Loop) -> None:
    async with running(Server(OOPS, OK)) as server:
        await send(loop, server, method="GET")
        [row] = await listed(loop)
        await replayed(loop, Sid=row["sid"])
        before, after = server.requests
    assert (after.method, after.path) == ("GET", before.path)


async def test_all_that_failed_at_an_endpoint_once_each(loop: Loop) -> None:
    """What was answered since, what is elsewhere and what went well are left alone."""
    async with running(Server(OOPS)) as bad, running(Server(OOPS)) as other, running(Server(OK)) as good:
        await send(loop, good)
        await send(loop, other)
        for number in range(3):
            await send(loop, bad, f"SM{number:032}", url=f"{bad.url}/status?n={number}#rc=1&rp=5xx")
        assert len(bad.requests) == 6
        elsewhere = await replayed(loop, Url=f"{bad.url}/stat")
        assert elsewhere["replayed"] == 0
        made = await replayed(loop, Url=f"{bad.url}/status")
        assert (made["replayed"], made["skipped"], made["more"]) == (3, {}, False)
        again = sorted(request.form["MessageSid"] for request in bad.requests[6:])
        assert again == [f"SM{n:032}" for n in range(3) for _ in range(2)]
        assert len(bad.requests) == 12, "the overrides of the address hold again"
        assert (len(other.requests), len(good.requests)) == (1, 1)


async def test_what_was_answered_since_is_left_alone(loop: Loop) -> None:
    async with running(Server(OOPS, OK)) as server:
        await send(loop, server)
        assert (await replayed(loop, Url=server.url))["replayed"] == 1
        assert (await replayed(loop, Url=server.url))["replayed"] == 0
        assert len(server.requests) == 2


async def test_a_span_of_time(loop: Loop) -> None:
    async with running(Server(OOPS)) as server:
        await send(loop, server)
        began = clock.now()
        await send(loop, server, "SM" + "2" * 32)
        ago = (began - timedelta(hours=1)).isoformat()
        assert (await replayed(loop, Since=ago, Until=began.isoformat()))["replayed"] == 1
        assert server.requests[-1].form["MessageSid"] == MESSAGE


async def test_another_address_may_be_given(loop: Loop) -> None:
    async with running(Server(OOPS)) as server, running(Server(OK)) as tunnel:
        await send(loop, server)
        [row] = await listed(loop)
        await replayed(loop, Sid=row["sid"], Url=f"{tunnel.url}/elsewhere")
        assert tunnel.requests[0].path == "/elsewhere"
        assert tunnel.requests[0].form["MessageSid"] == MESSAGE


async def test_what_was_not_kept_cannot_be_sent_again(loop: Loop) -> None:
    await loop.choose(Record="failures")
    async with running(Server(OK)) as server:
        await send(loop, server)
    [compact] = await listed(loop)
    refused = await loop.ask("POST", "/lab/v1/DeliveryReplays", {"Sid": compact["sid"]})
    assert (refused.status, refused.json()["code"]) == (409, 20409)
    assert "was not kept" in refused.json()["message"]
    async with running(Server(OOPS)) as server:
        with_login = f"http://user:hunter2@127.0.0.1:{server.port}/status"
        await send(loop, server, "SM" + "3" * 32, url=with_login)
        made = await replayed(loop, Url=server.url)
        assert made["replayed"] == 0
        assert list(made["skipped"].values()) == [1]
        [row] = await listed(loop, ResourceSid="SM" + "3" * 32)
        assert (await replayed(loop, Sid=row["sid"], Url=with_login))["replayed"] == 1


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({}, 400),
        ({"Sid": "WH" + "0" * 32}, 404),
        ({"Sid": "nonsense"}, 404),
        ({"Since": "yesterday"}, 400),
    ],
)
async def test_bad_replays(loop: Loop, params: dict[str, str], status: int) -> None:
    reply = await loop.ask("POST", "/lab/v1/DeliveryReplays", params)
    assert reply.status == status, reply.body


async def test_lists_are_filtered_and_paged(loop: Loop) -> None:
    async with running(Server(OOPS)) as bad, running(Server(OK)) as good:
        await send(loop, bad)
        await send(loop, good)
        await send(loop, good)
        assert [row["status_code"] for row in await listed(loop)] == [204, 204, 500]
        assert [row["status_code"] for row in await listed(loop, Status="failed")] == [500]
        assert len(await listed(loop, Status="ok", Url=good.url)) == 2
        assert await listed(loop, Kind="instruction") == []
        assert await listed(loop, Since=(clock.now() + timedelta(hours=1)).isoformat()) == []
    first = (await loop.ask("GET", "/lab/v1/Deliveries?PageSize=2")).json()
    following = first["meta"]["next_page_url"].partition("4010")[2]
    second = (await loop.ask("GET", following)).json()
    assert [len(page["deliveries"]) for page in (first, second)] == [2, 1]
    assert second["meta"]["next_page_url"] is None


async def test_deliveries_of_others_are_not_seen(loop: Loop) -> None:
    async with running(Server(OOPS)) as server:
        await send(loop, server)
    [row] = await listed(loop)
    stranger = loop.ask.acting_as(sids.new("AC"), sids.new_secret())
    assert (await stranger("GET", "/lab/v1/Deliveries")).json()["deliveries"] == []
    assert (await stranger("GET", f"/lab/v1/Deliveries/{row['sid']}")).status == 404
    assert (await stranger("POST", "/lab/v1/DeliveryReplays", {"Sid": row["sid"]})).status == 404


async def test_settings(loop: Loop) -> None:
    async def held() -> dict[str, Any]:
        settings: dict[str, Any] = (await loop.ask("GET", "/lab/v1/WebhookSettings")).json()
        return settings

    assert ((await held())["retries"], (await held())["record"]) == ("twilio", "full")
    await loop.choose(Retries="extended", Record="failures", DebuggerUrl="http://127.0.0.1:9/debugger")
    assert ((await held())["retries"], (await held())["record"]) == ("extended", "failures")
    assert (await held())["debugger_url"] == "http://127.0.0.1:9/debugger"
    await loop.choose(Record="")
    assert ((await held())["retries"], (await held())["record"]) == ("extended", "full")
    for wrong in ({"Retries": "often"}, {"Record": "no"}, {"DebuggerUrl": "ftp://x"}):
        assert (await loop.ask("POST", "/lab/v1/WebhookSettings", wrong)).status == 400
    made = (await loop.ask("POST", "/2010-04-01/Accounts.json", {"FriendlyName": "sub"})).json()
    sub = loop.ask.acting_as(made["sid"], made["auth_token"])
    assert (await sub("GET", "/lab/v1/WebhookSettings")).json()["retries"] == "extended"
    assert (await sub("POST", "/lab/v1/WebhookSettings", {"DebuggerUrl": "http://x/"})).status == 400
