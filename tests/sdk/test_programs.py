"""Programs written for Twilio, not a line of them changed, under `localloop run`.

The official packages for Python and Node and the official command line; for other languages a program on the runtime's
own HTTP client. Each sends a text through the intercepting proxy and holds the webhook that follows against its token.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from installed import COMMAND, Home, Up

from tests.needs import ROOT, needs

PROGRAMS = Path(__file__).parent / "programs"
CLI = ROOT / "tests" / "sdk" / "cli" / "node_modules" / ".bin" / "twilio"
NODE = ROOT / "tests" / "sdk" / "node"
WITHIN_S = 120
SENT = re.compile(r"^sent SM[0-9a-f]{32}$", re.MULTILINE)


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    home = Home()
    yield home
    home.remove()


@pytest.fixture(scope="module")
def up(home: Home) -> Iterator[Up]:
    """The programs find it, as they would on a laptop."""
    up = home.up("--ephemeral", "--message-rate", "0")
    yield up
    up.destroy()


def run(home: Home, *command: str | Path, **environment: str) -> str:
    """What the program said."""
    ended = subprocess.run(
        [COMMAND, "run", "--", *command],
        env={**home.environment, **environment},
        cwd=home.folder,
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def judge(said: str) -> None:
    assert SENT.search(said), said
    assert "signature true" in said.lower(), said


def test_python_sends_and_is_told(home: Home, up: Up) -> None:
    judge(run(home, sys.executable, PROGRAMS / "send_and_check.py"))


def test_python_synchronously_and_not(home: Home, up: Up) -> None:
    said = run(home, sys.executable, PROGRAMS / "every_way.py").splitlines()
    assert said[0] == "listed 3"
    assert re.fullmatch(r"verify https://verify\.twilio\.com/v2/Services/VA[0-9a-f]{32}", said[1])
    assert said[2] == "paged True"  # the address of the next page is one that leads here
    assert said[3] == "async queued"


@needs("node", "twilio-node")
def test_node_sends_and_is_told(home: Home, up: Up) -> None:
    said = run(home, "node", PROGRAMS / "send_and_check.cjs", NODE_PATH=str(NODE / "node_modules"))
    judge(said)
    assert re.search(r"^verify https://verify\.twilio\.com/v2/Services/VA[0-9a-f]{32}$", said, re.MULTILINE)


@needs("curl")
def test_curl(home: Home, up: Up) -> None:
    asked = ["curl", "--silent", "--fail", "-u", f"{up.sid}:{up.token}"]
    account = json.loads(run(home, *asked, f"https://api.twilio.com/2010-04-01/Accounts/{up.sid}.json"))
    assert account["sid"] == up.sid


@needs("node", "twilio-cli")
def test_twilios_command_line_sends_and_lists(home: Home, up: Up) -> None:
    body = "from the command line"
    create = ["api:core:messages:create", "--from", "+15551230000", "--to", "+15551230001", "--body", body]
    (sent,) = json.loads(run(home, CLI, *create, "-o", "json"))
    listed = json.loads(run(home, CLI, "api:core:messages:list", "-o", "json"))
    assert (sent["status"], sent["body"]) == ("queued", body)
    assert sent["sid"] in [message["sid"] for message in listed]


@needs("ruby")
def test_ruby_by_net_http(home: Home, up: Up) -> None:
    judge(run(home, "ruby", PROGRAMS / "send_and_check.rb"))


@needs("php-curl")
def test_php_by_curl(home: Home, up: Up) -> None:
    judge(run(home, "php", PROGRAMS / "send_and_check.php"))


@needs("javac")
def test_java_by_its_http_client(home: Home, up: Up) -> None:
    judge(run(home, "java", PROGRAMS / "SendAndCheck.java"))


@needs("go")
def test_go_by_net_http(home: Home, up: Up) -> None:
    cache = str(home.folder / "go")
    program = home.folder / "send_and_check"
    subprocess.run(
        ["go", "build", "-o", program, PROGRAMS / "send_and_check.go"],
        env={**home.environment, "GOCACHE": cache, "GOFLAGS": "-mod=mod", "GO111MODULE": "off"},
        check=True,
        timeout=WITHIN_S,
    )
    judge(run(home, program))
