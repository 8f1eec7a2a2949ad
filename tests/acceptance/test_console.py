"""The console of an installed localloop: the banner's link, new links, users, and stopping while somebody watches."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from installed import COMMAND, START_S, Home, Up


@pytest.fixture(scope="module", params=[(), ("--single",)], ids=["processes", "single"])
def up(home: Home, request: pytest.FixtureRequest) -> Iterator[Up]:
    up = home.up("--ephemeral", *request.param)
    yield up
    up.destroy()


def cookie_of(link: str) -> str:
    """The session that a link opens; "" when it opens none."""
    parts = urlsplit(link)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    connection.request("GET", f"{parts.path}?{parts.query}")
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return (answer.headers["set-cookie"] or "").partition(";")[0]


def session(up: Up, cookie: str) -> int:
    connection = HTTPConnection(urlsplit(up.url).netloc, timeout=20)
    connection.request("GET", "/console/api/session", headers={"Cookie": cookie})
    status = connection.getresponse().status
    connection.close()
    return status


def test_the_link_of_the_banner_signs_in_once(up: Up) -> None:
    link = up.after("console  ")
    assert link.startswith(f"{up.url}/console/enter?code=")
    assert session(up, cookie_of(link)) == 200
    assert cookie_of(link) == ""


def test_the_command_prints_a_new_link(home: Home, up: Up) -> None:
    answer = home.run("console")
    assert answer.returncode == 0, answer.stderr
    assert session(up, cookie_of(answer.stdout.strip())) == 200


def test_a_user_is_added_and_signs_in(home: Home, up: Up) -> None:
    added = subprocess.run(
        [COMMAND, "console", "add-user", "ada"],
        input="correct horse\n",
        env=home.environment,
        capture_output=True,
        text=True,
        timeout=START_S,
        check=True,
    )
    assert added.stdout == f"ada may sign in at {up.url}/console/\n"
    connection = HTTPConnection(urlsplit(up.url).netloc, timeout=20)
    given = json.dumps({"name": "ada", "password": "correct horse"})
    connection.request("POST", "/console/api/session", given, {"Content-Type": "application/json"})
    assert connection.getresponse().status == 201
    connection.close()


def test_a_password_that_is_too_short_is_one_line(home: Home, up: Up) -> None:
    refused = subprocess.run(
        [COMMAND, "console", "add-user", "ada"],
        input="short\n",
        env=home.environment,
        capture_output=True,
        text=True,
        timeout=START_S,
        check=False,
    )
    assert refused.returncode == 1
    assert "8 to 1024 characters" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_it_stops_at_once_while_somebody_watches(home: Home) -> None:
    up = home.up("--data", str(home.data))
    try:
        connection = HTTPConnection(urlsplit(up.url).netloc, timeout=20)
        cookie = cookie_of(up.after("console  "))
        connection.request("GET", "/console/api/feed", headers={"Cookie": cookie})
        answer = connection.getresponse()
        assert answer.readline() == b"retry: 1000\n"
        began = time.monotonic()
        up.process.terminate()
        answer.read()
        assert time.monotonic() - began < 6  # open requests are given eight seconds
        connection.close()
        assert up.process.wait(20) == 0
    finally:
        up.destroy()
