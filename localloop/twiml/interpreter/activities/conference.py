"""Conference: in a room with others, or waiting for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from localloop.twiml.interpreter import commands
from localloop.twiml.interpreter.activities.record import recorded
from localloop.twiml.interpreter.activity import Activity
from localloop.twiml.interpreter.events import (
    AnyEvent,
    ConferenceEvent,
    Digit,
    RecordingEnded,
    Role,
    Timer,
    Web,
)
from localloop.twiml.voice import verbs

if TYPE_CHECKING:
    from localloop.twiml.interpreter.run import Run


class Meeting(Activity, frozen=True, kw_only=True):
    """Documents of those who wait, are on hold or hear an announcement run above this one."""

    verb: verbs.Dial
    conference: verbs.Conference
    timer: str = ""
    recording: int = 0
    is_in: bool = False  # hears the others, or has
    told: str = ""  # the status, when only the recording is still to be known

    def on(self, run: Run, event: AnyEvent) -> bool:
        match event:
            case ConferenceEvent() if not self.told:
                self._happened(run, event)
            case Digit(key="*") if self.verb.hangup_on_star and not self.told:
                self._leave(run, "answered")
            case Timer(name=name) if name and name == self.timer:
                self._leave(run, "answered")
            case RecordingEnded(n=n) if n and n == self.recording:
                self._recorded(run, event)
            case _:
                return False
        return True

    def _happened(self, run: Run, event: ConferenceEvent) -> None:
        run.drop_above(self)
        match event.what:
            case "wait":
                room = self.conference
                if event.url is None:
                    run.hold("conference-wait", room.wait_url, room.wait_method)
                else:
                    run.hold("conference-wait", event.url, event.method)
            case "enter":
                run.wait(replace(self, is_in=True))
            case "hold":
                run.hold("hold", event.url, event.method)
            case "announce" if event.url:
                run.push("announcement", Web(event.url, event.method))
            case "left":
                self._close(run, "answered")
            case "refused":
                run.warn(event.code or 16001, "not let into the conference")
                self._close(run, "failed")

    def document_failed(self, run: Run, role: Role) -> None:
        """Whoever cannot be given something to wait with is not let in; whoever is in hears silence."""
        if role == "conference-wait" and not self.is_in:
            self._leave(run, "failed")
        elif role != "announcement":
            run.push(role, None)

    def _leave(self, run: Run, status: str) -> None:
        run.drop_above(self)
        run.emit(commands.LeaveConference())
        self._close(run, status)

    def _close(self, run: Run, status: str) -> None:
        run.cancel_timer(self.timer)
        if self.recording:
            run.emit(commands.StopRecording(of=self.recording))
            run.wait(replace(self, told=status, timer=""))
        else:
            self._finish(run, {"DialCallStatus": status})

    def _recorded(self, run: Run, ended: RecordingEnded) -> None:
        if self.told:
            self._finish(run, {"DialCallStatus": self.told, **recorded(ended)})
        else:
            run.become(self, replace(self, recording=0))

    def _finish(self, run: Run, parameters: dict[str, str]) -> None:
        run.act(self.verb.action, self.verb.method, parameters, "dial")

    def stop(self, run: Run) -> None:
        if self.told:
            return
        run.cancel_timer(self.timer)
        run.emit(commands.LeaveConference())
        if self.recording:
            run.emit(commands.StopRecording(of=self.recording))

    def hung_up(self, run: Run) -> None:
        if not self.told:
            self._leave(run, "answered")


def begin(run: Run, verb: verbs.Dial, conference: verbs.Conference, recording: int) -> None:
    """`recording` is that of `<Dial record>`, 0 for none: it hears what comes down from the room."""
    run.answer()
    if not conference.name:
        # 13237 was said when the document was read.
        run.act(verb.action, verb.method, {"DialCallStatus": "failed"}, "dial")
        return
    run.emit(commands.JoinConference(conference=conference))
    timer = run.start_timer("conference", verb.time_limit)
    run.wait(Meeting(verb=verb, conference=conference, recording=recording, timer=timer))
