"""A running localloop: its banner, and the shell commands that find it."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Iterator

import pytest
from installed import Home, Up


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


def test_env_points_programs_at_it(home: Home, up: Up) -> None:
    values = dict(
        word.split("=", 1)
        for line in home.run("env").stdout.splitlines()
        for word in shlex.split(line.removeprefix("export "))
    )
    assert values == {"TWILIO_ACCOUNT_SID": up.sid, "TWILIO_AUTH_TOKEN": up.token, "LOCALLOOP_URL": up.url}


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
