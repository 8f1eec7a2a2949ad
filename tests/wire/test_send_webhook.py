"""`localloop send-webhook` against an application on a real socket, which Twilio's validators and the schemas judge."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import validators
from application import Application, on_a_thread
from typer.testing import CliRunner, Result
from webhook_keys import TOKEN

from localloop.cli import running
from localloop.cli.main import app
from localloop.testing import AUTH_TOKEN

TWIML = "text/xml"


@pytest.fixture
def application() -> Iterator[Application]:
    application = Application()
    with on_a_thread(application.server):
        yield application


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Our token in the environment, and no localloop that runs here."""
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", TOKEN)
    monkeypatch.delenv("TWILIO_ACCOUNT_SID", raising=False)
    monkeypatch.setenv("LOCALLOOP_DATA", str(tmp_path))
    return tmp_path


def send(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["send-webhook", *arguments])


def test_a_text_and_what_its_answer_means(application: Application) -> None:
    application.answers["/sms"] = (TWIML, "<Response><Message>You said: hi</Message></Response>")
    done = send(f"{application.url}/sms", "--body", "hi ü", "--from", "+12125550109", "--to", "+13125550108")
    assert done.exit_code == 0, done.stderr
    told = application.told("/sms")
    assert (told["Body"], told["From"], told["To"]) == ("hi ü", "+12125550109", "+13125550108")
    assert f"POST {application.url}/sms: HTTP 200 in " in done.stdout
    assert "first byte" in done.stdout
    assert "it asks for: send 'You said: hi' from +13125550108 to +12125550109" in done.stdout


def test_as_json(application: Application) -> None:
    answer = "<Response><Message to='x'>a</Message><Redirect>/next</Redirect></Response>"
    application.answers["/sms"] = (TWIML, answer)
    done = send(f"{application.url}/sms", "--param", "NumMedia=1", "--json")
    shown = json.loads(done.stdout)
    assert (done.exit_code, shown["status"], shown["error"], shown["kind"]) == (0, 200, None, "sms")
    assert shown["params"] == application.told("/sms")
    assert shown["params"]["MediaContentType0"] == "image/jpeg"
    assert shown["asks"] == [f"go on with POST {application.url}/next"]
    [notice] = shown["notices"]
    assert (notice["code"], notice["line"]) == (14101, 1)
    assert shown["response"]["body"] == answer
    assert shown["duration_ms"] >= 0


@pytest.mark.parametrize(
    ("content_type", "answer", "told"),
    [
        (TWIML, "<Response><Mesage/>", "12100 Document parse failure: no element found (line 1, column 20)"),
        (TWIML, "<response/>", "12102 "),
        ("image/png", "x", "12300 "),
    ],
)
def test_twiml_that_cannot_run(application: Application, content_type: str, answer: str, told: str) -> None:
    application.answers["/sms"] = (content_type, answer)
    done = send(f"{application.url}/sms")
    assert done.exit_code == 1
    assert f"localloop: {told}" in done.stderr
    assert f"  | {answer}" in done.stdout
    shown = json.loads(send(f"{application.url}/sms", "--json").stdout)
    assert shown["error"]["code"] == int(told[:5])


@pytest.mark.invented_webhooks  # Room is the caller's own
def test_a_call_is_outlined(application: Application) -> None:
    answer = "<Response><Gather numDigits='1'><Say>Press one</Say></Gather></Response>"
    application.answers["/voice"] = (TWIML, answer)
    done = send(f"{application.url}/voice", "--kind", "voice", "--extra", "Room=blue")
    assert done.exit_code == 0, done.stderr
    assert "it asks for: <Gather numDigits='1'>\nit asks for:   <Say>: Press one\n" in done.stdout


def test_a_status_whose_answer_means_nothing(application: Application) -> None:
    done = send(f"{application.url}/status", "--kind", "status", "--param", "MessageStatus=undelivered")
    assert (done.exit_code, application.told("/status")["ErrorCode"]) == (0, "30003")
    assert "asks" not in done.stdout


def test_what_signs(application: Application, environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The option, the environment, the localloop that runs here, and a token that is known."""
    validators.expect("AC" + "5" * 32, "of-the-option")
    option = send(f"{application.url}/sms", "--token", "of-the-option", "--param", f"AccountSid=AC{'5' * 32}")
    assert option.exit_code == 0
    monkeypatch.delenv("TWILIO_AUTH_TOKEN")
    validators.expect("AC00000000000000000000000000000001", AUTH_TOKEN)
    assert send(f"{application.url}/sms").exit_code == 0
    account = "AC" + "6" * 32
    note = running.Running(
        pid=os.getpid(),
        url="http://127.0.0.1:4010",
        account_sid=account,
        auth_token="of-the-note",
        data=str(environment),
        database="embedded",
        started="2026-01-02T03:04:05Z",
    )
    running.write(environment, note)
    validators.expect(account, "of-the-note")
    assert send(f"{application.url}/sms").exit_code == 0
    asked = [application.told("/sms")["AccountSid"] for _ in range(3)]
    assert asked == ["AC" + "5" * 32, "AC00000000000000000000000000000001", account]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["http://127.0.0.1:1/#rc=0"], "11202 TCP connection refused: http://127.0.0.1:1/"),
        (["example.com"], "11100 "),
        (["http://169.254.169.254/"], "11205 "),
        (
            ["http://127.0.0.1:1/", "--kind", "sm"],
            "there is no webhook 'sm' (is it sms?); there are sms, status,",
        ),
        (["http://127.0.0.1:1/", "--param", "body=x"], "has no parameter 'body' (is it Body?)"),
        (["http://127.0.0.1:1/", "--param", "Body"], "--param wants Name=Value, not 'Body'"),
        (["http://127.0.0.1:1/", "--method", "PUT"], "--method is GET or POST, not 'PUT'"),
    ],
)
def test_what_cannot_be_sent(arguments: list[str], told: str) -> None:
    done = send(*arguments)
    assert done.exit_code == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr
