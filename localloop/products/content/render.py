"""What a content says on a channel, with its variables in place: pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson
from msgspec import Struct

from localloop.products.content.types import CHANNELS, TYPES

_PLACEHOLDER: Final = re.compile(r"\{\{\s*([^{}\s]+)\s*\}\}")
# What stands in the place of a text that a type does not have itself.
_BODIES: Final = ("body", "title", "label")


class Rendered(Struct, frozen=True, kw_only=True):
    """A message made of a content."""

    type: str
    body: str
    media: tuple[str, ...] = ()
    rich: Mapping[str, Any] | None = (
        None  # what a channel shows beside the text; None for text and media alone
    )
    missing: tuple[str, ...] = ()  # variables that have neither value nor default


class NoSuchType(ValueError):
    """None of a content's types can be shown on this channel."""


class BadVariables(ValueError):
    """ContentVariables is no JSON object of texts."""


def variables_of(text: str | None) -> dict[str, str]:
    """`ContentVariables` as it was sent. Raises BadVariables."""
    if not text:
        return {}
    try:
        read = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadVariables(str(error)) from None
    if not isinstance(read, dict) or not all(isinstance(each, str | int | float) for each in read.values()):
        raise BadVariables("not an object of texts")
    return {name: str(value) for name, value in read.items()}


def type_for(types: Mapping[str, Any], channel: str) -> str:
    """The richest of these types that the channel can show. Raises NoSuchType."""
    for name in reversed(tuple(TYPES)):
        if name in types and channel in CHANNELS[name]:
            return name
    raise NoSuchType(f"{', '.join(types)} on {channel}")


def render(
    types: Mapping[str, Any], defaults: Mapping[str, Any], values: Mapping[str, str], channel: str
) -> Rendered:
    """`channel`: sms, whatsapp, messenger or rcs. Raises NoSuchType.

    A telephone shows the text of what it has no buttons for, where the content has no plainer type for it.
    """
    try:
        name = type_for(types, channel)
    except NoSuchType:
        name = _plainest(types, channel)
    known = {key: str(value) for key, value in defaults.items()} | dict(values)
    missing: list[str] = []
    filled = _filled(types[name], known, missing)
    if name == "whatsapp/authentication":
        body = _authentication(filled, known)
    else:
        body = next((str(filled[each]) for each in _BODIES if filled.get(each)), "")
    media = filled.get("media") or ()
    is_rich = name not in ("twilio/text", "twilio/media") and channel in CHANNELS[name]
    return Rendered(
        type=name,
        body=body,
        media=(media,) if isinstance(media, str) else tuple(each for each in media if each),
        rich={**filled, "type": name} if is_rich else None,
        missing=tuple(dict.fromkeys(missing)),
    )


def placeholders(value: Any) -> Iterator[str]:
    """The names of the variables that are in a type."""
    if isinstance(value, str):
        yield from _PLACEHOLDER.findall(value)
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from placeholders(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from placeholders(each)


def _plainest(types: Mapping[str, Any], channel: str) -> str:
    """A type whose text alone can be sent by SMS. Raises NoSuchType for what has none, or another channel."""
    for name in TYPES:
        if channel == "sms" and name in types and any(types[name].get(each) for each in _BODIES):
            return name
    raise NoSuchType(f"{', '.join(types)} on {channel}")


def _filled(value: Any, known: Mapping[str, str], missing: list[str]) -> Any:
    if isinstance(value, str):
        return _PLACEHOLDER.sub(lambda found: _value(found, known, missing), value)
    if isinstance(value, Mapping):
        return {name: _filled(each, known, missing) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(each, known, missing) for each in value]
    return value


def _value(found: re.Match[str], known: Mapping[str, str], missing: list[str]) -> str:
    if found[1] not in known:
        missing.append(found[1])
        return found[0]
    return known[found[1]]


def _authentication(filled: Mapping[str, Any], known: Mapping[str, str]) -> str:
    """WhatsApp's own words, which nobody may change."""
    words = [f"{known.get('1', '{{1}}')} is your verification code."]
    if filled.get("add_security_recommendation"):
        words.append("For your security, do not share this code.")
    minutes = filled.get("code_expiration_minutes")
    if minutes:
        words.append(f"This code expires in {minutes:g} minutes.")
    return " ".join(words)
