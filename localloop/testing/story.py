"""What happened in a world, for a person who is to find out why a test failed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from localloop.testing.lab import Lab, LabError

_MOST: Final = 200


def story(lab: Lab) -> str:
    """The world's log, in order and without what the test itself asked the lab; of much, the end."""
    try:
        happened = lab.get("Log", {"PageSize": _MOST})["log"]
    except LabError as error:
        return f"what happened cannot be told: {error}"
    lines = [_line(each, lab.account_sid) for each in reversed(happened) if not _is_of_the_test(each)]
    if len(happened) == _MOST:
        lines.insert(0, f"… (the last {_MOST})")
    return "\n".join(lines) or "nothing happened"


def _line(happening: Mapping[str, Any], account_sid: str) -> str:
    at = datetime.fromisoformat(happening["at"])
    title = happening["title"].replace(f"/2010-04-01/Accounts/{account_sid}", "…")
    return f"{at:%H:%M:%S}  {happening['kind']:8}  {title}"


def _is_of_the_test(happening: Mapping[str, Any]) -> bool:
    path = str(happening["detail"].get("path", ""))
    return happening["kind"] == "request" and path.startswith("/lab/")
