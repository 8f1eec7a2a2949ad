"""`request_for`: full sets of parameters that fit each other, signed, and clear refusals."""

from __future__ import annotations

import subprocess
import sys
from urllib.parse import parse_qsl, urlsplit

import pytest
import schemas
from twilio.request_validator import RequestValidator

from localloop.core.segments import count
from localloop.testing import ACCOUNT_SID, AUTH_TOKEN, NotDeclared, kinds, parameters, request_for
from localloop.testing.sample import Value

CHANGES: list[tuple[str, dict[str, Value]]] = [
    *((kind, {}) for kind in kinds()),
    ("sms", {"MediaUrl1": "https://example.com/a.png"}),
    ("sms", {"NumMedia": 2, "From": "+447700900123", "Body": "é" * 200}),
    ("sms", {"From": "whatsapp:+15551230001"}),
    ("sms", {"ErrorCode": "11200"}),
    *(
        ("status", {"MessageStatus": status})
        for status in ("queued", "sent", "undelivered", "failed", "read")
    ),
    *(("voice-status", {"CallStatus": status}) for status in ("initiated", "ringing", "in-progress", "busy")),
    ("voice-status", {"RecordingSid": "RE" + "0" * 32, "CallDuration": 61}),
    ("voice", {"ErrorUrl": "https://example.com/voice"}),
    ("gather", {"SpeechResult": "yes"}),
    ("gather", {"Digits": ""}),
    ("dial", {"DialCallStatus": "busy"}),
    ("enqueue", {"QueueResult": "queue-full"}),
    ("recording-status", {"RecordingStatus": "absent"}),
    ("recording-status", {"ConferenceSid": "CF" + "0" * 32}),
    *(("conference", {"StatusCallbackEvent": event}) for event in ("conference-end", "announcement-fail")),
    ("pay", {"PaymentMethod": "ach-debit"}),
    ("pay", {"Result": "payment-connector-error"}),
    ("pay-status", {"ErrorType": "invalid-date", "For": "expiration-date"}),
    ("usage-trigger", {"Recurring": ""}),
    ("debugger", {"ParentAccountSid": "AC" + "0" * 32, "Level": "WARNING"}),
]


@pytest.fixture(autouse=True)
def _no_token_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TWILIO_AUTH_TOKEN", raising=False)
    monkeypatch.delenv("TWILIO_ACCOUNT_SID", raising=False)


@pytest.mark.parametrize(("kind", "changes"), CHANGES)
def test_what_is_simulated_is_as_the_schemas_say(kind: str, changes: dict[str, Value]) -> None:
    params = request_for(kind, **changes).params
    assert schemas.faults(kind, params) == []
    assert {name: params[name] for name in changes} == {name: str(value) for name, value in changes.items()}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("kind", kinds())
@pytest.mark.parametrize("url", ["/x", "https://user:pw@app.example:8443/a b?c=ü#rc=2", "http://h"])
def test_what_is_simulated_is_signed(kind: str, method: str, url: str) -> None:
    request = request_for(kind, url, method=method, token="secret")
    form = request.params if method == "POST" else {}
    signed = request.headers["X-Twilio-Signature"]
    assert RequestValidator("secret").validate(request.url, form, signed)  # type: ignore[no-untyped-call]
    sent = request.body.decode() if method == "POST" else urlsplit(request.url).query
    assert request.params.items() <= dict(parse_qsl(sent, keep_blank_values=True)).items()
    assert "@" not in request.url
    assert "#" not in request.url


def test_what_follows_from_what_was_asked_for() -> None:
    body = "é" * 100 + "ł" * 100
    params = request_for("sms", From="+12125550101", To="+442071838750", Body=body, NumMedia=2).params
    assert params["NumSegments"] == str(count(body).parts) == "3"
    assert (params["FromCity"], params["FromState"], params["ToCountry"]) == ("NEW YORK", "NY", "GB")
    assert params["MessageSid"] == params["SmsSid"] == params["SmsMessageSid"]
    assert params["MessageSid"].startswith("MM")
    assert params["MessageSid"] in params["MediaUrl1"]
    png = request_for("sms", MediaUrl0="https://example.com/a.png?x=1").params
    assert (png["NumMedia"], png["MediaContentType0"]) == ("1", "image/png")

    failed = request_for("status", SmsSid="SM" + "1" * 32, SmsStatus="failed").params
    assert (failed["MessageSid"], failed["MessageStatus"]) == (failed["SmsSid"], "failed")
    assert failed["ErrorCode"] == "30003"
    assert "RawDlrDoneDate" not in failed

    called = request_for("voice", From="+12125550101", CalledCity="ELSEWHERE").params
    assert (called["Caller"], called["CallerCity"]) == ("+12125550101", "NEW YORK")
    assert called["CalledCity"] == "ELSEWHERE"
    assert request_for("voice-status", CallDuration=61).params["Duration"] == "2"


def test_what_is_told_of_conferences_and_payments_fits() -> None:
    def conference(event: str, **changes: str) -> dict[str, str]:
        return request_for("conference", StatusCallbackEvent=event, **changes).params

    joined, ended = conference("participant-join"), conference("conference-end")
    assert (joined["Muted"], joined["StartConferenceOnEnter"]) == ("false", "true")
    assert "ReasonConferenceEnded" not in joined
    assert ended["CallSidEndingConference"].startswith("CA")
    assert "CallSid" not in ended
    by_api = conference("conference-end", ReasonConferenceEnded="conference-ended-via-api")
    assert "CallSidEndingConference" not in by_api
    assert conference("participant-mute")["Muted"] == "true"
    assert conference("participant-leave")["ReasonParticipantLeft"] == "participant_hung_up"
    assert conference("announcement-fail")["ReasonAnnouncementFailed"]

    recorded = request_for("recording-status", ConferenceSid="CF" + "0" * 32).params
    assert "CallSid" not in recorded
    assert "CallSid" in request_for("recording-status").params

    assert {"PaymentToken", "PaymentCardNumber"} <= set(request_for("pay").params)
    charged = request_for("pay", PaymentConfirmationCode="ch_2").params
    assert "PaymentToken" not in charged
    assert "PaymentCardNumber" not in request_for("pay", PaymentMethod="ach-debit").params
    assert "PaymentToken" not in request_for("pay", Result="caller-hung-up").params

    fired = request_for("usage-trigger", Recurring="monthly", UsageCategory="calls", TriggerValue=5).params
    assert fired["UsageRecordUri"].endswith("/Usage/Records/Monthly.json?Category=calls")
    assert fired["CurrentValue"] == "5"
    assert fired["UsageTriggerSid"] in fired["IdempotencyToken"]


def test_one_call_is_one_message() -> None:
    first, second = request_for("sms"), request_for("sms")
    assert first.params["MessageSid"] != second.params["MessageSid"]
    token = "I-Twilio-Idempotency-Token"
    assert first.headers[token] != second.headers[token]


def test_parameters_can_be_missing_or_more() -> None:
    params = request_for("voice", From=None, extra={"Room": "blue"}).params
    assert "From" not in params
    assert params["Room"] == "blue"


def test_whose_token_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    def is_signed_with(token: str, given: str | None = None) -> bool:
        request = request_for("sms", token=given)
        signed = request.headers["X-Twilio-Signature"]
        return bool(RequestValidator(token).validate(request.url, request.params, signed))  # type: ignore[no-untyped-call]

    assert is_signed_with(AUTH_TOKEN)
    assert request_for("sms").params["AccountSid"] == ACCOUNT_SID
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "of-the-environment")
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", "AC" + "7" * 32)
    assert is_signed_with("of-the-environment")
    assert is_signed_with("given", "given")
    assert request_for("sms").params["AccountSid"] == "AC" + "7" * 32


@pytest.mark.parametrize(
    ("kind", "changes", "told"),
    [
        ("sm", {}, r"no webhook 'sm' \(is it sms\?\); there are sms, status, click, voice, "),
        ("sms", {"body": "x"}, r"no parameter 'body' \(is it Body\?\); it has MessageSid, .*MediaUrlN"),
        ("sms", {"from_": "x"}, r"no parameter 'from_' \(is it From\?\)"),
        ("sms", {"MediaUrl": "x"}, r"no parameter 'MediaUrl' \(is it MediaUrlN\?\)"),
        ("status", {"MediaUrl0": "x"}, "no parameter 'MediaUrl0'"),
        ("status", {"MessageStatus": "deliverd"}, "MessageStatus is one of accepted, .*, not 'deliverd'"),
    ],
)
def test_what_does_not_exist_is_refused(kind: str, changes: dict[str, str], told: str) -> None:
    with pytest.raises(NotDeclared, match=told):
        request_for(kind, **changes)


def test_what_no_webhook_is_is_refused() -> None:
    with pytest.raises(ValueError, match="GET or POST"):
        request_for("sms", method="PUT")
    with pytest.raises(ValueError, match="neither a path nor a URL"):
        request_for("sms", "example.com/sms")


def test_every_kind_tells_its_parameters() -> None:
    assert {"Body", "From", "MediaUrlN", "ErrorCode"} <= set(parameters("sms"))
    assert all(set(request_for(kind).params) <= set(parameters(kind)) for kind in kinds())


def test_nothing_heavy_is_loaded() -> None:
    heavy = ("aiohttp", "asyncio", "asyncpg", "phonenumbers", "sqlalchemy", "starlette", "localloop.webhooks")
    program = (
        "import sys; from localloop.testing import request_for; request_for('sms', From='+12125550101'); "
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
