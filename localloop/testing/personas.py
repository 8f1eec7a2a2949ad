"""What phones do by themselves, as a test or a file says it.

phone.be(Persona(delay="2s", rules=[Rule(match=r"code is (\\d+)", template="{1}")]))

[[phones]]                               # load("phones.toml")
number = "+15551230001"
delay = "2s"
reads = true
channels = ["sms", "whatsapp"]

[[phones.rules]]
match = 'code is (?P<code>\\d{6})'
template = "{code}"

[phones.calls]
takes = "answers"
rings = 2
script = [{ wait = "press 1" }, { press = "1" }]
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, TypeAlias

from msgspec import Struct, structs

Span: TypeAlias = timedelta | int | str  # milliseconds, or as people write it: 250ms, 2s, 5m, 8h

_UNITS: Final = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000}
_SPAN: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h)")


class BadPersona(ValueError):
    """What is no persona; the text says which, and why."""


class Rule(Struct, frozen=True, kw_only=True):
    """What is answered to texts that match: one of `reply`, `template` and `webhook`."""

    match: str | Mapping[str, str | Sequence[str]] = (
        ""  # an expression for the body, or fields by Twilio's names
    )
    reply: str = ""
    template: str = ""
    webhook: str = ""
    delay: Span = 0

    def fields(self) -> dict[str, Any]:
        given = {name: value for name, value in structs.asdict(self).items() if value}
        return given | {"delay": milliseconds(self.delay)}


class Calls(Struct, frozen=True, kw_only=True):
    """What becomes of calls to a phone: `busy`, `never`, `rejects`, `unreachable`, `voicemail`, `machine`, `fax`,
    `answers`, or `manual`, which rings until somebody answers it in person. `script` is what is done then."""

    takes: str = "answers"
    rings: int | None = None  # without: a second
    greeting: str = ""
    beep: bool = True
    script: Sequence[Mapping[str, Any]] = ()

    def params(self) -> dict[str, Any]:
        """As `POST /lab/v1/Phones/{Number}/Voice` takes it."""
        return {
            "Takes": self.takes,
            "Greeting": self.greeting,
            "Beep": self.beep,
            "Script": json.dumps([dict(step) for step in self.script]),
            **({"Rings": self.rings} if self.rings is not None else {"After": 1}),
        }


class Persona(Struct, frozen=True, kw_only=True):
    """How a phone behaves. All that is not said is as with any phone."""

    behavior: str | int = "deliver"  # deliver, slow, read, or the code of an error
    delay: Span = 0
    channels: Sequence[str] = ()
    reads: bool = False
    read_delay: Span = 0
    rules: Sequence[Rule] = ()
    calls: Calls | None = None  # None: it takes them as before

    def params(self) -> dict[str, Any]:
        """As `POST /lab/v1/Phones/{Number}` takes it."""
        reads = (
            {"ReadDelay": milliseconds(self.read_delay)}
            if self.reads or self.read_delay
            else {"Reads": False}
        )
        return {
            "Behavior": str(self.behavior),
            "Delay": milliseconds(self.delay),
            "Channels": list(self.channels) or "",
            "Rules": json.dumps([rule.fields() for rule in self.rules]) if self.rules else "",
            **reads,
        }


def milliseconds(span: Span) -> int:
    if isinstance(span, timedelta):
        return round(span.total_seconds() * 1_000)
    if isinstance(span, int) and not isinstance(span, bool):
        return span
    found = _SPAN.fullmatch(str(span).strip())
    if found is None:
        raise BadPersona(f"{span!r} is no span of time: 250ms, 2s, 5m, 8h")
    return round(float(found[1]) * _UNITS[found[2]])


def load(path: str | Path) -> dict[str, Persona]:
    """The personas of a file in TOML, by number. Raises BadPersona."""
    try:
        said = tomllib.loads(Path(path).read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadPersona(f"{path}: {error}") from None
    found = said.get("phones")
    if not isinstance(found, list) or set(said) != {"phones"}:
        raise BadPersona(f"{path}: it consists of [[phones]]")
    personas: dict[str, Persona] = {}
    for place, given in enumerate(found, 1):
        try:
            number, persona = _phone(given)
        except (BadPersona, TypeError) as error:
            raise BadPersona(f"{path}: phone {place}: {error}") from None
        if number in personas:
            raise BadPersona(f"{path}: phone {place}: {number} is there twice")
        personas[number] = persona
    return personas


def _phone(given: Any) -> tuple[str, Persona]:
    if not isinstance(given, Mapping) or not isinstance(given.get("number"), str):
        raise BadPersona("it has no number")
    _known(given, {"number", *Persona.__struct_fields__})
    rules = tuple(Rule(**_known(each, {*Rule.__struct_fields__})) for each in given.get("rules", ()))
    calls = Calls(**_known(given["calls"], {*Calls.__struct_fields__})) if "calls" in given else None
    others = {name: value for name, value in given.items() if name not in ("number", "rules", "calls")}
    persona = Persona(**others, rules=rules, calls=calls)
    persona.params()  # spans of time are read
    return given["number"], persona


def _known(given: Any, names: set[str]) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise BadPersona(
            "a rule is a table, [[phones.rules]], and so is what becomes of calls, [phones.calls]"
        )
    unknown = sorted(set(given) - names)
    if unknown:
        raise BadPersona(f"{unknown[0]} is unknown; there are {', '.join(sorted(names))}")
    return given
