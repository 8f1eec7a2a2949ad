"""What WhatsApp says of a content: the states of its approval, a pure table, and how an approval is kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final, Literal, TypeAlias, get_args

from localloop.products.content.render import NoSuchType, type_for

Status: TypeAlias = Literal[
    "unsubmitted", "received", "pending", "approved", "rejected", "paused", "disabled"
]
STATUSES: Final[tuple[Status, ...]] = get_args(Status)
FOLLOWERS: Final[dict[Status, frozenset[Status]]] = {
    "unsubmitted": frozenset({"received"}),
    "received": frozenset({"pending", "approved", "rejected"}),
    "pending": frozenset({"approved", "rejected"}),
    "approved": frozenset({"paused", "disabled", "rejected"}),
    "rejected": frozenset({"received", "approved", "disabled"}),
    "paused": frozenset({"approved", "disabled"}),
    "disabled": frozenset(),
}
# How long each step takes where templates are approved by themselves.
AUTOMATIC: Final[dict[Status, tuple[Status, timedelta]]] = {
    "received": ("pending", timedelta(seconds=1)),
    "pending": ("approved", timedelta(seconds=3)),
}
CATEGORIES: Final = frozenset({"UTILITY", "MARKETING", "AUTHENTICATION"})
_NAME: Final = re.compile(r"[a-z0-9_]{1,512}")


def is_name(text: str) -> bool:
    """WhatsApp's names are lower-case letters, digits and underscores."""
    return _NAME.fullmatch(text) is not None


def unsubmitted(content_type: str) -> dict[str, Any]:
    return {
        "type": "whatsapp",
        "name": "",
        "category": "",
        "content_type": content_type,
        "status": "unsubmitted",
        "rejection_reason": "",
        "allow_category_change": True,
    }


def status_of(data: Mapping[str, Any]) -> Status:
    """Of a content's record."""
    kept = data.get("approval") or {}
    return kept.get("status") or "unsubmitted"


def shown(data: Mapping[str, Any]) -> dict[str, Any]:
    """The approval of a content's record, as the API shows it."""
    return {**unsubmitted(content_type_of(data)), **(data.get("approval") or {})}


def content_type_of(data: Mapping[str, Any]) -> str:
    """The type that WhatsApp would show."""
    types = data.get("types") or {}
    try:
        return type_for(types, "whatsapp")
    except NoSuchType:
        return next(iter(types), "")
