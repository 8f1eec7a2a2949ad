"""A world is saved, restored, forked, reset, exported and loaded from the shell, on a server of several processes."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from installed import Home, Up

from localloop.testing.lab import Lab, LabError
from localloop.testing.snapshots import Snapshots
from tests.needs import ROOT

SEED = ROOT / "examples" / "seed.toml"
PHONE, FROM = "+15551230009", "+15017122661"


@pytest.fixture(scope="module")
def up(home: Home) -> Iterator[Up]:
    up = home.up("--ephemeral", "--message-rate", "0", "--seed-file", str(SEED))
    yield up
    up.destroy()


def lab(home: Home, *arguments: str) -> str:
    done = home.run("lab", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def send(held: Lab, body: str) -> None:
    form = {"To": PHONE, "From": FROM, "Body": body}
    sid = held.post(f"/2010-04-01/Accounts/{held.account_sid}/Messages.json", form)["sid"]
    held.get("Waits/Messages", {"MessageSid": sid, "Status": "delivered", "Timeout": 20})


def bodies(held: Lab) -> set[str]:
    shown = held.get(f"/2010-04-01/Accounts/{held.account_sid}/Messages.json")
    return {each["body"] for each in shown["messages"]}


def test_a_world_from_the_shell(home: Home, up: Up) -> None:
    own = Lab(up.url, up.sid, up.token)
    send(own, "before")
    assert "clean" in lab(home, "snapshot", "clean")
    send(own, "after")
    credentials = dict(line.removeprefix("export ").split("=") for line in lab(home, "fork").splitlines())
    fork = Lab(own.url, credentials["TWILIO_ACCOUNT_SID"], credentials["TWILIO_AUTH_TOKEN"])
    lab(home, "restore", "clean")
    assert (bodies(own), bodies(fork)) == ({"before"}, {"before", "after"})
    file = home.folder / "world.localloop"
    lab(home, "export", str(file))
    assert file.stat().st_mode & 0o077 == 0
    send(own, "later")
    assert json.loads(lab(home, "load", str(file), "--json"))["resources"]["messages"] == 1
    assert bodies(own) == {"before"}
    refused = home.run("lab", "restore", "other")
    assert (refused.returncode, "was not found" in refused.stderr) == (1, True)
    for each in (own, fork):
        each.close()


def test_what_a_seed_file_says_is_there(home: Home, up: Up) -> None:
    shown = up.ask(f"/2010-04-01/Accounts/{up.sid}/IncomingPhoneNumbers.json")
    assert {each["friendly_name"] for each in shown["incoming_phone_numbers"]} == {"Support", "Alerts"}
    bad = home.folder / "bad.toml"
    bad.write_text("[[numbers]]\nphone_number = '+15005550006'\nsms_ur = 'http://x'\n")
    refused = home.run("up", "--seed-file", str(bad), "--ephemeral")
    told = f"--seed-file {bad}, line 3: sms_ur: unknown; did you mean 'sms_url'?"
    assert (refused.returncode, told in refused.stderr) == (1, True)


def test_from_python(up: Up) -> None:
    own = Lab(up.url, up.sid, up.token)
    made = own.post("Worlds")
    held = Lab(own.url, made["account_sid"], made["auth_token"])
    snapshots = Snapshots(held)
    held.post("Clock", {"Mode": "frozen", "At": "2031-02-03T04:05:06Z"})
    send(held, "before")
    saved = snapshots.save("clean")
    assert (saved.name, saved.resources["messages"]) == ("clean", 1)
    with pytest.raises(LabError, match="clean already"):
        snapshots.save("clean")
    held.post("Clock", {"Mode": "offset", "Advance": "40d"})
    send(held, "after")
    assert snapshots.restore(saved).sid == saved.sid
    assert held.get("Clock")["at"] == "2031-02-03T04:05:06Z"
    assert bodies(held) == {"before"}
    copy = snapshots.fork("clean")
    assert copy.accounts[held.account_sid]["sid"] == copy.account_sid
    assert [each.sid for each in snapshots] == [saved.sid]
    snapshots.delete("clean")
    snapshots.reset()
    assert (list(snapshots), bodies(held)) == ([], set())
    own.delete(f"Worlds/{held.account_sid}")
    assert held.account_sid not in {each["account_sid"] for each in own.items("Worlds", "worlds")}
    for each in (own, held):
        each.close()
