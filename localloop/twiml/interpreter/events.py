"""What happens to a call, as its interpreter hears of it.

`seq` counts the events of one call: an event is applied once, whoever brings it again. `at` is the world's time.
An event that speaks of something past (a timer that was cancelled, a leg that lost) changes nothing.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

from msgspec import Struct

from localloop.twiml.interpreter.running import Running
from localloop.twiml.voice.verbs import Method

Role: TypeAlias = Literal[
    "main", "screening", "queue-wait", "queue-whisper", "conference-wait", "hold", "announcement"
]


class Web(Struct, frozen=True, tag=True, omit_defaults=True):
    """A document to be asked for."""

    url: str
    method: Method = "POST"


class Inline(Struct, frozen=True, tag=True):
    """A document that came with a REST request."""

    twiml: str


Source: TypeAlias = Web | Inline


class Event(Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """The root of all events."""

    seq: int
    at: datetime


class Started(Event, frozen=True, kw_only=True):
    """The run begins. `send_digits` are pressed before anything else; without a source nothing else is to be done."""

    source: Source | None
    answered: bool = False
    leg: Literal["number", "client", "sip"] = "number"
    role: Role = "main"
    fallback_url: str = ""
    fallback_method: Method = "POST"
    send_digits: str = ""
    country: str = "US"  # of numbers that are written without +


class Fetched(Event, frozen=True, kw_only=True):
    """What a Fetch brought; `url` is where it was found in the end."""

    n: int
    url: str
    content_type: str = ""
    body: bytes = b""


class FetchFailed(Event, frozen=True, kw_only=True):
    n: int
    code: int
    reason: str = ""


class Answered(Event, frozen=True, kw_only=True):
    """The call was answered by other means than our Answer."""


class Played(Event, frozen=True, kw_only=True):
    """What was said, played or waited for is over; `code` says why it could not be played."""

    n: int
    code: int = 0


class Digit(Event, frozen=True, kw_only=True):
    """A key was pressed on the call's own leg."""

    key: str


class Speech(Event, frozen=True, kw_only=True):
    """Something was said: as far as it is heard by now, or, when final, up to a pause. Empty: somebody begins."""

    text: str = ""
    confidence: float = 0.0
    final: bool = True
    stability: float = 0.0
    language: str = ""


class Timer(Event, frozen=True, kw_only=True):
    name: str


class DialProgress(Event, frozen=True, kw_only=True):
    """A leg that we called. `accepted`: screened, or taken from its queue, and ready to be bridged."""

    leg: str
    what: Literal["initiated", "ringing", "answered", "accepted"]
    call_sid: str = ""


class LegEnded(Event, frozen=True, kw_only=True):
    """A leg is over. `duration` counts from its answer; `redirected`: it goes on with a document of its own."""

    leg: str
    how: Literal["completed", "busy", "no-answer", "failed", "canceled", "redirected"]
    call_sid: str = ""
    duration: int | None = None
    code: int = 0
    parameters: dict[str, str] = {}  # for the action: DialSipResponseCode, DequeuedCallSid …


class ConferenceEvent(Event, frozen=True, kw_only=True):
    """`wait`: in the room, hears its wait document; `enter`: hears the others; `left`: out, `code` for refused."""

    what: Literal["wait", "enter", "hold", "unhold", "announce", "left", "refused"]
    sid: str = ""
    code: int = 0
    url: str | None = None  # of hold and announce, and of what is heard from now on in waiting
    method: Method = "POST"


class QueueEvent(Event, frozen=True, kw_only=True):
    """`dequeued`: somebody takes this caller, who hears the document at `url` first."""

    what: Literal["entered", "full", "refused", "dequeued", "bridged", "ended"]
    sid: str = ""
    code: int = 0
    url: str | None = None
    method: Method = "POST"


class RecordingEnded(Event, frozen=True, kw_only=True):
    n: int
    sid: str = ""
    url: str = ""
    duration: int = 0
    is_absent: bool = False


class Redirected(Event, frozen=True, kw_only=True):
    """Over REST: go on with another document, whatever is running."""

    source: Source


class HungUp(Event, frozen=True, kw_only=True):
    """The call's own leg is gone."""

    by: Literal["caller", "api", "time-limit", "error"] = "caller"


class MachineDetected(Event, frozen=True, kw_only=True):
    answered_by: str


class MessageSent(Event, frozen=True, kw_only=True):
    n: int
    sid: str = ""
    status: str = "queued"
    code: int = 0


class Charged(Event, frozen=True, kw_only=True):
    """What the payment connector says; without a code it is a success."""

    n: int
    code: int = 0
    error: str = ""
    token: str = ""
    confirmation_code: str = ""
    profile_id: str = ""


class SessionEnded(Event, frozen=True, kw_only=True):
    """The service to which the call was connected is through with it."""

    n: int
    parameters: dict[str, str] = {}
    code: int = 0


class BackgroundStarted(Event, frozen=True, kw_only=True):
    """Something runs beside the document that it has not begun itself: its number is below 0."""

    service: Running


class BackgroundEnded(Event, frozen=True, kw_only=True):
    """Something that ran beside the document has ended by itself."""

    n: int


class LegRefers(Event, frozen=True, kw_only=True):
    """The other end of a leg asks by SIP that the call goes on elsewhere."""

    leg: str
    to: str


class Referred(Event, frozen=True, kw_only=True):
    n: int
    status: Literal["completed", "failed"]
    sip_code: int = 0
    notify_code: int = 0


AnyEvent: TypeAlias = (
    Started
    | Fetched
    | FetchFailed
    | Answered
    | Played
    | Digit
    | Speech
    | Timer
    | DialProgress
    | LegEnded
    | LegRefers
    | ConferenceEvent
    | QueueEvent
    | RecordingEnded
    | Redirected
    | HungUp
    | MachineDetected
    | MessageSent
    | Charged
    | SessionEnded
    | BackgroundStarted
    | BackgroundEnded
    | Referred
)
