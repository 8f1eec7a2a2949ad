"""`localloop run`: whose server it is, what the program is told, and that signals and exit status are the program's."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from installed import COMMAND, Home, Up
from localloop_process import free_port
from programs import WITHIN_S, environment, note, run, started

from localloop.cli import running
from localloop.core import clock, sids
from tests.needs import ROOT

TELL = "import json, os; print(json.dumps(dict(os.environ)))"


@pytest.fixture
def home() -> Iterator[Home]:
    """A machine of the test's own: whether a localloop runs there is what the test is about."""
    home = Home()
    yield home
    home.remove()


@pytest.fixture(scope="module")
def up() -> Iterator[Up]:
    """What is up already on the busy machine."""
    home = Home()
    up = home.up("--ephemeral", "--single")
    yield up
    up.destroy()
    home.remove()


@pytest.fixture(scope="module")
def busy(up: Up) -> Home:
    """A machine on which a localloop is up already."""
    return Home(up.errors.parent)


def test_a_server_is_started_and_stopped_with_the_program_and_its_account_stays_the_same(home: Home) -> None:
    tell = ("--", "sh", "-c", "echo $LOCALLOOP_URL $TWILIO_ACCOUNT_SID $TWILIO_AUTH_TOKEN")
    ended = run(home, *tell)
    url, *account = ended.stdout.split()
    assert re.fullmatch(r"http://127\.0\.0\.1:[0-9]+", url), ended.stderr
    assert f"{url} stands for Twilio" in ended.stderr
    assert note(home) is None
    assert not (home.folder / "state" / "localloop" / "runtime").exists()
    assert run(home, *tell).stdout.split()[1:] == account


def test_ephemeral_leaves_nothing(home: Home) -> None:
    ended = run(
        home, "--ephemeral", "--quiet", "--", "sh", "-c", "echo $SSL_CERT_FILE", TMPDIR=str(home.folder)
    )
    assert ended.stderr == ""
    assert not Path(ended.stdout.strip()).exists()
    assert list(home.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("script", "status"), [("exit 7", 7), ("kill -KILL $$", 128 + signal.SIGKILL), ("exit 0", 0)]
)
def test_the_exit_status_is_the_programs(busy: Home, script: str, status: int) -> None:
    assert run(busy, "--", "sh", "-c", script).returncode == status


def test_what_cannot_be_run_is_told_as_a_shell_tells_it(busy: Home) -> None:
    (busy.folder / "text").write_text("no program")
    missing, forbidden = run(busy, "nothing-of-the-kind"), run(busy, "./text")
    assert (missing.returncode, missing.stderr.splitlines()[-1]) == (
        127,
        "localloop: nothing-of-the-kind: not found",
    )
    assert (forbidden.returncode, forbidden.stderr.splitlines()[-1]) == (
        126,
        "localloop: ./text: Permission denied",
    )


def test_options_after_the_program_are_the_programs(busy: Home) -> None:
    assert run(busy, "echo", "--port", "5000", "--data", "x").stdout == "--port 5000 --data x\n"


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1])
def test_signals_are_the_programs(busy: Home, signum: int) -> None:
    script = (
        "import signal, sys\n"
        f"signal.signal({signum}, lambda *_: sys.exit(23))\n"
        "print('ready', flush=True)\n"
        "signal.pause()"
    )
    with started(busy, "--", sys.executable, "-c", script) as program:
        program.until("^ready$")
        assert program.end(signum) == 23


def test_a_signal_before_the_program_stops_what_was_started(home: Home) -> None:
    with started(home, "--", "sh", "-c", "echo never") as program:
        while not (home.folder / "state" / "localloop" / "run" / "server.pid").exists():
            assert program.process.poll() is None
        assert program.end(signal.SIGTERM) == 128 + signal.SIGTERM
    assert note(home) is None


def test_a_localloop_that_is_up_is_used_and_left_alone(busy: Home, up: Up) -> None:
    ended = run(busy, "--", "sh", "-c", "echo $LOCALLOOP_URL $TWILIO_ACCOUNT_SID")
    assert ended.stdout.split() == [up.url, up.sid]
    assert up.ask("/health")["status"] == "ok"


def test_programs_at_the_same_time_share_one_and_the_last_stops_it(home: Home) -> None:
    tell_and_wait = ("--", "sh", "-c", "echo $LOCALLOOP_URL; exec sleep 600")
    with started(home, *tell_and_wait) as first:
        url = first.until(r"^http://127\S+$")[0]
        with started(home, *tell_and_wait) as second:
            assert second.until(r"^http://127\S+$")[0] == url
            first.end()
            left = note(home)
            assert left is not None
            assert running.is_alive(left)
    assert note(home) is None


def test_the_programs_own_account_counts(home: Home, busy: Home) -> None:
    """Where a server is started for it, and where one is up."""
    tell = ("--", "sh", "-c", "echo $TWILIO_ACCOUNT_SID $TWILIO_AUTH_TOKEN")
    own = sids.new("AC")
    (home.folder / ".env").write_text(f"TWILIO_ACCOUNT_SID={own}\nTWILIO_AUTH_TOKEN=from-the-file\n")
    assert run(home, *tell).stdout == f"{own} from-the-file\n"
    named = {"TWILIO_ACCOUNT_SID": sids.new("AC"), "TWILIO_AUTH_TOKEN": "mine"}
    (busy.folder / ".env").write_text((home.folder / ".env").read_text())
    try:
        assert run(busy, *tell).stdout == f"{own} from-the-file\n"
        assert run(busy, *tell, **named).stdout == " ".join(named.values()) + "\n"
    finally:
        (busy.folder / ".env").unlink()


def test_another_token_for_a_known_account_is_told(busy: Home, up: Up) -> None:
    ended = run(busy, "true", TWILIO_ACCOUNT_SID=up.sid, TWILIO_AUTH_TOKEN="another")
    assert ended.returncode == 1
    assert "does not take the auth token that the environment has for" in ended.stderr


def test_nothing_leads_past_us_to_twilio(busy: Home) -> None:
    ended = run(
        busy,
        *("--", sys.executable, "-c", TELL),
        NO_PROXY="*,.internal.example,api.twilio.com,10.0.0.0/8",
        HTTPS_PROXY="http://proxy.internal.example:3128",
    )
    told = json.loads(ended.stdout)
    assert told["NO_PROXY"] == told["no_proxy"] == ".internal.example,10.0.0.0/8,localhost,127.0.0.1,::1"
    assert told["HTTPS_PROXY"] == told["http_proxy"] == told["LOCALLOOP_PROXY"]
    assert told["LOCALLOOP_UPSTREAM_PROXY"] == "http://proxy.internal.example:3128"
    assert "NO_PROXY names *, which would lead the program to Twilio itself: left out" in ended.stderr


def test_a_program_in_a_program_is_told_the_same(busy: Home) -> None:
    """`make test` under `localloop run` may itself say `localloop run`."""
    inner = f"{COMMAND} run --quiet -- {sys.executable} -c '{TELL}'"
    outer = json.loads(run(busy, "--", sys.executable, "-c", TELL).stdout)
    told = json.loads(run(busy, "--", "sh", "-c", inner).stdout)
    own = ("LOCALLOOP_URL", "_", "SHLVL", "PWD", "OLDPWD")
    changing = {
        name for name in outer if "PROXY" in name.upper() or name in own or name == "JAVA_TOOL_OPTIONS"
    }
    assert {name: told[name] for name in outer if name not in changing} == {
        name: outer[name] for name in outer if name not in changing
    }
    assert "LOCALLOOP_UPSTREAM_PROXY" not in told


def test_a_program_that_only_receives_is_texted(busy: Home) -> None:
    """No call to the API, nothing configured, and its validator is on."""
    port, began = free_port(), clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    app = ROOT / "examples" / "sms_reply" / "app.py"
    flask = (sys.executable, "-m", "flask", "--app", str(app), "run", "--port", str(port))
    with started(busy, "--port", str(port), "--", *flask) as program:
        number = program.until(rf"^localloop: texts to (\S+) go to http://127\.0\.0\.1:{port}/sms$")[1]
        assert program.until(r"signed with the auth token of (AC\w+) \(localloop's own, …\w{4}\)$")
        text_it = program.until(r"^localloop: text it: (localloop text .*)$")[1]
        assert text_it == f"localloop text +15551230001 hello --to {number}"
        assert program.until(r"^localloop: console: http://127\.0\.0\.1:\d+/console/enter\?code=\S+$")
        read = f"localloop inbox +15551230001 --wait 30 --since {began}"
        said = subprocess.run(
            ["sh", "-ec", f"{text_it}; {read}"],
            env=environment(busy),
            cwd=busy.folder,
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
            check=False,
        )
        assert f"received from {number}: You said: hello" in said.stdout, said.stderr + program.said


def test_a_number_may_be_named_with_its_addresses(busy: Home) -> None:
    options = (
        "--number",
        "+15550001111",
        "--sms-url",
        "http://127.0.0.1:1/in",
        "--voice-url",
        "http://127.0.0.1:1/ring",
    )
    ask = (
        "import json, os, urllib.request as r; from base64 import b64encode as b\n"
        "sid, token = os.environ['TWILIO_ACCOUNT_SID'], os.environ['TWILIO_AUTH_TOKEN']\n"
        "q = r.Request(f'https://api.twilio.com/2010-04-01/Accounts/{sid}/IncomingPhoneNumbers.json')\n"
        "q.add_header('Authorization', 'Basic ' + b(f'{sid}:{token}'.encode()).decode())\n"
        "print(r.urlopen(q, timeout=20).read().decode())"
    )
    account = {"TWILIO_ACCOUNT_SID": sids.new("AC"), "TWILIO_AUTH_TOKEN": "mine"}
    ended = run(busy, *options, "--", sys.executable, "-c", ask, **account)
    (number,) = json.loads(ended.stdout)["incoming_phone_numbers"]
    assert (number["phone_number"], number["sms_url"], number["voice_url"]) == (
        "+15550001111",
        options[3],
        options[5],
    )
    assert "calls to +15550001111 go to http://127.0.0.1:1/ring" in ended.stderr


def test_a_shell_may_be_told_instead(busy: Home, up: Up) -> None:
    secret = b64encode(f"{up.sid}:{up.token}".encode()).decode()
    ask = (
        "import urllib.request as r; "
        f"q = r.Request('https://api.twilio.com/2010-04-01/Accounts/{up.sid}.json'); "
        f"q.add_header('Authorization', 'Basic {secret}'); print(r.urlopen(q, timeout=20).status)"
    )
    said = subprocess.run(
        [
            "sh",
            "-ec",
            f'eval "$(localloop env)"; {sys.executable} -c "$ASK"; eval "$(localloop env)"; echo $NO_PROXY',
        ],
        env=environment(busy, ASK=ask),
        cwd=busy.folder,
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    assert said.stdout == "200\nlocalhost,127.0.0.1,::1\n", said.stderr
