"""Enqueue: wait in a queue while a document is heard again and again, until somebody takes the call."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Literal

from msgspec.structs import replace

from localloop.twiml.interpreter import commands
from localloop.twiml.interpreter.activity import Activity
from localloop.twiml.interpreter.events import AnyEvent, QueueEvent, Role, Web
from localloop.twiml.voice import verbs

if TYPE_CHECKING:
    from localloop.twiml.interpreter.run import Run

FULL = 14207


class Queued(Activity, frozen=True, kw_only=True):
    """The wait document, and the whisper before the bridge, run above this one."""

    verb: verbs.Enqueue
    stage: Literal["entering", "waiting", "taken", "bridged"] = "entering"
    sid: str = ""
    since: datetime | None = None
    until: datetime | None = None  # it was taken: a conversation is no waiting

    def on(self, run: Run, event: AnyEvent) -> bool:
        if not isinstance(event, QueueEvent):
            return False
        run.drop_above(self)
        match event.what:
            case "entered":
                run.wait(replace(self, stage="waiting", sid=event.sid, since=event.at))
                run.hold("queue-wait", self.verb.wait_url, self.verb.wait_url_method)
            case "full":
                run.warn(FULL, f"the queue {self.verb.name!r} is full")
                self._finish(run, "queue-full")
            case "refused":
                run.warn(event.code or 12400, "not let into the queue")
                self._finish(run, "system-error")
            case "dequeued":
                self._taken(run, event)
            case "bridged":
                run.wait(replace(self, stage="bridged"))
            case "ended":
                self._finish(run, "bridged")
        return True

    def _taken(self, run: Run, event: QueueEvent) -> None:
        run.wait(replace(self, stage="taken", until=event.at))
        if event.url:
            run.push("queue-whisper", Web(event.url, event.method))
        else:
            run.emit(commands.Accept())

    def left(self, run: Run) -> None:
        run.emit(commands.LeaveQueue(result="leave"))
        self._finish(run, "leave")

    def document_failed(self, run: Run, role: Role) -> None:
        if role == "queue-wait":
            run.emit(commands.LeaveQueue(result="error"))
            self._finish(run, "error")
        else:  # the whisper could not be heard: that is no reason to keep them apart
            run.emit(commands.Accept())

    def _finish(self, run: Run, result: str) -> None:
        run.act(self.verb.action, self.verb.method, self._parameters(run, result), "enqueue")

    def _parameters(self, run: Run, result: str) -> dict[str, str]:
        """Of the queue and the time in it only what has been in it knows."""
        known = {"QueueResult": result}
        if self.since is not None:
            seconds = int(((self.until or run.event.at) - self.since).total_seconds())
            known |= {"QueueSid": self.sid, "QueueTime": str(seconds)}
        return known

    def stop(self, run: Run) -> None:
        """Redirected over REST: the action hears of it at once, but has no say."""
        result = "redirected-from-bridged" if self.stage == "bridged" else "redirected"
        run.emit(commands.LeaveQueue(result=result))
        if self.verb.action is not None:
            run.tell(self.verb.action, self.verb.method, self._parameters(run, result), "enqueue")

    def hung_up(self, run: Run) -> None:
        results = {"taken": "bridging-in-process", "bridged": "bridged"}
        result = results.get(self.stage, "hangup")
        run.emit(commands.LeaveQueue(result=result))
        self._finish(run, result)


def begin(run: Run, verb: verbs.Enqueue) -> None:
    run.answer()
    run.emit(
        commands.EnterQueue(
            name=verb.name, workflow_sid=verb.workflow_sid, task=verb.task, max_size=verb.max_queue_size
        )
    )
    run.wait(Queued(verb=verb))
