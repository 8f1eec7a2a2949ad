"""Usage of messages: the day on which they were sent, in the world's time; what was deleted still counts."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from localloop.core.settings import Settings
from tests.api.lab.conftest import FROM, TO, Refused, World
from tests.api.lab.test_waits import wait


@pytest.fixture(scope="module")
def settings() -> Settings:
    return Settings(plain="refuse", message_rate=0)


async def records(world: World, view: str = "", account: str = "", **params: str) -> list[dict[str, Any]]:
    path = f"/2010-04-01/Accounts/{account or world.sid}/Usage/Records{view}.json"
    found = await world.ask("GET", f"{path}?{urlencode(params)}" if params else path)
    return list(found["usage_records"])


async def test_each_day_has_what_was_sent_on_it(world: World) -> None:
    await world.clock(mode="frozen", at="2031-02-27T12:00:00Z")
    await world.send()
    await world.send(Body="x" * 200)
    await world.clock(advance="2d")
    sent = await world.send()
    await wait(world, "Messages", Status="delivered", AtLeast=3)

    days = await records(world, "/Daily", Category="sms", StartDate="2031-02-26")
    assert [(day["start_date"], day["end_date"], day["count"]) for day in days] == [
        ("2031-03-01", "2031-03-01", "1"),
        ("2031-02-28", "2031-02-28", "0"),
        ("2031-02-27", "2031-02-27", "2"),
        ("2031-02-26", "2031-02-26", "0"),
    ]
    [month, before] = await records(
        world, "/Monthly", Category="sms-outbound-longcode", StartDate="2031-02-01"
    )
    assert (month["start_date"], month["end_date"], month["count"]) == ("2031-03-01", "2031-03-01", "1")
    assert (before["start_date"], before["end_date"], before["count"]) == ("2031-02-01", "2031-02-28", "2")
    for view, count in (("/Today", "1"), ("/Yesterday", "0"), ("/ThisMonth", "1"), ("/LastMonth", "2")):
        assert [each["count"] for each in await records(world, view, Category="sms")] == [count]
    price = float((await world.message(sent["sid"]))["price"])
    [total] = await records(world, Category="totalprice", StartDate="2031-01-01")
    assert (total["usage"], total["usage_unit"], total["count"]) == (total["price"], "usd", "")
    assert float(total["price"]) == pytest.approx(-4 * price)  # one of them has two segments


async def test_a_record_is_as_it_is_documented(world: World) -> None:
    [record] = await records(world, "/Today", Category="sms-inbound-shortcode")
    assert {
        name: record[name] for name in ("count", "count_unit", "usage", "usage_unit", "price", "price_unit")
    } == {
        "count": "0",
        "count_unit": "messages",
        "usage": "0",
        "usage_unit": "messages",
        "price": "0",
        "price_unit": "usd",
    }
    assert record["description"] == "Short Code Inbound SMS"
    base = f"/2010-04-01/Accounts/{world.sid}/Usage/Records"
    assert record["subresource_uris"]["all_time"] == f"{base}/AllTime.json?Category=sms-inbound-shortcode"
    assert record["uri"].startswith(f"{base}/Today.json?Category=sms-inbound-shortcode&StartDate=")
    assert record["as_of"].endswith("+00:00")


async def test_what_was_deleted_still_counts(world: World) -> None:
    for _ in range(2):
        await world.send()
    found = await wait(world, "Messages", Status="delivered", AtLeast=2)
    before = await records(world, "/Today", Category="sms")
    for item in found["items"]:
        await world.ask("DELETE", f"/2010-04-01/Accounts/{world.sid}/Messages/{item['sid']}.json")
    after = await records(world, "/Today", Category="sms")
    assert (before[0]["count"], before[0]["price"]) == (after[0]["count"], after[0]["price"])
    assert before[0]["count"] == "2"


async def test_subaccounts_are_part_of_their_main_account(world: World) -> None:
    below = await world.ask("POST", "/2010-04-01/Accounts.json", {"FriendlyName": "below"})
    path = f"/2010-04-01/Accounts/{below['sid']}/Messages.json"
    await world.ask("POST", path, {"To": TO, "From": FROM, "Body": "hi"})
    await wait(world, "Messages", Status="delivered")
    assert (await records(world, "/Today", Category="sms"))[0]["count"] == "1"
    assert (await records(world, "/Today", account=below["sid"], Category="sms"))[0]["count"] == "1"
    assert (await records(world, "/Today", Category="sms", IncludeSubaccounts="false"))[0]["count"] == "0"


async def test_texts_that_come_in_are_counted(world: World) -> None:
    await world.ask(
        "POST", f"/2010-04-01/Accounts/{world.sid}/IncomingPhoneNumbers.json", {"PhoneNumber": FROM}
    )
    await world.lab("POST", f"Phones/{TO}/Messages", To=FROM, Body="hello")
    await wait(world, "Messages", Direction="inbound", Status="received")
    counted = {
        each["category"]: each["count"] for each in await records(world, "/Today") if each["count"] == "1"
    }
    assert set(counted) == {"sms", "sms-inbound", "sms-inbound-longcode"}


@pytest.mark.parametrize(
    "params",
    [{"StartDate": "soon"}, {"StartDate": "2031-02-02", "EndDate": "2031-02-01"}],
)
async def test_what_makes_no_sense_is_refused(world: World, params: dict[str, str]) -> None:
    with pytest.raises(Refused) as refused:
        await records(world, "/Daily", **params)
    assert refused.value.status == 400


async def test_of_what_is_not_counted_there_are_no_records(world: World) -> None:
    """Twilio's list of categories grows; who asks for one of them learns that there is nothing of it."""
    assert await records(world, "/Daily", Category="verify-push") == []


async def test_days_may_be_counted_from_today(world: World) -> None:
    days = await records(world, "/Daily", Category="sms", StartDate="-3days", EndDate="-1days")
    assert len(days) == 3
