"""What happens to a call. Each is taken once, by whoever holds its job, or at once by whoever asks."""

from __future__ import annotations

from typing import Literal, TypeAlias
from uuid import UUID

from msgspec import Struct

from localloop.products.voice.call.resource import Method, Options
from localloop.products.voice.letters import Subscription
from localloop.products.voice.payment.session import Piece, Session
from localloop.products.voice.session.session import CallSession
from localloop.telephony.leg import News, Trail
from localloop.webhooks import Jar


class Dialled(Struct, frozen=True, tag="dialled"):
    """It leaves the queue: its turn has come."""


class Arrived(Struct, frozen=True, tag="arrived"):
    """It reached a number of ours, and rings."""


class Came(Struct, frozen=True, tag="came"):
    """What the leg announced."""

    news: News


class Pressed(Struct, frozen=True, tag="pressed"):
    """Somebody at the other end presses keys."""

    digits: str


class Said(Struct, frozen=True, tag="said"):
    """Somebody at the other end says something."""

    text: str


class PickedUp(Struct, frozen=True, tag="picked-up"):
    """Somebody at the other end takes the call."""


class Declined(Struct, frozen=True, tag="declined"):
    """Somebody at the other end does not take it."""

    is_busy: bool = False


class HungUp(Struct, frozen=True, tag="hung-up"):
    """Somebody at the other end hangs up."""


class Ticked(Struct, frozen=True, tag="ticked"):
    """A time is over that its document, or what waits for it, wanted to know."""

    name: str


class Silent(Struct, frozen=True, tag="silent"):
    """Perhaps nothing was said for as long as a recording waits."""

    n: int


class TimeIsUp(Struct, frozen=True, tag="time-is-up"):
    """It has lasted as long as it may."""


class Barred(Struct, frozen=True, tag="barred"):
    """Its account is closed or suspended."""


class Detected(Struct, frozen=True, tag="detected"):
    """Whoever listened for an answering machine has made up his mind."""

    answered_by: str
    after_ms: int


class Ordered(Struct, frozen=True, tag="ordered"):
    """Over REST: to end it, to go on with another document, to be called back elsewhere."""

    end: Literal["", "canceled", "completed"] = ""
    url: str = ""
    method: Method = "POST"
    twiml: str = ""
    options: Options | None = None


class PaymentBegun(Struct, frozen=True, tag="payment-begun"):
    """Over REST: whoever is on the line is going to pay."""

    session: Session


class PaymentAsked(Struct, frozen=True, tag="payment-asked"):
    """Over REST: for a piece of what is paid with, or to complete or cancel it."""

    sid: str
    key: str
    callback: str
    capture: Piece | None = None
    status: Literal["complete", "cancel"] | None = None


class EntryOver(Struct, frozen=True, tag="entry-over"):
    """No key was pressed for as long as a payment waits between two."""

    sid: str
    turn: int


class Progressed(Struct, frozen=True, tag="progressed"):
    """A call that this one made: it rings, was answered, or has accepted to be connected."""

    leg: str
    call_sid: str
    what: Literal["initiated", "ringing", "answered", "accepted"]


class LegRefers(Struct, frozen=True, tag="leg-refers"):
    """A call that this one made is to go on elsewhere, as its other end asks."""

    leg: str
    to: str


class LegOver(Struct, frozen=True, tag="leg-over"):
    """A call that this one made is over, or goes its own way."""

    leg: str
    call_sid: str
    how: Literal["completed", "busy", "no-answer", "failed", "canceled", "redirected"]
    duration: int | None = None
    code: int = 0
    parameters: dict[str, str] = {}


class Screened(Struct, frozen=True, tag="screened"):
    """Whoever dialled this call wants it to hear a document before it is connected."""

    send_digits: str = ""
    url: str | None = None
    method: Method = "POST"


class Released(Struct, frozen=True, tag="released"):
    """Whoever dialled this call needs it no longer."""

    reason: Literal["canceled", "called-off", "hangup", "time-limit"] = "hangup"


class Name(Struct, frozen=True):
    """A call, as others speak to it: `root` is that of its family."""

    id: UUID
    root: UUID


class Bridged(Struct, frozen=True, tag="bridged"):
    """It is connected with that call."""

    peer: Name


class Queued(Struct, frozen=True, tag="queued"):
    """It stands in its queue, or was not let in."""

    what: Literal["entered", "full", "refused"]
    sid: str = ""
    code: int = 0


class Matched(Struct, frozen=True, tag="matched"):
    """There is a caller for whoever dialled a queue."""

    caller: Name
    queue_sid: str
    waited: int


class Dequeued(Struct, frozen=True, tag="dequeued"):
    """Somebody takes it from its queue, and wants it to hear a document first."""

    leg: str
    taker: Name
    url: str | None = None
    method: Method = "POST"
    parameters: dict[str, str] = {}


class QueueOver(Struct, frozen=True, tag="queue-over"):
    """Whoever took it from its queue is through with it."""


class Heard(Struct, frozen=True, tag="heard"):
    """Whom it is connected to says something, or presses keys; or a file is played to all who are."""

    text: str = ""
    digits: str = ""
    file: str = ""
    trail: Trail = ()


class Hushed(Struct, frozen=True, tag="hushed"):
    """It has said what it said in its conference."""


class Brought(Struct, frozen=True, tag="brought"):
    """What an application answered, and what it set in the call's jar."""

    n: int
    url: str
    content_type: str
    body: bytes
    jar: Jar


class NotBrought(Struct, frozen=True, tag="not-brought"):
    """It gave no answer that could be used; the Debugger knows."""

    n: int
    code: int
    reason: str


class Texted(Struct, frozen=True, tag="texted"):
    """A message that its document wanted is on its way, or was refused, which the Debugger knows."""

    n: int
    sid: str = ""
    code: int = 0


class Measured(Struct, frozen=True, tag="measured"):
    """A file that is to be played was looked into. `seconds` is None where that did not tell; with a code there is
    nothing to be heard."""

    n: int
    url: str
    times: int = 1
    seconds: float | None = None
    code: int = 0
    reason: str = ""


class Conferred(Struct, frozen=True, tag="conferred"):
    """The conference that it is in lets it wait, enter, hold or go, or announces something."""

    what: Literal["wait", "enter", "hold", "unhold", "announce", "left", "refused"]
    code: int = 0
    url: str | None = None
    method: Method = "POST"
    is_for_all: bool = False


class Messaged(Struct, frozen=True, tag="messaged"):
    """The client at the other end sends a user-defined message."""

    content: str


class UserMessage(Struct, frozen=True, tag="user-message"):
    """Over REST: the client shall get this."""

    sid: str
    content: str
    key: str = ""


class Subscribed(Struct, frozen=True, tag="subscribed"):
    """Over REST: whoever is told what the client sends."""

    subscription: Subscription
    key: str = ""


class Unsubscribed(Struct, frozen=True, tag="unsubscribed"):
    sid: str


class Attached(Struct, frozen=True, tag="attached"):
    """Over REST: something is to listen to it."""

    session: CallSession


class Detached(Struct, frozen=True, tag="detached"):
    """Over REST: it shall no more."""

    sid: str


# What jobs bring, and what is brought in person.
Event: TypeAlias = (
    Dialled
    | Arrived
    | Came
    | Pressed
    | Said
    | PickedUp
    | Declined
    | HungUp
    | Ticked
    | TimeIsUp
    | Barred
    | EntryOver
    | Silent
    | Detected
    | Conferred
    | Progressed
    | LegOver
    | LegRefers
    | Screened
    | Released
    | Bridged
    | Heard
    | Hushed
    | Queued
    | Matched
    | Dequeued
    | QueueOver
    | Texted
)
Letter: TypeAlias = UserMessage | Subscribed | Unsubscribed
Act: TypeAlias = (
    PickedUp | Declined | Pressed | Said | HungUp | Messaged
)  # of somebody at the other end, in person
Asked: TypeAlias = Ordered | PaymentBegun | PaymentAsked | Attached | Detached | Letter  # over REST
AnyEvent: TypeAlias = Event | Brought | NotBrought | Measured | Asked | Messaged
