"""`localloop check`: what an application uses of Twilio, and whether that behaves here."""

from __future__ import annotations

import asyncio
import json
import os
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin

import msgspec

from localloop import server
from localloop.cli.client import Failed
from localloop.cli.comparing import load
from localloop.contract import load as load_contract
from localloop.intercept.recording.file import is_recording
from localloop.intercept.survey import recorded, sources, webhooks
from localloop.intercept.survey.twiml import documents
from localloop.intercept.survey.use import Place as Line
from localloop.intercept.survey.use import Unclear, Use, Verb
from localloop.intercept.survey.verdict import Coverage, Found, Survey, survey
from localloop.rest.operations import Table
from localloop.rest.plain import Plain
from localloop.store.plain import PlainStore
from localloop.testing import AUTH_TOKEN
from localloop.testing.sample import kind_of, sample
from localloop.twiml.document import Content, Element, TwimlError
from localloop.twiml.document import read as read_twiml
from localloop.webhooks import UP, Failure, Instruction, Outbound, asking
from localloop.webhooks.instruction import document_of

_MOST_DOCUMENTS: Final = 25
_MOST_PLACES: Final = 4
_LEADS_ON: Final = ("action", "url")
_MARKS: Final = {
    "behaves": "behaves",
    "differs": "differs",
    "plain": "plain",
    "not yet": "not yet",
    "unknown": "?",
}
_LEGEND: Final = {
    "differs": "behaves, but for what is said below it",
    "plain": "kept and shown in Twilio's shape, without effect",
    "not yet": "not there",
    "unknown": "not understood: look at it yourself",
}


def check(target: str, kind: str, as_json: bool) -> None:
    """Raises Failed when there is nothing to look at."""
    found = survey(_uses(target, kind), coverage())
    if as_json:
        print(json.dumps(msgspec.to_builtins(found), indent=2, ensure_ascii=False))
    elif found.is_empty:
        print(f"{target} uses nothing of Twilio's that is known here")
    else:
        _print(found)


def coverage() -> Coverage:
    """Of this version of localloop: by what is bound, and not by what is written."""
    nothing: Any = None  # no operation is asked, only what is bound is looked at
    return Table(Plain(PlainStore(nothing), load_contract()), server.bindings()).coverage


def _uses(target: str, kind: str) -> Sequence[Use]:
    if target.startswith(("http://", "https://")):
        return asyncio.run(_of_url(target, kind))
    path = Path(target)
    try:
        if path.is_dir():
            return sources.uses_of(path)
        with path.open("rb") as file:
            beginning = file.read(4096)
        if is_recording(beginning):
            return list(recorded.uses_of(path.name, load(path)))
        return sources.uses_of_file(path)
    except OSError as error:
        raise Failed(f"{target}: {error.strerror}") from None
    except sources.Unreadable as error:
        raise Failed(str(error)) from None


# A URL -----------------------------------------------------------------------------------------------------------


async def _of_url(url: str, kind: str) -> Sequence[Use]:
    """Its document, and those that this one leads to on the same server. Raises Failed when the first cannot be had."""
    named = kind or ("sms" if any(word in url.lower() for word in ("sms", "message", "text")) else "voice")
    outbound = Outbound(UP)
    waiting, seen, uses = deque([url]), {url}, list[Use]()
    try:
        while waiting and len(seen) <= _MOST_DOCUMENTS:
            at = waiting.popleft()
            content = await _document(outbound, at, named)
            if isinstance(content, str):
                if at == url:
                    raise Failed(f"{url}: {content}")
                uses.append(Unclear(content, Line(at, 1)))
                continue
            found, further = _of_document(at, content)
            uses += found
            for each in further:
                if each not in seen and each.split("/")[:3] == url.split("/")[:3]:
                    seen.add(each)
                    waiting.append(each)
    finally:
        await outbound.close()
    return [*uses, *webhooks.asked_for(uses)]


async def _document(outbound: Outbound, url: str, kind: str) -> Element | str | None:
    """The document, or in words why there is none."""
    described = kind_of(kind)
    params = sample(described, {})
    instruction = Instruction(url, params["AccountSid"], params, "POST", voice=described.is_voice)
    token = os.environ.get("TWILIO_AUTH_TOKEN") or AUTH_TOKEN
    answer = document_of(await asking.attempted(outbound, instruction, token, ""))
    if isinstance(answer, Failure):
        return f"{answer.code} {answer.message}"
    try:
        content: Content = read_twiml(answer.body, answer.content_type)
    except TwimlError as error:
        return str(error)
    return content if isinstance(content, Element) else None


def _of_document(url: str, content: Element | None) -> tuple[list[Use], list[str]]:
    if content is None:
        return [], []
    found = [use for use in documents(url, _written(content)) if isinstance(use, Verb)]
    uses: list[Use] = [Verb(verb.product, verb.name, verb.attributes, Line(url, 1)) for verb in found]
    further = [urljoin(url, each.partition("#")[0]) for each in _led_to(content)]
    return uses, [each for each in further if each.startswith("http")]


def _written(element: Element) -> str:
    attributes = "".join(f' {name}=""' for name in element.attributes)
    inside = "".join(_written(child) for child in element.elements())
    return f"<{element.name}{attributes}>{inside}</{element.name}>"


def _led_to(element: Element) -> Iterator[str]:
    if element.name == "Redirect" and element.text.strip():
        yield element.text.strip()
    if element.name in ("Gather", "Record", "Dial", "Message", "Enqueue", "Number"):
        yield from (element.attributes[name] for name in _LEADS_ON if element.attributes.get(name))
    for child in element.elements():
        yield from _led_to(child)


# What is printed ---------------------------------------------------------------------------------------------------


def _print(found: Survey) -> None:
    for title, rows in (
        ("operations", found.operations),
        ("TwiML", found.verbs),
        ("webhooks", found.webhooks),
        ("unclear", found.unclear),
    ):
        if rows:
            print(title)
            for row in rows:
                _print_row(row)
            print()
    everything = [*found.operations, *found.verbs, *found.webhooks, *found.unclear]
    counts = {mark: sum(each.verdict == mark for each in everything) for mark in _MARKS}
    print(", ".join(f"{count} {_MARKS[mark]}" for mark, count in counts.items() if count))
    for mark, meaning in _LEGEND.items():
        if counts[mark]:
            print(f"  {_MARKS[mark]:<8} {meaning}")


def _print_row(row: Found) -> None:
    print(f"  {_MARKS[row.verdict]:<8} {row.name:<44} {' '.join(row.uses)}".rstrip())
    for note in row.notes:
        print(f"           {note}")
    more = len(row.places) - _MOST_PLACES
    shown = ", ".join(row.places[:_MOST_PLACES]) + (f" and {more} more" if more > 0 else "")
    print(f"           {shown}")
