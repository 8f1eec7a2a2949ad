"""Time and expectations, as a test of an application uses them."""

from datetime import timedelta

import pytest

from localloop.testing import NotSo

FROM, TO = "+15550001111", "+15551230001"


def test_a_month_passes(twilio, clock, expect):
    service = twilio.messaging.v1.services.create(friendly_name="later")
    number = twilio.incoming_phone_numbers.create(phone_number=FROM)
    twilio.messaging.v1.services(service.sid).phone_numbers.create(phone_number_sid=number.sid)
    begun = clock.auto()
    twilio.messages.create(
        messaging_service_sid=service.sid,
        to=TO,
        body="rent is due",
        schedule_type="fixed",
        send_at=begun + timedelta(days=30),
    )
    text = expect.text(TO, Body="~rent", within=timedelta(days=31))
    assert timedelta(days=30) <= text.at - begun < timedelta(days=30, minutes=1)
    assert clock.now() - begun < timedelta(days=30, minutes=1)


def test_a_held_clock(twilio, clock, expect):
    clock.freeze("2027-01-01T09:00:00Z")
    sent = twilio.messages.create(from_=FROM, to=TO, body="happy new year")
    assert sent.date_created.isoformat() == "2027-01-01T09:00:00+00:00"
    expect.message(MessageSid=sent.sid, Status="delivered")
    assert clock.advance(hours=1) == clock.now()
    assert clock.mode == "frozen"
    assert clock.next_due is None


def test_what_does_not_come_says_what_came_closest(twilio, clock, expect):
    clock.auto()
    twilio.messages.create(from_=FROM, to=TO, body="Your code is ABC")
    expect.exactly(1, "texts", Number=TO, within=timedelta(hours=10))
    expect.nothing("alerts")
    with pytest.raises(NotSo, match="Body is 'Your code is ABC', wanted: something that matches") as told:
        expect.text(TO, Body=r"~code is \d{6}", within=60)
    assert told.value.details["closest"]["To"] == TO
