"""Dial: call others, at once or one after the other, and connect the caller with the first that takes it.

Twilio's rule of what comes after: with an action the call is handed to it, without one the next verb runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from localloop.twiml.interpreter import commands
from localloop.twiml.interpreter.activities import conference
from localloop.twiml.interpreter.activities.record import recorded
from localloop.twiml.interpreter.activity import Activity
from localloop.twiml.interpreter.events import (
    AnyEvent,
    DialProgress,
    Digit,
    LegEnded,
    LegRefers,
    RecordingEnded,
    Timer,
)
from localloop.twiml.voice import verbs

if TYPE_CHECKING:
    from localloop.twiml.interpreter.run import Run

NO_REFER_URL: Final = 13802
Parameters: TypeAlias = dict[str, str]
_NO_CALLER = "{shown} is neither an end of this call nor a number that this account owns or has verified"
_NOT_CALLED: Final[Mapping[int, str]] = {
    13214: _NO_CALLER,
    13224: "there is nothing of the kind that could be called",
    13225: "nobody there may be called",
    13227: "its country is not enabled in the account's dialing permissions",
    13247: "{shown} is no number, and no callerId is given",
    13248: "its callerId is too long",
}


class Leg(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One of those who are called."""

    leg: str
    target: verbs.Target
    call_sid: str = ""
    is_over: bool = False


class Dialling(Activity, frozen=True, kw_only=True):
    """`legs` are called now, `waiting` afterwards. `bridged` is the leg that the caller speaks with.

    `told` is set when it is over and only the recording is still to be known.
    """

    verb: verbs.Dial
    legs: tuple[Leg, ...] = ()
    waiting: tuple[verbs.Target, ...] = ()
    bridged: str = ""
    patience: str = ""  # the timer of who waits for an empty queue
    timer: str = ""  # of the longest time together
    recording: int = 0
    told: Parameters | None = None

    def on(self, run: Run, event: AnyEvent) -> bool:
        match event:
            case DialProgress(leg=leg) if self._has(leg):
                self._progress(run, event)
            case LegEnded(leg=leg) if self._has(leg):
                self._ended(run, event)
            case LegRefers(leg=leg) if self.told is None and leg == self.bridged:
                self._refer(run, event.to)
            case Digit(key="*") if self.verb.hangup_on_star and self.told is None:
                self._star(run)
            case Timer(name=name) if name and name == self.timer:
                run.emit(commands.EndLegs(legs=(self.bridged,), reason="time-limit"))
            case Timer(name=name) if name and name == self.patience:
                self._nobody_there(run)
            case RecordingEnded(n=n) if n and n == self.recording:
                self._recorded(run, event)
            case _:
                return False
        return True

    def _has(self, leg: str) -> bool:
        return self.told is None and any(each.leg == leg and not each.is_over for each in self.legs)

    @property
    def _open(self) -> tuple[str, ...]:
        return tuple(each.leg for each in self.legs if not each.is_over)

    def _with(self, leg: str, call_sid: str, *, is_over: bool = False) -> Dialling:
        legs = (
            replace(each, call_sid=call_sid or each.call_sid, is_over=is_over) if each.leg == leg else each
            for each in self.legs
        )
        return replace(self, legs=tuple(legs))

    # -- calling

    def place(self, run: Run, targets: tuple[verbs.Target, ...]) -> None:
        verb, name = self.verb, run.state.counter + 1
        legs = tuple(Leg(leg=f"{name}.{index}", target=target) for index, target in enumerate(targets))
        run.emit(
            commands.PlaceLegs(
                legs=tuple(commands.NewLeg(leg=each.leg, target=each.target) for each in legs),
                timeout=verb.timeout,
                caller_id=verb.caller_id,
                ring_tone=verb.ring_tone,
                call_reason=verb.call_reason,
                refer_url=verb.refer_url,
                refer_method=verb.refer_method,
            )
        )
        run.wait(replace(self, legs=legs))

    def _progress(self, run: Run, progress: DialProgress) -> None:
        now = self._with(progress.leg, progress.call_sid)
        leg = next(each for each in self.legs if each.leg == progress.leg)
        if self.bridged:
            return
        if progress.what == "answered" and leg.target.is_screened:
            screen = commands.Screen(
                leg=leg.leg, send_digits=leg.target.send_digits, url=leg.target.url, method=leg.target.method
            )
            run.emit(screen)
            run.become(self, now)
        elif progress.what == "answered" and self.verb.queue is not None:
            # Somebody was taken: whoever dialled waits for nobody any more, but for the end of the whisper.
            run.cancel_timer(self.patience)
            run.become(self, replace(now, patience=""))
        elif progress.what in ("answered", "accepted"):
            now._bridge(run, progress.leg)
        else:
            run.become(self, now)

    def _bridge(self, run: Run, leg: str) -> None:
        """The first that takes the call has it; whoever else rings or listens to a screening is let go."""
        others = tuple(each for each in self._open if each != leg)
        if others:
            run.emit(commands.EndLegs(legs=others, reason="canceled"))
        run.cancel_timer(self.patience)
        run.answer()
        recording = self.recording or start_recording(run, self.verb, "record-from-answer")
        run.emit(commands.Bridge(leg=leg))
        timer = run.start_timer("dial", self.verb.time_limit)
        run.wait(replace(self, bridged=leg, recording=recording, timer=timer, patience=""))

    # -- the end of a leg

    def _ended(self, run: Run, ended: LegEnded) -> None:
        now = self._with(ended.leg, ended.call_sid, is_over=True)
        if ended.code:
            run.warn(ended.code, self._why(ended))
        if self.bridged:
            if ended.leg == self.bridged:
                now._over(run, "completed", ended)
            else:
                run.become(self, now)
        elif now._open:
            run.become(self, now)
        elif self.waiting and not run.state.gone:
            first, *rest = self.waiting
            replace(now, waiting=tuple(rest)).place(run, (first,))
        else:
            # Of one who answered but was never connected, since the screening said no, DialBridged tells.
            now._over(run, "completed" if ended.how == "redirected" else ended.how, ended)

    def _why(self, ended: LegEnded) -> str:
        """Of one that was not called: what the Debugger says."""
        if self.verb.queue is not None:
            return f"nobody can be taken from the queue {self.verb.queue.name!r}"
        target = next(each.target for each in self.legs if each.leg == ended.leg)
        why = _NOT_CALLED.get(ended.code, ended.how).format(shown=self.verb.caller_id or "the caller")
        return f"{target.address} was not called: {why}"

    def _refer(self, run: Run, to: str) -> None:
        """The caller goes on by the document at `referUrl`; without one he stays with whom he has."""
        if self.verb.refer_url is None:
            run.warn(NO_REFER_URL, f"he asks for {to}")
            return
        self.stop(run)
        run.request(self.verb.refer_url, self.verb.refer_method, {"ReferTransferTarget": to}, "dial-refer")

    def _star(self, run: Run) -> None:
        """Before anybody has answered it calls the whole off."""
        if self.bridged:
            run.emit(commands.EndLegs(legs=(self.bridged,)))
        else:
            run.cancel_timer(self.patience)
            run.emit(commands.EndLegs(legs=self._open, reason="called-off"))
            self.give_up(run, "canceled")

    def _nobody_there(self, run: Run) -> None:
        run.emit(commands.EndLegs(legs=self._open, reason="canceled"))
        self.give_up(run, "no-answer")

    def give_up(self, run: Run, status: str) -> None:
        last = self.legs[-1] if self.legs else None
        parameters = {"DialCallStatus": status, "DialBridged": "false"}
        if last is not None and last.call_sid:
            parameters["DialCallSid"] = last.call_sid
        self._close(run, status, parameters)

    def _over(self, run: Run, status: str, ended: LegEnded) -> None:
        leg = next(each for each in self.legs if each.leg == ended.leg)
        parameters = {"DialCallStatus": status, "DialBridged": "true" if self.bridged else "false"}
        if leg.call_sid:
            parameters["DialCallSid"] = leg.call_sid
        if ended.duration is not None and ended.how != "redirected":
            parameters["DialCallDuration"] = str(ended.duration)
        self._close(run, status, {**parameters, **ended.parameters})

    def _close(self, run: Run, status: str, parameters: Parameters) -> None:
        run.cancel_timer(self.timer)
        if not run.state.answered:
            run.state = replace(run.state, unanswered_as=status)
        over = replace(self, told=parameters, timer="", patience="")
        if self.recording:
            run.emit(commands.StopRecording(of=self.recording))
            run.wait(over)
        else:
            finish(run, self.verb, parameters)

    def _recorded(self, run: Run, ended: RecordingEnded) -> None:
        if self.told is None:  # it was ended from outside, and the call goes on
            run.become(self, replace(self, recording=0))
        else:
            finish(run, self.verb, {**self.told, **recorded(ended)})

    # -- from outside

    def stop(self, run: Run) -> None:
        run.cancel_timer(self.timer)
        run.cancel_timer(self.patience)
        if self.told is None and self._open:
            run.emit(commands.EndLegs(legs=self._open))
        if self.told is None and self.recording:
            run.emit(commands.StopRecording(of=self.recording))

    def hung_up(self, run: Run) -> None:
        """The action is told how it ended, which of a conversation is known when its other end is over too."""
        if self.told is not None:
            return
        if self.verb.action is None:
            self.stop(run)
            run.finish()
            return
        run.cancel_timer(self.timer)
        run.cancel_timer(self.patience)
        reason: commands.EndReason = "hangup" if self.bridged else "canceled"
        run.emit(commands.EndLegs(legs=self._open, reason=reason))
        if self.bridged:
            run.become(self, replace(self, timer=""))
        else:
            self.give_up(run, "no-answer")


def begin(run: Run, verb: verbs.Dial) -> None:
    if not verb.answer_on_bridge:
        run.answer()
    if verb.conference is not None:
        conference.begin(run, verb, verb.conference, start_recording(run, verb, "record-from"))
        return
    dialling = Dialling(verb=verb, recording=start_recording(run, verb, "record-from-ringing"))
    if verb.queue is not None:
        _dequeue(run, dialling, verb.queue)
    elif not verb.targets:
        dialling.give_up(run, "failed")
    elif verb.sequential:
        first, *rest = verb.targets
        replace(dialling, waiting=tuple(rest)).place(run, (first,))
    else:
        dialling.place(run, verb.targets)


def _dequeue(run: Run, dialling: Dialling, queue: verbs.QueueNoun) -> None:
    """Who is at the front of a queue is already on the line: nothing rings."""
    leg = f"{run.state.counter + 1}.0"
    run.emit(commands.Dequeue(leg=leg, queue=queue))
    timer = run.start_timer("queue", dialling.verb.timeout)
    run.wait(replace(dialling, legs=(Leg(leg=leg, target=verbs.Target()),), patience=timer))


def start_recording(run: Run, verb: verbs.Dial, when: str) -> int:
    """The number of the recording that begins now, or 0: its moment is another."""
    if not verb.record.startswith(when):
        return 0
    return run.emit(
        commands.StartRecording(
            source="DialVerb",
            # A single track leaves nothing for a second channel.
            channels="dual" if verb.record.endswith("-dual") and verb.recording_track == "both" else "mono",
            track=verb.recording_track,
            trim=verb.trim,
            status_callback=verb.recording_status_callback,
            status_callback_method=verb.recording_status_callback_method,
            status_callback_event=verb.recording_status_callback_event,
            configuration_id=verb.recording_configuration_id,
        )
    )


def finish(run: Run, verb: verbs.Dial, parameters: Parameters) -> None:
    run.act(verb.action, verb.method, parameters, "dial")
