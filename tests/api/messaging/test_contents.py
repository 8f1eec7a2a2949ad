"""Contents: what may be one, what WhatsApp says of it, how it is found, and what it becomes on each channel."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from localloop.core import clock
from localloop.core.errors import ApiError
from localloop.products.content import Owner
from localloop.products.content.render import render
from localloop.rest.request import Caller, PageRequest
from tests.api.messaging.conftest import Phone

URL = {"type": "URL", "title": "Go", "url": "https://example.com/{{1}}"}
REPLY = {"type": "QUICK_REPLY", "title": "Yes", "id": "y"}
CARD = {"body": "b", "media": "https://example.com/a.png", "actions": [URL]}
# One good content of each type, and a change that makes it a bad one with what is said of it.
TYPES: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "twilio/text": ({"body": "Hi {{1}}"}, {"body": ""}, "length >= 1"),
    "twilio/media": ({"media": ["https://example.com/a.png"]}, {"media": []}, "length >= 1"),
    "twilio/location": ({"latitude": 1.5, "longitude": -2}, {"latitude": None}, "latitude"),
    "twilio/list-picker": (
        {"body": "b", "button": "Choose", "items": [{"id": "1", "item": "One"}]},
        {"items": [{"id": "1"}]},
        "missing required field `item`",
    ),
    "twilio/call-to-action": (
        {"body": "b", "actions": [URL]},
        {"actions": [{**URL, "url": ""}]},
        "needs url",
    ),
    "twilio/quick-reply": ({"body": "b", "actions": [REPLY]}, {"actions": []}, "length >= 1"),
    "twilio/card": ({"title": "t", "actions": [URL, REPLY]}, {"title": None}, "a title or a body"),
    "twilio/carousel": ({"body": "b", "cards": [CARD]}, {"cards": [{**CARD, "actions": []}]}, "length >= 1"),
    "twilio/catalog": ({"body": "b", "items": [{"id": "1", "price": 2}]}, {"body": 1}, "Expected `str`"),
    "twilio/schedule": ({"id": "1", "title": "t", "timeSlots": "x"}, {"id": ""}, "length >= 1"),
    "twilio/flows": (
        {
            "body": "b",
            "button_text": "Go",
            "type": "OTHER",
            "pages": [{"id": "p", "title": "t", "layout": [{"type": "TEXT"}]}],
        },
        {"pages": [{"id": "p", "title": "t"}]},
        "layout",
    ),
    "whatsapp/flows": ({"body": "b", "button_text": "Go", "flow_id": "1"}, {"flow_id": ""}, "length >= 1"),
    "whatsapp/card": ({"body": "b", "footer": "f"}, {"footer": "f" * 61}, "length <= 60"),
    "whatsapp/authentication": (
        {"actions": [{"type": "COPY_CODE", "copy_code_text": "Copy"}], "code_expiration_minutes": 5},
        {"actions": [{"type": "URL", "copy_code_text": "Copy"}]},
        "Invalid enum value",
    ),
}


async def create(server: Phone, caller: Caller, types: dict[str, Any], **params: Any) -> dict[str, Any]:
    asked = {"language": "en", "types": types, **params}
    return await server.ask.item("content.v1.CreateContent", caller, asked)


async def approve(server: Phone, caller: Caller, sid: str, **params: str) -> dict[str, Any]:
    asked = {"name": "a_template", "category": "UTILITY", **params}
    return await server.ask.item("content.v1.CreateApprovalCreate", caller, asked, ContentSid=sid)


@pytest.mark.parametrize("name", TYPES)
async def test_types_are_checked(server: Phone, caller: Caller, name: str) -> None:
    good, change, said = TYPES[name]
    made = await create(server, caller, {name: good}, friendly_name="f")
    assert (made["sid"][:2], made["types"]) == ("HX", {name: good})
    with pytest.raises(ApiError) as refused:
        await create(server, caller, {name: {**good, **change}})
    assert (refused.value.status, refused.value.code) == (400, 20001)
    assert name in refused.value.message
    assert said in refused.value.message


@pytest.mark.parametrize("types", [{}, {"twilio/unheard-of": {"body": "b"}}, {"twilio/text": "b"}])
async def test_what_is_no_type(server: Phone, caller: Caller, types: dict[str, Any]) -> None:
    with pytest.raises(ApiError, match="Invalid types"):
        await create(server, caller, types)


async def test_an_approval_goes_its_way(working: Phone, caller: Caller) -> None:
    sid = (await create(working, caller, {"twilio/text": {"body": "b"}}))["sid"]

    async def status() -> str:
        found = await working.ask.item("content.v1.FetchApprovalFetch", caller, Sid=sid)
        return str(found["whatsapp"]["status"])

    assert await status() == "unsubmitted"
    asked = await approve(working, caller, sid)
    assert (asked["status"], asked["content_type"], asked["name"]) == (
        "received",
        "twilio/text",
        "a_template",
    )
    with pytest.raises(ApiError) as again:
        await approve(working, caller, sid)
    assert again.value.status == 409
    await working.idle()
    assert await status() == "approved"
    owner = Owner(caller.account_sid, caller.world_sid)
    moved = await working.reviews.move(owner, sid, "rejected", {"rejection_reason": "no"})
    assert moved is not None
    listed = await working.ask.items("content.v1.ListContentAndApprovals", caller)
    assert listed.items[0]["approval_requests"]["rejection_reason"] == "no"
    with pytest.raises(ApiError, match="does not become paused"):
        await working.reviews.move(owner, sid, "paused", {})
    assert (await approve(working, caller, sid))["rejection_reason"] == ""


@pytest.mark.parametrize("params", [{"name": "Has Capitals"}, {"category": "OTHER"}])
async def test_what_whatsapp_does_not_review(server: Phone, caller: Caller, params: dict[str, str]) -> None:
    sid = (await create(server, caller, {"twilio/text": {"body": "b"}}))["sid"]
    with pytest.raises(ApiError) as refused:
        await approve(server, caller, sid, **params)
    assert refused.value.code == 20001


async def test_what_was_submitted_stays(server: Phone, caller: Caller) -> None:
    sid = (await create(server, caller, {"twilio/text": {"body": "b"}}))["sid"]
    changed = {"types": {"twilio/text": {"body": "c"}}}
    after = await server.ask.item("content.v1.UpdateContent", caller, dict(changed), Sid=sid)
    assert after["types"] == changed["types"]
    await approve(server, caller, sid)
    with pytest.raises(ApiError) as refused:
        await server.ask.item("content.v1.UpdateContent", caller, dict(changed), Sid=sid)
    assert refused.value.status == 409
    await server.ask("content.v1.DeleteContent", caller, Sid=sid)
    with pytest.raises(ApiError) as gone:
        await server.send(caller, Body=None, ContentSid=sid)
    assert gone.value.code == 21655


async def test_lists_are_sifted_and_sorted(server: Phone, caller: Caller) -> None:
    text, card = {"twilio/text": {"body": "Sunny day"}}, {"whatsapp/card": {"body": "rain"}}
    b = (await create(server, caller, text, friendly_name="Beta"))["sid"]
    a = (await create(server, caller, card, friendly_name="alpha", language="de"))["sid"]
    await approve(server, caller, a)

    async def found(page: PageRequest | None = None, **params: Any) -> list[str]:
        listed = await server.ask.items("content.v2.ListContent", caller, params, page=page)
        return [item["sid"] for item in listed.items]

    assert await found() == [a, b]
    assert await found(SortByDate="asc") == [b, a]
    assert await found(SortByContentName="asc") == [a, b]
    assert await found(SortByContentName="desc") == [b, a]
    assert await found(ContentName="BET") == [b]
    assert await found(Content="sunny") == [b]
    assert await found(ContentType=["whatsapp/card"]) == [a]
    assert await found(Language=["de", "fr"]) == [a]
    assert await found(ChannelEligibility=["sms"]) == [b]
    assert await found(ChannelEligibility=["whatsapp:received"]) == [a]
    today = clock.now().date()
    assert await found(DateCreatedAfter=today, DateCreatedBefore=clock.now()) == [a, b]
    assert await found(DateCreatedBefore=today - timedelta(days=1)) == []
    assert await found(PageRequest(size=1)) == [a]
    assert await found(PageRequest(size=1, after=a)) == [b]
    assert await found(PageRequest(size=1, before=b)) == [a]
    legacy = (await server.ask.items("content.v1.ListLegacyContent", caller)).items
    assert [item["legacy_body"] for item in legacy] == ["rain", "Sunny day"]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"ContentSid": "HX" + "0" * 32}, 21655),
        ({"ContentVariables": "{}"}, 21654),
        ({"ContentVariables": "{"}, 21656),
        ({"ContentVariables": "[1]"}, 21656),
        ({"ContentVariables": '{"1":{}}'}, 21656),
    ],
)
async def test_what_messages_are_refused(
    server: Phone, caller: Caller, params: dict[str, str], code: int
) -> None:
    sid = (await create(server, caller, {"twilio/text": {"body": "b"}}))["sid"]
    asked = {"Body": None, **({} if code in (21654, 21655) else {"ContentSid": sid}), **params}
    with pytest.raises(ApiError) as refused:
        await server.send(caller, **asked)
    assert (refused.value.status, refused.value.code) == (400, code)


async def test_a_text_message_of_a_content(working: Phone, caller: Caller) -> None:
    types = {"twilio/text": {"body": "Hi {{1}}, {{2}}"}, "twilio/card": {"title": "{{1}}"}}
    sid = (await create(working, caller, types, variables={"1": "you", "2": "b"}))["sid"]
    sent = await working.send(caller, Body=None, ContentSid=sid, ContentVariables='{"1": "Ada"}')
    assert (sent["body"], sent["num_segments"]) == ("Hi Ada, b", "1")


async def test_what_a_template_lacks(working: Phone, caller: Caller) -> None:
    sid = (await create(working, caller, {"twilio/text": {"body": "Hi {{1}}"}}))["sid"]
    pair = {"From": "whatsapp:+15017122661", "To": "whatsapp:+15558675310"}
    lacking = await working.send(caller, Body=None, ContentSid=sid, **pair)
    flow = (await create(working, caller, {"whatsapp/card": {"body": "b"}}))["sid"]
    unfit = await working.send(caller, Body=None, ContentSid=flow, From="rcs:agent", To="rcs:+15558675310")
    await working.idle()
    assert (await working.fetch(caller, lacking["sid"]))["error_code"] == 63028
    assert (await working.fetch(caller, unfit["sid"]))["error_code"] == 63005


@pytest.mark.parametrize(
    ("types", "channel", "wanted"),
    [
        (("twilio/text", "twilio/card"), "sms", "twilio/text"),
        (("twilio/text", "twilio/card"), "whatsapp", "twilio/card"),
        (("twilio/card", "twilio/list-picker"), "messenger", "twilio/card"),
        (("twilio/call-to-action",), "sms", "twilio/call-to-action"),
        (("twilio/carousel", "twilio/text"), "rcs", "twilio/carousel"),
        (("whatsapp/authentication", "twilio/text"), "whatsapp", "whatsapp/authentication"),
        (("whatsapp/authentication", "twilio/text"), "rcs", "twilio/text"),
    ],
)
def test_the_richest_that_a_channel_shows(types: tuple[str, ...], channel: str, wanted: str) -> None:
    found = render({name: TYPES[name][0] for name in types}, {}, {"1": "x"}, channel)
    assert found.type == wanted
    assert (found.rich is None) == (channel == "sms" or wanted == "twilio/text")


def test_variables_are_put_everywhere() -> None:
    found = render({"twilio/call-to-action": TYPES["twilio/call-to-action"][0]}, {"1": "a"}, {}, "whatsapp")
    assert found.rich is not None
    assert found.rich["actions"][0]["url"] == "https://example.com/a"
    code = render(
        {"whatsapp/authentication": TYPES["whatsapp/authentication"][0]}, {}, {"1": "42"}, "whatsapp"
    )
    assert code.body == "42 is your verification code. This code expires in 5 minutes."
