"""What each event does to a call. Pure: a turn gathers it, and the engine writes it down."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from msgspec.structs import replace

from localloop.core import errors
from localloop.products.voice.call import (
    callbacks,
    family,
    messages,
    payments,
    recorded,
    script,
    sessions,
    shared,
)
from localloop.products.voice.call.events import (
    Act,
    AnyEvent,
    Arrived,
    Attached,
    Barred,
    Bridged,
    Brought,
    Came,
    Conferred,
    Declined,
    Dequeued,
    Detached,
    Detected,
    Dialled,
    EntryOver,
    Heard,
    HungUp,
    Hushed,
    LegOver,
    LegRefers,
    Matched,
    Measured,
    Messaged,
    NotBrought,
    Ordered,
    PaymentAsked,
    PaymentBegun,
    PickedUp,
    Pressed,
    Progressed,
    Queued,
    QueueOver,
    Released,
    Said,
    Screened,
    Silent,
    Subscribed,
    Texted,
    Ticked,
    TimeIsUp,
    Unsubscribed,
    UserMessage,
)
from localloop.products.voice.call.lifecycle import Status
from localloop.products.voice.call.turn import Turn
from localloop.telephony import leg
from localloop.telephony.leg import News

TIME_LIMIT: Final = 32015
TRIAL_LIMIT: Final = 13805
_UNANSWERED: Final[dict[str, Status]] = {"busy": "busy", "failed": "failed"}


def conduct(turn: Turn, event: AnyEvent) -> None:
    """Raises what the call refuses to whoever asked in person."""
    _apply(turn, event)
    script.go_on(turn)
    while turn.news:
        _hear(turn, turn.news.popleft())
    if turn.call.has_ended:
        shared.leave(turn)
    payments.call_over(turn)


def _apply(turn: Turn, event: AnyEvent) -> None:
    match event:
        case Dialled():
            _dial(turn)
        case Arrived():
            _arrive(turn)
        case Came(news):
            turn.react(turn.end.due(news))
        case PickedUp() | Declined() | Pressed() | Said() | HungUp() | Messaged():
            _act(turn, event)
        case Ticked() | Silent() | EntryOver() | TimeIsUp() | Detected():
            _pass(turn, event)
        case Barred():
            script.hang_up(turn, by="api")
        case Progressed() | LegOver() | LegRefers():
            script.of_leg(turn, event)
        case Screened():
            script.screen(turn, event)
        case Released(reason):
            script.release(turn, reason)
        case Bridged(peer):
            shared.bridged(turn, peer)
            family.go_on_speaking(turn)
        case Queued() | Matched() | Dequeued() | QueueOver() | Conferred() | Hushed():
            _share(turn, event)
        case Texted():
            script.texted(turn, event)
        case Heard():
            script.hear(turn, event)
        case Brought():
            script.brought(turn, event)
        case NotBrought():
            script.not_brought(turn, event)
        case Measured():
            script.measured(turn, event)
        case Ordered():
            _obey(turn, event)
        case _:
            _serve(turn, event)


def _serve(turn: Turn, event: AnyEvent) -> None:
    """What REST wants done beside its document. Raises what the call refuses."""
    match event:
        case PaymentBegun(session):
            payments.begin(turn, session)
        case PaymentAsked():
            payments.ask(turn, event)
        case Attached(listening):
            sessions.attach(turn, listening)
        case Detached(sid):
            sessions.detach(turn, sid)
        case UserMessage():
            messages.send(turn, event)
        case Subscribed():
            messages.subscribe(turn, event)
        case Unsubscribed():
            messages.unsubscribe(turn, event)


def _act(turn: Turn, act: Act) -> None:
    """Somebody at the other end does something in person. Raises 21220 where there is nothing to do it to: nothing
    rings, nobody has answered."""
    end = turn.end
    match act:
        case PickedUp() if end.is_ringing:
            turn.react(end.pick_up())
        case Declined(is_busy) if end.is_ringing:
            turn.react(end.decline(is_busy=is_busy))
        case Pressed(digits) if turn.call.status == "in-progress":
            turn.react(end.press(digits))
        case Said(text) if turn.call.status == "in-progress":
            turn.react(end.say(text))
        case Messaged():
            messages.sent(turn, act)
        case HungUp():
            turn.react(end.hang_up())
        case _:
            raise errors.call_not_in_progress()


def _pass(turn: Turn, event: Ticked | Silent | EntryOver | TimeIsUp | Detected) -> None:
    """A time is over."""
    match event:
        case Ticked(name):
            script.ticked(turn, name)
        case Silent(n):
            recorded.silent(turn, n)
        case EntryOver():
            payments.entry_over(turn, event)
        case TimeIsUp():
            _limit(turn)
        case Detected(answered_by, after_ms):
            _detected(turn, answered_by, after_ms)


def _share(turn: Turn, event: Queued | Matched | Dequeued | QueueOver | Conferred | Hushed) -> None:
    match event:
        case Hushed():
            shared.hushed(turn)
        case Queued():
            shared.queued(turn, event)
        case Matched():
            shared.matched(turn, event)
        case Dequeued():
            shared.dequeued(turn, event)
        case QueueOver():
            shared.queue_over(turn)
        case Conferred():
            if event.what == "left" and turn.call.status in ("queued", "initiated", "ringing"):
                script.hang_up(turn, by="api")  # there is nothing any more to be called into
            shared.conferred(turn, event)


def _limit(turn: Turn) -> None:
    """It has lasted, or rung, as long as it may, if that was not changed meanwhile; then nothing is waited for any
    more."""
    call = turn.call
    since, limit = call.answer_time or call.start_time, call.options.time_limit
    if call.has_ended:
        turn.live = replace(turn.live, script=None)
    elif since is not None and turn.at >= since + timedelta(seconds=limit):
        turn.warn(TRIAL_LIMIT if call.options.is_trial else TIME_LIMIT, f"it has lasted {limit} seconds")
        script.hang_up(turn, by="time-limit")


def _dial(turn: Turn) -> None:
    if turn.become("initiated"):
        family.progressed(turn, "initiated")
        if turn.live.refusal:
            turn.become("failed")
            family.over(turn, code=turn.live.refusal)
            return
        turn.ring()
        turn.order(leg.Ring(turn.call.options.timeout))


def _arrive(turn: Turn) -> None:
    """A number that names no application takes no calls: they fail at once. Nobody lets it ring for ever.
    What is refused is one of an account that is not active."""
    turn.ring()
    if turn.live.refusal:
        turn.warn(turn.live.refusal, f"a number of it is {turn.call.to}")
    if turn.call.options.webhook.url:
        turn.later(timedelta(seconds=turn.call.options.time_limit), TimeIsUp())
        script.begin(turn)
    else:
        turn.order(leg.HangUp("rejected"))
        turn.become("failed")


def _hear(turn: Turn, news: News) -> None:
    match news:
        case leg.Ringing():
            turn.become("ringing")
            family.progressed(turn, "ringing")
        case leg.Answered():
            _answered(turn)
        case leg.Ended(how, code):
            _ended(turn, how, code)
        case leg.Finished(n):
            script.finished(turn, n)
        case leg.Refers(to):
            family.refers(turn, to)
        case leg.Pressed() | leg.Spoke():
            _utter(turn, news)
        case leg.Referred(n, sip_code, notify_code):
            script.referred(turn, n, sip_code, notify_code)


def _utter(turn: Turn, news: leg.Pressed | leg.Spoke) -> None:
    """Its other end speaks or presses keys; what has come by here before is its own echo."""
    own = turn.call.id.hex
    if own in news.trail:
        return
    trail = (*news.trail, own)
    match news:
        case leg.Pressed(digits):
            if not payments.pressed(turn, digits):
                family.speak(turn, Heard(digits=digits, trail=trail))
                script.pressed(turn, digits)
        case leg.Spoke(text):
            family.speak(turn, Heard(text, trail=trail))
            script.spoke(turn, text)


def _answered(turn: Turn) -> None:
    """Its document begins, after whoever listens for machines has made up his mind, if he is waited for."""
    if not turn.become("in-progress"):
        return
    detection = turn.call.options.detection
    if detection is not None:
        script.detect(turn, detection)
    if turn.call.parent_id is not None:
        family.progressed(turn, "answered")
    elif detection is None or detection.is_async:
        script.begin(turn)


def _detected(turn: Turn, answered_by: str, after_ms: int) -> None:
    detection = turn.call.options.detection
    if detection is None or turn.call.answered_by is not None:
        return
    turn.show(replace(turn.call, answered_by=answered_by))
    if not detection.is_async:
        told = {**turn.call.options.params, "MachineDetectionDuration": str(after_ms)}
        turn.show(replace(turn.call, options=replace(turn.call.options, params=told)))
        if turn.live.script is None:  # it was led nowhere else meanwhile
            script.begin(turn)
    elif detection.callback:
        params = callbacks.detected_params(turn.call, after_ms)
        turn.tell_only(detection.callback, detection.callback_method, params)


def _ended(turn: Turn, how: str, code: int) -> None:
    """The other end is gone; of a call that was not answered that says how."""
    if turn.call.status == "in-progress":
        turn.become("completed", sip_code=code)
    elif how == "hung-up":
        turn.become("no-answer")
    else:
        turn.become(_UNANSWERED.get(how, "no-answer"), sip_code=code)
    script.left(turn)
    family.over(turn)


def _obey(turn: Turn, ordered: Ordered) -> None:
    """Raises 21220."""
    is_answered = turn.call.status == "in-progress"
    if (ordered.end == "canceled" and is_answered) or (_leads(ordered) and not is_answered):
        raise errors.call_not_in_progress()
    if ordered.options is not None:
        turn.adopt(ordered.options)
    if ordered.end:
        script.hang_up(turn, by="api")
    elif _leads(ordered):
        script.redirect(turn, ordered)


def _leads(ordered: Ordered) -> bool:
    """Whether it names another document; one that ends the call names none."""
    return not ordered.end and bool(ordered.url or ordered.twiml)
