"""From the text of a parameter to its value, as the contract types it, and the reasons why a text is none.

`text_reader` compiles one function per parameter; it raises `ValueError` with the reason, which ends up in the
message of a 400. An empty text never comes here: it is a wish to clear, which the decoder understands.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any, Final, TypeAlias

import orjson

from localloop.contract.model import Param

TextReader: TypeAlias = Callable[[str], Any]
JsonReader: TypeAlias = Callable[[Any], Any]

INT64: Final = 2**63
SID_LENGTH: Final = 34
HEX_DIGITS: Final = "0123456789abcdefABCDEF"
METHODS: Final = frozenset({"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"})
DIALED: Final = frozenset({"phone-number", "endpoint"})
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,19}")
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_BOOLEANS: Final = {"true": True, "false": False}
_DAY: Final = re.compile(r"\d{4}-?\d{2}-?\d{2}")
# Host names with an underscore pass: Twilio could not resolve them, a laptop's container network can.
_ADDRESS: Final = r"(?:[^\s/?#@]*@)?(?:\[[0-9a-fA-F:.]+\]|[^\s/?#@:\[\]\\]+)(?::\d{1,5})?(?:[/?#]\S*)?"
_LOST_PLUS: Final = re.compile(r"(^|:) (?=\d)")


def text_reader(param: Param, *, is_filter: bool = False) -> TextReader | None:
    """The function that reads a parameter from a form or a query string; None when any text will do.

    `is_filter`: of a list, where a date may be a moment or a whole day, whatever the contract says.
    """
    if param.type == "integer":
        return partial(_integer, param.minimum, param.maximum)
    if param.type == "number":
        return partial(_number, param.minimum, param.maximum)
    if param.type == "boolean":
        return boolean
    if param.type in ("object", "any", "array"):
        return partial(_json, param.type)
    return _string_reader(param, is_filter)


def json_reader(param: Param) -> JsonReader:
    """The function that reads a parameter from a JSON body, where types are not a matter of spelling."""
    if param.type == "array":
        return partial(_json_array, json_reader(param.items) if param.items else None)
    if param.type == "object":
        return partial(_json_of_type, (dict,), "It must be an object.")
    if param.type == "boolean":
        return partial(_json_of_type, (bool,), "It must be true or false.")
    if param.type in ("integer", "number"):
        return partial(_json_number, param)
    if param.type == "any":
        return _as_it_is
    return partial(_json_string, _string_reader(param, is_filter=False))


# Numbers and booleans --------------------------------------------------------------------------------------


def _integer(minimum: float | None, maximum: float | None, text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise ValueError("It must be an integer.")
    value = int(text)
    if not -INT64 <= value < INT64:
        raise ValueError("It must be a 64-bit integer.")
    _check_range(value, minimum, maximum)
    return value


def _number(minimum: float | None, maximum: float | None, text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise ValueError("It must be a number.")
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError("It must be a number.")
    _check_range(value, minimum, maximum)
    return value


def _check_range(value: float, minimum: float | None, maximum: float | None) -> None:
    if minimum is not None and value < minimum:
        raise ValueError(f"It must be at least {minimum:.12g}.")
    if maximum is not None and value > maximum:
        raise ValueError(f"It must be at most {maximum:.12g}.")


def boolean(text: str) -> bool:
    """`true` or `false` in any case; the SDKs send lower case, people do not."""
    value = _BOOLEANS.get(text)
    if value is None:
        value = _BOOLEANS.get(text.lower())
        if value is None:
            raise ValueError("It must be true or false.")
    return value


# Strings ---------------------------------------------------------------------------------------------------


def _string_reader(param: Param, is_filter: bool) -> TextReader | None:
    if param.format == "date-time":
        return day_or_moment if is_filter else moment
    if param.format == "date":
        return day_or_moment if is_filter else day
    if param.format == "uri":
        return partial(_uri, _uri_pattern(param))
    if param.format == "http-method":
        return partial(_method, frozenset(param.enum) or METHODS)
    if param.enum:
        return partial(_enum, frozenset(param.enum), ", ".join(param.enum))
    if param.sid:
        return partial(_sid, frozenset(param.sid))
    if param.pattern:
        return partial(_matching, re.compile(param.pattern), "It does not have the required form.")
    if param.format in DIALED:
        return dialed
    if param.max_length is not None or param.min_length:
        return partial(_sized, param.min_length or 0, param.max_length)
    return None


def _enum(values: frozenset[str], listed: str, text: str) -> str:
    if text not in values:
        raise ValueError(f"It must be one of {listed}.")
    return text


def _method(allowed: frozenset[str], text: str) -> str:
    upper = text.upper()
    if upper not in allowed:
        raise ValueError("It must be an HTTP method.")
    return upper


def _sid(prefixes: frozenset[str], text: str) -> str:
    if len(text) != SID_LENGTH or text[:2] not in prefixes or text[2:].strip(HEX_DIGITS):
        raise ValueError("It must be a SID.")
    return text


def _matching(pattern: re.Pattern[str], reason: str, text: str) -> str:
    if not pattern.fullmatch(text):
        raise ValueError(reason)
    return text


def _sized(shortest: int, longest: int | None, text: str) -> str:
    if len(text) < shortest:
        raise ValueError(f"It must have at least {shortest} characters.")
    if longest is not None and len(text) > longest:
        raise ValueError(f"It must have at most {longest} characters.")
    return text


def dialed(text: str) -> str:
    """A number whose `+` was not escaped arrives with a space in its place; Twilio lets that pass."""
    return _LOST_PLUS.sub(r"\1+", text) if " " in text else text


def _uri_pattern(param: Param) -> re.Pattern[str]:
    """Absolute http and https addresses; SIP, WebSocket and S3 where the parameter's name asks for them."""
    if "Sip" in param.name or param.name == "Target":
        return re.compile(r"sips?:\S+", re.IGNORECASE)
    schemes = "https?|wss?" if param.name == "Url" else "https?"
    return re.compile(rf"(?:{schemes})://{_ADDRESS}", re.IGNORECASE)


def _uri(pattern: re.Pattern[str], text: str) -> str:
    if not pattern.fullmatch(text):
        raise ValueError("It must be an absolute URL.")
    return text


# Dates -----------------------------------------------------------------------------------------------------


def day_or_moment(text: str) -> date:
    """A `date` where the text names a whole day, else an aware `datetime` in UTC; with days before and after it."""
    found = _parsed_day(text) if _DAY.fullmatch(text) else moment(text)
    if not 1000 <= found.year < 9999:
        raise ValueError("It must be a date of this age.")
    return found


def span_of(value: date) -> tuple[datetime, datetime]:
    """From when and until when (exclusive) what `day_or_moment` read lasts: a day, or the second that answers tell."""
    if isinstance(value, datetime):
        return value, value + timedelta(seconds=1)
    start = datetime(value.year, value.month, value.day, tzinfo=UTC)
    return start, start + timedelta(days=1)


def day(text: str) -> date:
    if _DAY.fullmatch(text):
        return _parsed_day(text)
    return moment(text).date()


def moment(text: str) -> datetime:
    """An ISO 8601 or RFC 2822 date with time, in UTC; without an offset it is UTC already."""
    try:
        found = (
            datetime.fromisoformat(_with_plus(text)) if text[:4].isdigit() else parsedate_to_datetime(text)
        )
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        raise ValueError("It must be a date in ISO 8601 or RFC 2822 format.") from None


def _with_plus(text: str) -> str:
    """`…T10:00:00 01:00`: the space was the `+` of an offset."""
    return text.replace(" ", "+") if "T" in text and " " in text else text


def _parsed_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("It must be a date in ISO 8601 or RFC 2822 format.") from None


# JSON ------------------------------------------------------------------------------------------------------


def _json(kind: str, text: str) -> Any:
    """JSON in a form: `Attributes={"a":1}`."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise ValueError("It must be valid JSON.") from None
    if kind == "object" and not isinstance(value, dict):
        raise ValueError("It must be a JSON object.")
    if "\\u0000" in text:
        refuse_nul(value)
    return value


def refuse_nul(value: Any) -> None:
    """Raises ValueError for a string with a NUL anywhere in a JSON value: PostgreSQL keeps none."""
    pending = [value]
    while pending:
        value = pending.pop()
        if isinstance(value, str):
            if "\0" in value:
                raise ValueError("It must not contain NUL characters.")
        elif isinstance(value, dict):
            pending.extend(value)
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)


def _as_it_is(value: Any) -> Any:
    return value


def _json_of_type(types: tuple[type, ...], reason: str, value: Any) -> Any:
    if not isinstance(value, types):
        raise ValueError(reason)
    return value


def _json_number(param: Param, value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"It must be {'an integer' if param.type == 'integer' else 'a number'}.")
    if param.type == "integer" and not (isinstance(value, int) and -INT64 <= value < INT64):
        raise ValueError("It must be a 64-bit integer.")
    _check_range(value, param.minimum, param.maximum)
    return value


def _json_string(read: TextReader | None, value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("It must be a string.")
    return read(value) if read and value else value


def _json_array(read: JsonReader | None, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError("It must be an array.")
    return value if read is None else [read(member) for member in value]
