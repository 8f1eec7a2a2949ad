"""From the element tree of a document to its verbs, and what the Debugger is told on the way.

A bad attribute is its default, or its verb is left out; where Twilio calls it an error the verb is `Broken`, which
ends the document when it is reached. What the grammar does not know is named (12200) and passed over.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from localloop.core import e164
from localloop.twiml import document, messaging
from localloop.twiml.document import Element, TwimlError
from localloop.twiml.script import SCHEMA, URL_FORMAT, Notice, Notices, absolute
from localloop.twiml.voice import grammar, speech, verbs
from localloop.twiml.voice.kinds import Invalid, Value
from localloop.twiml.voice.verbs import AnyVerb

RELATIVE_ACTION: Final = 15004
MAX_TARGETS: Final = 10
MAX_QUEUE_NAME: Final = 64
MAX_SIP_URI: Final = 255
MAX_SIP_HEADERS: Final = 1024
MAX_IDENTITY: Final = 121
MAX_PARAMETER: Final = 500
MAX_CALLER_ID: Final = 255
# What is wrong with a prompt of Gather has codes of its own.
_IN_GATHER: Final[Mapping[int, int]] = {13511: 13321, 13510: 13322}
_SSML_VOICES: Final = ("Polly.", "Google.")

_T = TypeVar("_T", bound=Struct)
_SIP_HEADER: Final = re.compile(
    r"X-[A-Za-z0-9!%*_+`'~-]+|User-to-User|Remote-Party-ID|P-Preferred-Identity|P-Called-Party-ID"
)
_SIP_URI: Final = re.compile(r"sips?:[^\s@<>]+(@[^\s@<>]+)?", re.IGNORECASE)


class Script(Struct, frozen=True):
    """All verbs of a document in order, and what was wrong with it."""

    verbs: tuple[AnyVerb, ...] = ()
    notices: tuple[Notice, ...] = ()
    is_media: bool = False  # it was no document but something to be heard, after which the call is over


class Refused(Exception):
    """A verb that cannot run, for a reason that Twilio calls an error."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Skipped(Exception):
    """A verb that is left out."""


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
    reader = _Reader("", default_country, RELATIVE_ACTION if is_update else 0)
    found = tuple(reader.document(document.parse(twiml.encode())))
    return Script(found, reader.notices.all())


def of(root: Element, base_url: str = "", default_country: str = "US") -> Script:
    """The verbs under this root; `default_country` is that of numbers without `+`."""
    reader = _Reader(base_url, default_country)
    found = tuple(reader.document(root))
    return Script(found, reader.notices.all())


class _Reader:
    """One reading of one document."""

    def __init__(self, base_url: str, default_country: str, action_code: int = 0) -> None:
        self.notices = Notices()
        self._base_url = base_url
        self._country = default_country
        self._action_code = action_code
        self._codes: Mapping[int, int] = {}

    def document(self, root: Element) -> Iterator[AnyVerb]:
        self.notices.unknown_attributes(root, ())
        for key, element in self._children(root, "VoiceResponse"):
            try:
                verb = _READERS[key](self, element)
            except Refused as refusal:
                verb = verbs.Broken(code=refusal.code, reason=refusal.reason)
            except Skipped:
                continue
            yield replace(verb, line=element.line)

    # -- what all elements share

    def _children(self, element: Element, key: str) -> Iterator[tuple[str, Element]]:
        """The child elements that belong here, by their keys; what does not is named."""
        node = grammar.NODES[key]
        if not node.text and element.text.strip():
            self.notices.add(SCHEMA, f"text directly in <{element.name}> means nothing", element)
        known = grammar.children_of(key)
        for child in element.elements():
            if child.name in known:
                yield known[child.name], child
            else:
                self.notices.add(node.stray, f"<{child.name}> is not allowed in <{element.name}>", child)

    def _values(self, element: Element, key: str) -> dict[str, Value]:
        """The attributes that are there and good, by the field's name."""
        node = grammar.NODES[key]
        self.notices.unknown_attributes(element, node.names)
        values: dict[str, Value] = {}
        for name, attribute in node.names.items():
            if name not in element.attributes:
                continue
            try:
                values[attribute.field] = attribute.kind.read(
                    element.attributes[name].strip(), self._base_url
                )
            except Invalid as invalid:
                self._complain(element, attribute, f"{name} {invalid}")
        return values

    def _complain(self, element: Element, attribute: grammar.Attribute, reason: str) -> None:
        if attribute.ends_document:
            code = self._action_code if attribute.name == "action" else 0
            raise Refused(code or attribute.code, f"<{element.name}> {reason}")
        self.notices.add(self._codes.get(attribute.code, attribute.code), reason, element)
        if attribute.skips:
            raise Skipped

    def _make(self, kind: type[_T], element: Element, key: str) -> _T:
        return msgspec.convert(self._values(element, key), kind)

    def _words(self, element: Element) -> str:
        return " ".join(element.text.split())

    def _url(self, text: str, what: str) -> str:
        url = absolute(text, self._base_url)
        if url is None:
            raise Refused(URL_FORMAT, f"{what} {text.strip()[:80]!r} is no URL")
        return url

    def _pairs(self, found: list[Element], limit: int = MAX_PARAMETER) -> verbs.Pairs:
        """The name and value of each of these."""
        pairs: list[tuple[str, str]] = []
        for element in found:
            self.notices.unknown_attributes(element, ("name", "value"))
            name, value = element.attributes.get("name", ""), element.attributes.get("value", "")
            if not name or len(name) + len(value) >= limit:
                what = "has no name" if not name else f"is longer than {limit} characters"
                self.notices.add(SCHEMA, f"<{element.name}> {what}", element)
            else:
                pairs.append((name, value))
        return tuple(pairs)

    def _parameters(self, element: Element, key: str) -> verbs.Pairs:
        return self._pairs([child for name, child in self._children(element, key) if name == "Parameter"])

    # -- what is heard

    def say(self, element: Element) -> verbs.Say:
        say = self._make(verbs.Say, element, "Say")
        words = speech.read(element, self.notices)
        if not words.text and not words.pauses_ms:
            self.notices.add(13520, "there is nothing to say", element)
            raise Skipped
        if len(words.text) > speech.MAX_CHARACTERS:
            reason = f"{len(words.text)} characters, {speech.MAX_CHARACTERS} are allowed"
            self.notices.add(13521, reason, element)
            raise Skipped
        if not speech.fits(say.voice, say.language):
            self.notices.add(13512, f"{say.voice} does not speak {say.language}", element)
            raise Skipped
        say = replace(say, text=words.text, loop=say.loop or verbs.MOST_LOOPS)
        if "voice" in element.attributes and not say.voice.startswith(_SSML_VOICES):
            return say  # the old voices read the words and know no markup
        return replace(say, ssml=words.ssml, pauses_ms=words.pauses_ms)

    def play(self, element: Element) -> verbs.Play:
        play = self._make(verbs.Play, element, "Play")
        for _ in self._children(element, "Play"):
            pass
        loop = play.loop or verbs.MOST_LOOPS
        if play.digits:
            return replace(play, loop=loop)
        if not element.text.strip():
            self.notices.add(SCHEMA, "<Play> has neither a URL nor digits", element)
            raise Skipped
        return replace(play, loop=loop, url=self._url(element.text, "<Play>"))

    def pause(self, element: Element) -> verbs.Pause:
        for _ in self._children(element, "Pause"):
            pass
        return self._make(verbs.Pause, element, "Pause")

    def _prompts(self, element: Element, key: str) -> tuple[verbs.Prompt, ...]:
        prompts: list[verbs.Prompt] = []
        for name, child in self._children(element, key):
            if name in _PROMPTS:
                try:
                    prompts.append(replace(_PROMPTS[name](self, child), line=child.line))
                except Skipped:
                    continue
        return tuple(prompts)

    # -- what the caller enters

    def gather(self, element: Element) -> verbs.Gather:
        gather = self._make(verbs.Gather, element, "Gather")
        if gather.speech_timeout == "auto" and "speechModel" in element.attributes and gather.takes_speech:
            # The recogniser of an explicit model has no notion of a first pause.
            self.notices.add(13335, f"speechTimeout auto with speechModel {gather.speech_model}", element)
            gather = replace(gather, speech_timeout=None)
        if gather.timeout == "auto" and not gather.takes_speech:
            self.notices.add(13313, "timeout auto is for speech", element)
            gather = replace(gather, timeout=5)
        self._codes = _IN_GATHER
        prompts = self._prompts(element, "Gather")
        self._codes = {}
        return replace(gather, prompts=prompts)

    def record(self, element: Element) -> verbs.Record:
        for _ in self._children(element, "Record"):
            pass
        record = self._make(verbs.Record, element, "Record")
        transcribe = record.transcribe or record.transcribe_callback is not None
        if not transcribe:
            return record
        if "maxLength" not in element.attributes:
            return replace(record, transcribe=True, max_length=120)
        if record.max_length > 120:
            self.notices.add(13615, f"maxLength {record.max_length}, at most 120 are transcribed", element)
            return replace(record, transcribe=False)
        return replace(record, transcribe=True)

    def pay(self, element: Element) -> verbs.Pay:
        pay = self._make(verbs.Pay, element, "Pay")
        filters: list[verbs.Filter] = []
        parameters: list[Element] = []
        for name, child in self._children(element, "Pay"):
            if name == "Prompt":
                filters.append(replace(self.prompt(child), line=child.line))
            else:
                parameters.append(child)
        return replace(pay, filters=tuple(filters), parameters=self._pairs(parameters))

    def prompt(self, element: Element) -> verbs.Filter:
        found = self._make(verbs.Filter, element, "Prompt")
        return replace(found, prompts=self._prompts(element, "Prompt"))

    # -- who is called

    def dial(self, element: Element) -> verbs.Dial:
        if len(element.attributes.get("callerId", "")) > MAX_CALLER_ID:
            self.notices.add(13248, f"callerId is longer than {MAX_CALLER_ID} characters", element)
            given = {name: value for name, value in element.attributes.items() if name != "callerId"}
            element = replace(element, attributes=given)
        dial = self._make(verbs.Dial, element, "Dial")
        targets: list[verbs.Target] = []
        alone: list[tuple[str, Element]] = []
        for name, child in self._children(element, "Dial"):
            if name in ("Conference", "Queue"):
                alone.append((name, child))
            else:
                targets.extend(self._target(name, child))
        if not targets and not alone and self._words(element):
            targets.extend(self._number(self._words(element), element, verbs.Target()))
        if alone and (targets or len(alone) > 1):
            raise Refused(13000, f"<{alone[0][0]}> stands alone in <Dial>")
        if len(targets) > MAX_TARGETS:
            self.notices.add(13215, f"only the first {MAX_TARGETS} are called", element)
        dial = replace(dial, targets=tuple(targets[:MAX_TARGETS]))
        if not alone:
            return dial
        if alone[0][0] == "Conference":
            return replace(dial, conference=self._conference(alone[0][1]))
        return replace(dial, queue=self._queue(alone[0][1]))

    def _target(self, name: str, element: Element) -> Iterator[verbs.Target]:
        target = self._make(verbs.Target, element, name)
        found = list(self._children(element, name))
        if name == "Number":
            yield from self._number(self._words(element), element, target)
        elif name == "WhatsApp":
            text = self._words(element).removeprefix("whatsapp:")
            for number in self._number(text, element, target):
                yield replace(number, kind="whatsapp")
        elif name == "Sip":
            yield from self._sip(element, target, found)
        else:
            yield from self._named(element, replace(target, kind=_NAMED[name]), found)

    def _number(self, text: str, element: Element, target: verbs.Target) -> Iterator[verbs.Target]:
        """The number as E.164; one that is none is not called."""
        number = e164.parse(text, self._country)
        if number is None:
            self.notices.add(13223, f"{text[:80]!r} is no phone number", element)
        elif not number.is_possible:
            self.notices.add(13224, f"{number.e164} does not exist", element)
        else:
            yield replace(target, kind="number", address=number.e164)

    def _named(
        self, element: Element, target: verbs.Target, found: list[tuple[str, Element]]
    ) -> Iterator[verbs.Target]:
        """A client, an application or a SIM: its name as text, or as a child of its own."""
        given = [child for name, child in found if name in ("Identity", "ApplicationSid")]
        address = self._words(given[0] if given else element)
        if not 0 < len(address) <= MAX_IDENTITY:
            self.notices.add(13215, f"<{element.name}> names nobody", element)
            return
        parameters = self._pairs([child for name, child in found if name == "Parameter"])
        yield replace(target, address=address, parameters=parameters)

    def _sip(
        self, element: Element, target: verbs.Target, found: list[tuple[str, Element]]
    ) -> Iterator[verbs.Target]:
        given = [child for name, child in found if name == "SipUri"]
        if len(given) > MAX_TARGETS:
            self.notices.add(13250, f"only the first {MAX_TARGETS} URIs are tried", element)
        uris = [uri for child in given[:MAX_TARGETS] for uri in self._sip_uri(child)]
        uris.sort(key=lambda uri: uri.priority)
        address = uris[0].uri if uris else self._sip_address(element)
        if address is None:
            return
        headers = [child for name, group in found if name == "Headers" for child in group.elements()]
        good = tuple(
            pair for pair in self._pairs(headers, MAX_SIP_HEADERS) if self._may_send(pair[0], element)
        )
        address, asked = self._sip_headers(address, element)
        yield replace(target, kind="sip", address=address, uris=tuple(uris), headers=(*asked, *good))

    def _sip_uri(self, element: Element) -> Iterator[verbs.SipUri]:
        uri = self._sip_address(element)
        if uri is not None:
            values = self._values(element, "SipUri")
            yield msgspec.convert({**values, "uri": uri}, verbs.SipUri)

    def _sip_address(self, element: Element) -> str | None:
        address = element.text.strip()
        uri = address.partition("?")[0]
        if _SIP_URI.fullmatch(uri) and len(uri) <= MAX_SIP_URI:
            return address
        self.notices.add(13243, f"{address[:80]!r} is no SIP URI", element)
        return None

    def _sip_headers(self, address: str, element: Element) -> tuple[str, verbs.Pairs]:
        """The address without its headers, and those that may be sent."""
        uri, _, query = address.partition("?")
        if len(query) > MAX_SIP_HEADERS:
            self.notices.add(13253, f"{len(query)} characters of headers", element)
            return uri, ()
        pairs = (part.partition("=") for part in query.replace("&amp;", "&").split("&") if part)
        return uri, tuple((name, value) for name, _, value in pairs if self._may_send(name, element))

    def _may_send(self, name: str, element: Element) -> bool:
        if _SIP_HEADER.fullmatch(name):
            return True
        self.notices.add(13252, f"the header {name[:80]!r} may not be sent", element)
        return False

    def _conference(self, element: Element) -> verbs.Conference:
        for _ in self._children(element, "Conference"):
            pass
        name = self._words(element)
        if not name:
            self.notices.add(13237, "the conference has no name", element)
        values = self._values(element, "Conference")
        return msgspec.convert({**values, "name": name}, verbs.Conference)

    def _queue(self, element: Element) -> verbs.QueueNoun:
        for _ in self._children(element, "Queue"):
            pass
        queue = self._make(verbs.QueueNoun, element, "Queue")
        if queue.reservation_sid and not self._words(element):
            return queue
        return replace(queue, name=self._queue_name(element, 14212))

    def queue(self, element: Element) -> verbs.Queue:
        noun = self._queue(element)
        return verbs.Queue(**{field: getattr(noun, field) for field in verbs.QueueNoun.__struct_fields__})

    def _queue_name(self, element: Element, too_short: int) -> str:
        name = self._words(element)
        if not name:
            raise Refused(too_short, f"<{element.name}> names no queue")
        if len(name) > MAX_QUEUE_NAME:
            raise Refused(too_short + 1, f"{len(name)} characters, {MAX_QUEUE_NAME} are allowed")
        return name

    def enqueue(self, element: Element) -> verbs.Enqueue:
        enqueue = self._make(verbs.Enqueue, element, "Enqueue")
        tasks = [child for _, child in self._children(element, "Enqueue")]
        if tasks and enqueue.workflow_sid:
            return replace(enqueue, name=self._words(element), task=self._task(tasks[0]))
        if enqueue.workflow_sid:
            return replace(enqueue, name=self._words(element), task=verbs.Task(attributes="{}"))
        return replace(enqueue, name=self._queue_name(element, 14204))

    def _task(self, element: Element) -> verbs.Task:
        text = element.text.strip() or "{}"
        try:
            good = isinstance(json.loads(text), dict)
        except (ValueError, RecursionError):
            good = False
        if not good:
            raise Refused(14221, "the task's attributes are no JSON object")
        return replace(self._make(verbs.Task, element, "Task"), attributes=text)

    # -- the flow

    def redirect(self, element: Element) -> verbs.Redirect:
        redirect = self._make(verbs.Redirect, element, "Redirect")
        for _ in self._children(element, "Redirect"):
            pass
        text = element.text.strip()
        return replace(redirect, url=self._url(text, "<Redirect>")) if text else redirect

    def reject(self, element: Element) -> verbs.Reject:
        reject = self._make(verbs.Reject, element, "Reject")
        return replace(reject, parameters=self._parameters(element, "Reject"))

    def hangup(self, element: Element) -> verbs.Hangup:
        hangup = self._make(verbs.Hangup, element, "Hangup")
        return replace(hangup, parameters=self._parameters(element, "Hangup"))

    def leave(self, element: Element) -> verbs.Leave:
        return self._make(verbs.Leave, element, "Leave")

    def echo(self, element: Element) -> verbs.Echo:
        return self._make(verbs.Echo, element, "Echo")

    def refer(self, element: Element) -> verbs.Refer:
        refer = self._make(verbs.Refer, element, "Refer")
        found = [child for _, child in self._children(element, "Refer")]
        uri = self._sip_address(found[0]) if found else None
        if uri is None:
            self.notices.add(SCHEMA, "<Refer> names nobody to refer to", element)
            raise Skipped
        return replace(refer, uri=uri)

    def sms(self, element: Element) -> verbs.Sms:
        """Read as in a messaging document: the same attributes, limits and codes."""
        script = messaging.run(Element("Response", {}, (element,)), self._base_url, self._country)
        for notice in script.notices:
            self.notices.add(notice.code, notice.reason, element)
        if not script.messages:
            raise Skipped
        return msgspec.convert(msgspec.structs.asdict(script.messages[0]), verbs.Sms)

    # -- services that run beside, or instead of, the document

    def start(self, element: Element) -> verbs.Start:
        return replace(self._make(verbs.Start, element, "Start"), services=self._services(element, "Start"))

    def stop(self, element: Element) -> verbs.Stop:
        return replace(self._make(verbs.Stop, element, "Stop"), services=self._services(element, "Stop"))

    def _services(self, element: Element, key: str) -> tuple[verbs.Background, ...]:
        return tuple(self._service(name, child, key) for name, child in self._children(element, key))

    def _service(self, name: str, element: Element, key: str) -> verbs.Background:
        pairs = self._service_pairs(element, name)
        if name == "Stream":
            return self._stream(element, is_started=key != "Stop")
        if name == "Siprec":
            return replace(self._make(verbs.Siprec, element, name), parameters=pairs["Parameter"])
        if name == "Transcription":
            made = self._make(verbs.Transcription, element, name)
            return replace(made, parameters=pairs["Parameter"], configuration=pairs["Config"])
        return self._make(verbs.Recording, element, name)

    def _service_pairs(self, element: Element, key: str) -> dict[str, verbs.Pairs]:
        found = list(self._children(element, key))
        return {
            wanted: self._pairs([child for name, child in found if name == wanted])
            for wanted in ("Parameter", "Config")
        }

    def _stream(self, element: Element, *, is_started: bool = True) -> verbs.Stream:
        scheme = element.attributes.get("url", "").strip().partition(":")[0]
        if "url" in element.attributes and scheme != "wss":
            raise Refused(31922, f"<Stream> url has the scheme {scheme[:20]!r}, not wss")
        stream = self._make(verbs.Stream, element, "Stream")
        if is_started and not stream.url and not stream.connector_name:
            raise Refused(31923, "<Stream> has no url")
        return replace(stream, parameters=self._parameters(element, "Stream"))

    def connect(self, element: Element) -> verbs.Connect:
        connect = self._make(verbs.Connect, element, "Connect")
        found = list(self._children(element, "Connect"))
        if not found:
            self.notices.add(SCHEMA, "<Connect> connects to nothing", element)
            raise Skipped
        if len(found) > 1:
            self.notices.add(SCHEMA, "<Connect> connects to one; the first is taken", element)
        name, child = found[0]
        if name != "Stream":
            return replace(connect, session=self._session(name, child))
        stream = self._stream(child)
        if stream.track != "inbound_track":
            raise Refused(31941, "a stream in both directions has the inbound track only")
        return replace(connect, session=stream)

    def _session(self, name: str, element: Element) -> verbs.Session:
        node = grammar.NODES[name]
        values = self._values(element, name)
        if name == "ConversationRelay" and "url" not in values:
            raise Refused(64102, "<ConversationRelay> has no url")
        pairs = self._service_pairs(element, name)
        languages = [
            child for child in element.elements() if name == "ConversationRelay" and child.name == "Language"
        ]
        for child in languages:
            self.notices.unknown_attributes(child, grammar.NODES["Language"].names)
        return verbs.Session(
            kind=name,
            name=self._words(element) if node.text else "",
            attributes={key: _written(values[a.field]) for key, a in node.names.items() if a.field in values},
            parameters=pairs["Parameter"],
            configuration=pairs["Config"],
            languages=tuple(dict(child.attributes) for child in languages),
        )


def _written(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return " ".join(value) if isinstance(value, tuple) else str(value)


_NAMED: Final[Mapping[str, verbs.TargetKind]] = {
    "Client": "client",
    "Application": "application",
    "Sim": "sim",
}
_PROMPTS: Final[Mapping[str, Callable[[_Reader, Element], verbs.Prompt]]] = {
    "Say": _Reader.say,
    "Play": _Reader.play,
    "Pause": _Reader.pause,
}
_READERS: Final[Mapping[str, Callable[[_Reader, Element], AnyVerb]]] = {
    **_PROMPTS,
    "Gather": _Reader.gather,
    "Record": _Reader.record,
    "Dial": _Reader.dial,
    "Enqueue": _Reader.enqueue,
    "Leave": _Reader.leave,
    "Hangup": _Reader.hangup,
    "Reject": _Reader.reject,
    "Redirect": _Reader.redirect,
    "Echo": _Reader.echo,
    "Queue": _Reader.queue,
    "Sms": _Reader.sms,
    "Message": _Reader.sms,
    "Pay": _Reader.pay,
    "Prompt": _Reader.prompt,
    "Start": _Reader.start,
    "Stop": _Reader.stop,
    "Connect": _Reader.connect,
    "Refer": _Reader.refer,
}
