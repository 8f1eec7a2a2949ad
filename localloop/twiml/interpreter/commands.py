"""What an interpreter asks for. It does nothing itself; whoever holds the call carries these out, in order.

`n` counts the commands of one call: the pair of the call and `n` names a command for ever, so a command that was
carried out before a crash is recognised after it. Events refer to a command by the same number.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from localloop.twiml.voice import verbs
from localloop.twiml.voice.verbs import Method

# Why an application is asked: it says which parameters the request has besides those given with it.
Why: TypeAlias = Literal[
    "voice",
    "gather",
    "record",
    "dial",
    "pay",
    "enqueue",
    "connect",
    "refer",
    "dial-refer",
    "call-message",
    "screening",
    "queue-wait",
    "queue-whisper",
    "conference-wait",
    "conference-hold",
    "announcement",
    "gather-partial",
    "pay-status",
]


HangupReason: TypeAlias = Literal["hangup", "end-of-document", "application-error", "referred"]


EndReason: TypeAlias = Literal["canceled", "called-off", "hangup", "time-limit"]


class Command(Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """The root of all commands."""

    n: int = 0


# Documents


class Fetch(Command, frozen=True, kw_only=True):
    """Ask for a document; its outcome is `Fetched` or `FetchFailed`. The fallback is asked for by another Fetch.

    `parameters` come on top of those of the call. Of a wait document they are completed by what the queue knows.
    """

    url: str
    method: Method = "POST"
    parameters: dict[str, str] = {}
    why: Why = "voice"


class Notify(Command, frozen=True, kw_only=True):
    """Tell a URL something; its answer is of no interest."""

    url: str
    method: Method = "POST"
    parameters: dict[str, str] = {}
    kind: Why


class Warn(Command, frozen=True, kw_only=True):
    """For the Debugger: a warning or an error, as the code's level says."""

    code: int
    reason: str = ""
    line: int = 0
    url: str = ""  # of the document; empty for one that was given over REST


# The call's own leg


class Answer(Command, frozen=True, kw_only=True):
    """Take the incoming call, now."""


class Reject(Command, frozen=True, kw_only=True):
    """Do not take it: the call ends as `busy` or as `no-answer`."""

    reason: Literal["rejected", "busy"] = "rejected"


class Hangup(Command, frozen=True, kw_only=True):
    """The call is over."""

    reason: HangupReason = "hangup"


class Accept(Command, frozen=True, kw_only=True):
    """A screening or whisper document has come to its end: this leg may be bridged now."""


# What is heard and said on it


class Say(Command, frozen=True, kw_only=True):
    """Ends with `Played`."""

    text: str
    ssml: str = ""
    pauses_ms: int = 0
    voice: str = "man"
    language: str = "en-US"
    loop: int = 1


class Play(Command, frozen=True, kw_only=True):
    """Ends with `Played`, which names a code when the file could not be played."""

    url: str
    loop: int = 1


class Music(Command, frozen=True, kw_only=True):
    """The usual music of those who wait, until StopMedia."""


class PlayTones(Command, frozen=True, kw_only=True):
    """Press keys; `w` waits half a second, `W` a whole one. Ends with `Played`."""

    digits: str
    loop: int = 1


class Beep(Command, frozen=True, kw_only=True):
    """The tone before a recording. Ends with `Played`."""


class Pause(Command, frozen=True, kw_only=True):
    """Silence. Ends with `Played`."""

    seconds: int


class Echo(Command, frozen=True, kw_only=True):
    """Play back what the caller says, until StopMedia."""


class StopMedia(Command, frozen=True, kw_only=True):
    """End whatever is said or played; no `Played` comes of it."""


class Prefetch(Command, frozen=True, kw_only=True):
    """These files are wanted soon."""

    urls: tuple[str, ...]


class Recognition(Struct, frozen=True, kw_only=True, omit_defaults=True):
    language: str = "en-US"
    hints: str = ""
    model: str = "default"
    enhanced: bool = False
    profanity_filter: bool = True
    partial_results: bool = False


class Listen(Command, frozen=True, kw_only=True):
    """Report keys as `Digit`, and speech as `Speech`. Private input is kept out of every record."""

    dtmf: bool = True
    speech: Recognition | None = None
    private: bool = False


class StopListening(Command, frozen=True, kw_only=True):
    pass


class StartTimer(Command, frozen=True, kw_only=True):
    """`Timer` with this name comes after so many seconds of the world's time. A name is used once."""

    name: str
    seconds: float


class CancelTimer(Command, frozen=True, kw_only=True):
    name: str


class StartRecording(Command, frozen=True, kw_only=True):
    """Ends with `RecordingEnded`: by StopRecording, by silence of `silence` seconds, or with the call."""

    source: Literal["RecordVerb", "DialVerb", "StartRecording"]
    channels: Literal["mono", "dual"] = "mono"
    track: Literal["inbound", "outbound", "both"] = "both"
    trim: Literal["trim-silence", "do-not-trim"] = "do-not-trim"
    silence: int = 0  # seconds; 0: silence does not end it
    status_callback: str | None = None
    status_callback_method: Method = "POST"
    status_callback_event: tuple[str, ...] = ("completed",)
    transcribe: bool = False
    transcribe_callback: str | None = None
    configuration_id: str = ""


class StopRecording(Command, frozen=True, kw_only=True):
    of: int  # the `n` of its StartRecording


# Other legs


class NewLeg(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A leg to be, under the name by which events speak of it."""

    leg: str
    target: verbs.Target


class PlaceLegs(Command, frozen=True, kw_only=True):
    """Call these, all at once. Of each come `DialProgress` and, in any case, one `LegEnded`.

    `timeout` is how long each may ring. Screening is asked for by `Screen`, connecting by `Bridge`.
    """

    legs: tuple[NewLeg, ...]
    timeout: int
    caller_id: str = ""
    ring_tone: str = ""
    call_reason: str = ""
    refer_url: str | None = None
    refer_method: Method = "POST"


class Screen(Command, frozen=True, kw_only=True):
    """Press keys on a leg that has answered, and run a document there with the role `screening`.

    Its Accept is `DialProgress(leg, "accepted")` here.
    """

    leg: str
    send_digits: str = ""
    url: str | None = None
    method: Method = "POST"


class Bridge(Command, frozen=True, kw_only=True):
    """Connect this call and that leg, until one of them ends."""

    leg: str


class EndLegs(Command, frozen=True, kw_only=True):
    """`canceled` of a leg that has not answered is a call with the status no-answer; one that the caller has called off
    by a key is canceled."""

    legs: tuple[str, ...]
    reason: EndReason = "hangup"


class JoinConference(Command, frozen=True, kw_only=True):
    """Answered by ConferenceEvents; the documents of those who wait or are on hold run here."""

    conference: verbs.Conference


class Announced(Command, frozen=True, kw_only=True):
    """The announcement of this URL is over; `code` says why it could not be played."""

    url: str
    code: int = 0


class LeaveConference(Command, frozen=True, kw_only=True):
    pass


class EnterQueue(Command, frozen=True, kw_only=True):
    """Answered by QueueEvents."""

    name: str = ""
    workflow_sid: str = ""
    task: verbs.Task | None = None
    max_size: int | None = None


class LeaveQueue(Command, frozen=True, kw_only=True):
    result: str


class Dequeue(Command, frozen=True, kw_only=True):
    """Take the first of a queue: `DialProgress(leg, "answered")` when somebody is taken, "accepted" when the whisper
    has been heard, `LegEnded` when that is over.

    A queue that does not exist is LegEnded with how=failed; an empty one is waited for.
    """

    leg: str
    queue: verbs.QueueNoun


# The rest


class SendMessage(Command, frozen=True, kw_only=True):
    """Answered by `MessageSent`."""

    body: str = ""
    media: tuple[str, ...] = ()
    to: str | None = None
    from_: str | None = None
    status_callback: str | None = None
    legacy: bool = True


class Card(Struct, frozen=True):
    """What was entered. Its text says nothing of it."""

    number: str = ""
    expires: str = ""  # MMYY
    security_code: str = ""
    postal_code: str = ""
    routing_number: str = ""
    account_number: str = ""

    def __repr__(self) -> str:
        return "Card(…)"

    __str__ = __repr__


class Charge(Command, frozen=True, kw_only=True):
    """Hand what was entered to a payment connector. Answered by `Charged`."""

    card: Card
    card_type: str = ""
    pay: verbs.Pay


class StartBackground(Command, frozen=True, kw_only=True):
    """Begin something that goes on beside the document and outlives it."""

    service: verbs.Stream | verbs.Siprec | verbs.Transcription
    document_url: str = ""


class StopBackground(Command, frozen=True, kw_only=True):
    of: int  # the `n` of its StartBackground


class Connect(Command, frozen=True, kw_only=True):
    """Hand the call's sound to a service. Ends with `SessionEnded`."""

    session: verbs.Stream | verbs.Session


class Disconnect(Command, frozen=True, kw_only=True):
    of: int


class Refer(Command, frozen=True, kw_only=True):
    """Send the caller elsewhere by SIP. Answered by `Referred`."""

    uri: str


AnyCommand: TypeAlias = (
    Fetch
    | Notify
    | Warn
    | Answer
    | Reject
    | Hangup
    | Accept
    | Say
    | Play
    | Music
    | PlayTones
    | Beep
    | Pause
    | Echo
    | StopMedia
    | Prefetch
    | Listen
    | StopListening
    | StartTimer
    | CancelTimer
    | StartRecording
    | StopRecording
    | PlaceLegs
    | Screen
    | Bridge
    | EndLegs
    | JoinConference
    | Announced
    | LeaveConference
    | EnterQueue
    | LeaveQueue
    | Dequeue
    | SendMessage
    | Charge
    | StartBackground
    | StopBackground
    | Connect
    | Disconnect
    | Refer
)
