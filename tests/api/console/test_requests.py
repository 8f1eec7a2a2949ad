"""What the API was asked: on a message's time line, in the live feed, and one by one."""

from __future__ import annotations

from typing import Any

from waiting import until

from localloop.core import clock, sids
from tests.api.console.conftest import FROM, TO, Page, Server, basic
from tests.api.console.test_feed import Events, backdate, watching_as


async def story(page: Page, sid: str, requests: int) -> dict[str, Any]:
    """A message's story once it has this many requests."""
    told: dict[str, Any] = await until(
        lambda: page.get(f"messages/{sid}"), lambda told: len(of(told, "request")) >= requests
    )
    return told


def of(story: dict[str, Any], kind: str) -> list[Any]:
    return [event for event in story["timeline"] if event["kind"] == kind]


async def refused_outside(server: Server, **form: str) -> str:
    """What an application asked wrongly: its request's SID."""
    stranger = await server.browser()
    path = f"/2010-04-01/Accounts/{server.account_sid}/Messages.json"
    headers = {"Authorization": basic(server.account_sid, server.auth_token), "User-Agent": "curl/8"}
    async with stranger.http.post(f"{server.url}{path}", data=form, headers=headers) as answer:
        assert answer.status == 400
        return str(answer.headers["twilio-request-id"])


async def test_the_request_that_made_a_message_begins_its_story(server: Server, page: Page) -> None:
    path = f"/2010-04-01/Accounts/{server.account_sid}/Messages.json"
    auth = (server.account_sid, server.auth_token)
    sid = (await server.api("POST", path, auth, To=TO, From=FROM, Body="hi"))["sid"]
    await server.idle()
    told = await story(page, sid, 1)
    first = told["timeline"][0]
    assert (first["kind"], first["title"]) == ("request", "POST /Messages.json: 201")
    assert first["detail"]["caller"] == server.account_sid
    assert first["detail"]["from_console"] is False
    assert first["detail"]["duration_ms"] > 0
    request = await page.get(f"requests/{first['detail']['sid']}")
    assert "Body=hi" in request["detail"]["request"]["body"]
    assert sid in request["detail"]["response"]["body"]
    assert request["resource_sid"] == sid
    assert request["curl"].startswith("curl -i -g -X POST")
    assert request["curl"].endswith(f'-u "$TWILIO_ACCOUNT_SID:$TWILIO_AUTH_TOKEN" {server.url}{path}')
    assert [event["title"] for event in of(told, "state")] == ["queued", "sent", "delivered"]


async def test_later_requests_stand_where_they_came(server: Server, page: Page) -> None:
    sid = await page.send(Body="hush")
    await server.idle()
    await story(page, sid, 1)
    path = f"2010-04-01/Accounts/{page.account_sid}/Messages/{sid}"
    await page.post(f"{path}.json", Body="")
    await page.post(f"{path}/Feedback.json", Outcome="confirmed")
    told = await story(page, sid, 3)
    titles = [event["title"] for event in told["timeline"] if event["kind"] in ("request", "state")]
    assert titles == [
        "POST /Messages.json: 201",
        *("queued", "sent", "delivered"),
        "POST /Messages/SM….json: 200",
        "redacted",
        "POST /Messages/SM…/Feedback.json: 200",
    ]
    assert all(event["detail"]["from_console"] for event in of(told, "request"))
    assert "hush" not in str(told)
    first = await page.get(f"requests/{of(told, 'request')[0]['detail']['sid']}")
    assert (first["detail"], first["has_detail"], first["curl"]) == (None, False, None)


async def test_a_refusal_is_told_with_its_meaning(server: Server, page: Page) -> None:
    async with watching_as(page) as events:
        await events.next()
        sid = await refused_outside(server, To="12", From=FROM, Body="hi")
        row = await until_request(events, sid)
    assert (row["method"], row["name"], row["status_code"]) == ("POST", "/Messages.json", 400)
    assert row["error_code"] == 21211
    assert row["error_title"]
    listed = await page.get("requests")
    assert [one["sid"] for one in listed["requests"]] == [sid]
    assert listed["unrecorded"] == 0
    request = await page.get(f"requests/{sid}")
    assert request["more_info"] == "https://www.twilio.com/docs/errors/21211"
    assert "To=12" in request["detail"]["request"]["body"]
    assert "21211" in request["detail"]["response"]["body"]
    assert ["User-Agent", "curl/8"] in request["detail"]["request"]["headers"]


async def until_request(events: Events, sid: str) -> dict[str, Any]:
    while True:
        for row in (await events.next())["requests"]:
            if row["sid"] == sid:
                found: dict[str, Any] = row
                return found


async def test_refusals_are_paged(server: Server, page: Page) -> None:
    made = [await refused_outside(server, To="12") for _ in range(5)]
    await until(lambda: page.get("requests"), lambda told: len(told["requests"]) == 5)
    first = await page.get("requests", limit=3)
    rest = await page.get("requests", limit=3, before=first["before"])
    assert [row["sid"] for row in (*first["requests"], *rest["requests"])] == made[::-1]
    assert rest["before"] is None


async def test_requests_that_are_not_on_record_are_counted(server: Server, page: Page) -> None:
    await page.send()
    await until(lambda: server.database.fetchval("update requests set missed = 12 returning true"))
    assert (await page.get("requests"))["unrecorded"] == 12


async def test_a_subaccount_sees_its_own(server: Server, page: Page) -> None:
    its = await server.page(await server.subaccount())
    sid = await refused_outside(server, To="12")
    await until(lambda: page.get("requests"), lambda told: told["requests"])
    assert (await its.get("requests"))["requests"] == []
    assert (await its.refused("GET", f"requests/{sid}"))["status"] == 404
    assert (await page.refused("GET", "requests/RQ" + "0" * 32))["status"] == 404


async def long_done(server: Server, page: Page) -> tuple[str, str]:
    """Two messages that no feed would tell any more."""
    await page.send(Body="one")
    await page.send(Body="two")
    await server.idle()
    await backdate(server, 3600)
    second, first = (await page.get("messages"))["messages"]
    return first["sid"], second["sid"]


async def test_what_becomes_of_a_message_that_was_done_reaches_an_open_page(
    server: Server, page: Page
) -> None:
    redacted, deleted = await long_done(server, page)
    path = f"2010-04-01/Accounts/{page.account_sid}/Messages"
    async with watching_as(page) as events:
        assert (await events.next())["messages"] == []
        await page.post(f"{path}/{redacted}.json", Body="")
        row = await events.until("delivered")
        assert (row["sid"], row["body"]) == (redacted, "")
        assert await page.status("DELETE", f"rest/{path}/{deleted}.json") == 204
        while not (gone := (await events.next())["gone"]):
            pass
        assert gone == [deleted]


async def test_what_became_of_it_meanwhile_is_told_at_the_return(server: Server, page: Page) -> None:
    redacted, deleted = await long_done(server, page)
    path = f"2010-04-01/Accounts/{page.account_sid}/Messages"
    cursor = sids.bound(clock.now()).hex
    await page.post(f"{path}/{redacted}.json", Body="")
    assert await page.status("DELETE", f"rest/{path}/{deleted}.json") == 204
    async with watching_as(page, cursor) as events:
        batch = await events.next()
    assert [(row["sid"], row["body"]) for row in batch["messages"]] == [(redacted, "")]
    assert batch["gone"] == [deleted]


async def test_a_deleted_message_is_gone_from_the_record(server: Server, page: Page) -> None:
    sid = await page.send(Body="hush")
    await server.idle()
    told = await story(page, sid, 1)
    made = of(told, "request")[0]["detail"]["sid"]
    path = f"rest/2010-04-01/Accounts/{page.account_sid}/Messages/{sid}.json"
    assert await page.status("DELETE", path) == 204
    assert (await page.get(f"requests/{made}"))["detail"] is None
    assert "hush" not in str(await server.database.fetch("select * from requests"))
