"""Time, waits and the world's log from the shell, on a server of several processes."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from installed import COMMAND, Home, Up

from localloop.testing import Faults, Lab

PHONE = "+15551230009"
FROM = "+15017122661"


@pytest.fixture(scope="module")
def up(home: Home) -> Iterator[Up]:
    up = home.up("--ephemeral", "--message-rate", "0.01")
    yield up
    up.destroy()


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Whoever runs the tests in the background has Ctrl-C ignored in all that it starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def said(home: Home, *arguments: str) -> Any:
    done = home.run("lab", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def moment(shown: dict[str, str]) -> datetime:
    return datetime.fromisoformat(shown["at"].replace("Z", "+00:00"))


def send(up: Up, body: str) -> str:
    path = f"/2010-04-01/Accounts/{up.sid}/Messages.json"
    sent: str = up.ask(path, {"To": PHONE, "From": FROM, "Body": body})["sid"]
    return sent


@pytest.mark.usefixtures("interruptible")
def test_a_day_from_the_shell(home: Home, up: Up) -> None:
    """Each message waits a hundred seconds for the one before: real time would not do."""
    assert said(home, "clock")["mode"] == "real"
    frozen = said(home, "clock", "frozen")
    for body in ("one", "two", "three"):
        send(up, body)
    passed = said(home, "clock", "advance", "1d")
    assert moment(passed) - moment(frozen) == timedelta(days=1)
    assert said(home, "wait", "texts", f"Number={PHONE}", "--exactly", "3", "--timeout", "0")["count"] == 3

    said(home, "clock", "auto")
    for body in ("four", "five", "six"):
        send(up, body)
    assert said(home, "wait", "texts", "Body=~^six$", "--timeout", "3600")["items"][0]["Body"] == "six"

    follower = subprocess.Popen(
        [COMMAND, "tail", "--json", "--last", "1000", "--kind", "clock", "--kind", "message"],
        env=home.environment,
        cwd=home.folder,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert follower.stdout is not None
        new = ""
        for line in follower.stdout:
            told = json.loads(line)
            new = new or send(up, "seven")  # once what was there before is being told
            if told["sid"] == new:
                break
    finally:
        follower.send_signal(signal.SIGINT)
        follower.communicate(timeout=20)
    assert follower.returncode == 0
    assert home.run("lab", "clock", "real").stdout.rstrip().split("  ")[1].startswith("real time")


def test_what_cannot_be_done_is_one_line(home: Home, up: Up) -> None:
    for arguments, told in (
        (("clock", "advance", "soon"), "is no span of time"),
        (("wait", "letters"), "there is nothing to wait for named 'letters'"),
        (("wait", "texts", "Body"), "'Body' is no NAME=VALUE"),
        (("wait", "alerts", "ErrorCode=99999", "--timeout", "0"), "There was no alert at all."),
    ):
        refused = home.run("lab", *arguments)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert told in refused.stderr
        assert refused.stderr.count("\n") == 1


def test_things_go_wrong_from_the_shell_and_from_python(home: Home, up: Up) -> None:
    """In every process, from the answer on."""
    number = "+15551230077"
    path = f"/2010-04-01/Accounts/{up.sid}/Messages.json"
    added = said(home, "faults", "add", "receipt-lose", f"To={number}", "--count", "1", "--seed", "7")
    faults = Faults(Lab(up.url, up.sid, up.token))
    assert [(each.sid, each.seed) for each in faults] == [(added["sid"], 7)]
    with faults.add("carrier-refuse", error_code=30007, Body="~spam"), pytest.raises(TypeError):
        faults.add("webhook-drop", often=3)
    sid = up.ask(path, {"To": number, "From": "+15017122699", "Body": "spam"})["sid"]
    said(home, "wait", "texts", f"Number={number}", "Body=spam")
    assert up.ask(f"/2010-04-01/Accounts/{up.sid}/Messages/{sid}.json")["status"] == "sent"
    assert [(each.kind, each.resource_sid) for each in faults.applied()] == [("receipt-lose", sid)]
    told = home.run("lab", "faults").stdout
    assert f"receipt-lose To={number}  (100.0%, struck 1 of 1, seed 7)" in told
    assert said(home, "faults", "retries") == faults.retries() == []
    assert home.run("lab", "faults", "remove", added["sid"]).returncode == 0
    assert list(faults) == []
    refused = home.run("lab", "faults", "add", "webhook-explode")
    assert (refused.returncode, "webhook-drop" in refused.stderr) == (1, True)
