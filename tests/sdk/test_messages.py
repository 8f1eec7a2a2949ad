"""Messages by Twilio's Python package on a running server: what is sent, found, changed and judged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from application import Application
from localloop_process import Credentials
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client
from twilio.twiml.messaging_response import MessagingResponse

FROM, TO, OTHER = "+15551230000", "+15551230001", "+15551230002"


def phone(account: Credentials, number: str, path: str = "", **params: str) -> requests.Response:
    """Ask the lab: POST with parameters that change something."""
    url = f"{account.url}/lab/v1/Phones/{number}{path}"
    method = "GET" if path.endswith("Wait") or not params else "POST"
    place = {"params": params} if method == "GET" else {"data": params}
    return requests.request(method, url, auth=account.auth, timeout=30, **place)


def send(client: Client, application: Application, **params: Any) -> Any:
    """One message, when its callbacks have come."""
    asked = {
        "to": TO,
        "from_": FROM,
        "body": "hello",
        "status_callback": f"{application.url}/status",
        **params,
    }
    sent = client.messages.create(**asked)
    for status in ("sent", "delivered"):
        assert application.told("/status")["MessageStatus"] == status
    return sent


def test_filters_alone_and_together(client: Client, application: Application) -> None:
    first = send(client, application)
    second = send(client, application, to=OTHER)
    sent_at = client.messages(second.sid).fetch().date_sent
    assert sent_at is not None
    now = datetime.now(UTC)

    def found(**filters: Any) -> set[str]:
        return {each.sid for each in client.messages.list(**filters)}

    both = {first.sid, second.sid}
    assert found() == found(from_=FROM) == both
    assert found(to=OTHER) == found(to=OTHER, from_=FROM) == {second.sid}
    assert found(from_=TO) == set()
    assert found(date_sent=now.date()) | found(date_sent=(now - timedelta(days=1)).date()) == both
    assert found(date_sent_after=now - timedelta(hours=1), date_sent_before=now) == both
    assert second.sid in found(date_sent_before=sent_at) & found(date_sent_after=sent_at)
    assert found(date_sent_after=now + timedelta(hours=1)) == set()
    assert found(date_sent_before=now - timedelta(hours=1)) == set()
    assert found(to=TO, date_sent_after=now - timedelta(hours=1)) == {first.sid}
    assert found(date_sent=(now - timedelta(days=3)).date()) == set()


def test_changed_at_its_end_only(client: Client, account: Credentials, application: Application) -> None:
    assert phone(account, OTHER, Behavior="slow", Delay="60000").status_code == 200
    slow = client.messages.create(to=OTHER, from_=FROM, body="x", status_callback=f"{application.url}/status")
    assert application.told("/status")["MessageStatus"] == "sent"
    for change, code in (({"body": ""}, 20009), ({"status": "canceled"}, 30409)):
        with pytest.raises(TwilioRestException) as refused:
            client.messages(slow.sid).update(**change)
        assert refused.value.code == code
    with pytest.raises(TwilioRestException) as early:
        client.messages(slow.sid).delete()
    assert (early.value.status, early.value.code) == (409, 20009)

    done = send(client, application)
    with pytest.raises(TwilioRestException) as other:
        client.messages(done.sid).update(body="something else")
    assert other.value.status == 400
    assert client.messages(done.sid).update(body="").body == ""
    assert client.messages(done.sid).delete()
    with pytest.raises(TwilioRestException) as gone:
        client.messages(done.sid).fetch()
    assert gone.value.code == 20404


def test_feedback(client: Client, application: Application) -> None:
    sent = send(client, application, provide_feedback=True)
    judged = client.messages(sent.sid).feedback.create(outcome="unconfirmed")
    assert (judged.message_sid, judged.outcome) == (sent.sid, "unconfirmed")
    assert client.messages(sent.sid).feedback.create().outcome == "confirmed"
    with pytest.raises(TwilioRestException) as refused:
        client.messages(sent.sid).feedback.create(outcome="perhaps")
    assert refused.value.status == 400


def test_media_that_came_in_are_found_at_our_address(
    client: Client, account: Credentials, application: Application
) -> None:
    number = client.available_phone_numbers("US").local.list(limit=1)[0].phone_number
    client.incoming_phone_numbers.create(phone_number=number, sms_url=f"{application.url}/sms")
    application.answers["/cat"] = ("image/jpeg", "a cat")
    there = f"{application.url}/cat"
    texted = phone(account, TO, "/Messages", To=number, Body="look", MediaUrl=there)
    assert texted.status_code == 201
    form = application.told("/sms")
    assert (form["NumMedia"], form["MediaContentType0"]) == ("1", "image/jpeg")
    assert form["MediaUrl0"].startswith(account.url)
    # As at Twilio, whoever knows the address needs no credentials; for the metadata they do.
    moved = requests.get(form["MediaUrl0"], allow_redirects=False, timeout=30)
    assert moved.status_code == 307
    for credentials in (None, account.auth):
        found = requests.get(form["MediaUrl0"], auth=credentials, timeout=30)
        assert (found.headers["Content-Type"], found.text) == ("image/jpeg", "a cat")
    part = requests.get(moved.headers["Location"], headers={"Range": "bytes=2-"}, timeout=30)
    assert (part.status_code, part.text) == (206, "cat")
    assert requests.get(f"{form['MediaUrl0']}.json", timeout=30).status_code == 401
    assert requests.delete(form["MediaUrl0"], timeout=30).status_code == 401
    assert requests.get(f"{form['MediaUrl0'][:-8]}00000000", timeout=30).status_code == 404
    [listed] = client.messages(form["MessageSid"]).media.list()
    assert form["MediaUrl0"].endswith(listed.sid)


def test_twiml_of_the_package_runs(client: Client, account: Credentials, application: Application) -> None:
    number = client.available_phone_numbers("US").local.list(limit=1)[0].phone_number
    answered = client.applications.create(friendly_name="a", sms_url=f"{application.url}/application")
    client.incoming_phone_numbers.create(
        phone_number=number, sms_url=f"{application.url}/never", sms_application_sid=answered.sid
    )
    first, second = MessagingResponse(), MessagingResponse()
    first.message("one", status_callback="/told")
    first.redirect("/next")
    reply = second.message(to=OTHER)
    reply.body("two")
    picture = f"{application.url}/cat.gif"
    reply.media(picture)
    application.answers = {
        "/cat.gif": ("image/gif", "GIF89a"),
        "/application": ("text/xml", str(first)),
        "/next": ("text/xml", str(second)),
    }
    assert phone(account, TO, "/Messages", To=number, Body="hi").status_code == 201
    for path in ("/application", "/next"):
        assert application.told(path)["Body"] == "hi"
    assert [application.told("/told")["MessageStatus"] for _ in range(2)] == ["sent", "delivered"]
    for there, text, media in ((TO, "one", []), (OTHER, "two", [picture])):
        came = phone(
            account, there, "/Messages/Wait", Matches=text, Direction="received", Timeout="10"
        ).json()
        assert (came["body"], came["from"], came["media"]) == (text, number, media)
    replies = client.messages.list(from_=number)
    assert {(each.direction, each.status) for each in replies} == {("outbound-reply", "delivered")}


def test_a_callback_of_ones_own_goes_before_the_applications(
    client: Client, application: Application
) -> None:
    made = client.applications.create(
        friendly_name="a", message_status_callback=f"{application.url}/application"
    )
    send(client, application, application_sid=made.sid)
    client.messages.create(to=TO, from_=FROM, body="x", application_sid=made.sid)
    assert [application.told("/application")["MessageStatus"] for _ in range(2)] == ["sent", "delivered"]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"body": "x" * 1601}, 21617),
        ({"body": ""}, 21602),
        ({"to": "not a number"}, 21211),
        ({"to": "12345"}, 21265),
        ({"to": FROM}, 21266),
        ({"from_": "+1"}, 21212),
        ({"from_": "12345"}, 21659),
        ({"from_": "ACME"}, 21612),
        ({"from_": None}, 21603),
        ({"status_callback": "nowhere"}, 21609),
        ({"media_url": ["ftp://example.com/a"]}, 21620),
        ({"application_sid": "AP" + "0" * 32}, 21218),
        ({"validity_period": 36_001}, 21624),
        ({"schedule_type": "fixed", "send_at": datetime(2030, 1, 1, tzinfo=UTC)}, 35118),
    ],
)
def test_refusals(client: Client, params: dict[str, Any], code: int) -> None:
    asked = {"to": TO, "from_": FROM, "body": "hello", **params}
    with pytest.raises(TwilioRestException) as refused:
        client.messages.create(**{name: value for name, value in asked.items() if value is not None})
    assert (refused.value.status, refused.value.code) == (400, code)
    assert client.messages.list() == []


@pytest.mark.parametrize(
    ("body", "stored", "segments"),
    [
        ("\N{EURO SIGN}" * 80, None, "1"),
        ("\N{EURO SIGN}" * 81, None, "2"),
        ("\N{CYRILLIC SMALL LETTER ZHE}" * 71, None, "2"),
        ("\N{GRINNING FACE}" * 35, None, "1"),
        ("\N{LEFT DOUBLE QUOTATION MARK}hi\N{HORIZONTAL ELLIPSIS}" + "x" * 70, '"hi...' + "x" * 70, "1"),
    ],
)
def test_segments(client: Client, body: str, stored: str | None, segments: str) -> None:
    sent = client.messages.create(to=TO, from_=FROM, body=body, smart_encoded=stored is not None)
    assert (sent.body, sent.num_segments) == (stored or body, segments)
