"""Start, Stop, Connect and Refer: the call's sound handed to something else, beside the document or in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from localloop.twiml.interpreter import commands
from localloop.twiml.interpreter.activity import Activity
from localloop.twiml.interpreter.events import AnyEvent, Referred, SessionEnded
from localloop.twiml.interpreter.running import Running
from localloop.twiml.script import SCHEMA
from localloop.twiml.voice import verbs

if TYPE_CHECKING:
    from localloop.twiml.interpreter.run import Run

NOT_SIP = 13801
TOO_MANY = 31960
MAX_TRACKS = 4


class Connected(Activity, frozen=True, kw_only=True):
    """The rest of the document waits until the service is through."""

    verb: verbs.Connect
    n: int

    def on(self, run: Run, event: AnyEvent) -> bool:
        if not isinstance(event, SessionEnded) or event.n != self.n:
            return False
        if event.code:
            run.warn(event.code, "the session has ended")
        run.act(self.verb.action, self.verb.method, event.parameters, "connect")
        return True

    def stop(self, run: Run) -> None:
        run.emit(commands.Disconnect(of=self.n))

    def hung_up(self, run: Run) -> None:
        """What the service has to say of the session is told to the action still."""
        run.emit(commands.Disconnect(of=self.n))
        if self.verb.action is None:
            run.finish()


class Referring(Activity, frozen=True, kw_only=True):
    verb: verbs.Refer
    n: int

    def on(self, run: Run, event: AnyEvent) -> bool:
        if not isinstance(event, Referred) or event.n != self.n:
            return False
        parameters = {
            "ReferCallStatus": event.status,
            "ReferSipResponseCode": str(event.sip_code),
            "NotifySipResponseCode": str(event.notify_code),
        }
        if event.status == "completed":
            # The caller is somewhere else now: there is nobody left for whom a document could run.
            if self.verb.action is not None:
                run.tell(self.verb.action, self.verb.method, parameters, "refer")
            run.hang_up("referred")
        else:
            run.act(self.verb.action, self.verb.method, parameters, "refer")
        return True


def start(run: Run, verb: verbs.Start) -> None:
    """They go on whatever document follows; the present one does not wait."""
    for service in verb.services:
        kind, name = type(service).__name__, service.name
        if name and any(each.kind == kind and each.name == name for each in run.state.services):
            run.warn(SCHEMA, f"a <{kind}> named {name!r} runs already")
            continue
        tracks = _tracks(service)
        if tracks + sum(each.tracks for each in run.state.services) > MAX_TRACKS:
            run.warn(TOO_MANY, f"a call has at most {MAX_TRACKS} tracks streamed")
            continue
        running = Running(n=_start(run, service), kind=kind, name=name, tracks=tracks)
        run.state = replace(run.state, services=(*run.state.services, running))


def _tracks(service: verbs.Background) -> int:
    """How many are streamed by it."""
    if not isinstance(service, verbs.Stream):
        return 0
    return 2 if service.track == "both_tracks" else 1


def _start(run: Run, service: verbs.Background) -> int:
    if not isinstance(service, verbs.Recording):
        return run.emit(commands.StartBackground(service=service, document_url=run.frame.url))
    return run.emit(
        commands.StartRecording(
            source="StartRecording",
            channels=service.channels,
            track=service.track,
            trim=service.trim,
            status_callback=service.recording_status_callback,
            status_callback_method=service.recording_status_callback_method,
            status_callback_event=service.recording_status_callback_event,
            configuration_id=service.recording_configuration_id,
        )
    )


def stop(run: Run, verb: verbs.Stop) -> None:
    """By name; without one, the only one of its kind."""
    for wanted in verb.services:
        kind, name = type(wanted).__name__, wanted.name
        running = [each for each in run.state.services if each.kind == kind and name in ("", each.name)]
        if len(running) != 1:
            run.warn(SCHEMA, f"no single <{kind}> {f'named {name!r} ' if name else ''}runs")
            continue
        if isinstance(wanted, verbs.Recording):
            run.emit(commands.StopRecording(of=running[0].n))
        else:
            run.emit(commands.StopBackground(of=running[0].n))
        run.forget(running[0].n)


def connect(run: Run, verb: verbs.Connect) -> None:
    if verb.session is None:
        return
    run.answer()
    run.wait(Connected(verb=verb, n=run.emit(commands.Connect(session=verb.session))))


def refer(run: Run, verb: verbs.Refer) -> None:
    if run.state.leg != "sip":
        run.fail(NOT_SIP, "only a call that came by SIP can be referred")
        return
    run.answer()
    run.wait(Referring(verb=verb, n=run.emit(commands.Refer(uri=verb.uri))))
