"""The verbs that reach others: Dial with its nouns, Queue and Enqueue, Refer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec
from msgspec.structs import replace

from localloop.core import e164
from localloop.twiml.document import Element
from localloop.twiml.script import SCHEMA
from localloop.twiml.voice import verbs
from localloop.twiml.voice.reading import Reading, Refused, Skipped, words

MAX_TARGETS: Final = 10
MAX_QUEUE_NAME: Final = 64
MAX_SIP_URI: Final = 255
MAX_SIP_HEADERS: Final = 1024
MAX_IDENTITY: Final = 121
MAX_CALLER_ID: Final = 255

_SIP_HEADER: Final = re.compile(
    r"X-[A-Za-z0-9!%*_+`'~-]+|User-to-User|Remote-Party-ID|P-Preferred-Identity|P-Called-Party-ID"
)
_INTERNATIONAL: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_SIP_URI: Final = re.compile(r"sips?:[^\s@<>]+(@[^\s@<>]+)?", re.IGNORECASE)
_NAMED: Final[Mapping[str, verbs.TargetKind]] = {
    "Client": "client",
    "Application": "application",
    "Sim": "sim",
}


def dial(reading: Reading, element: Element) -> verbs.Dial:
    if len(element.attributes.get("callerId", "")) > MAX_CALLER_ID:
        reading.notices.add(13248, f"callerId is longer than {MAX_CALLER_ID} characters", element)
        given = {name: value for name, value in element.attributes.items() if name != "callerId"}
        element = replace(element, attributes=given)
    dial = reading.make(verbs.Dial, element, "Dial")
    targets: list[verbs.Target] = []
    alone: list[tuple[str, Element]] = []
    for name, child in reading.children(element, "Dial"):
        if name in ("Conference", "Queue"):
            alone.append((name, child))
        else:
            targets.extend(_target(reading, name, child))
    if not targets and not alone and words(element):
        targets.extend(_number(reading, words(element), element, verbs.Target()))
    if alone and (targets or len(alone) > 1):
        raise Refused(13000, f"<{alone[0][0]}> stands alone in <Dial>")
    if len(targets) > MAX_TARGETS:
        reading.notices.add(13215, f"only the first {MAX_TARGETS} are called", element)
    dial = replace(dial, targets=tuple(targets[:MAX_TARGETS]))
    if not alone:
        return dial
    if alone[0][0] == "Conference":
        return replace(dial, conference=_conference(reading, alone[0][1]))
    return replace(dial, queue=_queue(reading, alone[0][1]))


def _target(reading: Reading, name: str, element: Element) -> Iterator[verbs.Target]:
    target = reading.make(verbs.Target, element, name)
    found = list(reading.children(element, name))
    if name == "Number":
        yield from _number(reading, words(element), element, target)
    elif name == "WhatsApp":
        text = words(element).removeprefix("whatsapp:")
        for number in _number(reading, text, element, target):
            yield replace(number, kind="whatsapp")
    elif name == "Sip":
        yield from _sip(reading, element, target, found)
    else:
        yield from _named(reading, element, replace(target, kind=_NAMED[name]), found)


def _number(reading: Reading, text: str, element: Element, target: verbs.Target) -> Iterator[verbs.Target]:
    """The number as E.164; one that is none is not called."""
    number = e164.parse(text, reading.country)
    if number is None and _INTERNATIONAL.fullmatch(text):
        reading.notices.add(13226, f"{text} has the code of no country", element)
    elif number is None:
        reading.notices.add(13223, f"{text[:80]!r} is no phone number", element)
    elif not number.is_possible:
        reading.notices.add(13224, f"{number.e164} does not exist", element)
    else:
        yield replace(target, kind="number", address=number.e164)


def _named(
    reading: Reading, element: Element, target: verbs.Target, found: list[tuple[str, Element]]
) -> Iterator[verbs.Target]:
    """A client, an application or a SIM: its name as text, or as a child of its own."""
    given = [child for name, child in found if name in ("Identity", "ApplicationSid")]
    address = words(given[0] if given else element)
    if not 0 < len(address) <= MAX_IDENTITY:
        reading.notices.add(13215, f"<{element.name}> names nobody", element)
        return
    parameters = reading.pairs([child for name, child in found if name == "Parameter"])
    yield replace(target, address=address, parameters=parameters)


def _sip(
    reading: Reading, element: Element, target: verbs.Target, found: list[tuple[str, Element]]
) -> Iterator[verbs.Target]:
    given = [child for name, child in found if name == "SipUri"]
    if len(given) > MAX_TARGETS:
        reading.notices.add(13250, f"only the first {MAX_TARGETS} URIs are tried", element)
    uris = [uri for child in given[:MAX_TARGETS] for uri in _sip_uri(reading, child)]
    uris.sort(key=lambda uri: uri.priority)
    address = uris[0].uri if uris else _sip_address(reading, element)
    if address is None:
        return
    headers = [child for name, group in found if name == "Headers" for child in group.elements()]
    good = tuple(
        pair for pair in reading.pairs(headers, MAX_SIP_HEADERS) if _may_send(reading, pair[0], element)
    )
    address, asked = _sip_headers(reading, address, element)
    yield replace(target, kind="sip", address=address, uris=tuple(uris), headers=(*asked, *good))


def _sip_uri(reading: Reading, element: Element) -> Iterator[verbs.SipUri]:
    uri = _sip_address(reading, element)
    if uri is not None:
        values = reading.values(element, "SipUri")
        yield msgspec.convert({**values, "uri": uri}, verbs.SipUri)


def _sip_address(reading: Reading, element: Element) -> str | None:
    address = element.text.strip()
    uri = address.partition("?")[0]
    if _SIP_URI.fullmatch(uri) and len(uri) <= MAX_SIP_URI:
        return address
    reading.notices.add(13243, f"{address[:80]!r} is no SIP URI", element)
    return None


def _sip_headers(reading: Reading, address: str, element: Element) -> tuple[str, verbs.Pairs]:
    """The address without its headers, and those that may be sent."""
    uri, _, query = address.partition("?")
    if len(query) > MAX_SIP_HEADERS:
        reading.notices.add(13253, f"{len(query)} characters of headers", element)
        return uri, ()
    pairs = (part.partition("=") for part in query.replace("&amp;", "&").split("&") if part)
    return uri, tuple((name, value) for name, _, value in pairs if _may_send(reading, name, element))


def _may_send(reading: Reading, name: str, element: Element) -> bool:
    if _SIP_HEADER.fullmatch(name):
        return True
    reading.notices.add(13252, f"the header {name[:80]!r} may not be sent", element)
    return False


def _conference(reading: Reading, element: Element) -> verbs.Conference:
    for _ in reading.children(element, "Conference"):
        pass
    name = words(element)
    if not name:
        reading.notices.add(13237, "the conference has no name", element)
    values = reading.values(element, "Conference")
    return msgspec.convert({**values, "name": name}, verbs.Conference)


def _queue(reading: Reading, element: Element) -> verbs.QueueNoun:
    for _ in reading.children(element, "Queue"):
        pass
    queue = reading.make(verbs.QueueNoun, element, "Queue")
    if queue.reservation_sid and not words(element):
        return queue
    return replace(queue, name=_queue_name(element, 14212))


def queue(reading: Reading, element: Element) -> verbs.Queue:
    noun = _queue(reading, element)
    return verbs.Queue(**{field: getattr(noun, field) for field in verbs.QueueNoun.__struct_fields__})


def _queue_name(element: Element, too_short: int) -> str:
    name = words(element)
    if not name:
        raise Refused(too_short, f"<{element.name}> names no queue")
    if len(name) > MAX_QUEUE_NAME:
        raise Refused(too_short + 1, f"{len(name)} characters, {MAX_QUEUE_NAME} are allowed")
    return name


def enqueue(reading: Reading, element: Element) -> verbs.Enqueue:
    enqueue = reading.make(verbs.Enqueue, element, "Enqueue")
    tasks = [child for _, child in reading.children(element, "Enqueue")]
    if tasks and enqueue.workflow_sid:
        return replace(enqueue, name=words(element), task=_task(reading, tasks[0]))
    if enqueue.workflow_sid:
        return replace(enqueue, name=words(element), task=verbs.Task(attributes="{}"))
    return replace(enqueue, name=_queue_name(element, 14204))


def _task(reading: Reading, element: Element) -> verbs.Task:
    text = element.text.strip() or "{}"
    try:
        good = isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        good = False
    if not good:
        raise Refused(14221, "the task's attributes are no JSON object")
    return replace(reading.make(verbs.Task, element, "Task"), attributes=text)


def refer(reading: Reading, element: Element) -> verbs.Refer:
    refer = reading.make(verbs.Refer, element, "Refer")
    found = [child for _, child in reading.children(element, "Refer")]
    uri = _sip_address(reading, found[0]) if found else None
    if uri is None:
        reading.notices.add(SCHEMA, "<Refer> names nobody to refer to", element)
        raise Skipped
    return replace(refer, uri=uri)
