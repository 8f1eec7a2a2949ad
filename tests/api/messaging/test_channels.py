"""WhatsApp, Messenger and RCS: who may write to whom and when, and what is told of it."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from http_server import Server, answer, running

from localloop.carriers import phones
from localloop.carriers.phones import Selection, Setting
from localloop.core import clock
from localloop.core.clock import WorldTime
from localloop.core.errors import ApiError
from localloop.products.messaging import Rules, Said, Texted
from localloop.rest.request import Caller
from localloop.store.worlds import Worlds, move_clock
from tests.api.messaging.conftest import FROM, TO, Phone

US = f"whatsapp:{FROM}"
THEM = f"whatsapp:{TO}"
OK = answer("204 No Content", length=False)
XML = "Content-Type: text/xml"
TEXT = {"language": "en", "types": {"twilio/text": {"body": "Hi {{1}}"}}, "variables": {"1": "you"}}
BUTTONS = {
    "language": "en",
    "types": {
        "twilio/quick-reply": {"body": "Coming?", "actions": [{"title": "Yes", "id": "y"}, {"title": "No"}]},
        "twilio/list-picker": {
            "body": "Which?",
            "button": "Choose",
            "items": [{"id": "a", "item": "First", "description": "of all"}],
        },
    },
}


async def send(server: Phone, caller: Caller, **params: Any) -> dict[str, Any]:
    return await server.send(caller, **{"From": US, "To": THEM, **params})


async def sent(server: Phone, caller: Caller, **params: Any) -> dict[str, Any]:
    """The message once everything has become of it."""
    made = await send(server, caller, **params)
    await server.idle()
    return await server.fetch(caller, made["sid"])


async def wrote(server: Phone, caller: Caller, body: str = "hi", **said: Any) -> None:
    """The other side writes to us, once we have been there at all."""
    await server.messaging.channels.find_or_adopt(caller.world_sid, caller.account_sid, US)
    texted = Texted(world_sid=caller.world_sid, phone=TO, to=US, body=body, said=Said(**said))
    assert await server.messaging.take(texted) is not None
    await server.idle()


async def on_phone(server: Phone, caller: Caller) -> list[phones.PhoneMessage]:
    wanted = Selection(direction="received")
    return await phones.list_messages(server.database, caller.world_sid, TO, wanted)


async def made(server: Phone, caller: Caller, content: dict[str, Any], status: str = "") -> str:
    """The SID of a new content, with what WhatsApp says of it."""
    sid = (await server.ask.item("content.v1.CreateContent", caller, dict(content)))["sid"]
    if status:
        asked = {"name": "a_template", "category": "UTILITY"}
        await server.ask.item("content.v1.CreateApprovalCreate", caller, asked, ContentSid=sid)
        data = "jsonb_set(data, '{approval,status}', to_jsonb($2::text))"
        await server.database.execute(f"update resources set data = {data} where sid = $1", sid, status)
    return str(sid)


@pytest.mark.parametrize(
    ("from_", "to", "code"),
    [
        (FROM, THEM, 21910),
        (US, TO, 21910),
        (US, "messenger:1234", 21910),
        (US, US, 63031),
        ("sip:a@b.c", "whatsapp:+15558675310", 21910),
        (US, "whatsapp:12", 21211),
    ],
)
async def test_both_sides_are_in_one_channel(
    server: Phone, caller: Caller, from_: str, to: str, code: int
) -> None:
    with pytest.raises(ApiError) as refused:
        await send(server, caller, From=from_, To=to)
    assert (refused.value.status, refused.value.code) == (400, code)


async def test_freely_only_within_a_day(working: Phone, caller: Caller) -> None:
    failed = await sent(working, caller)
    assert (failed["status"], failed["error_code"]) == ("undelivered", 63016)
    await wrote(working, caller)
    assert (await sent(working, caller))["status"] == "delivered"
    assert [text.peer for text in await on_phone(working, caller)] == [US]


async def test_the_window_closes_in_the_worlds_time(working: Phone, caller: Caller) -> None:
    worlds = Worlds(working.database, runs_jobs=True)
    await worlds.start()
    await wrote(working, caller)
    for ahead, status in (
        (timedelta(hours=23, minutes=59), "delivered"),
        (timedelta(hours=25), "undelivered"),
    ):
        async with working.database.unit() as unit:
            await move_clock(unit, caller.world_sid, WorldTime("offset", ahead))
        assert (await sent(working, caller))["status"] == status
    await worlds.close()


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("approved", None),
        ("", 63016),
        ("pending", 63016),
        ("rejected", 63040),
        ("paused", 63041),
        ("disabled", 63042),
    ],
)
async def test_templates_pass_when_whatsapp_approves(
    working: Phone, caller: Caller, status: str, code: int | None
) -> None:
    sid = await made(working, caller, TEXT, status)
    done = await sent(working, caller, Body=None, ContentSid=sid, ContentVariables='{"1":"Ada"}')
    assert (done["body"], done["error_code"]) == ("Hi Ada", code)
    assert done["status"] == ("undelivered" if code else "delivered")


async def test_a_sandbox_is_joined_first(working: Phone, caller: Caller) -> None:
    channels, senders = working.messaging.channels, working.messaging.senders
    found = await channels.find_or_adopt(caller.world_sid, caller.account_sid, US)
    assert found is not None
    await senders.set_join_code(found, "two-words")
    assert (await sent(working, caller))["error_code"] == 63015
    await wrote(working, caller, "Join two-words")
    assert (await sent(working, caller))["status"] == "delivered"
    [welcome] = [text for text in await on_phone(working, caller) if text.message_sid is None]
    assert US in welcome.body
    await wrote(working, caller, "stop")
    assert (await sent(working, caller))["error_code"] == 63015
    inbound = [row for row in await working.listed(caller) if row["direction"] == "inbound"]
    assert inbound == []


async def test_what_comes_by_whatsapp_is_told(working: Phone, caller: Caller) -> None:
    reply = answer("200 OK", b"<Response><Message>and you?</Message></Response>", XML)
    async with running(Server(reply)) as application:
        await register(working, caller, webhook={"callback_url": f"{application.url}/in"})
        await wrote(working, caller, profile_name="Ada", latitude="47.37", longitude="8.54", label="Here")
        [asked] = application.requests
    form = asked.form
    assert (form["From"], form["To"], form["WaId"]) == (THEM, US, TO[1:])
    assert (form["ProfileName"], form["MessageType"], form["Label"]) == ("Ada", "location", "Here")
    assert (form["Latitude"], form["Longitude"], form["NumSegments"]) == ("47.37", "8.54", "1")
    assert '"ProfileName":"Ada"' in form["ChannelMetadata"]
    [answered] = [row for row in await working.listed(caller) if row["direction"] == "outbound-reply"]
    assert (answered["to"], answered["status"], answered["body"]) == (THEM, "delivered", "and you?")


async def test_buttons_are_pressed(working: Phone, caller: Caller) -> None:
    async with running(Server(OK)) as application:
        await register(working, caller, webhook={"callback_url": application.url})
        await wrote(working, caller)
        question = await sent(
            working,
            caller,
            Body=None,
            ContentSid=await made(working, caller, without(BUTTONS, "twilio/list-picker")),
        )
        [shown] = await on_phone(working, caller)
        assert [each["title"] for each in (shown.content or {})["actions"]] == ["Yes", "No"]
        with pytest.raises(ApiError, match="'Yes', 'No'"):
            await wrote(working, caller, press="Perhaps")
        await wrote(working, caller, press="Yes")
        form = application.requests[-1].form
        assert (form["Body"], form["ButtonText"], form["ButtonPayload"]) == ("Yes", "Yes", "y")
        assert (form["ButtonType"], form["MessageType"]) == ("REPLY", "button")
        assert form["OriginalRepliedMessageSid"] == question["sid"]
        await sent(working, caller, Body=None, ContentSid=await made(working, caller, BUTTONS))
        await wrote(working, caller, press="a")
        form = application.requests[-1].form
        assert (form["Body"], form["ListId"], form["ListDescription"]) == ("First", "a", "of all")
        assert "ButtonText" not in form


async def test_callbacks_say_what_the_channel_says(working: Phone, caller: Caller) -> None:
    await phones.set_phone(working.database, caller.world_sid, TO, Setting("read"), clock.now())
    await wrote(working, caller)
    async with running(Server(OK)) as application:
        done = await sent(working, caller, StatusCallback=application.url)
        told = [request.form for request in application.requests]
    assert done["status"] == "read"
    assert [form["MessageStatus"] for form in told] == ["sent", "delivered", "read"]
    assert [form.get("EventType") for form in told] == [None, "DELIVERED", "READ"]
    assert {form["ChannelPrefix"] for form in told} == {"whatsapp"}
    assert {form["ChannelToAddress"] for form in told} == {"+1555867XXXX"}
    assert all(form["ChannelInstallSid"].startswith("XE") for form in told)
    assert (told[0]["StructuredMessage"], "RawDlrDoneDate" in told[1]) == ("false", False)


async def test_a_phone_reads_when_it_is_told_to(working: Phone, caller: Caller) -> None:
    await wrote(working, caller)
    message = await sent(working, caller)
    [text] = await on_phone(working, caller)
    await working.messaging.read(caller.world_sid, text)
    await working.idle()
    assert (await working.fetch(caller, message["sid"]))["status"] == "read"


async def test_a_channel_may_refuse_a_phone(working: Phone, caller: Caller) -> None:
    await phones.set_phone(working.database, caller.world_sid, TO, Setting("63024"), clock.now())
    await wrote(working, caller)
    async with running(Server(OK)) as application:
        done = await sent(working, caller, StatusCallback=application.url)
        told = application.requests[-1].form
    assert (done["status"], done["error_code"]) == ("undelivered", 63024)
    assert (told["EventType"], told["ChannelStatusMessage"]) == ("UNDELIVERED", "Invalid message recipient")


async def test_messenger_and_rcs(working: Phone, caller: Caller) -> None:
    rcs = await sent(working, caller, From="rcs:an_agent", To=f"rcs:{TO}")
    assert (rcs["status"], rcs["to"]) == ("delivered", f"rcs:{TO}")
    pair = {"From": "messenger:page", "To": "messenger:user"}
    assert (await sent(working, caller, **pair))["error_code"] == 63016
    await working.messaging.receive(caller.world_sid, "messenger:user", "messenger:page", "hi")
    await working.idle()
    assert (await sent(working, caller, **pair))["status"] == "delivered"


async def test_typing_is_seen_until_the_answer(working: Phone, caller: Caller) -> None:
    await wrote(working, caller)
    [inbound] = await working.listed(caller)
    asked = {"messageId": inbound["sid"], "channel": "whatsapp"}
    said = await working.ask.item("messaging.v2.CreateTypingIndicator", caller, asked)
    assert said == {"success": True}
    assert await working.messaging.typing_to(caller.world_sid, TO) == [US]
    answered = await sent(working, caller)
    assert await working.messaging.typing_to(caller.world_sid, TO) == []
    asked = {"messageId": answered["sid"], "channel": "whatsapp"}
    with pytest.raises(ApiError) as refused:
        await working.ask.item("messaging.v2.CreateTypingIndicator", caller, asked)
    assert refused.value.code == 63105


async def test_a_number_of_ours_is_registered_by_itself(working: Phone, caller: Caller) -> None:
    await working.own(caller, FROM)
    sender = await register(working, caller)
    assert (sender["sid"][:2], sender["status"], sender["sender_id"]) == ("XE", "CREATING", US)
    with pytest.raises(ApiError) as early:
        await send(working, caller)
    assert early.value.code == 63007
    await working.idle()
    fetched = await working.ask.item("messaging.v2.FetchChannelsSender", caller, Sid=sender["sid"])
    assert fetched["status"] == "ONLINE"
    listed = await working.ask.items("messaging.v2.ListChannelsSender", caller, {"Channel": "whatsapp"})
    assert [each["sid"] for each in listed.items] == [sender["sid"]]
    with pytest.raises(ApiError) as again:
        await register(working, caller)
    assert again.value.status == 409


async def test_a_number_of_elsewhere_waits_for_its_code(working: Phone, caller: Caller) -> None:
    sid = (await register(working, caller, idle=True))["sid"]
    wanted = Selection(direction="received")
    [text] = await phones.list_messages(working.database, caller.world_sid, FROM, wanted)
    code = text.body.rpartition(" ")[2]
    update = partial(working.ask.item, "messaging.v2.UpdateChannelsSender", caller, Sid=sid)
    with pytest.raises(ApiError) as wrong:
        await update({"configuration": {"verification_code": "0"}})
    assert wrong.value.code == 63100
    answered = await update({"configuration": {"verification_code": code}})
    assert (answered["status"], "verification_code" in answered["configuration"]) == ("VERIFYING", False)
    await working.idle()
    fetched = await working.ask.item("messaging.v2.FetchChannelsSender", caller, Sid=sid)
    assert fetched["status"] == "ONLINE"
    await working.ask("messaging.v2.DeleteChannelsSender", caller, Sid=sid)
    assert await working.messaging.channels.find(caller.world_sid, US) is None


async def test_redaction_takes_buttons_and_variables_too(working: Phone, caller: Caller) -> None:
    await wrote(working, caller, "a secret", profile_name="a secret")
    sid = await made(working, caller, {**TEXT, "types": {"twilio/card": {"title": "{{1}}"}}})
    params = {"ContentSid": sid, "ContentVariables": '{"1":"a secret"}'}
    await sent(working, caller, Body=None, **params)
    for row in await working.listed(caller):
        assert (await working.update(caller, row["sid"], Body=""))["body"] == ""
    held = "select exists (select from messages m where m::text like '%secret%')"
    assert not await working.database.fetchval(held)


class TestStrict:
    """Nobody is taken in."""

    @pytest.fixture
    def rules(self) -> Rules:
        return Rules(rate=0, strict=True)

    async def test_an_unknown_sender(self, server: Phone, caller: Caller) -> None:
        with pytest.raises(ApiError) as refused:
            await send(server, caller, To="whatsapp:+14155552671")
        assert (refused.value.code, refused.value.message) == (
            63007,
            "Twilio could not find a Channel with the specified From address",
        )


async def register(server: Phone, caller: Caller, *, idle: bool = False, **params: Any) -> dict[str, Any]:
    """Our sender; with a webhook it is online at once."""
    made = await server.ask.item("messaging.v2.CreateChannelsSender", caller, {"sender_id": US, **params})
    if params:
        update = "update channel_senders set status = 'ONLINE' where sid = $1"
        await server.database.execute(update, made["sid"])
    if params or idle:
        await server.idle()
    return made


def without(content: dict[str, Any], name: str) -> dict[str, Any]:
    return {**content, "types": {each: value for each, value in content["types"].items() if each != name}}


async def test_a_service_has_a_sender_for_each_channel(working: Phone, caller: Caller) -> None:
    async with running(Server(OK)) as application:
        sender = await register(working, caller, webhook={"status_callback_url": application.url})
        service = await working.ask.item("messaging.v1.CreateService", caller, {"FriendlyName": "s"})
        ids = {"MessagingServiceSid": service["sid"]}
        pooled = await working.ask.item(
            "messaging.v1.CreateChannelSender", caller, {"Sid": sender["sid"]}, **ids
        )
        assert (pooled["sender"], pooled["sender_type"]) == (US, "WhatsApp")
        await wrote(working, caller)
        [inbound] = await working.listed(caller)
        assert inbound["messaging_service_sid"] == service["sid"]
        done = await sent(working, caller, From=None, MessagingServiceSid=service["sid"])
        assert (done["from"], done["status"], done["num_segments"]) == (US, "delivered", "1")
        assert application.requests[-1].form["ChannelInstallSid"] == sender["sid"]
