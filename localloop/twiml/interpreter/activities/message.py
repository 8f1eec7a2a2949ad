"""Sms and Message: a message sent from within a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localloop.twiml.interpreter import commands
from localloop.twiml.interpreter.activity import Activity
from localloop.twiml.interpreter.events import AnyEvent, MessageSent
from localloop.twiml.voice import verbs

if TYPE_CHECKING:
    from localloop.twiml.interpreter.run import Run


class Sending(Activity, frozen=True, kw_only=True):
    """The action wants to know what has become of it."""

    verb: verbs.Sms
    n: int

    def on(self, run: Run, event: AnyEvent) -> bool:
        if not isinstance(event, MessageSent) or event.n != self.n:
            return False
        if event.code:
            run.warn(event.code, "the message was not sent")
        parameters = self._told(event)
        run.act(self.verb.action, self.verb.method, parameters, "call-message")
        return True

    def _told(self, event: MessageSent) -> dict[str, str]:
        """`<Message>` speaks of a message by its present names, too."""
        sid = {"SmsSid": event.sid} if event.sid else {}
        told = {**sid, "SmsStatus": event.status}
        if self.verb.legacy:
            return told
        return {**told, **{name.replace("Sms", "Message"): value for name, value in told.items()}}


def begin(run: Run, verb: verbs.Sms) -> None:
    n = run.emit(
        commands.SendMessage(
            body=verb.body,
            media=verb.media,
            to=verb.to,
            from_=verb.from_,
            status_callback=verb.status_callback,
            legacy=verb.legacy,
        )
    )
    if verb.action is not None:
        run.wait(Sending(verb=verb, n=n))
