"""Every verb, noun and SSML element of a voice document as data: attributes, what may stand inside, and the codes.

Keys are the names of the official SDK's classes, where two things share a tag (`<Sip>` in Dial and in Refer). The
defaults of attributes stand in `verbs`. Source: Twilio's pages of each verb, and its SDK for what has no page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Final

import msgspec
from msgspec import Struct

from localloop.core.errors import catalogue
from localloop.twiml.script import SCHEMA, URL_FORMAT
from localloop.twiml.voice import verbs
from localloop.twiml.voice.kinds import (
    KEYS,
    LANGUAGE,
    METHOD,
    SECONDS,
    Flag,
    Hints,
    Kind,
    Link,
    OneOf,
    Socket,
    SomeOf,
    Text,
    Whole,
)

RECORDING_EVENTS: Final = SomeOf(("in-progress", "completed", "absent"))
CALL_EVENTS: Final = SomeOf(("initiated", "ringing", "answered", "completed"))
CONFERENCE_EVENTS: Final = SomeOf(
    ("start", "end", "join", "leave", "mute", "hold", "modify", "speaker", "announcement")
)
TRACKS: Final = OneOf(("inbound_track", "outbound_track", "both_tracks"))
SIDES: Final = OneOf(("inbound", "outbound", "both"))
TRIM: Final = OneOf(("trim-silence", "do-not-trim"))
SPEECH_MODEL: Final = Text(
    "a model of speech recognition",
    r"default|numbers_and_commands|phone_call|experimental_(conversations|utterances)"
    r"|googlev2_(long|short|telephony|telephony_short)|deepgram_nova-[23](-[a-z]+)?",
    1,
    64,
)
RING_TONES: Final = OneOf(
    tuple(
        "at au bg br be ch cl cn cz de dk ee es fi fr gr hu il in it lt jp mx my nl no nz ph pl pt ru se sg th uk us "
        "us-old tw ve za".split()
    )
)
REGIONS: Final = OneOf(("us1", "us2", "ie1", "de1", "sg1", "br1", "au1", "jp1"))
CARD_TYPES: Final = (
    "visa",
    "mastercard",
    "amex",
    "maestro",
    "discover",
    "optima",
    "jcb",
    "diners-club",
    "enroute",
)
PAY_STEPS: Final = (
    "payment-card-number",
    "expiration-date",
    "security-code",
    "postal-code",
    "bank-routing-number",
    "bank-account-number",
    "payment-processing",
)
PAY_ERRORS: Final = (
    "timeout",  # as <Prompt> and the SDK call it; callbacks say input-timeout
    "input-timeout",
    "invalid-card-number",
    "invalid-card-type",
    "invalid-date",
    "invalid-security-code",
    "invalid-postal-code",
    "invalid-bank-routing-number",
    "invalid-bank-account-number",
    "invalid-bank-account-type",
    "invalid-card-number-security-code-capture-sequence",
    "input-matching-failed",
    "session-in-progress",
    "internal-error",
)


class Attribute(Struct, frozen=True):
    """One attribute; `code` is what is said of a bad value, and `skips` means that its verb is left out then."""

    name: str
    kind: Kind
    code: int = SCHEMA
    skips: bool = False
    mild: bool = False  # said, but no reason to end the document whatever the code's level

    @property
    def field(self) -> str:
        """What the typed value calls it."""
        snake = re.sub(r"[A-Z]", lambda letter: f"_{letter[0].lower()}", self.name)
        return f"{snake}_" if snake in ("from", "for") else snake

    @property
    def ends_document(self) -> bool:
        return not self.mild and level(self.code) == "error"


class Node(Struct, frozen=True):
    """One element: its tag, attributes, the keys of what may stand inside, and what its text is."""

    tag: str
    attributes: tuple[Attribute, ...] = ()
    children: tuple[str, ...] = ()
    text: str = ""
    stray: int = SCHEMA
    type: type[Struct] | None = None


def level(code: int) -> str:
    """Twilio's level of a code: an error ends the document, a warning does not."""
    entry = catalogue().get(code)
    return entry.level if entry else "error"


def default_of(node: Node, attribute: Attribute) -> object:
    """What the attribute is when it is not given; None when that is nothing."""
    if node.type is None:
        return None
    for field in msgspec.structs.fields(node.type):
        if field.name == attribute.field:
            return None if field.default is msgspec.NODEFAULT else field.default
    return None


_A = Attribute
_FLAG: Final = Flag()
_LINK: Final = Link()
_WHOLE: Final = Link(whole=True)
_ANY: Final = Text()


def _any(*names: str) -> tuple[Attribute, ...]:
    return tuple(_A(name, _ANY) for name in names)


def _callback(prefix: str = "statusCallback", link: Link = _LINK) -> tuple[Attribute, ...]:
    """A URL that is told something; a bad one is left out."""
    return (_A(prefix, link, URL_FORMAT, mild=True), _A(f"{prefix}Method", METHOD))


def _recording_callback() -> tuple[Attribute, ...]:
    return (
        _A("recordingStatusCallback", _LINK, 13256, mild=True),
        _A("recordingStatusCallbackMethod", METHOD),
        _A("recordingStatusCallbackEvent", RECORDING_EVENTS, 13621),
    )


def _screening(code: int) -> tuple[Attribute, ...]:
    """What a noun runs on the leg that it calls, and whom it tells."""
    return (
        _A("url", _LINK, URL_FORMAT),
        _A("method", METHOD, code),
        *_callback(),
        _A("statusCallbackEvent", CALL_EVENTS),
    )


_DETECTION: Final = (
    _A("machineDetection", OneOf(("Enable", "DetectMessageEnd"))),
    _A("machineDetectionTimeout", Whole(3, 120)),
    _A("machineDetectionSpeechThreshold", Whole(1000, 6000)),
    _A("machineDetectionSpeechEndThreshold", Whole(500, 5000)),
    _A("machineDetectionSilenceTimeout", Whole(2000, 10000)),
    *_callback("amdStatusCallback"),
)
_INLINE: Final = (
    "SsmlBreak",
    "SsmlEmphasis",
    "SsmlLang",
    "SsmlPhoneme",
    "SsmlProsody",
    "SsmlSayAs",
    "SsmlSub",
    "SsmlW",
)
_WORDS: Final = "the words"
_RATE: Final = Text(
    "`x-slow` to `x-fast`, or a percentage",
    r"x-slow|slow|medium|fast|x-fast|default|[0-9]{1,3}(\.[0-9]{1,2})?%",
    1,
    16,
)
_PROMPTS: Final = ("Say", "Play", "Pause")

_SSML: Final[Mapping[str, Node]] = {
    "SsmlBreak": Node("break", _any("strength", "time")),
    "SsmlEmphasis": Node("emphasis", _any("level"), _INLINE, _WORDS),
    "SsmlLang": Node("lang", _any("xml:lang"), (*_INLINE, "SsmlP", "SsmlS"), _WORDS),
    "SsmlP": Node("p", (), (*_INLINE, "SsmlS"), _WORDS),
    "SsmlPhoneme": Node("phoneme", _any("alphabet", "ph"), (), _WORDS),
    "SsmlProsody": Node(
        "prosody",
        (*_any("volume"), _A("rate", _RATE, 13513), *_any("pitch")),
        (*_INLINE, "SsmlP", "SsmlS"),
        _WORDS,
    ),
    "SsmlS": Node("s", (), _INLINE, _WORDS),
    "SsmlSayAs": Node("say-as", _any("interpret-as", "format"), (), _WORDS),
    "SsmlSub": Node("sub", _any("alias"), (), _WORDS),
    "SsmlW": Node(
        "w",
        _any("role"),
        ("SsmlBreak", "SsmlEmphasis", "SsmlPhoneme", "SsmlProsody", "SsmlSayAs", "SsmlSub"),
        _WORDS,
    ),
}

_MEDIA: Final[Mapping[str, Node]] = {
    "Say": Node(
        "Say",
        (
            _A(
                "voice",
                Text("a voice", r"man|woman|alice|(Polly|Google)\.[A-Za-z0-9-]+", 1, 128),
                13511,
                skips=True,
            ),
            _A("language", LANGUAGE, 13512, skips=True),
            _A("loop", Whole(0, cap=verbs.MOST_LOOPS), 13510),
        ),
        (*_INLINE, "SsmlP", "SsmlS"),
        "what is said, at most 4096 characters",
        type=verbs.Say,
    ),
    "Play": Node(
        "Play",
        (_A("loop", Whole(0, cap=verbs.MOST_LOOPS), 13410), _A("digits", KEYS, 13430, skips=True)),
        (),
        "the URL of a file",
        type=verbs.Play,
    ),
    "Pause": Node("Pause", (_A("length", SECONDS, 13910),), type=verbs.Pause),
}

_INPUT: Final[Mapping[str, Node]] = {
    "Gather": Node(
        "Gather",
        (
            _A("input", SomeOf(("dtmf", "speech")), 13326),
            _A("action", _LINK, URL_FORMAT),
            _A("method", METHOD, 13312),
            _A("timeout", Whole(1, words=("auto",)), 13313),
            _A("finishOnKey", Text("one key of 0-9 # *, or nothing", r"[0-9#*]?", 0, 1), 13310),
            _A("numDigits", Whole(1), 13314),
            _A("actionOnEmptyResult", _FLAG, 13338),
            _A("speechTimeout", Whole(1, words=("auto",)), 13327),
            _A("maxSpeechTime", Whole(1, cap=60), 13328),
            _A("language", LANGUAGE, 13331),
            _A("hints", Hints(), 13330),
            _A("speechModel", SPEECH_MODEL, 13334),
            _A("enhanced", _FLAG),
            _A("profanityFilter", _FLAG, 13333),
            _A("partialResultCallback", _LINK, URL_FORMAT, mild=True),
            _A("partialResultCallbackMethod", METHOD, 13329),
            _A("bargeIn", _FLAG, 13332),
            _A("debug", _FLAG),
        ),
        _PROMPTS,
        "",
        13320,
        verbs.Gather,
    ),
    "Record": Node(
        "Record",
        (
            _A("action", _LINK, URL_FORMAT),
            _A("method", METHOD, 13610),
            _A("timeout", Whole(0), 13611),
            _A("finishOnKey", Text("keys of 0-9 # *, or nothing", r"[0-9#*]*", 0, 12), 13613),
            _A("maxLength", Whole(2, 14400), 13612),
            _A("playBeep", _FLAG, 13616),
            _A("trim", TRIM, 13699),
            *_recording_callback(),
            _A("transcribe", _FLAG, 13614),
            _A("transcribeCallback", _LINK, 13257),
            _A("recordingConfigurationId", _ANY),
        ),
        type=verbs.Record,
    ),
    "Pay": Node(
        "Pay",
        (
            _A("input", OneOf(("dtmf",))),
            _A("action", _LINK, 64016),
            *_callback(),
            _A("paymentMethod", OneOf(("credit-card", "ach-debit"))),
            _A("bankAccountType", OneOf(("consumer-checking", "consumer-savings", "commercial-checking"))),
            _A("timeout", SECONDS),
            _A("maxAttempts", Whole(1, 3)),
            _A("securityCode", _FLAG),
            _A("postalCode", Text("`true`, `false` or a postal code", r"[A-Za-z0-9 -]+", 1, 16)),
            _A("minPostalCodeLength", Whole(0, 16)),
            _A("paymentConnector", Text("a connector's name", r"\S.*", 1, 64), 64004),
            _A("tokenType", OneOf(("reusable", "one-time", "payment-method"))),
            _A(
                "chargeAmount",
                Text("an amount, 0 to 1000000", r"0*(1000000(\.0+)?|[0-9]{1,6}(\.[0-9]+)?)", 1, 20),
                64003,
            ),
            _A("currency", Text("a currency such as usd", r"[A-Za-z]{3}", 3, 3)),
            _A("language", LANGUAGE),
            _A("description", _ANY),
            _A("validCardTypes", SomeOf(CARD_TYPES)),
        ),
        ("Prompt", "Parameter"),
        type=verbs.Pay,
    ),
    "Prompt": Node(
        "Prompt",
        (
            _A("for", SomeOf(PAY_STEPS)),
            _A("errorType", SomeOf(PAY_ERRORS)),
            _A("cardType", SomeOf(CARD_TYPES)),
            _A("attempt", SomeOf((*"123456789", "10"))),
            _A("requireMatchingInputs", _FLAG),
        ),
        _PROMPTS,
        type=verbs.Filter,
    ),
}

_DIAL: Final[Mapping[str, Node]] = {
    "Dial": Node(
        "Dial",
        (
            _A("action", _LINK, URL_FORMAT),
            _A("method", METHOD, 13210),
            _A("timeout", Whole(5, 600), 13212),
            _A("timeLimit", Whole(1, 86400), 13216),
            _A("hangupOnStar", _FLAG, 13213),
            _A(
                "callerId",
                Text(
                    "a caller ID",
                    r"client:.{1,121}|\+?[A-Za-z0-9+\-_. ()]+|sips?:\S+|whatsapp:\+?[0-9]+",
                    0,
                    255,
                ),
                13214,
            ),
            _A("answerOnBridge", _FLAG, 13219),
            _A(
                "record",
                OneOf(
                    (
                        "do-not-record",
                        "record-from-answer",
                        "record-from-ringing",
                        "record-from-answer-dual",
                        "record-from-ringing-dual",
                    ),
                    {"true": "record-from-answer", "false": "do-not-record"},
                ),
                13217,
            ),
            _A("recordingTrack", SIDES, 13622),
            _A("trim", TRIM),
            *_recording_callback(),
            _A("recordingConfigurationId", _ANY),
            _A("ringTone", RING_TONES, 13220),
            _A("sequential", _FLAG, 13218),
            _A("referUrl", _LINK, URL_FORMAT),
            _A("referMethod", METHOD),
            _A("callReason", Text("at most 50 characters", most=50)),
            *_any("events", "passports"),
        ),
        ("Application", "Client", "Conference", "Number", "Queue", "Sim", "Sip", "WhatsApp"),
        "a phone number",
        13215,
        verbs.Dial,
    ),
    "Number": Node(
        "Number",
        (
            _A("sendDigits", KEYS, 13222),
            *_screening(13221),
            _A("byoc", Text("the SID of a BYOC trunk", r"BY[0-9a-f]{32}", 34, 34)),
            *_DETECTION,
        ),
        (),
        "a phone number",
        type=verbs.Target,
    ),
    "Client": Node(
        "Client",
        _screening(SCHEMA),
        ("Identity", "Parameter"),
        "an identity",
        type=verbs.Target,
    ),
    "Identity": Node("Identity", (), (), "an identity"),
    "Sip": Node(
        "Sip",
        (
            _A("username", Text("at most 255 characters", most=255), 13249),
            _A("password", Text("at most 255 characters", most=255), 13249),
            *_screening(13241),
            *_DETECTION,
        ),
        ("Headers", "SipUri"),
        "a SIP URI",
        type=verbs.Target,
    ),
    "SipUri": Node(
        "Uri",
        (
            _A("priority", Whole(0, 65535)),
            _A("weight", Whole(0, 65535)),
            _A("username", Text("at most 255 characters", most=255), 13249),
            _A("password", Text("at most 255 characters", most=255), 13249),
        ),
        (),
        "a SIP URI",
        type=verbs.SipUri,
    ),
    "Headers": Node("Headers", (), ("Header",)),
    "Header": Node("Header", _any("name", "value")),
    "Sim": Node("Sim", (), (), "the SID of a SIM", type=verbs.Target),
    "Application": Node(
        "Application",
        (*_screening(SCHEMA), _A("customerId", _ANY), _A("copyParentTo", _FLAG)),
        ("ApplicationSid", "Parameter"),
        "the SID of an application",
        type=verbs.Target,
    ),
    "ApplicationSid": Node("ApplicationSid", (), (), "the SID of an application"),
    "WhatsApp": Node("WhatsApp", _screening(SCHEMA), (), "a phone number", type=verbs.Target),
    "Parameter": Node("Parameter", _any("name", "value")),
}

_MEETING: Final[Mapping[str, Node]] = {
    "Conference": Node(
        "Conference",
        (
            _A("muted", _FLAG, 13230),
            _A("beep", OneOf(("true", "false", "onEnter", "onExit")), 13235),
            _A("startConferenceOnEnter", _FLAG, 13232),
            _A("endConferenceOnExit", _FLAG, 13231),
            _A(
                "participantLabel",
                Text("a label without `/`, no SID of a call", r"(?!CA[0-9a-f]{32}$)[^/]+", 1, 128),
                16023,
            ),
            _A("jitterBufferSize", OneOf(("small", "medium", "large", "off"))),
            _A("waitUrl", Link(silent=True), 13233),
            _A("waitMethod", METHOD, 13234),
            _A("maxParticipants", Whole(2, 250)),
            _A(
                "record",
                OneOf(
                    ("do-not-record", "record-from-start"),
                    {"true": "record-from-start", "false": "do-not-record"},
                ),
            ),
            _A("trim", TRIM, 13239),
            _A("region", REGIONS),
            _A("coach", Text("the SID of a call", r"CA[0-9a-f]{32}", 34, 34), 13240),
            *_callback(),
            _A("statusCallbackEvent", CONFERENCE_EVENTS),
            *_recording_callback(),
            _A("eventCallbackUrl", _LINK, URL_FORMAT, mild=True),
            _A("recordingConfigurationId", _ANY),
        ),
        (),
        "the conference's name",
        type=verbs.Conference,
    ),
    "Queue": Node(
        "Queue",
        (
            _A("url", _LINK, 14211),
            _A("method", METHOD, 14210),
            _A("reservationSid", Text("the SID of a reservation", r"WR[0-9a-f]{32}", 34, 34), 14215),
            _A("postWorkActivitySid", Text("the SID of an activity", r"WA[0-9a-f]{32}", 34, 34)),
        ),
        (),
        "the queue's name",
        type=verbs.QueueNoun,
    ),
    "Enqueue": Node(
        "Enqueue",
        (
            _A("action", _LINK, 14203),
            _A("method", METHOD, 14201),
            _A("waitUrl", Link(silent=True), 14202),
            _A("waitUrlMethod", METHOD, 14206),
            _A("workflowSid", Text("the SID of a workflow", r"WW[0-9a-f]{32}", 34, 34), 14220),
            _A("maxQueueSize", Whole(1, 5000)),
        ),
        ("Task",),
        "the queue's name, 1 to 64 characters",
        type=verbs.Enqueue,
    ),
    "Task": Node(
        "Task",
        (_A("priority", Whole(0)), _A("timeout", Whole(0))),
        (),
        "the task's attributes, JSON",
        type=verbs.Task,
    ),
    "Leave": Node("Leave", type=verbs.Leave),
}

_FLOW: Final[Mapping[str, Node]] = {
    "Hangup": Node("Hangup", (), ("Parameter",), type=verbs.Hangup),
    "Reject": Node(
        "Reject",
        (_A("reason", OneOf(("rejected", "busy")), 13810),),
        ("Parameter",),
        type=verbs.Reject,
    ),
    "Redirect": Node("Redirect", (_A("method", METHOD, 13710),), (), "a URL", type=verbs.Redirect),
    "Echo": Node("Echo", type=verbs.Echo),
    "Sms": Node(
        "Sms",
        (
            _A("to", _ANY, 14101),
            _A("from", _ANY, 14102),
            _A("action", _LINK, URL_FORMAT, mild=True),
            _A("method", METHOD, 14104),
            _A("statusCallback", _LINK, 14105),
        ),
        (),
        "what is sent",
        type=verbs.Sms,
    ),
    "Refer": Node(
        "Refer",
        (_A("action", _LINK, URL_FORMAT), _A("method", METHOD)),
        ("ReferSip",),
        type=verbs.Refer,
    ),
    "ReferSip": Node("Sip", (), (), "a SIP URI"),
}

_RELAY_LANGUAGE: Final = (
    "code",
    "ttsProvider",
    "voice",
    "transcriptionProvider",
    "speechModel",
    "hints",
    "asrSmartFormat",
    "ttsTextNormalization",
    "ttsLanguageTextNormalization",
)
_RELAY: Final = (
    "language",
    "ttsLanguage",
    "transcriptionLanguage",
    "ttsProvider",
    "voice",
    "transcriptionProvider",
    "speechModel",
    "profanityFilter",
    "dtmfDetection",
    "welcomeGreeting",
    "partialPrompts",
    "welcomeGreetingInterruptible",
    "interruptible",
    "preemptible",
    "hints",
    "intelligenceService",
    "reportInputDuringAgentSpeech",
    "elevenlabsTextNormalization",
    "interruptSensitivity",
    "debug",
    "backgroundNoiseReduction",
    "speechTimeout",
    "deepgramSmartFormat",
    "ignoreBackchannel",
    "events",
    "partialPromptOnHangup",
    "eagerEotThreshold",
    "asrSmartFormat",
    "ttsTextNormalization",
    "ttsLanguageTextNormalization",
    "elevenlabsLanguageTextNormalization",
    "includeInPrompt",
    "customerName",
    "applicationReconnect",
    "echoPromptFiltering",
    "turnDetection",
)
_NAME: Final = _A("name", Text("a name", most=255))
_CONNECTOR: Final = _A("connectorName", Text("a connector's name", most=255))

_SERVICES: Final[Mapping[str, Node]] = {
    "Start": Node(
        "Start",
        (_A("action", _LINK, URL_FORMAT, mild=True), _A("method", METHOD)),
        ("Recording", "Siprec", "Stream", "Transcription"),
        type=verbs.Start,
    ),
    "Stop": Node("Stop", (), ("Recording", "Siprec", "Stream", "Transcription"), type=verbs.Stop),
    "Connect": Node(
        "Connect",
        (_A("action", _LINK, URL_FORMAT), _A("method", METHOD)),
        (
            "AiSession",
            "Autopilot",
            "Conversation",
            "ConversationRelay",
            "ConversationRelaySession",
            "Room",
            "Stream",
            "VirtualAgent",
        ),
        type=verbs.Connect,
    ),
    "Stream": Node(
        "Stream",
        (
            _NAME,
            _A("url", Socket(), 31923),
            _A("track", TRACKS, 31941),
            _CONNECTOR,
            *_callback(link=_WHOLE),
            *_any("audioFormat", "sampleRate"),
        ),
        ("Parameter",),
        type=verbs.Stream,
    ),
    "Siprec": Node(
        "Siprec", (_NAME, _CONNECTOR, _A("track", TRACKS), *_callback()), ("Parameter",), type=verbs.Siprec
    ),
    "Transcription": Node(
        "Transcription",
        (
            _NAME,
            _A("track", TRACKS),
            _A("statusCallbackUrl", _WHOLE, URL_FORMAT, mild=True),
            _A("statusCallbackMethod", METHOD),
            _A("languageCode", LANGUAGE),
            _A("transcriptionEngine", OneOf(("google", "deepgram"))),
            _A("speechModel", _ANY),
            _A("profanityFilter", _FLAG),
            _A("partialResults", _FLAG),
            _A("hints", Hints()),
            _A("enableAutomaticPunctuation", _FLAG),
            _A("enableProviderData", _FLAG),
            *_any("inboundTrackLabel", "outboundTrackLabel", "intelligenceService"),
            *_any("conversationConfiguration", "conversationId"),
        ),
        ("Config", "Parameter"),
        type=verbs.Transcription,
    ),
    "Recording": Node(
        "Recording",
        (
            _NAME,
            *_recording_callback(),
            _A("trim", TRIM),
            _A("track", SIDES),
            _A("channels", OneOf(("mono", "dual"))),
            _A("recordingConfigurationId", _ANY),
        ),
        type=verbs.Recording,
    ),
    "Config": Node("Config", _any("name", "value")),
    "ConversationRelay": Node(
        "ConversationRelay",
        (_A("url", Socket(may_ask=True), 64102), *_any(*_RELAY)),
        ("Language", "Parameter"),
    ),
    "Language": Node("Language", _any(*_RELAY_LANGUAGE)),
    "ConversationRelaySession": Node(
        "ConversationRelaySession", _any("connector", "sessionConfiguration"), (), ""
    ),
    "AiSession": Node("AiSession", _any("aiConnector", "aiSessionConfiguration")),
    "VirtualAgent": Node(
        "VirtualAgent",
        (_CONNECTOR, _A("language", LANGUAGE), _A("sentimentAnalysis", _FLAG), *_callback()),
        ("Config", "Parameter"),
    ),
    "Room": Node("Room", _any("participantIdentity"), (), "the room's name"),
    "Conversation": Node(
        "Conversation",
        (
            _A("serviceInstanceSid", Text("the SID of a service", r"IS[0-9a-f]{32}", 34, 34)),
            _A("inboundAutocreation", _FLAG),
            _A("routingAssignmentTimeout", Whole(0)),
            _A("inboundTimeout", Whole(0)),
            _A("url", _LINK, URL_FORMAT, mild=True),
            _A("method", METHOD),
            *_any("record", "trim"),
            *_recording_callback(),
            *_callback(),
            _A("statusCallbackEvent", _ANY),
        ),
    ),
    "Autopilot": Node("Autopilot", (), (), "the assistant's name"),
}

VERBS: Final = (
    "Connect",
    "Dial",
    "Echo",
    "Enqueue",
    "Gather",
    "Hangup",
    "Leave",
    "Message",
    "Pause",
    "Pay",
    "Play",
    "Prompt",
    "Queue",
    "Record",
    "Redirect",
    "Refer",
    "Reject",
    "Say",
    "Sms",
    "Start",
    "Stop",
)
# In messaging documents it is Twilio's word for the same; in a call it does what <Sms> does.
_MESSAGE: Final[Mapping[str, Node]] = {
    "Message": Node("Message", _FLOW["Sms"].attributes, ("Body", "Media"), "what is sent", type=verbs.Sms),
    "Body": Node("Body", (), (), "what is sent"),
    "Media": Node("Media", (), (), "the URL of a file"),
}

NODES: Final[Mapping[str, Node]] = {
    "VoiceResponse": Node("Response", (), VERBS),
    **_MEDIA,
    **_SSML,
    **_INPUT,
    **_DIAL,
    **_MEETING,
    **_FLOW,
    **_SERVICES,
    **_MESSAGE,
}


@cache
def attributes_of(key: str) -> Mapping[str, Attribute]:
    """The attributes of an element by name."""
    return {attribute.name: attribute for attribute in NODES[key].attributes}


@cache
def children_of(key: str) -> Mapping[str, str]:
    """The keys of what may stand inside, by tag."""
    return {NODES[child].tag: child for child in NODES[key].children}
