"""What a document waits for at the moment: one kind of value for each verb that takes time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from localloop.twiml.interpreter.events import AnyEvent, Role
    from localloop.twiml.interpreter.run import Run


class Activity(Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """The root of all activities. `Run` is the step that is being made; what they answer is told by it."""

    @property
    def is_private(self) -> bool:
        """Whether what the caller enters is kept out of every record."""
        return False

    def on(self, run: Run, event: AnyEvent) -> bool:  # noqa: ARG002
        """Go on by this event; False when it is not for this activity."""
        return False

    def stop(self, run: Run) -> None:
        """Something else is to be done on this call: leave nothing running."""

    def hung_up(self, run: Run) -> None:
        """The call's leg is gone. An activity that still has something to tell stays until it has told it."""
        run.finish()

    def document_failed(self, run: Run, role: Role) -> None:
        """A document that ran because of this activity could not go on."""

    def left(self, run: Run) -> None:
        """`<Leave>` in a document that ran because of this activity."""
