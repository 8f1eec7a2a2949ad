"""TwiML in programs: its verbs and nouns, what builds them, and documents written out in sources and templates."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Literal

from msgspec import Struct

from localloop.intercept.survey.names import plain
from localloop.intercept.survey.use import Place, Product, Use, Verb

ROOTS: Final[dict[str, Product]] = {
    "VoiceResponse": "voice",
    "MessagingResponse": "messaging",
    "Twilio::TwiML::VoiceResponse": "voice",
}
_MESSAGING: Final = "Response Message Body Media Redirect"
_VOICE: Final = (
    "Response Say Play Pause Gather Record Dial Hangup Reject Redirect Enqueue Leave Connect Start Stop Pay Prompt "
    "Refer Echo Queue Sms Number Client Conference Sip Sim Stream Siprec Transcription Parameter Room Application "
    "Identity VirtualAgent Autopilot Task Recording ReferSip Conversation ConversationRelay Language AiSession "
    "Assistant ApplicationSid WhatsApp Config Custom"
)
# Of SSML, inside <Say>.
_SSML: Final = frozenset("break emphasis lang p phoneme prosody say-as s sub w".split())
# What the interpreter of messages runs; a test holds it against it.
RUNS: Final = frozenset({"Response", "Message", "Body", "Media", "Redirect", "Sms"})
# What is read in a call and carries nothing out: it needs sound, speech synthesis or another product.
WAITS: Final = frozenset(
    (
        "Connect Stream Siprec AiSession Assistant Autopilot Config Conversation ConversationRelay "
        "ConversationRelaySession Custom Language Room Task VirtualAgent emphasis lang phoneme prosody say-as w"
    ).split()
)


class Element(Struct, frozen=True):
    product: Product
    name: str


_NAMES: Final[dict[Literal["messaging", "voice"], dict[str, str]]] = {
    "messaging": {plain(name): name for name in _MESSAGING.split()},
    "voice": {plain(name): name for name in _VOICE.split()},
}
_DOCUMENT: Final = re.compile(r"<Response\b[^>]*>.*?</Response>|<Response\b[^>]*/>", re.DOTALL)
_TAG: Final = re.compile(r"<([A-Z][A-Za-z]*)((?:\s+[A-Za-z:]+\s*=\s*\\?(?:\"[^\"]*\"|'[^']*'))*)\s*/?>")
_ATTRIBUTE: Final = re.compile(r"([A-Za-z:]+)\s*=")
_ONLY_VOICE: Final = frozenset(_VOICE.split()) - frozenset(_MESSAGING.split()) - {"Sms"}


def element_of(product: str, method: str) -> Element | None:
    """What a builder's method adds: `gather`, `Gather`, `addChild` is none."""
    name = plain(method)
    if product == "messaging":
        found = _NAMES["messaging"].get(name)
        return Element("messaging", found) if found else None
    found = _NAMES["voice"].get(name)
    return Element("voice", found) if found else None


def documents(file: str, text: str) -> Iterator[Use]:
    """TwiML as it is written out, in a file of its own, a template, or a string."""
    for document in _DOCUMENT.finditer(text):
        tags = list(_TAG.finditer(document[0]))
        names = {tag[1] for tag in tags}
        product: Product = (
            "voice" if names & _ONLY_VOICE else "messaging" if names & {"Message", "Sms"} else ""
        )
        for tag in tags:
            line = text.count("\n", 0, document.start() + tag.start()) + 1
            yield Verb(product, tag[1], frozenset(_ATTRIBUTE.findall(tag[2])), Place(file, line))


def is_known(name: str) -> bool:
    return plain(name) in _NAMES["voice"] or plain(name) in _NAMES["messaging"] or name in _SSML
