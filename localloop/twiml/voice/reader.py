"""From the element tree of a document to its verbs, and what the Debugger is told on the way.

A bad attribute is its default, or its verb is left out; where Twilio calls it an error the verb is `Broken`, which
ends the document when it is reached. What the grammar does not know is named (12200) and passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from localloop.twiml import document, messaging
from localloop.twiml.document import Element, TwimlError
from localloop.twiml.script import Notice
from localloop.twiml.voice import calling, prompts, services, verbs
from localloop.twiml.voice.reading import Reading, Refused, Skipped
from localloop.twiml.voice.verbs import AnyVerb

RELATIVE_ACTION: Final = 15004


class Script(Struct, frozen=True):
    """All verbs of a document in order, and what was wrong with it."""

    verbs: tuple[AnyVerb, ...] = ()
    notices: tuple[Notice, ...] = ()
    is_media: bool = False  # it was no document but something to be heard, after which the call is over


def read(body: bytes, content_type: str | None, url: str, default_country: str = "US") -> Script:
    """What an answer from `url` asks for; raises TwimlError when it is nothing that can run."""
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind.startswith("audio/"):
        return Script((verbs.Play(url=url), verbs.Hangup()), is_media=True)
    content = document.read(body, content_type)
    if content is None:
        raise TwimlError(document.EMPTY)
    if isinstance(content, str):
        return Script((verbs.Say(text=content.strip()), verbs.Hangup()), is_media=True)
    return of(content, url, default_country)


def inline(twiml: str, default_country: str = "US", *, is_update: bool = False) -> Script:
    """What a document given by REST asks for. It has no URL, so nothing in it may be relative.

    In an update of a live call a relative action has a code of its own (15004).
    """
    reading = Reading("", default_country, RELATIVE_ACTION if is_update else 0)
    return _script(reading, document.parse(twiml.encode()))


def of(root: Element, base_url: str = "", default_country: str = "US") -> Script:
    """The verbs under this root; `default_country` is that of numbers without `+`."""
    return _script(Reading(base_url, default_country), root)


def _script(reading: Reading, root: Element) -> Script:
    found = tuple(_verbs(reading, root))
    return Script(found, reading.notices.all())


def _verbs(reading: Reading, root: Element) -> Iterator[AnyVerb]:
    reading.notices.unknown_attributes(root, ())
    for key, element in reading.children(root, "VoiceResponse"):
        try:
            verb = _READERS[key](reading, element)
        except Refused as refusal:
            verb = verbs.Broken(code=refusal.code, reason=refusal.reason)
        except Skipped:
            continue
        yield replace(verb, line=element.line)


def redirect(reading: Reading, element: Element) -> verbs.Redirect:
    redirect = reading.make(verbs.Redirect, element, "Redirect")
    for _ in reading.children(element, "Redirect"):
        pass
    text = element.text.strip()
    return replace(redirect, url=reading.url(text, "<Redirect>")) if text else redirect


def reject(reading: Reading, element: Element) -> verbs.Reject:
    reject = reading.make(verbs.Reject, element, "Reject")
    return replace(reject, parameters=reading.parameters(element, "Reject"))


def hangup(reading: Reading, element: Element) -> verbs.Hangup:
    hangup = reading.make(verbs.Hangup, element, "Hangup")
    return replace(hangup, parameters=reading.parameters(element, "Hangup"))


def leave(reading: Reading, element: Element) -> verbs.Leave:
    return reading.make(verbs.Leave, element, "Leave")


def echo(reading: Reading, element: Element) -> verbs.Echo:
    return reading.make(verbs.Echo, element, "Echo")


def sms(reading: Reading, element: Element) -> verbs.Sms:
    """Read as in a messaging document: the same attributes, limits and codes."""
    script = messaging.run(Element("Response", {}, (element,)), reading.base_url, reading.country)
    for notice in script.notices:
        reading.notices.add(notice.code, notice.reason, element)
    if not script.messages:
        raise Skipped
    return msgspec.convert(msgspec.structs.asdict(script.messages[0]), verbs.Sms)


_READERS: Final[Mapping[str, Callable[[Reading, Element], AnyVerb]]] = {
    "Say": prompts.say,
    "Play": prompts.play,
    "Pause": prompts.pause,
    "Gather": prompts.gather,
    "Record": prompts.record,
    "Pay": prompts.pay,
    "Prompt": prompts.prompt,
    "Dial": calling.dial,
    "Queue": calling.queue,
    "Enqueue": calling.enqueue,
    "Refer": calling.refer,
    "Start": services.start,
    "Stop": services.stop,
    "Connect": services.connect,
    "Redirect": redirect,
    "Reject": reject,
    "Hangup": hangup,
    "Leave": leave,
    "Echo": echo,
    "Sms": sms,
    "Message": sms,
}
