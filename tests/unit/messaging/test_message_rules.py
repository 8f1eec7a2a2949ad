"""What a message may become, what is refused, and what callbacks say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
from msgspec.structs import replace

from localloop.core import sids
from localloop.core.errors import ApiError
from localloop.products.messaging.message import callbacks, lifecycle
from localloop.products.messaging.message.compose import (
    Composer,
    Draft,
    Origin,
    Rules,
    Sender,
    expiry_of,
    pace_key,
)
from localloop.products.messaging.message.queries import Change
from localloop.products.messaging.message.resource import Message, Options
from localloop.products.messaging.message.wish import wanted
from localloop.products.messaging.service.selection import Candidate
from localloop.products.messaging.service.settings import Service, Staffed

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
ORIGIN = Origin(account_sid="AC1", world_sid="AC0", now=NOW)
FROM, TO = "+15017122661", "+15558675310"
MESSAGE = Message(
    account_sid="AC1",
    world_sid="AC0",
    id=sids.uuid_of("SM" + "1" * 32),
    status="queued",
    direction="outbound-api",
    from_=FROM,
    to=TO,
    body="hello",
    status_callback="http://example.com/status",
    date_created=NOW,
    date_updated=NOW,
)


TOLL_FREE, ABROAD = "+18005550199", "+447400123450"


class Book:
    """One number of this account, and one of somebody else; no adoption."""

    async def owner(self, world_sid: str, address: str) -> Sender | None:
        owners = {FROM: "AC1", "+15017122662": "AC2", "55555": "AC1", TOLL_FREE: "AC1", ABROAD: "AC1"}
        kinds = {"55555": "shortcode", TOLL_FREE: "tollfree", ABROAD: "mobile"}
        country = "GB" if address == ABROAD else "US"
        if address not in owners:
            return None
        return Sender(address, owners[address], kinds.get(address, "local"), country=country)

    async def adopt(self, world_sid: str, account_sid: str, address: str) -> Sender | None:
        return None


class Services:
    """One service with the first number, and one with nobody."""

    async def find(self, account_sid: str, sid: str) -> Staffed | None:
        if sid not in ("MG0", "MG1"):
            return None
        service = Service(
            sid=sid, account_sid=account_sid, friendly_name="test", date_created=NOW, date_updated=NOW
        )
        member = Candidate(sid="PN1", address=FROM, type="local", country="US")
        return Staffed(service, (member,) if sid == "MG1" else ())


def scheduled(ahead: timedelta) -> dict[str, object]:
    return {"ScheduleType": "fixed", "SendAt": NOW + ahead}


async def composed(rules: Rules | None = None, **params: object) -> Draft:
    asked = {"To": TO, "From": FROM, "Body": "hello", **params}
    return await Composer(Book(), rules or Rules(), (), Services()).compose(wanted(asked), ORIGIN)


def test_every_status_is_reachable_or_a_beginning() -> None:
    reached = set().union(*lifecycle.FOLLOWERS.values())
    beginnings = set(get_args(lifecycle.Status)) - reached
    assert beginnings == {"scheduled", "receiving"}
    assert set(lifecycle.FOLLOWERS) == set(get_args(lifecycle.Status))


def test_a_canceled_message_is_not_sent() -> None:
    assert not lifecycle.may_follow("canceled", "sent")
    assert "canceled" not in lifecycle.predecessors("sent")


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"To": ""}, 21604),
        ({"To": "hello"}, 21211),
        ({"To": "12345"}, 21265),
        ({"From": ""}, 21603),
        ({"From": TO, "To": TO}, 21659),
        ({"To": FROM}, 21266),
        ({"From": "+15017122662"}, 21660),
        ({"Body": " "}, 21602),
        ({"ValidityPeriod": 0}, 21624),
        ({"ValidityPeriod": 36_001}, 21624),
        ({"Attempt": 0}, 20001),
        ({"Body": "x" * 1601}, 21617),
        ({"MediaUrl": ["ftp://example.com/a"]}, 21620),
        ({"MediaUrl": ["http://example.com/a"] * 11}, 21623),
        ({"StatusCallback": "nowhere"}, 21609),
        ({"StatusCallback": "ftp://example.com/"}, 21609),
        ({"Body": "\N{GRINNING FACE}" * 801}, 21617),
        ({"From": "ACME"}, 21612),
        ({"From": "ACME", "To": "+447700900123", "MediaUrl": ["http://example.com/a"]}, 21612),
        ({"From": None, "MessagingServiceSid": "MG0"}, 21704),
        ({"From": None, "MessagingServiceSid": "MG9"}, 21701),
        ({"From": "55555", "MessagingServiceSid": "MG1"}, 21711),
        ({"From": "ACME", "MessagingServiceSid": "MG1"}, 21709),
    ],
)
async def test_refusals(params: dict[str, object], code: int) -> None:
    with pytest.raises(ApiError) as refused:
        await composed(**params)
    assert refused.value.code == code


SCHEDULES: dict[int, dict[str, object]] = {
    35111: {"ScheduleType": "fixed"},
    35114: scheduled(timedelta(seconds=899)),
    35115: scheduled(timedelta(days=35, seconds=1)),
    35118: {**scheduled(timedelta(hours=1)), "MessagingServiceSid": None},
    35126: {"SendAt": NOW + timedelta(hours=1)},
}


@pytest.mark.parametrize("code", SCHEDULES)
async def test_schedules_that_are_refused(code: int) -> None:
    with pytest.raises(ApiError) as refused:
        await composed(**{"MessagingServiceSid": "MG1", **SCHEDULES[code]})
    assert refused.value.code == code


@pytest.mark.parametrize("ahead", [timedelta(seconds=900), timedelta(days=35)])
async def test_the_bounds_of_scheduling_belong_to_it(ahead: timedelta) -> None:
    draft = await composed(From=None, MessagingServiceSid="MG1", **scheduled(ahead))
    assert (draft.message.status, draft.message.from_) == ("scheduled", None)
    assert expiry_of(draft.message) == NOW + ahead + timedelta(hours=10)


async def test_a_service_speaks_where_the_message_is_silent() -> None:
    silent = (await composed(MessagingServiceSid="MG1", Body="\u201chi\u201d")).message
    assert (silent.body, silent.from_, silent.status) == ('"hi"', FROM, "queued")
    spoken = (await composed(MessagingServiceSid="MG1", Body="\u201chi\u201d", SmartEncoded=False)).message
    assert spoken.body == "\u201chi\u201d"


@pytest.mark.parametrize(
    ("params", "rules", "seconds"),
    [
        ({}, Rules(), 1),
        ({"Body": "x" * 161}, Rules(), 2),
        ({"From": "55555"}, Rules(), 0.01),
        ({"From": TOLL_FREE, "Body": "x" * 459}, Rules(), 1),
        ({"From": ABROAD}, Rules(), 0.1),
        ({"From": "Acme", "To": "+447400123456"}, Rules(), 0.1),
        ({"From": TOLL_FREE}, Rules(rates={"toll-free": 20}), 0.05),
        ({"From": "55555"}, Rules(rate=4, rates={"toll-free": 20}), 0.25),
        ({"From": TOLL_FREE}, Rules(rate=4, rates={"toll-free": 0}), 0),
        ({}, Rules(rate=4), 0.25),
        ({}, Rules(rate=0), 0),
    ],
)
async def test_the_pace_of_senders(params: dict[str, object], rules: Rules, seconds: float) -> None:
    assert (await composed(rules, **params)).interval == timedelta(seconds=seconds)


def test_whose_pace_it_is() -> None:
    assert pace_key("ACworld", Sender(FROM, "AC1", "local")) == f"ACworld|{FROM}"
    assert pace_key("ACworld", Sender("Acme", "AC1", "alpha")) == "AC1|Acme"


@pytest.mark.parametrize(
    ("options", "seconds"), [({}, 36_000), ({"validity_period": 5}, 5), ({"send_at": LATER}, 86_400 + 36_000)]
)
def test_how_long_a_message_may_wait(options: dict[str, Any], seconds: int) -> None:
    assert expiry_of(replace(MESSAGE, options=Options(**options))) == NOW + timedelta(seconds=seconds)


def changed(status: lifecycle.Status, error_code: int | None = None) -> Change:
    return Change(account_sid="AC1", id=MESSAGE.id, status=status, at=NOW, error_code=error_code)


def test_callbacks_name_the_error_and_the_carriers_date() -> None:
    params = callbacks.params_of(MESSAGE, changed("undelivered", 30003))
    assert (params["MessageStatus"], params["SmsStatus"]) == ("undelivered", "undelivered")
    assert (params["ErrorCode"], params["RawDlrDoneDate"]) == ("30003", "2601020304")
    plain = callbacks.params_of(MESSAGE, changed("sent"))
    assert not {"ErrorCode", "RawDlrDoneDate", "MessagingServiceSid"} & plain.keys()
    service = replace(MESSAGE, messaging_service_sid="MG1")
    assert callbacks.params_of(service, changed("sent"))["MessagingServiceSid"] == "MG1"


def test_which_changes_are_called_back() -> None:
    assert len(callbacks.job_of(MESSAGE, changed("sent"))) == 1
    assert callbacks.job_of(MESSAGE, changed("sending")) == ()
    assert callbacks.job_of(replace(MESSAGE, status_callback=None), changed("sent")) == ()
