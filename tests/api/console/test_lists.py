"""Messages and deliveries as lists: search, keyset paging, and whose rows are seen."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from http_server import Server as Application
from http_server import answer as reply
from http_server import running

from localloop.core import clock, sids
from tests.api.console.conftest import FROM, TO, Page, Server


async def listed(page: Page, q: str = "", key: str = "messages", **params: Any) -> list[str]:
    found = await page.get(key, q=q, **params)
    return [row["body"] if key == "messages" else row["url"] for row in found[key]]


@pytest.fixture(scope="module")
async def mixed(standing: Server, reader: Page) -> Page:
    """One that arrived, one that did not, and one that came in, oldest first."""
    await reader.post("lab/v1/Phones/+15558675311", Behavior="30003")
    await reader.send(Body="your code is 123456")
    await reader.send(Body="50% off_today", To="+15558675311")
    await reader.post(f"lab/v1/Phones/{TO}/Messages", To=FROM, Body="HURRY")
    await standing.idle()
    return reader


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("", ["HURRY", "50% off_today", "your code is 123456"]),
        ("status:undelivered", ["50% off_today"]),
        ("status:delivered,received", ["HURRY", "your code is 123456"]),
        (f"to:{TO}", ["your code is 123456"]),
        ("to:+1555", ["50% off_today", "your code is 123456"]),
        ("to:8675311", ["50% off_today"]),
        ("to:(555)867-5311", ["50% off_today"]),
        ('to:"+1 555 867 5311"', ["50% off_today"]),
        ("to:+1555867531", ["50% off_today", "your code is 123456"]),
        ("to:ACME", []),
        (f"from:{TO}", ["HURRY"]),
        ("direction:inbound", ["HURRY"]),
        ("direction:outbound", ["50% off_today", "your code is 123456"]),
        ("error:30003", ["50% off_today"]),
        ("error:any", ["50% off_today"]),
        ("error:none status:delivered", ["your code is 123456"]),
        ('body:"your code"', ["your code is 123456"]),
        ("body:CODE", ["your code is 123456"]),
        ("body:50%", ["50% off_today"]),
        ("body:f_t", ["50% off_today"]),
        ("body:%", ["50% off_today"]),
        ("body:_", ["50% off_today"]),
        ("since:1h", ["HURRY", "50% off_today", "your code is 123456"]),
        ("until:1h", []),
        ("since:2020-01-01 until:2021-01-01", []),
        ("5311", ["50% off_today"]),
        ("hurry", ["HURRY"]),
        ("to:+1555 status:delivered since:1h body:code", ["your code is 123456"]),
        ("nothing-like-it", []),
        ("'; drop table messages; --", []),
    ],
)
async def test_search(mixed: Page, q: str, found: list[str]) -> None:
    assert await listed(mixed, q) == found


async def test_a_sid_finds_its_message(page: Page) -> None:
    sid = await page.send(Body="this one")
    await page.send(Body="another")
    assert await listed(page, sid) == ["this one"]
    assert await listed(page, f"sid:{sid}") == ["this one"]
    assert await listed(page, f"sid:{sid[:-1]}") == ["this one"]


async def test_a_bad_search_says_where_and_what_would_do(reader: Page) -> None:
    refusal = await reader.refused("GET", "messages", params={"q": "hi foo:bar"})
    assert (refusal["status"], refusal["code"], refusal["position"]) == (400, 20001, 3)
    assert set(refusal["understood"]) >= {"to", "from", "status", "since", "body"}
    assert (await reader.refused("GET", "deliveries", params={"q": "to:+1"}))["understood"]["url"]


async def test_a_row_says_everything_that_the_table_shows(mixed: Page) -> None:
    row = (await mixed.get("messages", q="error:30003"))["messages"][0]
    assert row["error_title"] == "Unreachable destination handset"
    assert (row["from"], row["to"], row["status"]) == (FROM, "+15558675311", "undelivered")
    assert (row["num_segments"], row["num_media"], row["price_unit"]) == (1, 0, "USD")
    assert row["date_created"].endswith("Z")
    assert len(row["date_created"]) == len("2026-01-31T09:30:00.123Z")


async def test_a_row_that_waits_says_until_when(page: Page) -> None:
    service = (await page.post("messaging/v1/Services", FriendlyName="later"))["sid"]
    due = (clock.now() + timedelta(hours=1)).replace(microsecond=0)
    asked = {"MessagingServiceSid": service, "ScheduleType": "fixed", "SendAt": due.isoformat()}
    path = f"2010-04-01/Accounts/{page.account_sid}/Messages"
    sid = (await page.post(f"{path}.json", To=TO, Body="later", **asked))["sid"]
    [row] = (await page.get("messages", q="status:scheduled"))["messages"]
    assert (row["sid"], datetime.fromisoformat(row["send_at"])) == (sid, due)
    await page.post(f"{path}/{sid}.json", Status="canceled")
    [row] = (await page.get("messages"))["messages"]
    assert (row["status"], row["send_at"]) == ("canceled", None)


async def test_pages_neither_skip_nor_repeat_while_messages_arrive(server: Server, page: Page) -> None:
    await _fill(server, 25, server.account_sid)
    await _fill(server, 25, await server.subaccount())
    expected = [row["id"] for row in await server.database.fetch("select id from messages order by id desc")]
    seen, before = [], None
    while True:
        params = {"limit": 7} | ({"before": before} if before else {})
        found = await page.get("messages", **params)
        seen += [sids.uuid_of(row["sid"]) for row in found["messages"]]
        await _fill(server, 3, server.account_sid)
        before = found["before"]
        if before is None:
            break
    assert seen == expected


async def test_searched_pages_neither_skip_nor_repeat(server: Server, page: Page) -> None:
    await _fill(server, 30, server.account_sid)
    seen, before = [], None
    while True:
        params = {"q": "body:1", "limit": 4} | ({"before": before} if before else {})
        found = await page.get("messages", **params)
        seen += [row["body"] for row in found["messages"]]
        before = found["before"]
        if before is None:
            break
    assert seen == [str(number) for number in reversed(range(30)) if "1" in str(number)]


async def _fill(server: Server, count: int, account_sid: str) -> None:
    rows = [
        (account_sid, sids.uuid_of(sids.new("SM")), server.account_sid, str(number), clock.now())
        for number in range(count)
    ]
    async with server.database.unit() as unit:
        await unit.executemany(
            "insert into messages (account_sid, id, world_sid, status, direction, from_address, to_address, body,"
            " date_created, date_updated) values ($1, $2, $3, 'delivered', 'outbound-api', '+1', '+2', $4, $5, $5)",
            rows,
        )


@pytest.mark.parametrize("params", [{"limit": "0"}, {"limit": "201"}, {"limit": "x"}, {"before": "x"}])
async def test_a_page_that_cannot_be_is_refused(reader: Page, params: dict[str, str]) -> None:
    for key in ("messages", "deliveries", "phones", f"phones/{TO}"):
        assert (await reader.refused("GET", key, params=params))["status"] == 400


async def test_worlds_never_meet(server: Server, page: Page) -> None:
    other = (sids.new("AC"), sids.new_secret())
    path = f"/2010-04-01/Accounts/{other[0]}/Messages.json"
    made = await server.api("POST", path, other, To=TO, From=FROM, Body="of another world")
    await server.idle()
    assert await listed(page) == []
    assert (await page.get("phones"))["phones"] == []
    assert (await page.get(f"phones/{TO}"))["messages"] == []
    assert await page.status("GET", f"messages/{made['sid']}") == 404
    stranger = await server.page(other[0])
    assert await listed(stranger) == ["of another world"]


async def test_a_main_account_sees_its_subaccounts_and_a_subaccount_itself(
    server: Server, page: Page
) -> None:
    first, second = await server.subaccount(), await server.subaccount()
    pages = {sid: await server.page(sid) for sid in (first, second)}
    made = {
        sid: await its.send(Body=f"of {sid}", From=f"+1501712266{number}")
        for number, (sid, its) in enumerate(pages.items(), 2)
    }
    mine = await page.send(Body="of the main account")
    await server.idle()
    assert await listed(page) == ["of the main account", f"of {second}", f"of {first}"]
    assert await listed(page, f"account:{first}") == [f"of {first}"]
    assert await listed(pages[first]) == [f"of {first}"]
    assert await listed(pages[first], f"account:{second}") == []
    for sid in (made[second], mine):
        assert await pages[first].status("GET", f"messages/{sid}") == 404
    texts = (await pages[first].get(f"phones/{TO}"))["messages"]
    assert [text["body"] for text in texts] == [f"of {first}"]
    assert len((await page.get(f"phones/{TO}"))["messages"]) == 3
    last = (await pages[first].get("phones"))["phones"][0]["last"]
    assert last["body"] == f"of {first}"


async def test_deliveries_are_searched(server: Server, page: Page) -> None:
    script = (reply("200 OK"), reply("500 Internal Server Error", b"oh no"))
    async with running(Application(*script)) as application:
        sid = await page.send(StatusCallback=f"{application.url}/status")
        await server.idle()
        await application.wait_for(2)
    ok, failed = (
        await listed(page, "status:ok", "deliveries"),
        await listed(page, "status:failed", "deliveries"),
    )
    assert len(ok) == 1
    assert failed
    total = len(await listed(page, "", "deliveries"))
    assert len(ok) + len(failed) == total
    for q, count in (
        ("status:500", len(failed)),
        ("status:5xx", len(failed)),
        ("status:2xx,5xx", total),
        ("status:404", 0),
        (f"resource:{sid}", total),
        ("resource:SMnone", 0),
        ("kind:notification url:/status", total),
        ("kind:instruction", 0),
        ("error:11200", len(failed)),
        ("error:none", len(ok)),
        ("since:1h", total),
        ("until:1h", 0),
        ("/status", total),
    ):
        assert len(await listed(page, q, "deliveries")) == count, q


async def test_a_delivery_of_another_account_is_not_there(server: Server, page: Page) -> None:
    sub = await server.subaccount()
    its = await server.page(sub)
    await page.send(StatusCallback="http://127.0.0.1:9/x")
    await server.idle()
    delivery = (await page.get("deliveries"))["deliveries"][0]["sid"]
    assert (await its.get("deliveries"))["deliveries"] == []
    assert await its.status("GET", f"deliveries/{delivery}") == 404
    assert await page.status("GET", f"deliveries/{delivery}") == 200


async def test_time_terms_follow_the_worlds_clock(server: Server, page: Page) -> None:
    clock.set_world(server.account_sid, clock.running(timedelta(days=30)))
    await page.send(Body="in a month")
    assert await listed(page, "since:1h") == ["in a month"]
    clock.forget(server.account_sid)
    assert await listed(page, "until:1h") == []
    assert await listed(page, "since:1h") == ["in a month"]
