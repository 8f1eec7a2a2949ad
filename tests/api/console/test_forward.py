"""The page's writes are the API's own operations."""

from __future__ import annotations

from localloop.core import sids
from tests.api.console.conftest import FROM, TO, Page, Server


async def test_a_message_is_created_as_the_account(server: Server, page: Page) -> None:
    sid = await page.send(Body="hello")
    path = f"/2010-04-01/Accounts/{server.account_sid}/Messages/{sid}.json"
    found = await server.api("GET", path, (server.account_sid, server.auth_token))
    assert (found["body"], found["direction"]) == ("hello", "outbound-api")


async def test_a_refusal_passes_through(page: Page) -> None:
    path = f"rest/2010-04-01/Accounts/{page.account_sid}/Messages.json"
    async with page.request("POST", path, data={"To": TO, "From": FROM}) as answer:
        assert answer.status == 400
        assert answer.headers["twilio-request-id"].startswith("RQ")
        assert (await answer.json())["code"] == 21602


async def test_bodies_and_queries_pass_unchanged(page: Page) -> None:
    made = await page.post("sync/v1/Services", FriendlyName="a b&c=ü")
    assert made["friendly_name"] == "a b&c=ü"
    listed = await page.get("rest/sync/v1/Services", PageSize=1)
    assert listed["meta"]["page_size"] == 1
    assert "/sync/v1/Services" in listed["meta"]["url"]
    assert "console" not in listed["meta"]["url"]


async def test_the_lab_is_reached(page: Page) -> None:
    phone = await page.post(f"lab/v1/Phones/{TO}", Behavior="30003")
    assert phone["behavior"] == "30003"


async def test_deleting_passes(server: Server, page: Page) -> None:
    sid = await page.send()
    await server.idle()
    path = f"rest/2010-04-01/Accounts/{page.account_sid}/Messages/{sid}.json"
    assert await page.status("DELETE", path) == 204
    assert await page.status("GET", path) == 404


async def test_the_page_cannot_name_other_credentials(server: Server, page: Page) -> None:
    """What a browser adds by itself is dropped: the session alone says who asks."""
    headers = {"Authorization": "Basic eDp5"}
    assert await page.status("GET", "rest/2010-04-01/Accounts.json", headers=headers) == 200


async def test_another_account_is_out_of_reach(server: Server, page: Page) -> None:
    other = (sids.new("AC"), sids.new_secret())
    path = f"2010-04-01/Accounts/{other[0]}/Messages.json"
    await server.api("GET", f"/{path}", other)
    async with page.request("GET", f"rest/{path}") as answer:
        assert answer.status in (401, 404)
        assert "www-authenticate" not in answer.headers
