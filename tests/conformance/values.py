"""A value for every parameter of the contract: the same in every run, and such that the contract allows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localloop.contract.model import Field, Param

HEX = "0123456789abcdef" * 2
BY_FORMAT = {
    "uri": "https://example.com/hook",
    "http-method": "POST",
    "date-time": "2026-01-02T03:04:05Z",
    "date": "2026-01-02",
    "phone-number": "+15005550006",
    "iso-country-code": "US",
    "endpoint": "+15005550006",
    "twiml": "<Response/>",
    "OrganizationSid": f"OR{HEX}",
    "UserSid": f"US{HEX}",
    "Sid": f"IT{HEX}",
    "AccountSid": f"AC{HEX}",
    "IamRoleSid": f"IJ{HEX}",
    "IamRoleAssignmentSid": f"IY{HEX}",
}
BY_PATTERN = {
    "^[a-zA-Z]{2}[0-9a-fA-F]{32}$": f"XX{HEX}",
    "^[A-Z]{2}[0-9a-fA-F]{32}$": f"XX{HEX}",
    "^aia_asst_.+$": "aia_asst_1",
    "^aia_msg_.+$": "aia_msg_1",
}


MOMENT = "2026-01-02T03:04:05Z"


def value(param: Param, salt: str = "", *, other: bool = False) -> Any:
    """`salt` tells siblings apart where names must be unique; `other` is what an update changes it to."""
    if param.enum:
        return param.enum[-1 if other else 0]
    if param.type == "array":
        return [value(param.items, salt, other=other) if param.items else "one"]
    if param.type == "boolean":
        return not other
    if param.type in ("integer", "number"):
        return _number(param, 8 if other else 7)
    if param.type in ("object", "any"):
        return {"a": "c" if other else "b"}
    return _text(param, salt)


def of_field(field: Field, known: Mapping[str, str]) -> Any:
    """What activity would leave in a field; `known` are SIDs of records by prefix."""
    if field.enum:
        return field.enum[0]
    if field.sid:
        return known.get(field.sid[0], f"{field.sid[0]}{HEX}")
    if field.type == "array":
        return [of_field(field.items, known)] if field.items else ["one"]
    if field.type == "object":
        return {member.name: of_field(member, known) for member in field.fields} or {"a": "b"}
    if field.type in ("integer", "number", "boolean"):
        return True if field.type == "boolean" else 7
    if field.format == "date-time-rfc-2822":
        return MOMENT
    return BY_FORMAT.get(field.format or "", field.name or "one")


def _number(param: Param, wish: int) -> int:
    low = param.minimum if param.minimum is not None else 1
    high = param.maximum if param.maximum is not None else max(low, wish)
    return int(min(max(wish, low), high))


def _text(param: Param, salt: str) -> str:
    if param.sid:
        return f"{param.sid[0]}{HEX}"
    if param.pattern:
        return BY_PATTERN[param.pattern]
    if param.format == "phone-number" and salt:
        return f"+1415555{int(salt) % 10_000:04d}"
    if param.format in BY_FORMAT:
        return BY_FORMAT[param.format]
    text = f"{param.name.lower().replace('.', '')[:12]}{salt}"
    if param.min_length and len(text) < param.min_length:
        text = text.ljust(param.min_length, "x")
    return text[-param.max_length :] if param.max_length else text
