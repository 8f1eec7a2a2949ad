"""A running localloop: its banner, and the shell commands that find it."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Iterator

import pytest
import requests
from installed import Home, Up

OWN = ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN")
TEST = ("TWILIO_TEST_ACCOUNT_SID", "TWILIO_TEST_AUTH_TOKEN")
GOOD, PHONE = "+15005550006", "+14155550101"


@pytest.fixture(scope="module", params=[(), ("--single",)], ids=["processes", "single"])
def up(home: Home, request: pytest.FixtureRequest) -> Iterator[Up]:
    up = home.up("--ephemeral", *request.param)
    yield up
    up.destroy()


def test_the_curl_line_of_the_banner_works_when_pasted(up: Up) -> None:
    answer = subprocess.run(
        ["sh", "-c", f"{up.curl} --silent --noproxy '*' --max-time 20"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert up.sid in [account["sid"] for account in json.loads(answer.stdout)["accounts"]]


def test_health_and_readiness(up: Up) -> None:
    assert up.ask("/health")["status"] == "ok"
    assert up.ask("/ready")["status"] == "ok"


def test_status_finds_it(home: Home, up: Up) -> None:
    answer = home.run("status")
    assert answer.returncode == 0
    assert up.url in answer.stdout


def env(home: Home) -> dict[str, str]:
    lines = home.run("env").stdout.splitlines()
    words = (word for line in lines for word in shlex.split(line.removeprefix("export ")))
    return dict(word.split("=", 1) for word in words)


def test_env_points_programs_at_it(home: Home, up: Up) -> None:
    values = env(home)
    assert {*OWN, *TEST, "LOCALLOOP_URL", "LOCALLOOP_PROXY", "HTTPS_PROXY", "SSL_CERT_FILE"} <= set(values)
    assert [values[name] for name in OWN] == [up.sid, up.token]
    assert values["LOCALLOOP_URL"] == up.url
    assert values["LOCALLOOP_PROXY"] == values["HTTPS_PROXY"] == up.after("proxy ")


@pytest.fixture(scope="module")
def tester(home: Home, up: Up) -> tuple[str, str]:
    """The test credentials that the shell is told."""
    values = env(home)
    return values[TEST[0]], values[TEST[1]]


@pytest.mark.parametrize(
    ("operation", "form", "status", "code"),
    [
        ("IncomingPhoneNumbers", {"PhoneNumber": "+15005550000"}, 400, 21422),
        ("IncomingPhoneNumbers", {"PhoneNumber": "+15005550001"}, 400, 21421),
        ("IncomingPhoneNumbers", {"PhoneNumber": GOOD}, 201, None),
        ("IncomingPhoneNumbers", {"AreaCode": "533"}, 400, 21452),
        ("IncomingPhoneNumbers", {"AreaCode": "500"}, 201, None),
        ("Messages", {"From": "+15005550001", "To": PHONE, "Body": "x"}, 400, 21212),
        ("Messages", {"From": "+15005550007", "To": PHONE, "Body": "x"}, 400, 21606),
        ("Messages", {"From": "+15005550008", "To": PHONE, "Body": "x"}, 400, 21611),
        ("Messages", {"From": GOOD, "To": PHONE, "Body": "x"}, 201, None),
        ("Messages", {"From": PHONE, "To": "+14155550100", "Body": "x"}, 400, 21606),
        ("Messages", {"From": GOOD, "To": "+15005550001", "Body": "x"}, 400, 21211),
        ("Messages", {"From": GOOD, "To": "+15005550002", "Body": "x"}, 400, 21612),
        ("Messages", {"From": GOOD, "To": "+15005550003", "Body": "x"}, 400, 21408),
        ("Messages", {"From": GOOD, "To": "+15005550004", "Body": "x"}, 400, 21610),
        ("Messages", {"From": GOOD, "To": "+15005550009", "Body": "x"}, 400, 21614),
        ("Messages", {"From": GOOD, "To": PHONE}, 400, 21602),
        ("Calls", {"From": "+15005550001", "To": PHONE, "Twiml": "<Response/>"}, 400, 21212),
        ("Calls", {"From": PHONE, "To": GOOD, "Twiml": "<Response/>"}, 400, 21210),
        ("Calls", {"From": GOOD, "To": PHONE, "Twiml": "<Response/>"}, 201, None),
        ("Calls", {"From": GOOD, "To": "+15005550001", "Twiml": "<Response/>"}, 400, 21217),
        ("Calls", {"From": GOOD, "To": "+15005550002", "Twiml": "<Response/>"}, 400, 21214),
        ("Calls", {"From": GOOD, "To": "+15005550003", "Twiml": "<Response/>"}, 400, 21215),
        ("Calls", {"From": GOOD, "To": "+15005550004", "Twiml": "<Response/>"}, 400, 21216),
        ("Queues", {"FriendlyName": "x"}, 403, 20008),
        ("Messages", None, 403, 20008),
    ],
)
def test_test_credentials(
    up: Up,
    tester: tuple[str, str],
    operation: str,
    form: dict[str, str] | None,
    status: int,
    code: int | None,
) -> None:
    url = f"{up.url}/2010-04-01/Accounts/{tester[0]}/{operation}.json"
    answer = requests.request("POST" if form else "GET", url, data=form, auth=tester, timeout=20)
    assert (answer.status_code, answer.json().get("code")) == (status, code)


def test_test_credentials_look_up_and_keep_nothing(up: Up, tester: tuple[str, str]) -> None:
    found = requests.get(f"{up.url}/lookups/v2/PhoneNumbers/+14159929960", auth=tester, timeout=20)
    assert (found.status_code, found.json()["valid"]) == (200, True)
    account = f"/2010-04-01/Accounts/{up.sid}"
    assert up.ask(f"{account}/Messages.json")["messages"] == []
    assert up.ask(f"{account}/IncomingPhoneNumbers.json")["incoming_phone_numbers"] == []


def test_doctor_finds_it(home: Home, up: Up) -> None:
    answer = home.run("doctor", "--port", up.url.rpartition(":")[2])
    assert answer.returncode == 0, answer.stdout
    assert up.url in answer.stdout


def test_its_port_is_in_use(home: Home, up: Up) -> None:
    port = up.url.rpartition(":")[2]
    answer = home.run("up", "--ephemeral", "--port", port)
    assert answer.returncode == 1
    assert f"port {port} is in use" in answer.stderr
    assert len(answer.stderr.splitlines()) == 1
