"""Twilio's Python package, untouched: contents, templates on WhatsApp, buttons and short links."""

from __future__ import annotations

import json
from typing import Any

import requests
from application import Application
from localloop_process import Credentials
from twilio.rest import Client
from twilio.rest.content.v1.content import ContentList
from twilio.rest.content.v1.content.approval_create import ApprovalCreateList
from twilio.rest.messaging.v2.channels_sender import ChannelsSenderList

US, THEM = "whatsapp:+15551230000", "whatsapp:+15551230001"
PHONE = "+15551230001"
FROM = "+15551230000"


def lab(account: Credentials, path: str, **form: Any) -> dict[str, Any]:
    answer = requests.post(f"{account.url}/lab/v1/{path}", form, auth=account.auth, timeout=30)
    answer.raise_for_status()
    return dict(answer.json())


def arrived(account: Credentials, text: str) -> dict[str, Any]:
    """What the phone shows once it has this text."""
    params: dict[str, Any] = {"Matches": text, "Direction": "received", "Timeout": 30}
    url = f"{account.url}/lab/v1/Phones/{PHONE}/Messages/Wait"
    answer = requests.get(url, params, auth=account.auth, timeout=60)
    answer.raise_for_status()
    return dict(answer.json())


def test_a_template_and_its_button(client: Client, account: Credentials) -> None:
    reply = {"body": "See you {{1}}?", "actions": [{"title": "Yes", "id": "y"}]}
    asked = {"friendly_name": "reminder", "language": "en", "variables": {"1": "tomorrow"}}
    request = ContentList.ContentCreateRequest({**asked, "types": {"twilio/quick-reply": reply}})
    content = client.content.v1.contents.create(request)
    [listed] = client.content.v2.contents.list()
    assert (listed.sid, listed.friendly_name) == (content.sid, "reminder")
    wanted = ApprovalCreateList.ContentApprovalRequest({"name": "reminder", "category": "UTILITY"})
    submitted = client.content.v1.contents(content.sid).approval_create.create(wanted)
    assert submitted.status == "received"
    lab(account, f"ContentApprovals/{content.sid}", Status="approved")
    fetched = client.content.v1.contents(content.sid).approval_fetch().fetch()
    assert fetched.whatsapp["status"] == "approved"

    client.messages.create(
        from_=US, to=THEM, content_sid=content.sid, content_variables=json.dumps({"1": "today"})
    )
    shown = arrived(account, "today")
    assert (shown["channel"], shown["from"], shown["body"]) == ("whatsapp", US, "See you today?")
    assert shown["content"]["actions"] == [{"title": "Yes", "id": "y"}]
    pressed = lab(account, f"Phones/{PHONE}/Messages", To=US, Press="Yes")
    answered = client.messages(pressed["message_sid"]).fetch()
    assert (answered.direction, answered.body, answered.from_) == ("inbound", "Yes", THEM)


def test_a_sender_is_registered(client: Client) -> None:
    senders = client.messaging.v2.channels_senders
    made = senders.create(
        ChannelsSenderList.MessagingV2ChannelsSenderRequestsCreate(
            {"sender_id": US, "profile": ChannelsSenderList.MessagingV2ChannelsSenderProfile({"name": "Ada"})}
        )
    )
    assert (made.status, made.sender_id) == ("CREATING", US)
    assert [each.sid for each in senders.list(channel="whatsapp")] == [made.sid]
    assert senders(made.sid).delete()


def test_a_short_link(client: Client, account: Credentials, application: Application) -> None:
    service = client.messaging.v1.services.create(friendly_name="links")
    bought = client.incoming_phone_numbers.create(phone_number=FROM)
    client.messaging.v1.services(service.sid).phone_numbers.create(bought.sid)
    domain = lab(account, "LinkDomains")["sid"]
    client.messaging.v1.linkshortening_messaging_service(domain, service.sid).create()
    config = client.messaging.v1.domain_config(domain).update(callback_url=f"{application.url}/clicks")
    assert (config.domain_sid, config.continue_on_failure) == (domain, False)

    long = "https://example.com/a/long/way"
    client.messages.create(messaging_service_sid=service.sid, to=PHONE, body=f"Go: {long}", shorten_urls=True)
    link = arrived(account, "Go: ")["body"].removeprefix("Go: ")
    assert link.startswith(f"{account.url}/s/")
    followed = requests.get(link, allow_redirects=False, timeout=30)
    assert (followed.status_code, followed.headers["Location"]) == (302, long)
    click = application.told("/clicks")
    assert (click["event_type"], click["link"], click["to"]) == ("click", long, PHONE)
    assert requests.get(f"{account.url}/s/abcdefghij", timeout=30).status_code == 404
