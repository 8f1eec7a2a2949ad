"""Twilio's own validators as judges: every webhook that a test's server receives is shown to both of them.

Servers note what they receive; after each test (tests/genuine.py) the validator of the Python package and that of
the Node package, one process for all tests of a run, must accept all of it. An application behind a proxy knows the
URL that was asked for from `X-Forwarded-Proto` and `X-Forwarded-Host`, so a webhook with them is judged by them.

The published schemas judge as well: what is received has to be declared. Tests whose webhooks say what no product
says are marked `invented_webhooks`.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from urllib.parse import parse_qs

import schemas
from msgspec import Struct
from msgspec.structs import asdict
from twilio.request_validator import RequestValidator
from webhook_keys import TOKEN

from tests.needs import FINDERS, ROOT

SIGNATURE = "x-twilio-signature"
_SCRIPT = ROOT / "tests" / "sdk" / "node" / "validate.cjs"
_ANSWER_S = 60


class Webhook(Struct, frozen=True):
    """What an application knows of one request."""

    tokens: list[str]  # one of them signs
    signature: str
    protocol: str
    host: str
    path: str
    body: str
    form: dict[str, list[str]]

    @property
    def url(self) -> str:
        return f"{self.protocol}://{self.host}{self.path}"


class _Form(dict[str, list[str]]):
    """A form as Django gives it."""

    def getlist(self, name: str) -> list[str]:
        return self[name]


_noted: list[Webhook] = []
_tokens: dict[str, str] = {}
_undeclared: list[str] = []
_forged: list[int] = []


def expect(account_sid: str, token: str) -> None:
    """Webhooks that name this account are signed with this token; those that name none, with one that is known."""
    _tokens[account_sid] = token


def expect_forged(number: int) -> None:
    """That many webhooks of this test are signed wrongly on purpose: each judge has to refuse exactly so many."""
    _forged.append(number)


def note(protocol: str, path: str, headers: Mapping[str, str], body: bytes) -> None:
    """Remember a request (header names in lower case) until the test is over."""
    if "x-forwarded-proto" in headers:
        protocol = headers["x-forwarded-proto"]
    if headers.get("upgrade", "").lower() == "websocket":
        protocol = protocol.replace("http", "ws")
    is_form = headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    form = parse_qs(body.decode(), keep_blank_values=True) if is_form else {}
    asked = parse_qs(path.partition("?")[2], keep_blank_values=True)
    # What the debugger is told of a subaccount goes to the main account's address, by the main account's token.
    named = {**asked, **form}
    told = {name: values[0] for name, values in (form if is_form else asked).items()}
    _undeclared.extend(_faults(path, told, is_form=is_form))
    account = (named.get("ParentAccountSid") or named.get("AccountSid") or [""])[0]
    host = headers.get("x-forwarded-host", headers["host"])
    tokens = [_tokens[account]] if account in _tokens else [TOKEN, *_tokens.values()]
    signature = headers.get(SIGNATURE, "")
    _noted.append(Webhook(tokens, signature, protocol, host, path, body.decode("utf-8", "replace"), form))


def settle(*, declared: bool = False) -> list[str]:
    """What is wrong with the webhooks since the last time; `declared`: they have to be as the schemas say."""
    webhooks, _noted[:] = list(_noted), []
    refused, _undeclared[:] = list(_undeclared) if declared else [], []
    _tokens.clear()
    forged, _forged[:] = sum(_forged), []
    refused += _but_forged(
        [f"Twilio's validator for Python refuses {each}" for each in webhooks if not _python(each)], forged
    )
    if webhooks and FINDERS["twilio-node"]() is None:
        return [*refused, "twilio-node is missing, and CI must have it"] if os.environ.get("CI") else refused
    verdicts = _node(webhooks)
    denied = [
        f"Twilio's validator for Node refuses {webhook}"
        for webhook, accepted in zip(webhooks, verdicts, strict=True)
        if not accepted
    ]
    return refused + _but_forged(denied, forged)


def _but_forged(refused: list[str], forged: int) -> list[str]:
    if not forged:
        return refused
    return [] if len(refused) == forged else [f"{len(refused)} refused, {forged} forged on purpose", *refused]


def _faults(path: str, params: Mapping[str, str], *, is_form: bool) -> list[str]:
    """What the schemas have against a form, or against a query, which may also have what the URL itself asks."""
    kind = schemas.kind_of(params)
    if kind is None:
        return [f"{path}: no webhook is declared that says {sorted(params)}"] if is_form else []
    return [f"{path}: {kind}: {fault}" for fault in schemas.faults(kind, params, complete=is_form)]


def _python(webhook: Webhook) -> bool:
    is_json = "bodySHA256" in webhook.path and webhook.body and not webhook.form
    params = webhook.body if is_json else _Form(webhook.form)
    return any(
        RequestValidator(token).validate(webhook.url, params, webhook.signature)  # type: ignore[no-untyped-call]
        for token in webhook.tokens
    )


def _node(webhooks: Sequence[Webhook]) -> list[bool]:
    if not webhooks:
        return []
    process = _process()
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write((json.dumps([asdict(each) for each in webhooks]) + "\n").encode())
    ready, _, _ = select.select([process.stdout], [], [], _ANSWER_S)
    assert ready, "Twilio's validator for Node does not answer"
    verdicts: list[bool] = json.loads(process.stdout.readline())
    return verdicts


@cache
def _process() -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        ["node", str(_SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, cwd=_SCRIPT.parent
    )
    atexit.register(_stop, process)
    return process


def _stop(process: subprocess.Popen[bytes]) -> None:
    with process:  # closes what leads there, and waits
        process.kill()
