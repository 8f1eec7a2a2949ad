"""Deliveries from the shell: listed, shown, followed, sent again."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator

import pytest
from application import Callbacks, on_a_thread
from installed import COMMAND, Home, Up

PHONE = "+15551230009"
FROM = "+15017122661"


@pytest.fixture(scope="module")
def up(home: Home) -> Iterator[Up]:
    up = home.up("--ephemeral")
    yield up
    up.destroy()


@pytest.fixture(scope="module")
def application(up: Up) -> Iterator[Callbacks]:
    application = Callbacks(up.sid, up.token)
    with on_a_thread(application.server):
        yield application


def listed(home: Home, *options: str) -> list[dict[str, object]]:
    found = home.run("deliveries", "list", "--json", *options)
    assert found.returncode == 0, found.stderr
    rows: list[dict[str, object]] = json.loads(found.stdout)
    return rows


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Whoever runs the tests in the background has Ctrl-C ignored in all that it starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_from_a_failure_to_its_replay(home: Home, up: Up, application: Callbacks) -> None:
    follower = subprocess.Popen(
        [COMMAND, "deliveries", "tail", "--json"],
        env=home.environment,
        cwd=home.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert follower.stderr is not None
    assert "following" in follower.stderr.readline()
    try:
        _fail_and_replay(home, up, application)
        assert follower.stdout is not None
        lines = [json.loads(follower.stdout.readline()) for _ in range(3)]
    finally:
        follower.send_signal(signal.SIGINT)
        follower.communicate(timeout=20)
    assert follower.returncode == 0
    assert len({line["sid"] for line in lines}) == 3


def _fail_and_replay(home: Home, up: Up, application: Callbacks) -> None:
    url = application.url
    form = {"To": PHONE, "From": FROM, "Body": "hello", "StatusCallback": url}
    up.ask(f"/2010-04-01/Accounts/{up.sid}/Messages.json", form)
    application.wait(2)
    while len(failed := listed(home, "--failed", "--url", url)) < 2:
        pass
    assert {row["error_code"] for row in failed} == {11200}
    text = home.run("deliveries", "list", "--failed").stdout
    assert str(failed[0]["sid"]) in text
    shown = home.run("deliveries", "show", str(failed[0]["sid"]))
    assert "MessageStatus=" in shown.stdout
    assert "got HTTP 500 response" in shown.stdout
    application.status = 204
    again = home.run("deliveries", "replay", "--failed", "--url", url)
    assert again.stdout == "2 will be sent again\n", again.stderr
    application.wait(4)
    assert sorted(application.tokens[:2]) == sorted(application.tokens[2:4])
    while len(replays := [row for row in listed(home) if row["replay_of"]]) < 2:
        pass
    assert {row["status_code"] for row in replays} == {204}
    assert home.run("deliveries", "replay", "--failed", "--since", "1h").stdout == "0 will be sent again\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "WH" + "0" * 32), "was not found"),
        (("replay",), "name the deliveries"),
        (("replay", "--failed"), "--url, --since or --until"),
        (("replay", "WH" + "0" * 32, "--failed"), "not both"),
        (("list", "--since", "yesterday"), "--since: wants 30m"),
    ],
)
def test_mistakes_are_one_line(home: Home, up: Up, arguments: tuple[str, ...], said: str) -> None:
    refused = home.run("deliveries", *arguments)
    assert refused.returncode == 1
    assert said in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert up.sid not in refused.stderr


def test_every_command_has_help(home: Home) -> None:
    for command in ("list", "show", "tail", "replay"):
        assert "--json" in home.run("deliveries", command, "--help").stdout


def test_many_messages_are_deleted(home: Home, up: Up) -> None:
    """It asks which; what was there is gone when it says so, and what is counted adds up."""
    account = f"/2010-04-01/Accounts/{up.sid}/Messages.json"
    sent = [up.ask(account, {"To": PHONE, "From": FROM, "Body": str(each)})["sid"] for each in range(3)]
    assert home.run("inbox", PHONE, "--wait", "20", "--since", "2020-01-01T00:00:00Z").returncode == 0
    assert "which messages?" in home.run("messages", "delete").stderr
    canceled = home.run("messages", "delete", "--to", "+15550000000", "--no-wait")
    assert canceled.returncode == 0, canceled.stderr
    done = home.run("messages", "delete", "--to", PHONE, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["status"], told["deleted"] + told["in_flight"]) == ("completed", told["total"])
    assert told["total"] >= len(sent)
    assert home.run("messages", "deletions").stdout.count("MD") == 2
    assert home.run("messages", "cancel", told["sid"]).returncode == 1
