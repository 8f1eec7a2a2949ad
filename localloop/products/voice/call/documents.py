"""The documents that run on a call, for people: where each stands, and its text as the application gave it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from localloop.products.voice.call.live import Live
from localloop.store import Executor
from localloop.twiml import document
from localloop.twiml.document import Element, TwimlError
from localloop.twiml.interpreter.state import Frame

_ANSWERS: Final = """
select detail -> 'request' ->> 'url' as url, detail -> 'response' ->> 'body' as body from deliveries
where account_sid = $1 and resource_sid = $2 and detail is not null and kind = 'instruction' and status_code < 300
order by id desc limit $3
"""
_MOST: Final = 100  # answers that are looked at


class Document(Struct, frozen=True, kw_only=True):
    """`line` is that of the verb that runs, and `rest` are the verbs that follow. The text is None where it is no
    longer known: what was given over REST in place of another document, or what was not recorded."""

    role: str
    url: str
    method: str
    line: int
    verb: str | None
    waits_for: str | None
    rest: Sequence[str]
    is_fallback: bool
    twiml: str | None


async def running(reader: Executor, live: Live) -> list[Document]:
    """The call's own document first, then what runs because of its verb: what is heard in a queue, on hold."""
    if live.script is None or live.script.ended:
        return []
    call = live.call
    rows = await reader.fetch(_ANSWERS, call.account_sid, call.sid, _MOST)
    answers = [(str(row["url"]), str(row["body"])) for row in rows]
    return [_shown(frame, answers, call.options.twiml) for frame in live.script.frames]


def _shown(frame: Frame, answers: Sequence[tuple[str, str]], inline: str) -> Document:
    text, verb = None, None
    for candidate in _candidates(frame, answers, inline):
        root = _root(candidate)
        if root is not None and _fits(root, frame):
            text, verb = candidate, _at(root, frame.line)
            break
    return Document(
        role=frame.role,
        url=frame.url,
        method=frame.method,
        line=frame.line,
        verb=verb,
        waits_for=type(frame.activity).__name__.lower() if frame.activity is not None else None,
        rest=[type(each).__name__ for each in frame.rest],
        is_fallback=frame.is_fallback,
        twiml=text,
    )


def _candidates(frame: Frame, answers: Sequence[tuple[str, str]], inline: str) -> Iterator[str]:
    if frame.is_inline:
        yield inline
    elif frame.url:
        yield from (body for url, body in answers if url.startswith(frame.url))


def _root(text: str) -> Element | None:
    try:
        return document.parse(text.encode())
    except TwimlError:
        return None


def _fits(root: Element, frame: Frame) -> bool:
    """Whether this is the text of what runs: the verbs to come stand in it, below the one that runs."""
    lines = {each.line for each in root.elements()}
    return (not frame.line or frame.line in lines) and {each.line for each in frame.rest} <= lines


def _at(root: Element, line: int) -> str | None:
    return next((each.name for each in root.elements() if each.line == line), None)
