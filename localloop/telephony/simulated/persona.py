"""Who is at the other end: how a phone takes a call, and what is said and pressed there, as data."""

from __future__ import annotations

import re
from typing import Any, Final, Literal, TypeAlias, get_args

import msgspec
from msgspec import Struct

Takes: TypeAlias = Literal[
    "answers", "manual", "busy", "never", "rejects", "unreachable", "voicemail", "fax", "machine"
]
TAKES: Final[tuple[str, ...]] = get_args(Takes)
RING_S: Final = 6.0  # of the United States: two seconds of ringing, four of silence
MAX_STEPS: Final = 100
MAX_TEXT: Final = 4096
LONGEST_S: Final = 86_400.0
_KEYS: Final = re.compile(r"[0-9A-D#*wW]+")
_NUMBER: Final = re.compile(r"\+[1-9]\d{6,14}|sips?:[^\s@]+@[^\s@]+")
_GIVEN: Final = ("wait", "say", "press", "pause", "hold", "transfer")


class PersonaError(ValueError):
    """What no phone does; the message is for whoever asked for it."""


class Step(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One thing to do. Exactly one of these is given."""

    wait: str | None = None  # until these words are heard
    say: str | None = None
    press: str | None = None
    pause: float | None = None  # seconds
    hold: float | None = None  # seconds: he hears nothing meanwhile, and says nothing
    transfer: str | None = None  # the number, or SIP address, of whoever takes the call from here on
    hang_up: bool = False

    def __post_init__(self) -> None:
        given = [name for name in _GIVEN if getattr(self, name) is not None]
        if len(given) + self.hang_up != 1:
            raise PersonaError(f"a step is one of {', '.join(_GIVEN)} and hang_up")
        if any(len(text) > MAX_TEXT for text in (self.wait or "", self.say or "")):
            raise PersonaError(f"a text has at most {MAX_TEXT} characters")
        if self.press is not None and not _KEYS.fullmatch(self.press):
            raise PersonaError("press is keys: 0-9 A-D * # and w or W to wait")
        if any(not 0 <= seconds <= LONGEST_S for seconds in (self.pause or 0, self.hold or 0)):
            raise PersonaError(f"a pause is between 0 and {LONGEST_S:.0f} seconds, a hold as well")
        if self.transfer is not None and not _NUMBER.fullmatch(self.transfer):
            raise PersonaError("a call is transferred to a number, +15551230001, or a SIP address")


class Persona(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """`after` is how many seconds it rings before somebody, or something, takes the call; a `manual` phone rings until
    somebody takes it in person."""

    takes: Takes = "answers"
    after: float = 1.0
    greeting: str = ""  # what is said on answering; "" of a voicemail is the usual one
    beep: bool = True  # of a voicemail, after its greeting
    refer: bool = True  # whether somebody else is called when that is asked for (REFER of SIP)
    script: tuple[Step, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.after <= 600:
            raise PersonaError("after is between 0 and 600 seconds")
        if len(self.script) > MAX_STEPS:
            raise PersonaError(f"a script has at most {MAX_STEPS} steps")
        if len(self.greeting) > MAX_TEXT:
            raise PersonaError(f"a text has at most {MAX_TEXT} characters")

    @property
    def said_first(self) -> str:
        if self.greeting or self.takes not in ("voicemail", "machine"):
            return self.greeting
        return "You have reached a voicemail. Please leave a message after the tone."


def persona(given: Any) -> Persona:
    """Of what was given as JSON, bytes or text or decoded. Raises PersonaError."""
    try:
        if isinstance(given, bytes | str):
            return msgspec.json.decode(given, type=Persona)
        return msgspec.convert(given, Persona)
    except msgspec.DecodeError as error:  # what does not fit is one, too
        raise PersonaError(str(error)) from None
