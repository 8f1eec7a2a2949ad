"""A simulated phone's leg: it rings, is answered, hears what is said and follows its script. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final, Literal, TypeAlias

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
    Line,
    Listening,
    News,
    Order,
    Pressed,
    Reaction,
    Refer,
    Referred,
    Referring,
    Refers,
    Repeated,
    Ring,
    Ringing,
    Silence,
    Sound,
    Speak,
    Spoke,
    Stop,
    Tones,
    Transferring,
    Wake,
    Who,
)
from localloop.telephony.simulated.persona import Persona, Step
from localloop.telephony.simulated.speech import BEEP_S, seconds_of, seconds_of_tones

State: TypeAlias = Literal["idle", "ringing", "talking", "over"]
_AT_ONCE: Final = timedelta()
REACTION_S: Final = 0.5  # between what somebody hears and what he does
_ANSWERED_BY: Final = {"fax": "fax", "voicemail": "machine", "machine": "machine"}
_FAX_MS: Final = 2400  # until its tone is known
_MOST_REPEATS: Final = 20  # of a text that is said again and again, that who waits for words is attentive to
_NOBODY: Final = ("busy", "unreachable", "rejects")  # who is called in vain
_ACCEPTED: Final = 202
_DECLINE: Final = 603
_NOTIFIED: Final = {"busy": 486, "rejects": 603, "unreachable": 404, "never": 487, "manual": 487}
_OVER: Final = "over"


class Phone(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="phone"):
    """The handset's side of one call. `makes_call`: it dialled us, and waits until we answer.

    `turn` changes with whatever makes an announced waking out of date; `sounding` is the number of what is being said
    to it, which it has heard when that is over; `waiting` are words that its script waits for.
    """

    persona: Persona = Persona()
    makes_call: bool = False
    state: State = "idle"
    step: int = 0
    turn: int = 0
    sounding: int | None = None
    text: str = ""
    waiting: str = ""
    is_away: bool = False  # whoever was there holds the call, or hands it on: nobody hears anything
    heir: Persona | None = None  # to whom it is being handed on

    def take(self, order: Order) -> Reaction:
        if self.state == _OVER:
            return Reaction(self)
        match order:
            case Ring(timeout):
                return self._ring(timeout)
            case Answer():
                return self._greet(Reaction(self))
            case Speak(n, text, times, pauses):
                return self._listen(n, text, seconds_of(text) + pauses, times)
            case Sound(n, url, seconds, times):
                return self._hear(n, "", seconds * times, Line("played", url, seconds))
            case Tones(n, digits):
                seconds = seconds_of_tones(digits)
                return self._hear(n, "", seconds, Line("tones", digits, seconds))
            case Silence(n, seconds):
                return self._hear(n, "", seconds, None)
            case Stop():
                return Reaction(replace(self, sounding=None, text=""))
            case Hear() if self.is_away:
                return Reaction(self)
            case Hear(text):
                return self._heard(text, Reaction(self, lines=(Line("heard", text, seconds_of(text)),)))
            case Refer(n, uri):
                return self._refer(n, uri)
            case HangUp():
                return Reaction(replace(self, state=_OVER))

    def due(self, news: News) -> Reaction:
        if self.state == _OVER:
            return Reaction(self)
        match news:
            case Wake(turn):
                return self._awake() if turn == self.turn else Reaction(self)
            case Repeated(n):
                return self._heard(self.text, Reaction(self)) if n == self.sounding else Reaction(self)
            case Referring(n, uri):
                return self._call_instead(n, uri)
            case Transferring(to):
                return self._hand_on(to)
            case Answered():
                return self._answer() if self.state == "ringing" else Reaction(self)
            case Ended():
                if self.state != "ringing":
                    return Reaction(self)
                return Reaction(replace(self, state=_OVER), (news,))
            case Finished(n):
                if n != self.sounding:
                    return Reaction(self)
                over = replace(self, sounding=None, text="")
                return over._heard(self.text, Reaction(over, (news,)))
            case _:
                return Reaction(self, (news,))

    @property
    def is_ringing(self) -> bool:
        """Whether somebody may take the call, or not."""
        return self.state == "ringing"

    def pick_up(self) -> Reaction:
        """Somebody takes the call, sooner than the persona would."""
        return self._answer() if self.is_ringing else Reaction(self)

    def decline(self, *, is_busy: bool) -> Reaction:
        """Somebody does not take it."""
        if not self.is_ringing:
            return Reaction(self)
        over = replace(self, state=_OVER)
        return Reaction(over, (Ended("busy", 486) if is_busy else Ended("no-answer", 603),))

    def press(self, digits: str) -> Reaction:
        """Somebody presses keys."""
        return Reaction(self, (Pressed(digits),), lines=(Line("pressed", digits),))

    def say(self, text: str) -> Reaction:
        """Somebody says something."""
        return Reaction(self, (Spoke(text),), lines=(Line("said", text, seconds_of(text)),))

    def hang_up(self) -> Reaction:
        """Somebody hangs up; before anybody answered, that is not to take the call, or no longer to wait."""
        if self.is_ringing:
            return self.decline(is_busy=False)
        over = replace(self, state=_OVER)
        return Reaction(over, (Ended("hung-up", 487 if self.state == "idle" else 200),))

    def who(self, listening: Listening) -> Who:
        """What answered is what the persona is; how long it takes to know depends on what is listened for."""
        kind = _ANSWERED_BY.get(self.persona.takes, "human")
        said = self.persona.said_first
        greeting_ms = round(seconds_of(said) * 1000) if said else 0
        if kind == "fax":
            return Who("fax", _FAX_MS)
        if kind == "human" and not said and self._silent_ms >= listening.silence_ms:
            return Who("unknown", listening.silence_ms)
        if kind == "human":
            return Who("human", greeting_ms + listening.speech_end_ms)
        if not listening.to_the_end:
            return Who("machine_start", listening.speech_ms)
        if self.persona.beep:
            return Who("machine_end_beep", greeting_ms + round(BEEP_S * 1000))
        if any(step.say or step.press for step in self.persona.script[:1]):
            return Who("machine_end_other", greeting_ms)  # neither a beep nor silence follows
        return Who("machine_end_silence", greeting_ms + 2 * listening.speech_end_ms)

    @property
    def _silent_ms(self) -> int:
        """How long nothing happens at the script's beginning."""
        first = self.persona.script[0] if self.persona.script else Step(pause=0)
        return round((first.pause or 0) * 1000)

    def _ring(self, timeout: float) -> Reaction:
        persona = self.persona
        match persona.takes:
            case "busy":
                return Reaction(replace(self, state=_OVER), (Ended("busy", 486),))
            case "unreachable":
                return Reaction(replace(self, state=_OVER), (Ended("failed", 404),))
            case "rejects":
                due = _later(min(persona.after, timeout), Ended("no-answer", 603))
            case "never" | "manual":
                due = _later(timeout, Ended("no-answer", 487))
            case _ if persona.after >= timeout:
                due = _later(timeout, Ended("no-answer", 487))
            case _:
                due = _later(persona.after, Answered())
        return Reaction(replace(self, state="ringing"), (Ringing(),), (due,))

    def _answer(self) -> Reaction:
        return self._greet(Reaction(self, (Answered(),)))

    def _greet(self, reaction: Reaction) -> Reaction:
        greeting = self.persona.said_first
        if greeting:
            reaction = replace(
                reaction,
                news=(*reaction.news, Spoke(greeting)),
                lines=(*reaction.lines, Line("said", greeting, seconds_of(greeting))),
            )
        return self._talk(reaction)

    def _awake(self) -> Reaction:
        if self.heir is None:
            back = replace(self, is_away=False)
            return back._go_on(Reaction(back))
        if self.heir.takes in _NOBODY:
            return self.hang_up()
        there = replace(self, persona=self.heir, heir=None, is_away=False, step=0, waiting="")
        return there._greet(Reaction(there))

    def _hand_on(self, to: str) -> Reaction:
        """The next one's phone rings; a call that reaches nobody is lost, and one that nobody takes rings on. Who
        speaks SIP, of whose heir nothing is known here, asks us to see to it."""
        leg = replace(self, is_away=self.heir is not None, turn=self.turn + 1)
        if self.heir is None:
            again = _later(REACTION_S, Wake(leg.turn))  # if nobody takes it over
            return Reaction(leg, (Refers(to),), (again,), (Line("transferred", to),))
        seconds = 0.0 if self.heir.takes in ("busy", "unreachable") else self.heir.after
        later = () if self.heir.takes in ("never", "manual") else (_later(seconds, Wake(leg.turn)),)
        return Reaction(leg, later=later, lines=(Line("transferred", to),))

    def _refer(self, n: int, uri: str) -> Reaction:
        if not self.persona.refer:
            return Reaction(self, (Referred(n, _DECLINE),))
        return Reaction(self, later=(Due(_AT_ONCE, Referring(n, uri)),))

    def _call_instead(self, n: int, uri: str) -> Reaction:
        """The other call goes as it goes with whoever is there, which is told once it is known (NOTIFY)."""
        if self.heir is None:
            raise RuntimeError(f"nobody has looked up who is at {uri}")
        code, heir = _NOTIFIED.get(self.heir.takes, 200), replace(self, heir=None)
        lines = (Line("transferred", uri),) if code == 200 else ()
        return Reaction(heir, (Referred(n, _ACCEPTED, code),), lines=lines)

    def _talk(self, reaction: Reaction) -> Reaction:
        """The call stands: whoever is there begins with the script."""
        return replace(self, state="talking")._go_on(reaction, seconds_of(self.persona.said_first))

    def _listen(self, n: int, text: str, seconds: float, times: int) -> Reaction:
        """Who waits for words in what is said again and again has heard them the first time."""
        reaction = self._hear(n, text, seconds * times, Line("heard", text, seconds))
        if times == 1 or not any(step.wait for step in self.persona.script):
            return reaction
        repeats = tuple(_later(seconds * each, Repeated(n)) for each in range(1, min(times, _MOST_REPEATS)))
        return replace(reaction, later=(*reaction.later, *repeats))

    def _hear(self, n: int, text: str, seconds: float, line: Line | None) -> Reaction:
        leg = replace(self, sounding=n, text="" if self.is_away else text)
        line = None if self.is_away else line
        return Reaction(leg, later=(_later(seconds, Finished(n)),), lines=(line,) if line else ())

    def _heard(self, text: str, reaction: Reaction) -> Reaction:
        if not self.waiting or self.waiting.lower() not in text.lower():
            return reaction
        leg = replace(self, waiting="", turn=self.turn + 1)
        return replace(reaction, leg=leg, later=(*reaction.later, _later(REACTION_S, Wake(leg.turn))))

    def _go_on(self, reaction: Reaction, after: float = 0.0) -> Reaction:
        """The next steps of the script, as far as they take no time."""
        leg, news, lines = self, list(reaction.news), list(reaction.lines)
        later = list(reaction.later)
        if self.step == 0 and after and self.persona.said_first:
            leg = replace(leg, turn=leg.turn + 1)
            return replace(reaction, leg=leg, later=(*later, _later(after, Wake(leg.turn))))
        for step in leg._steps():
            leg = replace(leg, step=leg.step + 1)
            if step.wait is not None:
                leg = replace(leg, waiting=step.wait)
                break
            done = leg._do(step)
            news += done.news
            lines += done.lines
            later += done.later
            leg = replace(leg, state=_OVER) if step.hang_up else leg
            if step.transfer is not None:
                break
            leg = replace(leg, is_away=bool(step.hold))
            seconds = _seconds(step)
            if seconds:
                leg = replace(leg, turn=leg.turn + 1)
                later.append(_later(seconds, Wake(leg.turn)))
                break
        return Reaction(leg, tuple(news), tuple(later), tuple(lines))

    def _steps(self) -> Iterator[Step]:
        return iter(self.persona.script[self.step :])

    def _do(self, step: Step) -> Reaction:
        if step.hang_up:
            return self.hang_up()
        if step.press is not None:
            return self.press(step.press)
        if step.hold is not None:
            return Reaction(self, lines=(Line("held", f"{step.hold:g} s"),))
        if step.transfer is not None:
            return Reaction(self, later=(Due(_AT_ONCE, Transferring(step.transfer)),))
        return self.say(step.say) if step.say is not None else Reaction(self)


def _seconds(step: Step) -> float:
    if step.say is not None:
        return seconds_of(step.say)
    return seconds_of_tones(step.press) if step.press is not None else step.pause or step.hold or 0.0


def _later(seconds: float, news: News) -> Due:
    return Due(timedelta(seconds=seconds), news)
