"""The webhooks of a program: those that it asks for with requests and TwiML, and those whose parameters it reads."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Final

from localloop.intercept.survey.use import Call, Place, Use, Verb, Webhook
from localloop.payloads.kinds import KINDS, declared

# Parameter of a request → the webhook that its address is sent. "" = of any operation.
_ASKED: Final = {
    ("Message", "StatusCallback"): "status",
    ("Message", "MessagingServiceSid"): "",
    ("Call", "Url"): "voice",
    ("Call", "Twiml"): "",
    ("Call", "FallbackUrl"): "voice",
    ("Call", "StatusCallback"): "voice-status",
    ("Call", "RecordingStatusCallback"): "recording-status",
    ("Call", "AsyncAmdStatusCallback"): "amd-status",
    ("", "SmsUrl"): "sms",
    ("", "SmsFallbackUrl"): "sms",
    ("", "InboundRequestUrl"): "sms",
    ("", "VoiceUrl"): "voice",
    ("", "VoiceFallbackUrl"): "voice",
    ("IncomingPhoneNumber", "StatusCallback"): "voice-status",
    ("Application", "StatusCallback"): "voice-status",
    ("Application", "MessageStatusCallback"): "status",
    ("Service", "StatusCallback"): "status",
    ("Participant", "RecordingStatusCallback"): "recording-status",
    ("Participant", "StatusCallback"): "voice-status",
    ("Participant", "AmdStatusCallback"): "amd-status",
    ("Participant", "ConferenceStatusCallback"): "conference",
    ("Participant", "ConferenceRecordingStatusCallback"): "recording-status",
    ("Recording", "RecordingStatusCallback"): "recording-status",
    ("Payments", "StatusCallback"): "payment",
    ("Stream", "StatusCallback"): "stream-status",
    ("Siprec", "StatusCallback"): "siprec-status",
    ("RealtimeTranscription", "StatusCallbackUrl"): "realtime-transcription",
    ("UsageTrigger", "CallbackUrl"): "usage-trigger",
}
_VERBS: Final = {
    ("Gather", ""): "gather",
    ("Gather", "partialresultcallback"): "gather-partial",
    ("Record", "action"): "record",
    ("Record", "recordingstatuscallback"): "recording-status",
    ("Record", "transcribecallback"): "transcription",
    ("Dial", "action"): "dial",
    ("Dial", "recordingstatuscallback"): "recording-status",
    ("Dial", "referurl"): "dial-refer",
    ("Enqueue", "action"): "enqueue",
    ("Enqueue", "waiturl"): "queue-wait",
    ("Queue", "url"): "queue-whisper",
    ("Sms", "action"): "call-message",
    ("Refer", "action"): "refer",
    ("Pay", "action"): "pay",
    ("Pay", "statuscallback"): "pay-status",
    ("Conference", "statuscallback"): "conference",
    ("Number", "statuscallback"): "voice-status",
    ("Client", "statuscallback"): "voice-status",
    ("Sip", "statuscallback"): "voice-status",
    ("Application", "statuscallback"): "voice-status",
    ("Conference", "recordingstatuscallback"): "recording-status",
    ("Recording", "recordingstatuscallback"): "recording-status",
    ("Connect", "action"): "connect",
    ("Stream", "statuscallback"): "stream-status",
    ("Siprec", "statuscallback"): "siprec-status",
    ("Transcription", "statuscallbackurl"): "realtime-transcription",
    ("Message", "action"): "status",
    ("Message", "statuscallback"): "status",
}
# Its parameters are those of calls and of messages.
_BORROWS: Final = frozenset({"call-message"})
_ROOTS: Final = {"messaging": "sms", "voice": "voice"}
# How frameworks hand over a parameter of a request: form["Body"], params[:Body], req.body.Body, $_POST['Body'] …
_READ: Final = re.compile(
    r"""(?:form|values|args|POST|GET|params|body|query|data|payload|\$_(?:POST|GET|REQUEST)|Form|Query|request|r)"""
    r"""(?:\.get|\.getlist|\.fetch|\.FormValue|\.PostFormValue|\.input|\.getParameter)?"""
    r"""(?:\[|\()\s*:?["']?([A-Z][A-Za-z]+[0-9]?)["']?\s*[\]),]"""
    r"""|(?:body|query|params)\??\.([A-Z][A-Za-z]+[0-9]?)\b"""
    r"""|(?:getParameter|FormValue)\(\s*"([A-Z][A-Za-z]+[0-9]?)"\s*\)"""
    r"""|\b([A-Z][A-Za-z]+[0-9]?)\s*:\s*(?:str|Annotated\[[^\]]*\])[^=\n]*(?:=\s*)?(?:Form|Query)\b"""
)
_UNPACKED: Final = re.compile(r"\{([^{}]*)\}\s*=\s*\w+\.(?:body|query)\b")


def asked_for(uses: Iterable[Use]) -> Iterator[Webhook]:
    """What the program's own requests and documents cause to be sent to it."""
    for use in uses:
        if isinstance(use, Call) and use.operation.verb in ("create", "update"):
            resource = re.sub("^(?:Create|Update)", "", use.operation.id.rpartition(".")[2])
            for param in sorted(use.params):
                kind = _ASKED.get((resource, param)) or _ASKED.get(("", param))
                if kind:
                    yield Webhook(kind, use.place)
        elif isinstance(use, Verb):
            yield from _of_verb(use)


def _of_verb(use: Verb) -> Iterator[Webhook]:
    if use.name == "Response" and use.product:
        yield Webhook(_ROOTS[use.product], use.place)
    given = {"", *(name.lower().replace("_", "") for name in use.attributes)}
    for (name, attribute), kind in _VERBS.items():
        if name == use.name and attribute in given:
            yield Webhook(kind, use.place)


def read(file: str, text: str) -> Iterator[Webhook]:
    """Whose parameters the program reads, where a parameter belongs to one kind alone."""
    for found in _READ.finditer(text):
        name = next(group for group in found.groups() if group)
        yield from _of_parameter(name, Place(file, text.count("\n", 0, found.start()) + 1))
    for found in _UNPACKED.finditer(text):
        place = Place(file, text.count("\n", 0, found.start()) + 1)
        for name in re.findall(r"\b[A-Z]\w+", found[1]):
            yield from _of_parameter(name, place)


def _of_parameter(name: str, place: Place) -> Iterator[Webhook]:
    kinds = _owners().get(name, set())
    is_telling = name == "Body" or len(re.findall("[A-Z][a-z]", name)) > 1  # `Level` is everybody's word
    if len(kinds) == 1 and is_telling:
        yield Webhook(next(iter(kinds)), place)


@cache
def _owners() -> dict[str, set[str]]:
    """Parameter → the kinds of webhooks that have it."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for name in KINDS.keys() - _BORROWS:
        for each in declared(name):
            found[f"{each.parameter.name}0" if each.is_numbered else each.parameter.name].add(name)
    return dict(found)
