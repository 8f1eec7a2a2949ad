"""One event's turn: what becomes of a call by it, and everything that leaves with that, before anything is written.

`become` is the one place where a call's status changes; its callbacks, its dates and its price are made there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from localloop.core import errors
from localloop.jobs import Job, NewJob
from localloop.products.voice import price
from localloop.products.voice.call import callbacks, lifecycle
from localloop.products.voice.call.callbacks import Change
from localloop.products.voice.call.events import Arrived, Came, Dialled, Event, Name, TimeIsUp
from localloop.products.voice.call.lifecycle import Status
from localloop.products.voice.call.live import EVENT, FETCH, Asked, End, Live, Reference, key_of
from localloop.products.voice.call.resource import Call, Method, Options
from localloop.products.voice.price import Rated
from localloop.products.voice.recording import take
from localloop.products.voice.recording.desk import Stopped
from localloop.products.voice.recording.take import Recording
from localloop.products.voice.session import session as sessions
from localloop.products.voice.session.queries import Kept
from localloop.products.voice.session.queries import Status as SessionStatus
from localloop.products.voice.session.session import CallSession
from localloop.telephony.leg import Line, News, Order, Reaction
from localloop.telephony.simulated import Wire, handsets
from localloop.telephony.simulated.handsets import KeptLine, PhoneCall
from localloop.twiml.interpreter import AnyEvent
from localloop.webhooks import Alert, Notification

_ENTERED: Final = ("pressed", "said")
_BLANK: Final = "…"  # in place of what is entered to pay


class Outcome(Struct, frozen=True, kw_only=True):
    """What is written of one turn: the call as it is now, and what it led to. `is_changed`: so is what it shows."""

    live: Live
    is_changed: bool = False
    job: Job | None = None
    then: tuple[NewJob, ...] = ()
    lines: tuple[KeptLine, ...] = ()
    asks: NewJob | None = None  # what its job becomes: whoever has it asks the application right away
    calls: tuple[Live, ...] = ()  # that it made
    handsets: tuple[PhoneCall, ...] = ()
    alerts: tuple[Alert, ...] = ()
    recordings: tuple[Recording, ...] = ()  # that begin
    visits: tuple[Any, ...] = ()  # to what calls share
    stopped: tuple[Stopped, ...] = ()  # recordings that end
    sessions: tuple[Kept, ...] = ()  # that began or ended


class Turn:
    """Gathers what one event does to one call, at the moment of the event."""

    def __init__(self, live: Live, at: datetime, public_url: str = "") -> None:
        self._public_url = public_url
        self.live = replace(live, at=max(at, live.at))
        self._is_changed = False  # what the resource shows of it
        self._notifications: list[Notification] = []
        self.news: deque[News] = deque()  # of its leg, still to be heard
        self.sip_code: int | None = None  # how the call's network puts its end
        self.known = 0  # the code of a failure that the Debugger has been told already
        self._asks: list[NewJob] = []
        self._then: list[NewJob] = []
        self._lines: list[KeptLine] = []
        self._calls: list[Live] = []
        self._handsets: list[PhoneCall] = []
        self._alerts: list[Alert] = []
        self._recordings: list[Recording] = []
        self._visits: list[Any] = []
        self._stopped: list[Stopped] = []
        self._sessions: list[Kept] = []
        self.expected: deque[Callable[[int], AnyEvent]] = deque()  # what its document hears next

    @property
    def call(self) -> Call:
        return self.live.call

    @property
    def at(self) -> datetime:
        return self.live.at

    def become(self, status: Status, *, sip_code: int | None = None) -> bool:
        """Take this status, if the present one leads there; False, and nothing, if not.

        The callback is of the same outcome, so it is committed with the status.
        """
        before, now = self.call.status, self.at
        if not lifecycle.may_follow(before, status):
            return False
        has_ended = lifecycle.has_ended(status)
        code = sip_code or lifecycle.SIP_CODES.get(status)
        if has_ended:
            self.sip_code = code
        call = replace(
            self.call,
            status=status,
            start_time=self.call.start_time
            or (now if before == "queued" and status == "initiated" else None),
            answer_time=now if status == "in-progress" else self.call.answer_time,
            end_time=now if has_ended else None,
            date_updated=now,
        )
        if has_ended:
            call = replace(call, price=price_of(call))
            for n in self.live.sessions:
                self.end_session(n)
        self.live = replace(self.live, call=call)
        self._is_changed = True
        if callbacks.is_told(call, before, status):
            change = Change(
                status=status,
                at=now,
                sequence=self.live.sequence,
                sip_code=code,
                recording_url=self.recording_url(self.live.recording_sid)
                if has_ended and self.live.recording_sid
                else "",
            )
            self._notifications.append(callbacks.notification_of(call, change))
            self.live = replace(self.live, sequence=self.live.sequence + 1)
        if status == "in-progress":
            self.later(timedelta(seconds=call.options.time_limit), TimeIsUp())
            self._record_all(recording_of(call, now))
        return True

    def _record_all(self, recording: Recording | None) -> None:
        if recording is not None:
            self._recordings.append(recording)
            self.live = replace(self.live, recording_sid=recording.sid)

    def show(self, call: Call) -> None:
        """More is known of the call, which its resource may show."""
        self.live = replace(self.live, call=replace(call, date_updated=self.at))
        self._is_changed = True

    def adopt(self, options: Options) -> None:
        """What the call was asked to do is this from now on."""
        before = self.call.options
        if options != before:
            self.show(replace(self.call, options=options))
        script, webhook = self.live.script, options.webhook
        if script is not None:
            fallback = replace(
                script, fallback_url=webhook.fallback_url, fallback_method=webhook.fallback_method
            )
            self.live = replace(self.live, script=fallback)
        if options.time_limit != before.time_limit and self.call.answer_time is not None:
            ends = self.call.answer_time + timedelta(seconds=options.time_limit)
            self.later(max(ends, self.at) - self.at, TimeIsUp())

    @property
    def end(self) -> End:
        """Its other end, which it has since it was dialled or came in."""
        if self.live.end is None:
            raise RuntimeError(f"{self.call.sid} has nobody at its other end yet")
        return self.live.end

    def order(self, order: Order) -> None:
        """Let the leg carry this out; the news of it is heard next, what takes time comes as an event."""
        if self.live.end is not None:
            self.react(self.end.take(order))

    def react(self, reaction: Reaction) -> None:
        """Keep what came of the leg."""
        self.live = replace(self.live, end=reaction.leg)
        for due in reaction.later:
            self.later(due.after, Came(due.news))
        self.note(*reaction.lines)
        if isinstance(reaction.leg, Wire):
            self._then += [self._across(reaction.leg, news) for news in reaction.sent]
        self.news += reaction.news

    def note(self, *lines: Line) -> None:
        """On the handset."""
        handset = handset_of(self.call)
        if self.live.is_private:
            lines = tuple(replace(line, text=_BLANK) if line.kind in _ENTERED else line for line in lines)
        self._lines += [handsets.kept(line, handset, self.at) for line in lines]

    def ask(self, n: int, url: str, method: Method, parameters: dict[str, str], why: str = "") -> None:
        """Ask the application for a document, now."""
        live, call = self.live, self.call
        asked = Asked(call.id, live.root, n, url, method, parameters, why)
        self._asks.append(NewJob(FETCH, call.account_sid, call.world_sid, asked, self.at, live.key))

    def tell(self, url: str, method: Method, parameters: dict[str, str]) -> None:
        """Tell a URL something of the call; the order among its callbacks is kept."""
        self.tell_only(url, method, callbacks.params_of(self.call) | parameters)

    def tell_only(self, url: str, method: Method, params: dict[str, str], *, follows: bool = False) -> None:
        """The same with nothing else of the call. `follows`: it was told something before, of another kind."""
        follows = follows or self.live.sequence > 0
        self._notifications.append(
            Notification(
                url, params, self.call.account_sid, self.call.sid, method, follows=follows, voice=True
            )
        )

    def notify(self, notification: Notification) -> None:
        self._notifications.append(notification)

    def warn(self, code: int, reason: str, facts: dict[str, str] | None = None) -> None:
        """The Debugger is told, unless it knows already."""
        if code != self.known:
            self._alerts.append(
                Alert(
                    account_sid=self.call.account_sid,
                    world_sid=self.call.world_sid,
                    error_code=code,
                    at=self.at,
                    reason=f"{errors.title(code)}: {reason}" if reason else errors.title(code),
                    facts=facts or {},
                    resource_sid=self.call.sid,
                )
            )

    def record(self, recording: Recording) -> None:
        self._recordings.append(recording)

    def stop_recording(self, sid: str, sound: tuple[datetime, datetime] | None) -> None:
        """`sound`: from when until when something was heard in it."""
        ended = Stopped(account_sid=self.call.account_sid, sid=sid, at=self.at, sound=sound)
        self._stopped.append(ended)

    @property
    def of_session(self) -> sessions.Of:
        return sessions.Of(account_sid=self.call.account_sid, call_sid=self.call.sid, at=self.at)

    def begin_session(self, n: int, session: CallSession) -> None:
        """It listens to the call from now on."""
        now, told = sessions.started(session, self.of_session)
        self.live = replace(self.live, sessions={**self.live.sessions, n: now})
        self.keep_session(now, "in-progress", told)

    def end_session(self, n: int) -> None:
        """It does no more, if it did."""
        others = dict(self.live.sessions)
        session = others.pop(n, None)
        if session is not None:
            self.live = replace(self.live, sessions=others)
            now, told = sessions.stopped(session, self.of_session)
            self.keep_session(now, "stopped", told)

    def listen(self, heard: sessions.Utterance) -> None:
        """Whatever listens hears this."""
        of, now = self.of_session, dict(self.live.sessions)
        for n, session in self.live.sessions.items():
            now[n], told = sessions.heard(session, of, heard)
            if told is not None:
                self.tell_only(told.url, told.method, told.params, follows=not told.is_first)
        self.live = replace(self.live, sessions=now)

    def keep_session(self, session: CallSession, status: SessionStatus, told: sessions.Told | None) -> None:
        """Its row, and what is told of it."""
        call = self.call
        kept = Kept(
            account_sid=call.account_sid,
            world_sid=call.world_sid,
            call_id=call.id,
            session=session,
            status=status,
            date_updated=self.at,
        )
        self._sessions.append(kept)
        if told is not None:
            self.tell_only(told.url, told.method, told.params, follows=not told.is_first)

    def recording_url(self, sid: str) -> str:
        """Where it will be; without a suffix: WAV."""
        return f"{self._public_url}/2010-04-01/Accounts/{self.call.account_sid}/Recordings/{sid}"

    def expect(self, event: Callable[[int], AnyEvent]) -> None:
        """Its document hears this once it has said all that it wants now; it is made with its number."""
        self.expected.append(event)

    def later(self, after: timedelta, event: Event) -> None:
        """An event for this call."""
        self._then.append(job_of(self.live, event, self.at + after))

    def send(self, to: Name, event: Event) -> None:
        """An event for another call, in the order in which they are sent."""
        call = self.call
        reference = Reference(to.id, to.root, event)
        key = key_of(to.root, to.id)
        self._then.append(NewJob(EVENT, call.account_sid, call.world_sid, reference, self.at, key))

    def leave(self, job: NewJob) -> None:
        """Work for somebody else, which is done even when the call has ended."""
        self._then.append(job)

    def visit(self, visit: Any) -> None:
        """A visit to a queue or a conference, when the call is written."""
        self._visits.append(visit)

    def make(self, live: Live) -> None:
        """Another call, which is dialled at once."""
        self._calls.append(live)
        self._then.append(job_of(live, Dialled(), self.at))

    def _across(self, wire: Wire, news: News) -> NewJob:
        """What the call at the other side of a wire hears."""
        reference = Reference(wire.id, wire.root, Came(news))
        key = key_of(wire.root, wire.id)
        return NewJob(EVENT, wire.account_sid, self.call.world_sid, reference, self.at, key)

    def ring(self) -> None:
        """The call is on the handset from now on, if there is one."""
        if not isinstance(self.live.end, Wire):
            self._handsets.append(handset_of(self.call))

    def receive(self, live: Live) -> None:
        """It reaches a number of the house: another call begins there."""
        self._calls.append(live)
        self._then.append(job_of(live, Arrived(), self.at))

    def outcome(self, job: Job | None = None, *, may_ask: bool = False) -> Outcome:
        """`may_ask`: whoever has the job has time for what it becomes."""
        told = callbacks.jobs_of(self.call.world_sid, self._notifications, self.at)
        own = self.live.key if self.live.is_over else None  # nothing more comes of it
        at_once = 1 if may_ask and self._asks and own is None else 0
        then = (*told, *self._asks[at_once:], *self._then)
        return Outcome(
            live=self.live,
            is_changed=self._is_changed,
            job=job,
            then=tuple(each for each in then if own is None or each.key != own),
            asks=self._asks[0] if at_once else None,
            lines=tuple(self._lines),
            calls=tuple(self._calls),
            handsets=tuple(self._handsets),
            alerts=tuple(self._alerts),
            recordings=tuple(self._recordings),
            stopped=tuple(self._stopped),
            sessions=tuple(self._sessions),
            visits=tuple(self._visits),
        )


def job_of(live: Live, event: Event, due_at: datetime) -> NewJob:
    """An event for a call, due at a moment of its world."""
    call = live.call
    reference = Reference(call.id, live.root, event)
    return NewJob(EVENT, call.account_sid, call.world_sid, reference, due_at, live.key)


def handset_of(call: Call) -> PhoneCall:
    """The call as its other end has it."""
    is_inbound = call.direction == "inbound"
    return PhoneCall(
        world_sid=call.world_sid,
        number=(call.from_ if is_inbound else call.to).removeprefix("whatsapp:"),  # one phone has both
        id=call.id,
        account_sid=call.account_sid,
        direction="made" if is_inbound else "received",
        peer=call.to if is_inbound else call.options.caller_id or call.from_,
        date_created=call.start_time or call.date_created,
    )


def price_of(call: Call) -> Decimal | None:
    """By the minute begun; what was never answered costs nothing."""
    seconds = call.duration if call.answer_time is not None else None
    return price.price_of(
        Rated(way=price.way_of(call.direction), from_=call.from_, to=call.to, seconds=seconds)
    )


def recording_of(call: Call, at: datetime) -> Recording | None:
    """What was asked for with the call itself, from its answer on."""
    wanted = call.options.recorded
    if wanted is None:
        return None
    of = take.Of(account_sid=call.account_sid, world_sid=call.world_sid, at=at, call_id=call.id)
    wish = take.Wish(
        source="OutboundAPI",
        channels=2 if wanted.channels == "dual" else 1,
        track=wanted.track,
        trim=wanted.trim,
        callback=wanted.callback,
        callback_method=wanted.callback_method,
        callback_events=wanted.callback_events,
    )
    return take.begin(of, wish)
