"""The samples of Twilio's page "Twilio API requests" as published, with only the address changed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

from localloop_process import Credentials
from twilio.rest import Client

from tests.needs import needs

HERE = Path(__file__).parent


def _output(*command: str | Path, **environment: str) -> str:
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@needs("curl")
def test_curl_with_sid_and_token(account: Credentials) -> None:
    told = _output(
        *("curl", "-sS", "-G", f"{account.url}/2010-04-01/Accounts"),
        *("-u", f"{account.account_sid}:{account.auth_token}"),
        **account.environment(),
    )
    root = ElementTree.fromstring(told)
    assert root.tag == "TwilioResponse"
    assert [sid.text for sid in root.findall("Accounts/Account/Sid")] == [account.account_sid]


def test_python_with_sid_and_token(account: Credentials) -> None:
    told = _output(sys.executable, HERE / "samples" / "create_message.py", **account.environment())
    assert told == "Hello\n"


@needs("node", "twilio-node")
def test_node_with_key_and_secret(account: Credentials, client: Client) -> None:
    key = client.new_keys.create(friendly_name="sample")
    told = _output(
        *("node", HERE / "node" / "create_message.cjs"),
        **account.environment(),
        TWILIO_API_KEY=key.sid,
        TWILIO_API_SECRET=key.secret,
    )
    assert told == "Hello\n"
