"""What phones do by themselves, as it is given: rules that are read and checked.

[{"match": "code is (?P<code>\\d{6})", "template": "{code}", "delay": "2s"},
 {"match": {"From": "+15550001111"}, "reply": "STOP"},
 {"webhook": "http://127.0.0.1:5000/phone"}]
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from localloop.carriers.patterns import compiled
from localloop.carriers.personas import Rule, channel_of
from localloop.carriers.phones import MAX_DELAY_MS, PhoneMessage
from localloop.core import e164
from localloop.lab import durations
from localloop.lab.matching import Match, MatchError

FIELDS: Final = frozenset({"From", "To", "Body", "Channel", "MessageSid", "NumMedia", "MediaUrl"})
MOST_RULES: Final = 100
LONGEST: Final = 1_600
PLACE: Final = re.compile(r"\{(\w+)\}")
_SAYS: Final = ("reply", "template", "webhook")


def fields_of(text: PhoneMessage) -> dict[str, Any]:
    """A text that a phone received, by Twilio's names: what rules match, and templates quote."""
    return {
        "From": text.peer,
        "To": own_address(text),
        "Body": text.body,
        "Channel": channel_of(text.peer),
        "MessageSid": text.message_sid,
        "NumMedia": len(text.media),
        "MediaUrl": text.media,
    }


def own_address(text: PhoneMessage) -> str:
    """The phone's, in the channel by which the text came."""
    channel = e164.channel_of(text.peer)
    return f"{channel}:{text.number}" if channel and not e164.channel_of(text.number) else text.number


def rules_of(given: Any) -> tuple[Rule, ...]:
    """Raises ValueError, which says what is wrong with which rule."""
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise ValueError("it is no list of rules")
    if len(given) > MOST_RULES:
        raise ValueError(f"there are more than {MOST_RULES} rules")
    return tuple(_numbered(number, each) for number, each in enumerate(given, 1))


def shown_rule(rule: Rule) -> Mapping[str, Any]:
    """As it may be given again."""
    shown: dict[str, Any] = {name: said for name in _SAYS if (said := getattr(rule, name))}
    if rule.match:
        shown["match"] = {
            name: asked[0] if len(asked) == 1 else list(asked) for name, asked in rule.match.items()
        }
    return {**shown, "delay": rule.delay} if rule.delay else shown


def _numbered(number: int, given: Any) -> Rule:
    try:
        return _rule(given)
    except ValueError as error:
        raise ValueError(f"rule {number}: {error}") from None


def _rule(given: Any) -> Rule:
    if not isinstance(given, Mapping):
        raise ValueError("it is no object")
    unknown = sorted(set(given) - {"match", "delay", *_SAYS})
    if unknown:
        raise ValueError(f"{unknown[0]} is unknown; there are match, delay, {', '.join(_SAYS)}")
    said = [name for name in _SAYS if given.get(name)]
    if len(said) != 1:
        raise ValueError(f"it has one of {', '.join(_SAYS)}")
    words = given[said[0]]
    if not isinstance(words, str) or len(words) > LONGEST:
        raise ValueError(f"{said[0]} is a text of at most {LONGEST} characters")
    if said[0] == "webhook" and not re.match(r"https?://[^/]", words):
        raise ValueError("webhook is an address, http://… or https://…")
    rule = Rule(match=_match(given.get("match")), delay=_delay(given.get("delay", 0)), **{said[0]: words})
    if rule.template:
        _check_places(rule)
    return rule


def _match(given: Any) -> Mapping[str, tuple[str, ...]]:
    """A text is an expression for the body; else fields with what each shall be (`matching`)."""
    if given is None or given == "":
        return {}
    asked = {"Body": f"~{given}"} if isinstance(given, str) else given
    if not isinstance(asked, Mapping):
        raise ValueError("match is an expression, or an object of fields")
    values = {str(name): _texts(str(name), value) for name, value in asked.items()}
    try:
        return Match.parse(values, FIELDS).asked
    except MatchError as error:
        raise ValueError(f"match: {error}") from None


def _texts(name: str, value: Any) -> tuple[str, ...]:
    values = (value,) if isinstance(value, str) else value
    if not isinstance(values, Sequence) or not all(isinstance(each, str) for each in values):
        raise ValueError(f"match: {name}: it is a text, or a list of texts")
    return tuple(values)


def _delay(given: Any) -> int:
    """Milliseconds, or a span such as `2s`."""
    milliseconds = given
    if isinstance(given, str):
        milliseconds = round(durations.parse(given).total_seconds() * 1_000)
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int):
        raise ValueError("delay is a number of milliseconds, or a span: 2s")
    if not 0 <= milliseconds <= MAX_DELAY_MS:
        raise ValueError(f"delay is between 0 and {MAX_DELAY_MS} ms")
    return milliseconds


def _check_places(rule: Rule) -> None:
    expression = expression_of(rule)
    groups = {"0"}
    if expression:
        found = compiled(expression)
        groups |= {*found.groupindex, *map(str, range(found.groups + 1))}
    for name in PLACE.findall(rule.template):
        if name not in FIELDS | groups:
            raise ValueError(
                f"template: {{{name}}} is neither a field nor a group of the expression for Body"
            )


def expression_of(rule: Rule) -> str:
    """What the body is searched for; a template's groups are of this."""
    asked = rule.match.get("Body", ())
    return asked[0][1:] if len(asked) == 1 and asked[0].startswith("~") else ""
