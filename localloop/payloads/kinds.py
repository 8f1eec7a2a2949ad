"""The kinds of webhooks: which parts each has, who asks for it, and what is made of the answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from localloop.payloads import conference, debugger, messaging, pay, queue, session, usage, voice
from localloop.payloads.fallback import Fallback
from localloop.payloads.part import Parameter, Part, parameters_of
from localloop.payloads.places import CallPlaces, Places

Answer: TypeAlias = Literal["messaging TwiML", "voice TwiML", "nothing"]


class Kind(Struct, frozen=True, kw_only=True):
    """One kind of webhook. `parts` are always there; `perhaps` only where it is so, and then whole."""

    name: str
    title: str
    asked_for: str  # what is given the URL
    answer: Answer  # what the application may answer that something is made of
    parts: tuple[type[Part], ...]
    perhaps: tuple[type[Part], ...] = ()
    numbered: type[Part] | None = None  # may come several times, its names ending in a number
    simulated: tuple[
        type[Part], ...
    ] = ()  # Twilio sends them, we do not yet; they can be asked for in a simulation
    is_voice: bool = False
    usual: Mapping[str, str] = {}  # what a simulation says where the parameter's own example does not fit

    @property
    def is_instruction(self) -> bool:
        return self.answer != "nothing"


_MESSAGING: Final = (
    Kind(
        name="sms",
        title="A message came",
        asked_for="a number's SmsUrl, its SmsFallbackUrl, the action of <Redirect>",
        answer="messaging TwiML",
        parts=(messaging.InboundMessage, Places, messaging.ChannelMessage),
        perhaps=(Fallback, messaging.OptOut),
        numbered=messaging.Media,
        simulated=(messaging.Referral,),
    ),
    Kind(
        name="status",
        title="A message that was sent has changed",
        asked_for="a message's StatusCallback",
        answer="nothing",
        parts=(messaging.MessageChange, messaging.ChannelChange),
    ),
)
_USAGE: Final = Kind(
    name="usage-trigger",
    title="As much was used as a trigger says",
    asked_for="a usage trigger's CallbackUrl",
    answer="nothing",
    parts=(usage.TriggerFired,),
)
_CLICK: Final = Kind(
    name="click",
    title="Somebody followed a short link",
    asked_for="a link shortening domain's CallbackUrl",
    answer="nothing",
    parts=(messaging.Click,),
)
_DEBUGGER: Final = Kind(
    name="debugger",
    title="An error or a warning was met",
    asked_for="the account's debugger URL",
    answer="nothing",
    parts=(debugger.Event,),
)


def _call(name: str, title: str, asked_for: str, *parts: type[Part], status: str = "in-progress") -> Kind:
    """A request for what a call does next."""
    return Kind(
        name=name,
        title=title,
        asked_for=asked_for,
        answer="voice TwiML",
        parts=(voice.Call, voice.CallFacts, Places, CallPlaces, *parts),
        perhaps=(Fallback,),
        is_voice=True,
        usual={"CallStatus": status},
    )


_VOICE: Final = (
    _call("voice", "A call came, or was answered", "a number's VoiceUrl, a call's Url", status="ringing"),
    _call("gather", "A caller pressed keys or spoke", "the action of <Gather>", voice.Gathered),
    _call("record", "A caller was recorded", "the action of <Record>", voice.Recorded),
    _call(
        "dial", "A call that was dialled has ended", "the action of <Dial>", voice.Dialled, queue.Dequeuing
    ),
    _call(
        "dial-refer",
        "Who was dialled hands the caller to somebody else",
        "the referUrl of <Dial>",
        voice.HandedOver,
    ),
    _call("enqueue", "A caller is out of a queue", "the action of <Enqueue>", queue.Enqueued),
    _call("queue-wait", "A caller waits in a queue", "the waitUrl of <Enqueue>", queue.Waiting),
    _call("queue-whisper", "A caller is taken from a queue", "the url of <Queue>", queue.Dequeued),
    _call("pay", "A caller paid, or did not", "the action of <Pay>", pay.Paid, pay.Captured),
    _call(
        "call-message", "A message was sent from a call", "the action of <Sms> and <Message>", voice.Messaged
    ),
    Kind(
        name="connect",
        title="What a call was connected to has ended",
        asked_for="the action of <Connect>",
        answer="voice TwiML",
        parts=(voice.Call, voice.CallFacts, Places, CallPlaces, session.SessionEnd),
        is_voice=True,
        usual={"CallStatus": "in-progress"},
    ),
    _call("refer", "A caller was referred elsewhere", "the action of <Refer>", voice.Referred),
    Kind(
        name="gather-partial",
        title="A caller is heard speaking",
        asked_for="the partialResultCallback of <Gather>",
        answer="nothing",
        parts=(voice.Call, voice.CallFacts, Places, CallPlaces, voice.PartlyHeard),
        is_voice=True,
        usual={"CallStatus": "in-progress"},
    ),
    Kind(
        name="voice-status",
        title="A call has changed",
        asked_for="a call's or a number's StatusCallback",
        answer="nothing",
        parts=(voice.Call, voice.CallFacts, Places, CallPlaces, voice.CallProgress),
        is_voice=True,
        usual={"CallStatus": "completed"},
    ),
    Kind(
        name="recording-status",
        title="A recording has changed",
        asked_for="a RecordingStatusCallback",
        answer="nothing",
        parts=(voice.RecordingChange,),
        is_voice=True,
    ),
    Kind(
        name="transcription",
        title="A recording was transcribed",
        asked_for="the transcribeCallback of <Record>",
        answer="nothing",
        parts=(voice.Call, voice.CallFacts, Places, CallPlaces, voice.Transcribed),
        is_voice=True,
        usual={"CallStatus": "completed"},
    ),
    Kind(
        name="user-message",
        title="A client sends a message during its call",
        asked_for="the Callback of a call's UserDefinedMessageSubscriptions",
        answer="nothing",
        parts=(voice.UserMessage,),
        is_voice=True,
    ),
    Kind(
        name="stream-status",
        title="A stream of a call has changed",
        asked_for="the statusCallback of <Stream>, a stream's StatusCallback",
        answer="nothing",
        parts=(session.StreamChange,),
        is_voice=True,
    ),
    Kind(
        name="siprec-status",
        title="A SIPREC session of a call has changed",
        asked_for="the statusCallback of <Siprec>, a session's StatusCallback",
        answer="nothing",
        parts=(session.SiprecChange,),
        is_voice=True,
    ),
    Kind(
        name="realtime-transcription",
        title="A call is transcribed as it goes on",
        asked_for="the statusCallbackUrl of <Transcription>, a transcription's StatusCallbackUrl",
        answer="nothing",
        parts=(session.TranscriptionChange,),
        is_voice=True,
    ),
    Kind(
        name="amd-status",
        title="It is known who answered a call",
        asked_for="a call's AsyncAmdStatusCallback",
        answer="nothing",
        parts=(voice.MachineDetected,),
        is_voice=True,
    ),
    Kind(
        name="conference",
        title="A conference has changed",
        asked_for="the statusCallback of <Conference>",
        answer="nothing",
        parts=(conference.ConferenceChange, conference.Participant, conference.ConferenceEnd),
        is_voice=True,
    ),
    Kind(
        name="payment",
        title="A payment that is led over REST goes on",
        asked_for="the StatusCallback of a call's Payments",
        answer="nothing",
        parts=(pay.PaymentChange, pay.Captured),
        is_voice=True,
    ),
    Kind(
        name="pay-status",
        title="A caller's payment goes on",
        asked_for="the statusCallback of <Pay>",
        answer="nothing",
        parts=(pay.PayChange, pay.Captured),
        is_voice=True,
    ),
)
KINDS: Final[Mapping[str, Kind]] = {
    kind.name: kind for kind in (*_MESSAGING, _CLICK, *_VOICE, _USAGE, _DEBUGGER)
}


class Declared(Struct, frozen=True, kw_only=True):
    """A parameter in its kind."""

    parameter: Parameter
    part: type[Part]
    is_required: bool
    is_numbered: bool = False
    is_sent: bool = True  # by us; what is not can be simulated


@cache
def declared(name: str) -> tuple[Declared, ...]:
    """Every parameter of a kind, in the order in which they are sent."""
    return tuple(_declared(KINDS[name]))


def _declared(kind: Kind) -> Iterator[Declared]:
    for part in kind.parts:
        for each in parameters_of(part):
            yield Declared(parameter=each, part=part, is_required=each.is_required)
    if kind.numbered is not None:
        for each in parameters_of(kind.numbered):
            yield Declared(parameter=each, part=kind.numbered, is_required=False, is_numbered=True)
    for part in kind.perhaps:
        for each in parameters_of(part):
            yield Declared(parameter=each, part=part, is_required=False)
    for part in kind.simulated:
        for each in parameters_of(part):
            yield Declared(parameter=each, part=part, is_required=False, is_sent=False)
