"""A first message from the shell: out to a simulated phone, and an answer from it."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Iterator

import pytest
import validators
from application import Application, on_a_thread
from installed import COMMAND, Home, Up

PHONE = "+15551230001"
SILENT = "+15551230002"
WAITED = "+15551230003"
CODED = "+15551230004"


@pytest.fixture(scope="module")
def up(home: Home) -> Iterator[Up]:
    up = home.up("--ephemeral")
    yield up
    up.destroy()


@pytest.fixture(scope="module")
def number(up: Up) -> str:
    """A number of the account."""
    account = f"/2010-04-01/Accounts/{up.sid}"
    offered = up.ask(f"{account}/AvailablePhoneNumbers/US/Local.json?PageSize=1")
    wanted = offered["available_phone_numbers"][0]["phone_number"]
    bought: str = up.ask(f"{account}/IncomingPhoneNumbers.json", {"PhoneNumber": wanted})["phone_number"]
    return bought


def test_a_text_and_its_answer(home: Home, up: Up, number: str) -> None:
    messages = f"/2010-04-01/Accounts/{up.sid}/Messages"
    up.ask(f"{messages}.json", {"To": PHONE, "From": number, "Body": "hello"})
    received = home.run("inbox", PHONE, "--wait", "20", "--since", "2020-01-01T00:00:00Z")
    assert received.returncode == 0, received.stderr
    assert received.stdout.endswith(f"received from {number}: hello\n")

    sent = home.run("text", PHONE, "hello yourself", "--to", number)
    assert sent.returncode == 0, sent.stderr
    inbound = up.ask(f"{messages}/{sent.stdout.strip()}.json")
    assert (inbound["direction"], inbound["body"]) == ("inbound", "hello yourself")

    newest = home.run("inbox", PHONE, "--limit", "1").stdout.splitlines()
    assert len(newest) == 1
    assert newest[0].endswith(f"sent to {number}: hello yourself")


def test_a_wait_is_for_a_text_that_is_still_to_come(home: Home, up: Up, number: str) -> None:
    messages = f"/2010-04-01/Accounts/{up.sid}/Messages.json"
    up.ask(messages, {"To": WAITED, "From": number, "Body": "old"})
    assert home.run("inbox", WAITED, "--wait", "20", "--since", "2020-01-01T00:00:00Z").returncode == 0
    assert home.run("inbox", WAITED, "--wait", "0.1").returncode == 1
    wait = subprocess.Popen(
        [COMMAND, "inbox", WAITED, "--wait", "50", "--limit", "1"],
        env=home.environment,
        cwd=home.folder,
        stdout=subprocess.PIPE,
        text=True,
    )
    # It asks the phone when it has started, which is not for us to see: so something new comes until it has seen it.
    said = None
    while said is None:
        up.ask(messages, {"To": WAITED, "From": number, "Body": "new"})
        with contextlib.suppress(subprocess.TimeoutExpired):
            said = wait.communicate(timeout=0.3)[0]
    assert said.endswith(": new\n"), said
    assert wait.returncode == 0


def test_a_silent_phone(home: Home, up: Up) -> None:
    answer = home.run("inbox", SILENT, "--wait", "0.1")
    assert answer.returncode == 1
    assert answer.stderr == f"localloop: nothing came to {SILENT} within 0.1 s\n"


def test_a_refusal_is_one_line_with_its_code(home: Home, up: Up, number: str) -> None:
    answer = home.run("text", "+1bad", "hello", "--to", number)
    assert answer.returncode == 1
    assert "(21211)" in answer.stderr
    assert len(answer.stderr.splitlines()) == 1


def test_an_empty_text_is_not_sent(home: Home, up: Up, number: str) -> None:
    answer = home.run("text", PHONE, "--to", number)
    assert answer.returncode == 1
    assert "nothing to send" in answer.stderr


def test_a_phone_from_a_file_answers_and_its_code_is_read(home: Home, up: Up, number: str) -> None:
    (home.folder / "phones.toml").write_text(
        f"[[phones]]\nnumber = '{CODED}'\n[[phones.rules]]\nmatch = 'code is (\\d+)'\ntemplate = '{{1}}'\n"
    )
    loaded = home.run("lab", "phones", "load", "phones.toml")
    assert loaded.stdout == f"{CODED}: 1 rule\n", loaded.stderr
    assert '"match": {\n        "Body": "~code is' in home.run("lab", "phones", "show", CODED).stdout

    none = home.run("inbox", CODED, "--code")
    assert (none.returncode, none.stderr) == (1, f"localloop: {CODED} has received no code\n")
    messages = f"/2010-04-01/Accounts/{up.sid}/Messages.json"
    up.ask(messages, {"To": CODED, "From": number, "Body": "Your code is 482915"})
    since = ("--since", "2020-01-01T00:00:00Z")
    assert home.run("inbox", CODED, "--code", "--wait", "20", *since).stdout == "482915\n"
    answered = up.ask(f"/lab/v1/Phones/{CODED}/Messages/Wait?Direction=sent&Timeout=20")
    assert answered["body"] == "482915"


def test_a_file_with_a_mistake_changes_no_phone(home: Home, up: Up) -> None:
    (home.folder / "wrong.toml").write_text(
        "[[phones]]\nnumber = '+15551239999'\nbehavior = 30003\n[[phones]]\nnumber = '+1'\nsays = 'hi'\n"
    )
    refused = home.run("lab", "phones", "load", "wrong.toml")
    assert refused.returncode == 1
    assert refused.stderr.startswith("localloop: wrong.toml: phone 2: says is unknown")
    assert up.ask("/lab/v1/Phones/+15551239999")["behavior"] == "deliver"


def test_a_call_and_its_menu(home: Home, up: Up, number: str) -> None:
    """A key is pressed when the menu was heard, and leads on; what is wrong with a document is told with the call."""
    validators.expect(up.sid, up.token)
    program = Application()
    program.answers["/voice"] = (
        "text/xml",
        "<Response><Gather numDigits='1' action='/on'><Say>Press 1</Say></Gather></Response>",
    )
    program.answers["/on"] = ("text/xml", "<Response><Say>Bye</Say><Dail/></Response>")
    account = f"/2010-04-01/Accounts/{up.sid}"
    found = up.ask(f"{account}/IncomingPhoneNumbers.json?PhoneNumber=%2B{number[1:]}")
    with on_a_thread(program.server):
        (owned,) = found["incoming_phone_numbers"]
        up.ask(f"{account}/IncomingPhoneNumbers/{owned['sid']}.json", {"VoiceUrl": f"{program.url}/voice"})
        called = home.run("call", PHONE, "--to", number, "--press", "1")
        in_vain = home.run(
            "call", PHONE, "--to", number, "--press", "1", "--press", "2", "--say", "Hi", "--json"
        )
    assert called.returncode == 0, called.stderr
    *lines, over = called.stdout.splitlines()
    told = [line.split(maxsplit=1) for line in lines]
    assert sorted(told[-2:]) == [
        ["hears", "Bye"],
        [
            "warning",
            "12200 Schema validation warning: <Dail> is not allowed in <Response>: did you mean <Dial>?"
            f" ({program.url}/on, line 1)",
        ],
    ]
    assert told[:-2] == [["hears", "Press 1"], ["presses", "1"]]
    assert "completed" in over
    told = json.loads(in_vain.stdout)
    assert (in_vain.returncode, told["status"], len(told["lines"])) == (1, "completed", 3)
