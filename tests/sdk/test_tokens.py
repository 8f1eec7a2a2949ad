"""Tokens of Twilio's package for Node are believed as they are; those of the Python package: tests/unit/core."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from localloop.core import clock, sids
from localloop.core.access_tokens import demand_voice, read, read_capability
from tests.needs import needs

SCRIPT = Path(__file__).parent / "node" / "tokens.cjs"


@needs("node", "twilio-node")
def test_tokens_of_nodes_package() -> None:
    account_sid, key_sid, application_sid = sids.new("AC"), sids.new("SK"), sids.new("AP")
    given = [account_sid, key_sid, "secret", "token", application_sid]
    ended = subprocess.run(["node", SCRIPT, *given], capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr
    made = json.loads(ended.stdout)
    token = read(made["access"]).believe("secret", clock.now())
    outgoing = demand_voice(token).outgoing
    assert outgoing is not None
    assert (token.key_sid, token.account_sid, token.identity) == (key_sid, account_sid, "ada")
    assert (outgoing.application_sid, outgoing.params) == (application_sid, {"door": "4"})
    capability = read_capability(made["capability"]).believe(("token",), clock.now())
    assert (capability.application_sid, capability.params) == (application_sid, {"door": "4"})
    assert (capability.client_name, capability.may_be_called) == ("ada", True)
