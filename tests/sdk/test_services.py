"""Messaging services and registrations by Twilio's Python package on a running server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import requests
from application import Application
from localloop_process import Credentials
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

TO = "+15551230001"
SAMPLES = ["Your appointment is tomorrow at 9.", "Your appointment was moved to Friday."]


def test_a_service_sends_by_its_pool(client: Client, application: Application) -> None:
    numbers = [
        client.incoming_phone_numbers.create(phone_number=number)
        for number in ("+14152340001", "+12122340001")
    ]
    service = client.messaging.v1.services.create(
        friendly_name="clinic", status_callback=f"{application.url}/status"
    )
    for number in numbers:
        service.phone_numbers.create(phone_number_sid=number.sid)
    assert {each.phone_number for each in service.phone_numbers.list()} == {"+14152340001", "+12122340001"}

    sent = client.messages.create(to="+12125550100", body="hello", messaging_service_sid=service.sid)
    assert (sent.status, sent.from_, sent.num_segments) == ("accepted", None, "0")
    told = [application.told("/status") for _ in range(3)]
    assert [each["MessageStatus"] for each in told] == ["queued", "sent", "delivered"]
    done = client.messages(sent.sid).fetch()
    assert (done.from_, done.messaging_service_sid, done.num_segments) == ("+12122340001", service.sid, "1")

    assert service.delete()
    with pytest.raises(TwilioRestException) as refused:
        client.messages.create(to=TO, body="hello", messaging_service_sid=service.sid)
    assert refused.value.code == 21701
    assert len(client.incoming_phone_numbers.list()) == 2


def test_a_schedule_is_canceled(client: Client) -> None:
    service = client.messaging.v1.services.create(friendly_name="clinic")
    at = datetime.now(UTC) + timedelta(hours=1)
    sent = client.messages.create(
        to=TO, body="later", messaging_service_sid=service.sid, schedule_type="fixed", send_at=at
    )
    assert sent.status == "scheduled"
    assert client.messages(sent.sid).update(status="canceled").status == "canceled"
    with pytest.raises(TwilioRestException) as refused:
        client.messages(sent.sid).update(status="canceled")
    assert refused.value.code == 30409


def test_a_campaign_is_approved_by_the_lab(client: Client, account: Credentials) -> None:
    service = client.messaging.v1.services.create(friendly_name="clinic")
    brand = client.messaging.v1.brand_registrations.create(
        customer_profile_bundle_sid="BU" + "1" * 32, a2p_profile_bundle_sid="BU" + "2" * 32
    )
    assert brand.status == "PENDING"
    _judge(account, brand.sid)
    assert brand.fetch().status == "APPROVED"
    campaign = service.us_app_to_person.create(
        brand_registration_sid=brand.sid,
        description="Reminders of appointments for patients of a practice.",
        message_flow="Patients agree on a form at their first visit, in writing.",
        message_samples=SAMPLES,
        us_app_to_person_usecase="ACCOUNT_NOTIFICATION",
        has_embedded_links=False,
        has_embedded_phone=False,
    )
    assert (campaign.campaign_status, campaign.message_samples) == ("PENDING", SAMPLES)
    _judge(account, campaign.sid)
    assert campaign.fetch().campaign_status == "VERIFIED"
    assert service.fetch().us_app_to_person_registered is True


def _judge(account: Credentials, sid: str) -> None:
    asked = {"Sid": sid, "Verdict": "approve"}
    requests.post(
        f"{account.url}/lab/v1/Verdicts", data=asked, auth=account.auth, timeout=30
    ).raise_for_status()
