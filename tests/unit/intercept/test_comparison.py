"""Comparisons, against an answering side made of a function: what is a difference, and what has to differ."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from localloop.intercept.comparison import Report, Target, Text, compare
from localloop.intercept.recording import Answer, Exchange, Head, Recording, Request

THERE, HERE = "AC" + "a" * 32, "AC" + "b" * 32
JSON = ("Content-Type", "application/json")
FORM = ("Content-Type", "application/x-www-form-urlencoded")
BASIC = ("Authorization", f"Basic {THERE}:…")
API = f"https://api.twilio.com/2010-04-01/Accounts/{THERE}"
CATCHER = "http://127.0.0.1:9"


class NoCallbacks:
    """Nothing is sent during the replay, or just what a test says."""

    url = CATCHER

    def __init__(self, *came: Request) -> None:
        self.came: Sequence[Request] = came

    def wait(self, is_enough: Callable[[], bool], seconds: float) -> None:
        is_enough()


def asked(method: str, path: str, body: str = "", *headers: tuple[str, str]) -> Request:
    return Request(method=method, url=f"{API}{path}", headers=(BASIC, FORM, *headers), body=body)


def said(body: Any = None, status: int = 200, *headers: tuple[str, str]) -> Answer:
    return Answer(status=status, headers=(JSON, *headers), body="" if body is None else json.dumps(body))


def exchange(request: Request, answer: Answer | None) -> Exchange:
    return Exchange(kind="request", at="", request=request, answer=answer)


def callback(status: str, sid: str, **more: str) -> Request:
    form = {"MessageSid": sid, "MessageStatus": status, **more}
    body = "&".join(f"{name}={value}" for name, value in form.items())
    return Request(method="POST", url="https://example.com/status", headers=(FORM,), body=body)


class Here:
    """Answers in turn; a single answer for ever."""

    def __init__(self, *answers: Answer) -> None:
        self.asked: list[Request] = []
        self.paused: list[float] = []
        self.texts: list[Text] = []
        self.text_sid: str | None = None
        self._answers = list(answers)

    def text(self, text: Text) -> str | None:
        self.texts.append(text)
        return self.text_sid

    def ask(self, request: Request) -> Answer:
        self.asked.append(request)
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


def compared(here: Here, *exchanges: Exchange, callbacks: NoCallbacks | None = None) -> Report:
    recording = Recording(Head(localloop_recording=1, recorded=""), exchanges)
    return compare(
        recording,
        Target(
            account_sid=HERE,
            auth_token="secret",
            ask=here.ask,
            callbacks=callbacks or NoCallbacks(),
            pause=here.paused.append,
            text=here.text,
        ),
    )


def found(there: Answer, here: Answer, path: str = "/Messages/SM1.json") -> list[tuple[str, str]]:
    report = compared(Here(here), exchange(asked("GET", path), there))
    assert report.replayed == 1, report.skipped
    return [(each.kind, each.where) for each in report.differences]


SID = "SM" + "1" * 32
OTHER = "SM" + "2" * 32


@pytest.mark.parametrize(
    ("there", "here"),
    [
        ({"sid": SID}, {"sid": OTHER}),
        (
            {"date_created": "Sat, 21 Nov 2026 12:00:00 +0000"},
            {"date_created": "Sun, 22 Nov 2026 12:00:00 +0000"},
        ),
        ({"price": None}, {"price": "-0.0075"}),
        ({"error_code": None}, {"error_code": 30003}),
        ({"body": "a"}, {"body": "b"}),
        ({"num_media": 1}, {"num_media": 2.5}),
        ({"x": {"a": [1, 2]}}, {"x": {"a": [3]}}),
        ({"friendly_name": ""}, {"friendly_name": SID}),
    ],
)
def test_what_must_differ_may(there: Any, here: Any) -> None:
    assert found(said(there), said(here)) == []


@pytest.mark.parametrize(
    ("there", "here", "difference"),
    [
        ({"sid": SID}, {"sid": "MM" + SID[2:]}, ("type", "sid")),
        ({"sid": SID}, {"sid": None}, ("null", "sid")),
        ({"a": 1}, {"a": "1"}, ("type", "a")),
        ({"a": True}, {"a": 1}, ("type", "a")),
        ({"a": {"b": 1}}, {"a": {}}, ("missing", "a.b")),
        ({"a": {}}, {"a": {"b": 1}}, ("extra", "a.b")),
        ({"a": [{"b": 1}, {"b": 1}]}, {"a": [{}, {}]}, ("missing", "a[].b")),
        ({"uri": "/2010-04-01/x"}, {"uri": "https://api.twilio.com/2010-04-01/x"}, ("type", "uri")),
        ({"a": 1}, [1], ("type", "")),
    ],
)
def test_differences_in_shape(there: Any, here: Any, difference: tuple[str, str]) -> None:
    assert found(said(there), said(here)) == [difference]


@pytest.mark.parametrize(
    ("there", "here", "difference"),
    [
        (said({}, 200), said({}, 202), ("status", "status")),
        (said({}, 200), said({"code": 20404}, 404), ("status", "status")),
        (said({"code": 20404}, 404), said({"code": 20003}, 404), ("code", "code")),
        (said({"code": 1, "more_info": ""}, 400), said({"code": 1}, 400), ("missing", "more_info")),
        (said({}, 200, ("ETag", "1")), said({}, 200), ("header", "ETag")),
        (said({}, 200), said({}, 200, ("Retry-After", "1")), ("header", "Retry-After")),
        (Answer(status=204), Answer(status=204, headers=(("Location", "/x"),)), ("header", "Location")),
    ],
)
def test_differences_in_status_and_headers(there: Answer, here: Answer, difference: tuple[str, str]) -> None:
    assert found(there, here) == [difference]


def test_what_comes_again_is_counted() -> None:
    get = exchange(asked("GET", "/Messages/SM1.json"), said({"a": 1}))
    report = compared(Here(said({})), get, get, get)
    assert [(each.request, each.times) for each in report.differences] == [(1, 3)]


# Translation -------------------------------------------------------------------------------------------------------


def test_requests_are_made_by_the_names_that_things_have_here() -> None:
    here = Here(said({"sid": OTHER, "account_sid": HERE}, 201))
    report = compared(
        here,
        exchange(
            asked(
                "POST",
                "/Messages.json",
                "Body=https%3A%2F%2Fa.example%2F&StatusCallback=https%3A%2F%2Fa.example%2Fs%3Fx%3D1",
            ),
            said({"sid": SID, "account_sid": THERE}, 201),
        ),
        exchange(asked("GET", f"/Messages/{SID}.json"), said({"sid": SID, "account_sid": THERE}, 201)),
    )
    assert report.differences == ()
    first, second = here.asked
    assert dict(first.form) == {
        "Body": "https://a.example/",
        "StatusCallback": f"{CATCHER}/https/a.example/s?x=1",
    }
    assert second.url == f"https://api.twilio.com/2010-04-01/Accounts/{HERE}/Messages/{OTHER}.json"
    assert first.header("Authorization").startswith("Basic ")
    assert THERE not in repr(here.asked)


def test_what_was_refused_is_asked_as_it_was() -> None:
    here = Here(said({"code": 21609}, 400))
    compared(
        here,
        exchange(
            asked("POST", "/Messages.json", "StatusCallback=https%3A%2F%2F%5Ba%5D"),
            said({"code": 21609}, 400),
        ),
    )
    assert dict(here.asked[0].form) == {"StatusCallback": "https://[a]"}


def test_a_wrong_password_is_wrong_again() -> None:
    here = Here(said({"code": 20003}, 401))
    compared(
        here,
        exchange(asked("GET", "/Messages.json"), said({"code": 20003}, 401)),
        exchange(asked("GET", "/Calls.json"), said({})),
    )
    first, second = (request.header("Authorization") for request in here.asked)
    assert first != second


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (exchange(asked("GET", "/Messages.json"), None), "it had no answer"),
        (exchange(asked("GET", "/Messages.json"), said({}, 503)), "the service was in trouble (503)"),
        (exchange(asked("GET", "/Messages.json"), said({}, 429)), "the service was in trouble (429)"),
        (
            exchange(asked("GET", f"/Messages/{SID}.json"), said({})),
            f"it is about {SID}, which the recording did not create",
        ),
        (
            exchange(Request(method="POST", url=f"{API}/x", headers=(BASIC,), body=None), said({})),
            "its body was not kept",
        ),
    ],
)
def test_what_cannot_be_replayed_is_told(given: Exchange, reason: str) -> None:
    here = Here(said({}))
    report = compared(here, given)
    assert [each.reason for each in report.skipped] == [reason]
    assert here.asked == []


def test_what_was_not_there_is_asked_for_all_the_same() -> None:
    gone = said({"code": 20404}, 404)
    here = Here(gone)
    assert compared(here, exchange(asked("GET", f"/Messages/{SID}.json"), gone)).differences == ()
    assert here.asked[0].path.endswith(f"/Messages/{SID}.json")


def test_a_number_that_was_on_offer_is_the_one_on_offer_here() -> None:
    offers = [
        {"available_phone_numbers": [{"phone_number": number}]} for number in ("+14155550100", "+12125550100")
    ]
    here = Here(said(offers[1]), said({}, 201))
    compared(
        here,
        exchange(asked("GET", "/AvailablePhoneNumbers/US/Local.json"), said(offers[0])),
        exchange(asked("POST", "/IncomingPhoneNumbers.json", "PhoneNumber=%2B14155550100"), said({}, 201)),
    )
    assert dict(here.asked[1].form) == {"PhoneNumber": "+12125550100"}


def test_what_is_refused_because_it_is_early_is_asked_again() -> None:
    here = Here(
        said({"sid": SID}), said({"code": 20009}, 400), said({"code": 20009}, 400), Answer(status=204)
    )
    report = compared(
        here,
        exchange(asked("GET", "/Messages/x.json"), said({"sid": SID})),
        exchange(asked("DELETE", f"/Messages/{SID}.json"), Answer(status=204)),
    )
    assert report.differences == ()
    assert len(here.asked) == 4
    assert here.paused == [0.1, 0.2]


def test_operations_that_are_plain_are_named() -> None:
    here = Here(said({}, 200, ("Localloop-Coverage", "plain")))
    assert compared(here, exchange(asked("GET", "/Calls.json"), said({}))).plain == ("api.v2010.ListCall",)


# Paging ------------------------------------------------------------------------------------------------------------


def page(*rows: str, **more: Any) -> dict[str, Any]:
    return {
        "messages": [{"sid": sid} for sid in rows],
        "page": 0,
        "page_size": 2,
        "next_page_uri": None,
        **more,
    }


def created(count: int) -> tuple[list[str], list[Exchange], list[Answer]]:
    """Messages there, and what makes them here by the same number with a B."""
    there = [f"SM{number:032x}" for number in range(count)]
    made = [exchange(asked("POST", "/Messages.json"), said({"sid": sid}, 201)) for sid in there]
    return there, made, [said({"sid": _here(sid)}, 201) for sid in there]


def _here(sid: str) -> str:
    return f"SMb{sid[3:]}"


@pytest.mark.parametrize(
    ("there", "here", "difference"),
    [
        ([0, 1], [0, 1], None),
        ([0, 1], [1, 0], ("paging", "order")),
        ([0, 1], [0], ("paging", "records")),
        ([0, 1], [0, 2], ("paging", "records")),
        ([0], [0, 1, 2], ("paging", "records on a page")),
    ],
)
def test_records_of_a_page(there: list[int], here: list[int], difference: tuple[str, str] | None) -> None:
    known, made, answers = created(3)
    listed = exchange(asked("GET", "/Messages.json?PageSize=2"), said(page(*(known[n] for n in there))))
    answer = said(page(*(_here(known[n]) for n in here)))
    differences = compared(Here(*answers, answer), *made, listed).differences
    assert [(each.kind, each.where) for each in differences] == ([difference] if difference else [])


def test_records_that_the_account_had_before_are_no_difference() -> None:
    known, made, answers = created(1)
    there = page(known[0], SID, next_page_uri="/x?Page=1", end=1)
    listed = exchange(asked("GET", "/Messages.json?PageSize=2"), said(there))
    followed = exchange(
        Request(method="GET", url="https://api.twilio.com/x?Page=1", headers=(BASIC,)), said(page(SID))
    )
    report = compared(Here(*answers, said(page(_here(known[0]), end=0))), *made, listed, followed)
    assert report.differences == ()
    assert [each.reason for each in report.skipped] == ["it asks for a page that is not there here"]


def test_a_page_that_has_to_lead_on_does_not() -> None:
    known, made, answers = created(3)
    listed = exchange(
        asked("GET", "/Messages.json?PageSize=2"), said(page(*known[:2], next_page_uri="/x?Page=1"))
    )
    differences = compared(Here(*answers, said(page(*map(_here, known[:2])))), *made, listed).differences
    assert [(each.where, each.there, each.here) for each in differences] == [
        ("next_page_uri", "leads on", "null")
    ]


def test_following_pages_are_those_of_here() -> None:
    known, made, answers = created(3)
    there, here = "/2010-04-01/m?Page=1&PageToken=PAthere", "/2010-04-01/m?Page=1&PageToken=PAhere"
    listed = exchange(asked("GET", "/Messages.json?PageSize=2"), said(page(*known[:2], next_page_uri=there)))
    followed = exchange(
        Request(method="GET", url=f"https://api.twilio.com{there}", headers=(BASIC,)), said(page(known[2]))
    )
    asking = Here(
        *answers, said(page(*map(_here, known[:2]), next_page_uri=here)), said(page(_here(known[2])))
    )
    assert compared(asking, *made, listed, followed).differences == ()
    assert asking.asked[-1].url == f"https://api.twilio.com{here}"


# Callbacks ---------------------------------------------------------------------------------------------------------


def caught(request: Request) -> Request:
    return Request(
        method="POST", url=f"{CATCHER}/https/example.com/status", headers=request.headers, body=request.body
    )


@pytest.mark.parametrize(
    ("there", "here", "differences"),
    [
        (["sent", "delivered"], ["sent", "delivered"], []),
        (["delivered"], ["undelivered"], []),
        (["sent", "delivered"], ["delivered"], ["status sent"]),
        (["sent", "delivered"], ["queued", "sent", "delivered"], ["status queued"]),
        (["sent"], ["sent", "delivered"], []),
    ],
)
def test_statuses_that_were_told(there: list[str], here: list[str], differences: list[str]) -> None:
    came = NoCallbacks(*(caught(callback(status, OTHER)) for status in here))
    told = [Exchange(kind="callback", at="", request=callback(status, SID)) for status in there]
    made = exchange(asked("POST", "/Messages.json"), said({"sid": SID}, 201))
    report = compared(Here(said({"sid": OTHER}, 201)), made, *told, callbacks=came)
    assert [each.where for each in report.differences] == differences
    assert report.callbacks == len(there)


def test_parameters_of_callbacks() -> None:
    came = NoCallbacks(caught(callback("delivered", OTHER, To="%2B1", Extra="1")))
    told = Exchange(kind="callback", at="", request=callback("delivered", SID, To="%2B2", ApiVersion="2010"))
    made = exchange(asked("POST", "/Messages.json"), said({"sid": SID}, 201))
    report = compared(Here(said({"sid": OTHER}, 201)), made, told, callbacks=came)
    assert [(each.where, each.there, each.here) for each in report.differences] == [
        ("ApiVersion", "sent", "not sent"),
        ("Extra", "not sent", "sent"),
    ]


def test_a_text_that_came_in_comes_in_here() -> None:
    told = Exchange(
        kind="callback", at="", request=callback("received", SID, From="%2B1", To="%2B2", Body="hi")
    )
    fetched = exchange(asked("GET", f"/Messages/{SID}.json"), said({"sid": SID}))
    here = Here(said({"sid": OTHER}))
    here.text_sid = OTHER
    came = NoCallbacks(caught(callback("received", OTHER, From="%2B1", To="%2B2", Body="hi")))
    report = compared(here, told, fetched, callbacks=came)
    assert here.texts == [Text("+1", "+2", "hi", f"{CATCHER}/https/example.com/status")]
    assert report.differences == ()
    assert report.skipped == ()
    assert here.asked[0].path.endswith(f"/Messages/{OTHER}.json")


def test_a_text_that_cannot_come_in_is_told() -> None:
    told = Exchange(kind="callback", at="", request=callback("received", SID, From="%2B1", To="%2B2"))
    assert [each.reason for each in compared(Here(said({})), told).skipped] == ["nothing recorded causes it"]


def test_a_call_that_came_in_is_caused_by_nothing_recorded() -> None:
    ringing = Request(
        method="POST", url="https://example.com/voice", headers=(FORM,), body="CallSid=CA1&CallStatus=ringing"
    )
    told = Exchange(kind="callback", at="", request=ringing)
    assert [each.reason for each in compared(Here(said({})), told).skipped] == ["nothing recorded causes it"]
