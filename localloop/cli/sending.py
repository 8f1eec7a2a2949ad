"""`localloop send-webhook`: one simulated webhook to a running application, and what its answer means."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from localloop.cli import running
from localloop.cli.client import Failed
from localloop.cli.deliveries import show_half, show_timings
from localloop.cli.places import default_directory
from localloop.core.errors import title
from localloop.payloads.kinds import Kind
from localloop.testing import AUTH_TOKEN, NotDeclared
from localloop.testing.sample import kind_of, sample
from localloop.twiml import document, messaging
from localloop.twiml.document import Content, Element, TwimlError
from localloop.twiml.script import Notice
from localloop.webhooks import UP, Failure, Instruction, Outbound, asking, exchange
from localloop.webhooks.attempts import Attempt
from localloop.webhooks.instruction import document_of
from localloop.webhooks.outbound import Response

_LONGEST = 60


class Wanted(Struct, frozen=True, kw_only=True):
    """What to send, as the shell was told."""

    url: str
    kind: str = "sms"
    body: str | None = None
    from_: str | None = None
    to: str | None = None
    params: Sequence[str] = ()
    extra: Sequence[str] = ()
    method: str = "POST"
    token: str = ""


class Meaning(Struct, frozen=True, kw_only=True):
    """What is made of an answer: what it asks for, in words, and what is wrong with it."""

    asks: Sequence[str] = ()
    notices: Sequence[Notice] = ()
    error: Failure | TwimlError | None = None


def send(data: str, wanted: Wanted, as_json: bool) -> None:
    """Raises Failed when the answer, or what it asks for, is an error; all of it was printed before."""
    kind, params, token = _made(data, wanted)
    instruction = Instruction(
        wanted.url, params.get("AccountSid", ""), params, wanted.method.upper(), voice=kind.is_voice
    )
    attempts = asyncio.run(_sent(instruction, token))
    meaning = _meaning(kind, attempts, params)
    if as_json:
        _print_json(kind, instruction, attempts, meaning)
    else:
        _print(attempts, meaning)
    if meaning.error is not None:
        raise Failed(_told(meaning.error))


async def _sent(instruction: Instruction, token: str) -> list[Attempt]:
    outbound = Outbound(UP)
    try:
        return await asking.attempted(outbound, instruction, token, "")
    finally:
        await outbound.close()


def _made(data: str, wanted: Wanted) -> tuple[Kind, dict[str, str], str]:
    """The kind, its parameters, and what signs them."""
    if wanted.method.upper() not in ("GET", "POST"):
        raise Failed(f"--method is GET or POST, not {wanted.method!r}")
    short = {"Body": wanted.body, "From": wanted.from_, "To": wanted.to}
    changes = {name: value for name, value in short.items() if value is not None}
    changes |= _pairs("--param", wanted.params)
    token = wanted.token or os.environ.get("TWILIO_AUTH_TOKEN", "")
    if not token:
        note = running.read(Path(data) if data else default_directory())
        if note is not None and running.is_alive(note):
            token = note.auth_token
            changes.setdefault("AccountSid", os.environ.get("TWILIO_ACCOUNT_SID") or note.account_sid)
    try:
        kind = kind_of(wanted.kind)
        return kind, {**sample(kind, changes), **_pairs("--extra", wanted.extra)}, token or AUTH_TOKEN
    except NotDeclared as error:
        raise Failed(str(error)) from None


def _pairs(option: str, given: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not (name and equals):
            raise Failed(f"{option} wants Name=Value, not {each!r}")
        pairs[name] = value
    return pairs


def _meaning(kind: Kind, attempts: list[Attempt], params: Mapping[str, str]) -> Meaning:
    last = attempts[-1]
    if last.failure is not None:
        return Meaning(error=last.failure)
    if not kind.is_instruction:
        return Meaning()
    answer = document_of(attempts)
    if isinstance(answer, Failure):
        return Meaning(error=answer)
    try:
        content = document.read(answer.body, answer.content_type)
    except TwimlError as error:
        return Meaning(error=error)
    if kind.answer == "voice TwiML":
        return Meaning(asks=_outline(content))
    script = messaging.run(content, answer.url, params.get("ToCountry") or "US")
    return Meaning(asks=[_command(each, params) for each in script.commands], notices=script.notices)


def _command(command: messaging.Command, params: Mapping[str, str]) -> str:
    if isinstance(command, messaging.Redirect):
        return f"go on with {command.method} {command.url}"
    media = f" with {', '.join(command.media)}" if command.media else ""
    told = command.status_callback or command.action
    callback = f", and tell {told} what becomes of it" if told else ""
    to, from_ = command.to or params.get("From"), command.from_ or params.get("To")
    return f"send {command.body!r}{media} from {from_} to {to}{callback}"


def _outline(content: Content) -> list[str]:
    """The verbs of a document for a call, with what is in them; they are read, and not run."""
    if content is None:
        return []
    if isinstance(content, str):
        return [f"say {content.strip()!r}"]
    return [line for verb in content.elements() for line in _verb(verb, 0)]


def _verb(verb: Element, depth: int) -> list[str]:
    attributes = "".join(f" {name}={value!r}" for name, value in verb.attributes.items())
    text = " ".join(verb.text.split())
    shown = f": {text if len(text) <= _LONGEST else text[: _LONGEST - 1] + '…'}" if text else ""
    line = f"{'  ' * depth}<{verb.name}{attributes}>{shown}"
    return [line, *(line for child in verb.elements() for line in _verb(child, depth + 1))]


def _print(attempts: list[Attempt], meaning: Meaning) -> None:
    for attempt in attempts:
        found = exchange.detail(attempt)
        said = f"HTTP {attempt.outcome.status}" if isinstance(attempt.outcome, Response) else "no answer"
        print(f"{attempt.method} {attempt.url}: {said} in {attempt.duration_ms} ms")
        show_timings(found.get("timings"))
        if "response" in found:
            show_half("answer", found["response"])
    for line in meaning.asks:
        print(f"it asks for: {line}")
    for notice in meaning.notices:
        print(f"{notice}{f' (line {notice.line})' if notice.line else ''}")


def _print_json(kind: Kind, asked: Instruction, attempts: list[Attempt], meaning: Meaning) -> None:
    last = attempts[-1]
    found = exchange.detail(last)
    error = meaning.error
    shown = {
        "kind": kind.name,
        "url": last.url,
        "method": last.method,
        "params": dict(asked.params),
        "attempts": len(attempts),
        "status": last.outcome.status if isinstance(last.outcome, Response) else None,
        "duration_ms": last.duration_ms,
        "timings": found.get("timings"),
        "request": found.get("request"),
        "response": found.get("response"),
        "asks": list(meaning.asks),
        "notices": [_said(each.code, each.reason, each.line) for each in meaning.notices],
        "error": None if error is None else _of_error(error),
    }
    print(json.dumps(shown, indent=2, ensure_ascii=False))


def _of_error(error: Failure | TwimlError) -> dict[str, Any]:
    if isinstance(error, Failure):
        return _said(error.code, error.message, 0)
    return _said(error.code, error.reason, error.line)


def _said(code: int, reason: str, line: int) -> dict[str, Any]:
    return {"code": code, "title": title(code), "reason": reason, "line": line or None}


def _told(error: Failure | TwimlError) -> str:
    return str(error) if isinstance(error, TwimlError) else f"{error.code} {error.message}"
