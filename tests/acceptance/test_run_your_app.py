"""The page "Run your app on localloop", followed as it is written: files, commands, and what it says is printed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from installed import COMMAND, Home, Up
from localloop_process import free_port
from programs import WITHIN_S, Started

from localloop.core import clock
from tests.needs import ROOT, needs

PAGE = (ROOT / "docs" / "how-to" / "run-your-app.md").read_text("utf-8")
CLIENTS = (ROOT / "docs" / "how-to" / "point-a-client.md").read_text("utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
NODE_MODULES = ROOT / "tests" / "sdk" / "node" / "node_modules"
CLI = ROOT / "tests" / "sdk" / "cli" / "node_modules" / ".bin"


def section(title: str, page: str = PAGE) -> list[tuple[str, str]]:
    """The code blocks under a heading: language and text."""
    text = page.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    return BLOCK.findall(text)


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    home = Home()
    yield home
    home.remove()


@pytest.fixture(scope="module")
def up(home: Home) -> Iterator[Up]:
    up = home.up("--ephemeral", "--message-rate", "0")
    yield up
    up.destroy()


def environment(home: Home) -> dict[str, str]:
    path = [str(Path(COMMAND).parent), str(CLI), os.environ["PATH"]]
    return {**home.environment, "PATH": ":".join(path), "NODE_PATH": str(NODE_MODULES)}


def shell(home: Home, script: str) -> str:
    done = subprocess.run(
        ["sh", "-ec", script],
        env=environment(home),
        cwd=home.folder,
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def write(home: Home, code: str) -> None:
    """The first line of a program on the page names its file."""
    name = code.splitlines()[0].lstrip("#/ ").strip()
    (home.folder / name).write_text(textwrap.dedent(code), "utf-8")


def follow(home: Home, title: str) -> str:
    said = ""
    for language, code in section(title):
        if language == "sh":
            said += shell(home, code)
        else:
            write(home, code)
    return said


def test_python(home: Home, up: Up) -> None:
    assert re.fullmatch(r"SM[0-9a-f]{32} queued\n", follow(home, "Python"))


@needs("node", "twilio-node")
def test_node(home: Home, up: Up) -> None:
    assert re.fullmatch(r"SM[0-9a-f]{32} queued\n", follow(home, "Node"))


@needs("node", "twilio-cli")
def test_twilios_command_line(home: Home, up: Up) -> None:
    created, listed = follow(home, "Twilio's command line").split("SID", 2)[1:]
    (sid,) = re.findall(r"SM[0-9a-f]{32}", created)
    assert sid in listed


def test_a_program_that_receives(home: Home, up: Up) -> None:
    began, port = clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"), str(free_port())
    (_, app), (_, command), (_, printed) = section("A program that receives")
    write(home, app)
    arguments = command.replace("5000", port).split()
    assert arguments[:2] == ["localloop", "run"]
    program = Started(home, *arguments[2:], PATH=environment(home)["PATH"])
    try:
        program.until(r"^localloop: console: ")
        text_it = program.until(r"^localloop: text it: (.*)$")[1]
        read = f"localloop inbox +15551230001 --wait 30 --since {began}"
        assert "You said: hello" in shell(home, f"{text_it}; {read}")
    finally:
        program.end()
        assert program.process.stdout is not None
        program.process.stdout.close()
    told = [line for line in program.said.splitlines() if line.startswith("localloop: ")][1:]
    wanted = printed.replace("5000", port).splitlines()
    assert [_shape(line) for line in told[: len(wanted)]] == [_shape(line) for line in wanted]


def _shape(line: str) -> str:
    """Without what differs from run to run."""
    line = re.sub(r"\+1(?!5551230001)\d{10}", "+1", line)
    line = re.sub(r"AC(…|[0-9a-f]{32})", "AC", line)
    line = re.sub(r"…\w{4}\)", "…)", line)
    return re.sub(r"127\.0\.0\.1:\d+/console/enter\?code=\S+", "console", line)


def test_a_shell(home: Home, up: Up) -> None:
    ((_, told),) = section("A shell, a test suite, several programs")
    assert re.fullmatch(r"SM[0-9a-f]{32} queued\n", shell(home, f"{told}\npython send.py"))


def test_python_pointed_at_us(home: Home, up: Up) -> None:
    code = section("Python", CLIENTS)[0][1].replace("http://127.0.0.1:4010", up.url)
    (home.folder / "pointed.py").write_text(f"{code}\nprint(client.verify.v2.services.list()[0].url)\n")
    assert shell(home, "python pointed.py").startswith(f"{up.url}/verify/v2/Services/VA")


@needs("node", "twilio-node")
def test_node_pointed_at_us(home: Home, up: Up) -> None:
    ((_, code),) = section("Node", CLIENTS)
    (home.folder / "pointed.cjs").write_text(code.replace("http://127.0.0.1:4010", up.url))
    assert re.fullmatch(r"SM[0-9a-f]{32} queued\n", shell(home, "node pointed.cjs"))


def test_the_table_of_what_runtimes_are_told_is_whole(home: Home, up: Up) -> None:
    """Every variable that a shell is told and that is not Twilio's or ours stands on the page."""
    said = shell(home, "localloop env")
    names = {line.removeprefix("export ").partition("=")[0] for line in said.splitlines()}
    foreign = {name for name in names if not name.startswith(("TWILIO_", "LOCALLOOP_"))}
    table = PAGE.partition("| runtime |")[2].partition("\n\n")[0]
    assert foreign - {"https_proxy", "http_proxy", "no_proxy"} == set(re.findall(r"`([A-Z_]{4,})`", table))
    assert json.loads((home.folder / "state" / "localloop" / "running.json").read_text())["proxy"] in said
