"""Record: the caller's voice after a beep, until a key, silence, the longest length or the end of the call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from localloop.twiml.interpreter import commands
from localloop.twiml.interpreter.activity import Activity
from localloop.twiml.interpreter.events import AnyEvent, Digit, Played, RecordingEnded, Timer
from localloop.twiml.script import URL_FORMAT
from localloop.twiml.voice import verbs

if TYPE_CHECKING:
    from localloop.twiml.interpreter.run import Run


CLIENT_MAX_LENGTH = 600  # seconds


class Recording(Activity, frozen=True, kw_only=True):
    """First the beep sounds, then the recording `n` runs; `digits` is what ended it."""

    verb: verbs.Record
    beep: int = 0
    n: int = 0
    timer: str = ""
    digits: str = ""

    def on(self, run: Run, event: AnyEvent) -> bool:
        match event:
            case Played(n=n) if n == self.beep:
                self.record(run)
            case Digit(key=key) if self.timer and key in self.verb.finish_on_key:
                self._end(run, key)
            case Timer(name=name) if name and name == self.timer:
                self._end(run, "")
            case RecordingEnded(n=n) if n and n == self.n:
                self._ended(run, event)
            case _:
                return False
        return True

    def record(self, run: Run) -> None:
        verb = self.verb
        if verb.finish_on_key:
            run.emit(commands.Listen())
        n = run.emit(
            commands.StartRecording(
                source="RecordVerb",
                trim=verb.trim,
                track="inbound",
                silence=verb.timeout,
                status_callback=verb.recording_status_callback,
                status_callback_method=verb.recording_status_callback_method,
                status_callback_event=verb.recording_status_callback_event,
                transcribe=verb.transcribe,
                transcribe_callback=verb.transcribe_callback,
                configuration_id=verb.recording_configuration_id,
            )
        )
        run.wait(replace(self, beep=0, n=n, timer=run.start_timer("record", verb.max_length)))

    def _end(self, run: Run, digits: str) -> None:
        """Ask for its end; what was recorded is known when that is reported."""
        run.cancel_timer(self.timer)
        run.emit(commands.StopRecording(of=self.n))
        run.become(self, replace(self, timer="", digits=digits))

    def _ended(self, run: Run, ended: RecordingEnded) -> None:
        run.cancel_timer(self.timer)
        if self.verb.finish_on_key and not run.state.gone:
            run.emit(commands.StopListening())
        parameters = recorded(ended)
        if self.digits:
            parameters["Digits"] = self.digits
        run.request(self.verb.action, self.verb.method, parameters, "record")

    def stop(self, run: Run) -> None:
        run.cancel_timer(self.timer)
        if self.beep:
            run.emit(commands.StopMedia())
        else:
            run.emit(commands.StopRecording(of=self.n))
            run.emit(commands.StopListening())

    def hung_up(self, run: Run) -> None:
        if not self.n:
            run.finish()
        elif self.timer:
            self._end(run, "hangup")


def recorded(ended: RecordingEnded) -> dict[str, str]:
    """What an action is told of a recording."""
    return {
        "RecordingUrl": ended.url,
        "RecordingSid": ended.sid,
        "RecordingDuration": str(ended.duration),
    }


def begin(run: Run, verb: verbs.Record) -> None:
    if verb.action is None and not run.frame.url:
        run.fail(URL_FORMAT, "<Record> needs an action in a document given over REST")
        return
    run.answer()
    if run.state.leg == "client":
        verb = replace(verb, max_length=min(verb.max_length, CLIENT_MAX_LENGTH))
    recording = Recording(verb=verb)
    if verb.play_beep:
        run.wait(replace(recording, beep=run.emit(commands.Beep())))
    else:
        recording.record(run)
