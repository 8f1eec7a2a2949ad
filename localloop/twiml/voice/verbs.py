"""The verbs of a voice document, read: frozen values that a call's state can hold and bring back.

A URL is absolute, an attribute that was not given or was not good has its default, `line` is where the verb stood.
`None` for an `action` is the document itself; elsewhere it means that there is none.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

Method: TypeAlias = Literal["GET", "POST"]
Event: TypeAlias = tuple[str, ...]
Pairs: TypeAlias = tuple[tuple[str, str], ...]

MOST_LOOPS = 1000  # what loop="0" comes to


class Verb(Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """The root of all verbs."""

    line: int = 0


class Say(Verb, frozen=True, kw_only=True):
    """Speak. `text` is what is heard; `ssml` the markup inside when there is any, and the pauses that it asks for."""

    text: str = ""
    ssml: str = ""
    pauses_ms: int = 0
    voice: str = "man"
    language: str = "en-US"
    loop: int = 1


class Play(Verb, frozen=True, kw_only=True):
    """Play a file, or press keys."""

    url: str = ""
    digits: str = ""
    loop: int = 1


class Pause(Verb, frozen=True, kw_only=True):
    length: int = 1


Prompt: TypeAlias = Say | Play | Pause


class Gather(Verb, frozen=True, kw_only=True):
    input: Event = ("dtmf",)
    action: str | None = None
    method: Method = "POST"
    timeout: int | Literal["auto"] = 5
    finish_on_key: str = "#"
    num_digits: int | None = None
    action_on_empty_result: bool = False
    speech_timeout: int | Literal["auto"] | None = None
    max_speech_time: int = 60
    language: str = "en-US"
    hints: str = ""
    speech_model: str = "default"
    enhanced: bool = False
    profanity_filter: bool = True
    partial_result_callback: str | None = None
    partial_result_callback_method: Method = "POST"
    barge_in: bool = True
    debug: bool = False
    prompts: tuple[Prompt, ...] = ()

    @property
    def takes_keys(self) -> bool:
        return "dtmf" in self.input

    @property
    def takes_speech(self) -> bool:
        return "speech" in self.input


class Record(Verb, frozen=True, kw_only=True):
    action: str | None = None
    method: Method = "POST"
    timeout: int = 5
    finish_on_key: str = "1234567890*#"
    max_length: int = 3600
    play_beep: bool = True
    trim: Literal["trim-silence", "do-not-trim"] = "trim-silence"
    recording_status_callback: str | None = None
    recording_status_callback_method: Method = "POST"
    recording_status_callback_event: Event = ("completed",)
    transcribe: bool = False
    transcribe_callback: str | None = None
    recording_configuration_id: str = ""


class SipUri(Struct, frozen=True, omit_defaults=True):
    """One of several addresses to try, the lowest priority first."""

    uri: str
    priority: int = 0
    weight: int = 0
    username: str = ""
    password: str = ""


TargetKind: TypeAlias = Literal["number", "client", "sip", "sim", "whatsapp", "application"]


class Target(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One of those whom `<Dial>` rings: a Number, Client, Sip, Sim, WhatsApp or Application."""

    kind: TargetKind = "number"
    address: str = ""
    url: str | None = None
    method: Method = "POST"
    send_digits: str = ""
    byoc: str = ""
    status_callback: str | None = None
    status_callback_method: Method = "POST"
    status_callback_event: Event = ("completed",)
    machine_detection: Literal["", "Enable", "DetectMessageEnd"] = ""
    machine_detection_timeout: int = 30
    machine_detection_speech_threshold: int = 2400
    machine_detection_speech_end_threshold: int = 1200
    machine_detection_silence_timeout: int = 5000
    amd_status_callback: str | None = None
    amd_status_callback_method: Method = "POST"
    username: str = ""
    password: str = ""
    uris: tuple[SipUri, ...] = ()
    headers: Pairs = ()
    parameters: Pairs = ()
    customer_id: str = ""
    copy_parent_to: bool = False

    @property
    def is_screened(self) -> bool:
        """Whether something happens on its leg between the answer and the bridge."""
        return bool(self.url or self.send_digits)


class Conference(Struct, frozen=True, kw_only=True, omit_defaults=True):
    name: str = ""
    muted: bool = False
    beep: Literal["true", "false", "onEnter", "onExit"] = "true"
    start_conference_on_enter: bool = True
    end_conference_on_exit: bool = False
    participant_label: str = ""
    jitter_buffer_size: Literal["small", "medium", "large", "off"] = "large"
    wait_url: str | None = None  # None: the usual music; empty: silence
    wait_method: Method = "POST"
    max_participants: int = 250
    record: Literal["do-not-record", "record-from-start"] = "do-not-record"
    trim: Literal["trim-silence", "do-not-trim"] = "trim-silence"
    region: str = ""
    coach: str = ""
    status_callback: str | None = None
    status_callback_method: Method = "POST"
    status_callback_event: Event = ()
    recording_status_callback: str | None = None
    recording_status_callback_method: Method = "POST"
    recording_status_callback_event: Event = ("completed",)
    event_callback_url: str | None = None
    recording_configuration_id: str = ""


class QueueNoun(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The queue whose first caller `<Dial>` takes."""

    name: str = ""
    url: str | None = None
    method: Method = "POST"
    reservation_sid: str = ""
    post_work_activity_sid: str = ""


RecordMode: TypeAlias = Literal[
    "do-not-record",
    "record-from-answer",
    "record-from-ringing",
    "record-from-answer-dual",
    "record-from-ringing-dual",
]


class Dial(Verb, frozen=True, kw_only=True):
    action: str | None = None  # None: go on with the next verb
    method: Method = "POST"
    timeout: int = 30
    time_limit: int = 14400
    hangup_on_star: bool = False
    caller_id: str = ""
    answer_on_bridge: bool = False
    record: RecordMode = "do-not-record"
    recording_track: Literal["inbound", "outbound", "both"] = "both"
    trim: Literal["trim-silence", "do-not-trim"] = "do-not-trim"
    recording_status_callback: str | None = None
    recording_status_callback_method: Method = "POST"
    recording_status_callback_event: Event = ("completed",)
    recording_configuration_id: str = ""
    ring_tone: str = ""
    sequential: bool = False
    refer_url: str | None = None
    refer_method: Method = "POST"
    call_reason: str = ""
    events: str = ""
    passports: str = ""
    targets: tuple[Target, ...] = ()
    conference: Conference | None = None
    queue: QueueNoun | None = None


class Task(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What TaskRouter is given with a caller."""

    attributes: str = ""
    priority: int | None = None
    timeout: int | None = None


class Enqueue(Verb, frozen=True, kw_only=True):
    name: str = ""
    action: str | None = None  # None: go on with the next verb
    method: Method = "POST"
    wait_url: str | None = None  # None: the usual music; empty: silence
    wait_url_method: Method = "POST"
    workflow_sid: str = ""
    max_queue_size: int | None = None
    task: Task | None = None


class Leave(Verb, frozen=True, kw_only=True):
    pass


class Hangup(Verb, frozen=True, kw_only=True):
    parameters: Pairs = ()


class Reject(Verb, frozen=True, kw_only=True):
    reason: Literal["rejected", "busy"] = "rejected"
    parameters: Pairs = ()


class Redirect(Verb, frozen=True, kw_only=True):
    url: str = ""  # empty: the document itself
    method: Method = "POST"


class Echo(Verb, frozen=True, kw_only=True):
    pass


class Queue(Verb, frozen=True, kw_only=True):
    """`<Queue>` as a verb: as in a `<Dial>` without attributes."""

    name: str = ""
    url: str | None = None
    method: Method = "POST"
    reservation_sid: str = ""
    post_work_activity_sid: str = ""


class Sms(Verb, frozen=True, kw_only=True):
    """`<Sms>` or `<Message>`: what to send from within a call."""

    body: str = ""
    media: tuple[str, ...] = ()
    to: str | None = None
    from_: str | None = None
    action: str | None = None  # None: go on with the next verb
    method: Method = "POST"
    status_callback: str | None = None
    legacy: bool = True


class Filter(Verb, frozen=True, kw_only=True):
    """`<Prompt>`: what is said instead of the usual words, where all that it names is so."""

    for_: Event = ()
    error_type: Event = ()
    card_type: Event = ()
    attempt: tuple[str, ...] = ()
    require_matching_inputs: bool | None = None
    prompts: tuple[Prompt, ...] = ()


class Pay(Verb, frozen=True, kw_only=True):
    input: Literal["dtmf"] = "dtmf"
    action: str | None = None
    status_callback: str | None = None
    status_callback_method: Method = "POST"
    payment_method: Literal["credit-card", "ach-debit"] = "credit-card"
    bank_account_type: Literal["consumer-checking", "consumer-savings", "commercial-checking"] = (
        "consumer-checking"
    )
    timeout: int = 5
    max_attempts: int = 2  # one more try when nothing is said
    security_code: bool = True
    postal_code: str = "true"
    min_postal_code_length: int = 0
    payment_connector: str = "Default"
    token_type: Literal["reusable", "one-time", "payment-method"] = "reusable"  # noqa: S105
    charge_amount: str = "0"
    currency: str = "usd"
    language: str = "en-us"
    description: str = ""
    valid_card_types: Event = ("visa", "mastercard", "amex")
    filters: tuple[Filter, ...] = ()
    parameters: Pairs = ()


class Stream(Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    name: str = ""
    url: str = ""
    track: Literal["inbound_track", "outbound_track", "both_tracks"] = "inbound_track"
    connector_name: str = ""
    status_callback: str | None = None
    status_callback_method: Method = "POST"
    audio_format: str = ""
    sample_rate: str = ""
    parameters: Pairs = ()


class Siprec(Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    name: str = ""
    connector_name: str = ""
    track: Literal["inbound_track", "outbound_track", "both_tracks"] = "both_tracks"
    status_callback: str | None = None
    status_callback_method: Method = "POST"
    parameters: Pairs = ()


class Transcription(Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    name: str = ""
    track: Literal["inbound_track", "outbound_track", "both_tracks"] = "both_tracks"
    status_callback_url: str | None = None
    status_callback_method: Method = "POST"
    language_code: str = "en-US"
    transcription_engine: Literal["google", "deepgram"] = "google"
    speech_model: str = "telephony"
    profanity_filter: bool = True
    partial_results: bool = False
    hints: str = ""
    enable_automatic_punctuation: bool = True
    enable_provider_data: bool = False
    inbound_track_label: str = ""
    outbound_track_label: str = ""
    intelligence_service: str = ""
    conversation_configuration: str = ""
    conversation_id: str = ""
    parameters: Pairs = ()
    configuration: Pairs = ()


class Recording(Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    name: str = ""
    recording_status_callback: str | None = None
    recording_status_callback_method: Method = "POST"
    recording_status_callback_event: Event = ("completed",)
    trim: Literal["trim-silence", "do-not-trim"] = "trim-silence"
    track: Literal["inbound", "outbound", "both"] = "both"
    channels: Literal["mono", "dual"] = "dual"
    recording_configuration_id: str = ""


class Session(Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """A child of `<Connect>` other than a stream: what it is called, and what was given to it."""

    kind: str = ""
    name: str = ""
    attributes: dict[str, str] = {}
    parameters: Pairs = ()
    configuration: Pairs = ()
    languages: tuple[dict[str, str], ...] = ()


Background: TypeAlias = Stream | Siprec | Transcription | Recording


class Start(Verb, frozen=True, kw_only=True):
    action: str | None = None
    method: Method = "POST"
    services: tuple[Background, ...] = ()


class Stop(Verb, frozen=True, kw_only=True):
    services: tuple[Background, ...] = ()


class Connect(Verb, frozen=True, kw_only=True):
    action: str | None = None  # None: go on with the next verb
    method: Method = "POST"
    session: Stream | Session | None = None


class Refer(Verb, frozen=True, kw_only=True):
    action: str | None = None  # None: go on with the next verb
    method: Method = "POST"
    uri: str = ""


class Broken(Verb, frozen=True, kw_only=True):
    """A verb with an error that ends the document when it is reached."""

    code: int
    reason: str = ""


AnyVerb: TypeAlias = (
    Say
    | Play
    | Pause
    | Gather
    | Record
    | Dial
    | Enqueue
    | Leave
    | Hangup
    | Reject
    | Redirect
    | Echo
    | Queue
    | Sms
    | Pay
    | Filter
    | Start
    | Stop
    | Connect
    | Refer
    | Broken
)
