"""Twilio's Node package, untouched; the scripts beside this file tell what they found as JSON."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from localloop_process import Credentials

from tests.needs import needs

FOLDER = Path(__file__).parent / "node"

# Tokens are tried in tests/api; Frontline's users come by signing in.
_NOT_TRIED = {"oauth", "previewIam", "frontlineApi"}
# In the newest package, but not in the documents that the contract is made of.
_NOT_IN_THE_CONTRACT = {"memory"}


def run(script: str, account: Credentials) -> Any:
    ended = subprocess.run(
        ["node", FOLDER / script],
        env=account.environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout.splitlines()[-1])


@needs("node", "twilio-node")
def test_accounts_and_keys(account: Credentials) -> None:
    assert run("accounts.cjs", account) == {
        "own": account.account_sid,
        "owner": account.account_sid,
        "statuses": ["suspended", "active", "closed"],
        "allowed": 0,
        "revoked": True,
        "refused": 401,
    }


@needs("node", "twilio-node")
def test_numbers(account: Credentials) -> None:
    told = run("numbers.cjs", account)
    assert told["wanted"].startswith("+1415")
    assert told == {
        "found": 3,
        "wanted": told["wanted"],
        "bought": told["wanted"],
        "smsUrl": "https://example.com/sms",
        "released": True,
        "gone": [404, 20404],
    }


@needs("node", "twilio-node")
def test_messages_and_paging(account: Credentials) -> None:
    told = run("messages.cjs", account)
    assert len(set(told["made"])) == 1_050
    assert len(told["streamed"]) == 1_050
    assert set(told["streamed"]) == set(told["made"])
    assert told["limited"] == told["streamed"][:1_010]
    assert told["pages"] == [1_000, 50]
    assert told["body"] == "number 7"
    assert told["refused"] == [400, 21604]


@needs("node", "twilio-node")
def test_a_resource_of_every_product(account: Credentials) -> None:
    told = run("products.cjs", account)
    assert {name: what for name, what in told["found"].items() if what != "found"} == {}
    assert set(told["known"]) - _NOT_TRIED - _NOT_IN_THE_CONTRACT == set(told["found"])


@needs("node", "twilio-node")
def test_calls(account: Credentials) -> None:
    assert run("calls.cjs", account) == {
        "status": "queued",
        "early": [400, 21220],
        "recording": ["OutboundAPI", "paused"],
        "people": ["second", True],
        "member": [True, 1],
        "ended": ["completed", True],
        "found": True,
        "gone": [True, [404, 20404]],
    }
