"""Both ends of a call from one number of the house to another: what one side says and presses the other hears."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, Literal, TypeAlias
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from localloop.telephony.leg import (
    Answer,
    Answered,
    Due,
    Ended,
    Finished,
    HangUp,
    Hear,
    Listening,
    News,
    Order,
    Pressed,
    Reaction,
    Refer,
    Referred,
    Ring,
    Ringing,
    Silence,
    Sound,
    Speak,
    Spoke,
    Stop,
    Tones,
    Who,
)
from localloop.telephony.simulated.speech import seconds_of, seconds_of_tones

State: TypeAlias = Literal["idle", "ringing", "talking", "over"]
_NOT_IMPLEMENTED: Final = 501  # there is no SIP between numbers of the house
_REFUSALS: Final = {
    "normal": Ended("hung-up", 200),
    "busy": Ended("busy", 486),
    "rejected": Ended("no-answer", 603),
}


class Wire(Struct, frozen=True, kw_only=True, tag="wire"):
    """One side of it. The other is the call of this id, in its family, of that account."""

    account_sid: str
    id: UUID
    root: UUID
    state: State = "idle"
    sounding: int | None = None

    def take(self, order: Order) -> Reaction:
        if self.state == "over":
            return Reaction(self)
        match order:
            case Ring(timeout):
                due = Due(timedelta(seconds=timeout), Ended("no-answer", 487))
                return Reaction(replace(self, state="ringing"), (Ringing(),), (due,))
            case Answer():
                return Reaction(replace(self, state="talking"), sent=(Answered(),))
            case Speak(n, text, times, pauses):
                return self._sound(n, (seconds_of(text) + pauses) * times, Spoke(text))
            case Sound(n, _, seconds, times):
                return self._sound(n, seconds * times)
            case Tones(n, digits, trail):
                keys = "".join(each for each in digits if each not in "wW")
                return self._sound(n, seconds_of_tones(digits), *([Pressed(keys, trail)] if keys else []))
            case Silence(n, seconds):
                return self._sound(n, seconds)
            case Stop():
                return Reaction(replace(self, sounding=None))
            case Hear(text, trail):
                return Reaction(self, sent=(Spoke(text, trail),))
            case Refer(n):
                return Reaction(self, (Referred(n, _NOT_IMPLEMENTED),))
            case HangUp(reason):
                return Reaction(replace(self, state="over"), sent=(_REFUSALS[reason],))

    def due(self, news: News) -> Reaction:
        """What the other side does, and the end of what is said to it."""
        if self.state == "over":
            return Reaction(self)
        match news:
            case Finished(n):
                if n != self.sounding:
                    return Reaction(self)
                return Reaction(replace(self, sounding=None), (news,))
            case Answered():
                is_new = self.state == "ringing"
                return Reaction(replace(self, state="talking"), (news,)) if is_new else Reaction(self)
            case Ended(_, 487) if self.state != "ringing":
                return Reaction(self)  # the time to answer was over after it was answered
            case Ended(how, 487):
                return Reaction(replace(self, state="over"), (Ended(how, 487),), sent=(_REFUSALS["normal"],))
            case Ended():
                return Reaction(replace(self, state="over"), (news,))
            case _:
                return Reaction(self, (news,))

    def who(self, listening: Listening) -> Who:
        return Who("human", listening.speech_end_ms)

    @property
    def is_ringing(self) -> bool:
        return False  # nobody is there to take it by hand

    def pick_up(self) -> Reaction:
        return Reaction(self)

    def decline(self, *, is_busy: bool) -> Reaction:  # noqa: ARG002 - a phone's
        return Reaction(self)

    def press(self, digits: str) -> Reaction:  # noqa: ARG002 - nobody is there to press
        return Reaction(self)

    def say(self, text: str) -> Reaction:  # noqa: ARG002 - nor to speak
        return Reaction(self)

    def hang_up(self) -> Reaction:
        return Reaction(self)

    def _sound(self, n: int, seconds: float, *sent: News) -> Reaction:
        due = Due(timedelta(seconds=seconds), Finished(n))
        return Reaction(replace(self, sounding=n), later=(due,), sent=sent)
