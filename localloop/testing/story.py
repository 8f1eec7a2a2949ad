"""What happened in a world, in the words of a person who was asked why a test failed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from localloop.testing.lab import Lab, LabError

_MOST: Final = 100


def story(lab: Lab) -> str:
    """The messages and the deliveries of webhooks, in order; of many, the last."""
    try:
        lines = sorted((*_messages(lab), *_deliveries(lab)), key=lambda line: line[0])
    except LabError as error:
        return f"what happened cannot be told: {error}"
    return "\n".join(f"{at:%H:%M:%S.%f}  {what}" for at, what in lines) or "nothing happened"


def _messages(lab: Lab) -> Iterator[tuple[datetime, str]]:
    path = f"/2010-04-01/Accounts/{lab.account_sid}/Messages.json"
    for each in lab.get(path, {"PageSize": _MOST})["messages"]:
        at = parsedate_to_datetime(each["date_created"])
        way = f"{each['direction']} {each['from']} → {each['to']}"
        yield at, f"{each['sid']} {way}: {each['body']!r} is {each['status']}{_error(each)}"


def _deliveries(lab: Lab) -> Iterator[tuple[datetime, str]]:
    for each in lab.get("Deliveries", {"PageSize": _MOST})["deliveries"]:
        answer = each["status_code"] or each["error"] or "no answer"
        what = f"{each['method']} {each['request_url']} for {each['resource_sid']}: {answer}"
        yield datetime.fromisoformat(each["date_created"]), what


def _error(message: Mapping[str, Any]) -> str:
    if not message["error_code"]:
        return ""
    return f" ({message['error_code']} {message['error_message'] or ''})".replace(" )", ")")
