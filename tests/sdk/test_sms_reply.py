"""examples/sms_reply end to end: two servers on real ports, and a phone between them."""

from __future__ import annotations

import importlib.util
import logging
import queue
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from urllib.parse import urlencode

import pytest
import requests
import validators
from application import on_a_thread
from flask import Response, request
from localloop_process import Credentials
from twilio.rest import Client
from werkzeug.serving import make_server

APP = Path(__file__).parents[2] / "examples" / "sms_reply" / "app.py"
PHONE = "+15551230001"
WAIT_S = 20


@dataclass
class Running:
    """The example on its port; what it answered and what it logged, in order."""

    url: str = ""
    answers: queue.Queue[tuple[str, int]] = field(default_factory=queue.Queue)
    lines: queue.Queue[str] = field(default_factory=queue.Queue)


class _Keep(logging.Handler):
    def __init__(self, lines: queue.Queue[str]) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.put(record.getMessage())


@pytest.fixture
def app(account: Credentials, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", account.auth_token)
    example = _load()
    running = Running()

    def remember(answer: Response) -> Response:
        running.answers.put((request.path, answer.status_code))
        if answer.status_code != 403:
            headers = {name.lower(): value for name, value in request.headers.items()}
            validators.expect(account.account_sid, account.auth_token)
            validators.note("http", request.path, headers, urlencode(request.form).encode())
        return answer

    example.app.after_request(remember)
    keep = _Keep(running.lines)
    example.app.logger.addHandler(keep)
    server = make_server("127.0.0.1", 0, example.app, threaded=True)
    running.url = f"http://127.0.0.1:{server.server_port}"
    with on_a_thread(server):
        yield running
    example.app.logger.removeHandler(keep)


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sms_reply_app", APP)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def number(client: Client, app: Running) -> str:
    """A bought number whose texts go to the example."""
    offered = client.available_phone_numbers("US").local.list(limit=1)[0].phone_number
    return str(
        client.incoming_phone_numbers.create(phone_number=offered, sms_url=f"{app.url}/sms").phone_number
    )


def _phone(account: Credentials) -> str:
    return f"{account.url}/lab/v1/Phones/{PHONE}/Messages"


def _received(account: Credentials, pattern: str) -> dict[str, str]:
    params = {"Matches": pattern, "Direction": "received", "Timeout": str(WAIT_S)}
    answer = requests.get(f"{_phone(account)}/Wait", params=params, auth=account.auth, timeout=WAIT_S + 10)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_a_text_is_answered(account: Credentials, app: Running, number: str) -> None:
    texted = requests.post(
        _phone(account), {"To": number, "Body": "Hello, wörld & all"}, auth=account.auth, timeout=WAIT_S
    )
    assert texted.status_code == 201, texted.text

    assert app.answers.get(timeout=WAIT_S) == ("/sms", 200)
    reply = _received(account, "You said")
    assert (reply["from"], reply["body"]) == (number, "You said: Hello, wörld & all")


def test_a_sent_text_is_followed_in_order(
    account: Credentials, client: Client, app: Running, number: str
) -> None:
    sent = client.messages.create(from_=number, to=PHONE, body="News", status_callback=f"{app.url}/status")
    assert _received(account, "^News$")["message_sid"] == sent.sid
    followed = [app.lines.get(timeout=WAIT_S) for _ in range(2)]
    assert followed == [f"{sent.sid} is sent", f"{sent.sid} is delivered"]
    assert {app.answers.get(timeout=WAIT_S) for _ in range(2)} == {("/status", 204)}


def test_a_stranger_is_turned_away(app: Running) -> None:
    forged = requests.post(
        f"{app.url}/sms", {"Body": "Hello"}, headers={"X-Twilio-Signature": "AAAA"}, timeout=WAIT_S
    )
    assert forged.status_code == 403
