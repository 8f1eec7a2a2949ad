"""The verbs that hand the call's sound to a service: Start, Stop and Connect."""

from __future__ import annotations

from msgspec.structs import replace

from localloop.twiml.document import Element
from localloop.twiml.script import SCHEMA
from localloop.twiml.voice import grammar, verbs
from localloop.twiml.voice.kinds import Value
from localloop.twiml.voice.reading import Reading, Refused, Skipped, words


def start(reading: Reading, element: Element) -> verbs.Start:
    return replace(reading.make(verbs.Start, element, "Start"), services=_services(reading, element, "Start"))


def stop(reading: Reading, element: Element) -> verbs.Stop:
    return replace(reading.make(verbs.Stop, element, "Stop"), services=_services(reading, element, "Stop"))


def _services(reading: Reading, element: Element, key: str) -> tuple[verbs.Background, ...]:
    return tuple(_service(reading, name, child, key) for name, child in reading.children(element, key))


def _service(reading: Reading, name: str, element: Element, key: str) -> verbs.Background:
    if name == "Stream":
        return _stream(reading, element, is_started=key != "Stop")
    pairs = _service_pairs(reading, element, name)
    if name == "Siprec":
        return replace(reading.make(verbs.Siprec, element, name), parameters=pairs["Parameter"])
    if name == "Transcription":
        made = reading.make(verbs.Transcription, element, name)
        return replace(made, parameters=pairs["Parameter"], configuration=pairs["Config"])
    return reading.make(verbs.Recording, element, name)


def _service_pairs(reading: Reading, element: Element, key: str) -> dict[str, verbs.Pairs]:
    found = list(reading.children(element, key))
    return {
        wanted: reading.pairs([child for name, child in found if name == wanted])
        for wanted in ("Parameter", "Config")
    }


def _stream(reading: Reading, element: Element, *, is_started: bool = True) -> verbs.Stream:
    scheme = element.attributes.get("url", "").strip().partition(":")[0]
    if "url" in element.attributes and scheme != "wss":
        raise Refused(31922, f"<Stream> url has the scheme {scheme[:20]!r}, not wss")
    stream = reading.make(verbs.Stream, element, "Stream")
    if is_started and not stream.url and not stream.connector_name:
        raise Refused(31923, "<Stream> has no url")
    return replace(stream, parameters=reading.parameters(element, "Stream"))


def connect(reading: Reading, element: Element) -> verbs.Connect:
    connect = reading.make(verbs.Connect, element, "Connect")
    found = list(reading.children(element, "Connect"))
    if not found:
        reading.notices.add(SCHEMA, "<Connect> connects to nothing", element)
        raise Skipped
    if len(found) > 1:
        reading.notices.add(SCHEMA, "<Connect> connects to one; the first is taken", element)
    name, child = found[0]
    if name != "Stream":
        return replace(connect, session=_session(reading, name, child))
    stream = _stream(reading, child)
    if stream.track != "inbound_track":
        raise Refused(31941, "a stream in both directions has the inbound track only")
    return replace(connect, session=stream)


def _session(reading: Reading, name: str, element: Element) -> verbs.Session:
    node = grammar.NODES[name]
    values = reading.values(element, name)
    if name == "ConversationRelay" and "url" not in values:
        raise Refused(64102, "<ConversationRelay> has no url")
    pairs = _service_pairs(reading, element, name)
    languages = [
        child for child in element.elements() if name == "ConversationRelay" and child.name == "Language"
    ]
    for child in languages:
        reading.notices.unknown_attributes(child, grammar.attributes_of("Language"))
    return verbs.Session(
        kind=name,
        name=words(element) if node.text else "",
        attributes={
            key: _written(values[a.field])
            for key, a in grammar.attributes_of(name).items()
            if a.field in values
        },
        parameters=pairs["Parameter"],
        configuration=pairs["Config"],
        languages=tuple(dict(child.attributes) for child in languages),
    )


def _written(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return " ".join(value) if isinstance(value, tuple) else str(value)
