"""What goes wrong is Twilio's error in the format that was asked for, with its headers, and never a traceback."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from serving import Client
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from localloop.store import Unavailable
from localloop.store.plain import PlainStore

DOMAIN = "/2010-04-01/Accounts/{}/SIP/Domains/SD00000000000000000000000000000000{}"
Log = list[Any]


@pytest.fixture
def log() -> Iterator[Log]:
    with capture_logs(processors=[merge_contextvars]) as lines:
        yield lines


def break_store(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    async def broken(*_: Any) -> None:
        raise error

    monkeypatch.setattr(PlainStore, "get", broken)


@pytest.mark.parametrize(
    ("error", "status", "code", "message"),
    [
        (RuntimeError("secret detail"), 500, 20500, "An internal server error has occurred"),
        (Unavailable("secret detail"), 503, 20503, "Service unavailable"),
        (TimeoutError("secret detail"), 503, 20503, "Service unavailable"),
    ],
)
@pytest.mark.parametrize("suffix", ["", ".xml", ".csv", ".json"])
async def test_a_failure_says_nothing_of_its_cause_but_to_the_log(
    standing: Client,
    monkeypatch: pytest.MonkeyPatch,
    log: Log,
    suffix: str,
    error: Exception,
    status: int,
    code: int,
    message: str,
) -> None:
    break_store(monkeypatch, error)
    reply = await standing("GET", DOMAIN.format(standing.account_sid, suffix))
    assert reply.status == status
    text = reply.body.decode()
    assert str(code) in text
    assert message in text
    assert "secret" not in text
    assert "Traceback" not in text
    (line,) = [each for each in log if each["log_level"] in ("error", "warning") and "operation" not in each]
    assert line["request_sid"] == reply.headers["twilio-request-id"]


@pytest.mark.parametrize(
    ("method", "target", "headers", "status"),
    [
        ("GET", "/2010-04-01/Accounts.json", {}, 200),
        ("GET", "/2010-04-01/Accounts.json", {"authorization": ""}, 401),
        ("GET", "/2010-04-01/Nothing", {}, 404),
        ("DELETE", "/2010-04-01/Accounts", {}, 405),
        ("GET", "/2010-04-01/Accounts", {"host": "elsewhere.example"}, 421),
        ("GET", "/2010-04-01/Accounts", {"origin": "https://evil.example"}, 403),
        ("OPTIONS", "/2010-04-01/Accounts", {}, 204),
    ],
)
async def test_every_answer_has_the_three_headers(
    standing: Client, method: str, target: str, headers: dict[str, str], status: int
) -> None:
    reply = await standing(method, target, headers=headers)
    assert reply.status == status
    assert re.fullmatch(r"RQ[0-9a-f]{32}", reply.headers["twilio-request-id"])
    assert re.fullmatch(r"\d+\.\d{3}", reply.headers["twilio-request-duration"])
    assert reply.headers["twilio-concurrent-requests"] in ("0", "1")


async def test_what_is_not_known_is_not_seen(client: Client) -> None:
    reply = await client(
        "POST", "/sync/v1/Services", {"FriendlyName": "x", "Nonsense": "y", "_method": "DELETE"}
    )
    assert (reply.status, reply.json()["friendly_name"]) == (201, "x")
