"""What the README and the quickstart tell to paste, pasted: only the address is another."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from installed import COMMAND, Home, Up

from tests.needs import ROOT, needs

ACCOUNT = ("AC00000000000000000000000000000001", "any-token-you-like")
NODE = ROOT / "tests" / "sdk" / "node"
BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def up(home: Home) -> Iterator[Up]:
    up = home.up("--ephemeral")
    yield up
    up.destroy()


def blocks(page: str, language: str, containing: str) -> list[str]:
    """The code blocks of a page in a language, without the indentation that tabs give them."""
    text = (ROOT / page).read_text("utf-8")
    found = [textwrap.dedent(code) for _, name, code in BLOCK.findall(text) if name == language]
    return [code for code in found if containing in code]


def pasted(code: str, up: Up) -> str:
    return code.replace("127.0.0.1:4010", urlsplit(up.url).netloc).replace(
        ".venv/bin/localloop", str(COMMAND)
    )


def run(command: list[str], home: Home, cwd: Path | None = None) -> str:
    environment = {**home.environment, "NO_PROXY": "*", "no_proxy": "*"}
    done = subprocess.run(
        command,
        env=environment,
        cwd=cwd or home.folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def first_message(page: str, language: str, up: Up) -> str:
    (code,) = [code for code in blocks(page, language, "Hello") if "localloop" not in code]
    return pasted(code, up)


@pytest.mark.parametrize("page", ["README.md", "docs/quickstart.md"])
@needs("curl")
def test_curl(home: Home, up: Up, page: str) -> None:
    sent = json.loads(run(["sh", "-c", first_message(page, "sh", up)], home))
    assert (sent["body"], sent["status"]) == ("Hello", "queued")
    messages = f"{up.url}/2010-04-01/Accounts/{ACCOUNT[0]}/Messages/{sent['sid']}.json"
    while (found := requests.get(messages, auth=ACCOUNT, timeout=20).json())["status"] != "delivered":
        assert found["status"] in ("queued", "sending", "sent")


@pytest.mark.parametrize("page", ["README.md", "docs/quickstart.md"])
def test_python(home: Home, up: Up, page: str) -> None:
    said = run([sys.executable, "-c", first_message(page, "python", up)], home)
    assert re.fullmatch(r"SM[0-9a-f]{32} queued\n", said)


@pytest.mark.parametrize("page", ["README.md", "docs/quickstart.md"])
@needs("twilio-node")
def test_node(home: Home, up: Up, page: str) -> None:
    said = run(["node", "-e", first_message(page, "js", up)], home, cwd=NODE)
    assert re.fullmatch(r"SM[0-9a-f]{32} queued\n", said)


@needs("curl")
def test_the_phone_and_the_shell(home: Home, up: Up) -> None:
    form = {"From": "+15551230000", "To": "+15551230001", "Body": "Hello"}
    url = f"{up.url}/2010-04-01/Accounts/{ACCOUNT[0]}/Messages.json"
    assert requests.post(url, form, auth=ACCOUNT, timeout=20).status_code == 201
    wait = f"{up.url}/lab/v1/Phones/+15551230001/Messages/Wait?Direction=received&Timeout=20"
    assert requests.get(wait, auth=ACCOUNT, timeout=30).status_code == 200
    (look,) = blocks("README.md", "sh", "/lab/v1/Phones/+15551230001/Messages")
    assert "Hello" in [
        text["body"] for text in json.loads(run(["sh", "-c", pasted(look, up)], home))["messages"]
    ]
    (shell,) = blocks("README.md", "sh", "localloop inbox")
    *texts, sent = run(["sh", "-ec", pasted(shell, up)], home).splitlines()
    assert any(text.endswith("received from +15551230000: Hello") for text in texts)
    inbound = requests.get(f"{url.removesuffix('.json')}/{sent}.json", auth=ACCOUNT, timeout=20).json()
    assert (inbound["direction"], inbound["body"]) == ("inbound", "Hello back")


@needs("curl")
def test_the_first_call(home: Home, up: Up) -> None:
    (call,) = blocks("README.md", "sh", "/Calls.json")
    made = json.loads(run(["sh", "-c", pasted(call, up)], home))
    (look,) = blocks("README.md", "sh", "/Lines")
    shell = pasted(look, up).replace("CA…", made["sid"])
    url = f"{up.url}/lab/v1/Phones/{made['to']}/Calls/{made['sid']}"
    over = requests.get(f"{url}/Wait?Status=completed&Timeout=20", auth=ACCOUNT, timeout=30)
    assert over.status_code == 200, over.text
    said = [line["text"] for line in json.loads(run(["sh", "-c", shell], home))["lines"]]
    assert said
    assert said[0] in call


def test_the_readmes_link_is_for_its_account(home: Home, up: Up) -> None:
    assert requests.get(f"{up.url}/lab/v1/Phones", auth=ACCOUNT, timeout=20).status_code == 200  # it exists
    (shell,) = blocks("README.md", "sh", "localloop inbox")
    (line,) = blocks("README.md", "sh", "localloop console")
    exports = [export for export in shell.splitlines() if export.startswith("export ")]
    link = run(["sh", "-ec", pasted("\n".join([*exports, line]), up)], home).strip()
    with requests.Session() as browser:
        assert browser.get(link, timeout=20).status_code == 200
        seen = browser.get(f"{up.url}/console/api/session", timeout=20).json()
    assert seen["account"]["sid"] == ACCOUNT[0]


@needs("curl")
def test_the_quickstarts_phone_that_cannot_be_reached(home: Home, up: Up) -> None:
    (behave,) = blocks("docs/quickstart.md", "sh", "Behavior=30003")
    assert json.loads(run(["sh", "-c", pasted(behave, up)], home))["behavior"] == "30003"


def test_what_make_is_told_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    told = {name for page in pages for name in re.findall(r"`make ([a-z-]+)", page.read_text("utf-8"))}
    assert told <= targets
    assert "up" in told


def test_every_option_and_setting_is_on_its_page(home: Home) -> None:
    from localloop.core import settings

    listed = home.run("up", "--help").stdout
    options = set(re.findall(r"^\s+(?:-\w, )?(--[a-z-]+)", listed, re.MULTILINE)) - {"--help"}
    pages = (ROOT / "docs/reference/cli.md").read_text() + (ROOT / "docs/reference/settings.md").read_text()
    assert [option for option in sorted(options) if option not in pages] == []
    assert [name for name in settings.names() if f"`{name}`" not in pages] == []
