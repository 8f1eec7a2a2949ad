"""`localloop messages`: many deleted at once, and how far that is."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from localloop.cli.client import Client, Failed, connect
from localloop.cli.deliveries import moment

_PATH: Final = "/lab/v1/MessageDeletions"
_LOOK_S: Final = 0.25
_WIDTH: Final = 30
_OVER: Final = frozenset({"completed", "canceled"})


class Asked(Struct, frozen=True, kw_only=True):
    """Which messages."""

    before: str = ""
    after: str = ""
    to: str | None = None
    from_: str | None = None
    status: str | None = None
    direction: str | None = None
    everything: bool = False

    def params(self) -> dict[str, Any]:
        given = {
            "CreatedBefore": moment(self.before, "--before"),
            "CreatedAfter": moment(self.after, "--after"),
            "To": self.to,
            "From": self.from_,
            "Status": self.status,
            "Direction": self.direction,
        }
        return {name: value for name, value in given.items() if value}


def delete(data: str, asked: Asked, wait: bool, as_json: bool) -> None:
    """Begin a deletion, and show how far it is until it is over."""
    params = asked.params()
    if not params and not asked.everything:
        raise Failed("which messages? say --before, --to, --status …, or --all")
    if params and asked.everything:
        raise Failed("--all is all of them; leave it out, or what narrows it")
    client = connect(data)
    begun = client.post(_PATH, params)
    if not wait:
        return print(json.dumps(begun, indent=2) if as_json else begun["sid"])
    over = _followed(client, begun, shows=not as_json and sys.stderr.isatty())
    if as_json:
        return print(json.dumps(over, indent=2))
    print(_summary(over))
    return None


def list_deletions(data: str, as_json: bool) -> None:
    """Newest first."""
    rows = connect(data).get(_PATH)["message_deletions"]
    if as_json:
        return print(json.dumps(rows, indent=2))
    if not rows:
        print("no deletions")
    for row in rows:
        print(f"{row['sid']}  {row['date_created']}  {_summary(row)}")
    return None


def cancel(data: str, sid: str) -> None:
    """Stop it where it is."""
    print(_summary(connect(data).post(f"{_PATH}/{sid}", {"Status": "canceled"})))


def _followed(client: Client, deletion: Mapping[str, Any], *, shows: bool) -> Mapping[str, Any]:
    try:
        while deletion["status"] not in _OVER:
            if shows:
                print(f"\r{bar(deletion)}", end="", file=sys.stderr, flush=True)
            time.sleep(_LOOK_S)
            deletion = client.get(f"{_PATH}/{deletion['sid']}")
    except KeyboardInterrupt:
        print(
            f"\n{deletion['sid']} goes on; localloop messages deletions says how far it is", file=sys.stderr
        )
        return deletion
    if shows:
        print(f"\r{bar(deletion)}", file=sys.stderr)
    return deletion


def bar(deletion: Mapping[str, Any]) -> str:
    """`[#####     ]  50 %  500 of 1,000`; without numbers until they have been counted."""
    total = deletion["total"]
    if total is None:
        return f"[{' ' * _WIDTH}]  counting"
    done = deletion["deleted"] + deletion["in_flight"]
    # Some may have gone by themselves since they were counted.
    share = 1.0 if deletion["status"] == "completed" or not total else min(1.0, done / total)
    filled = "#" * round(share * _WIDTH)
    return f"[{filled:<{_WIDTH}}] {share:4.0%}  {done:,} of {total:,}"


def _summary(deletion: Mapping[str, Any]) -> str:
    text = f"{deletion['status']}: {deletion['deleted']:,} deleted"
    if deletion["in_flight"]:
        text += f", {deletion['in_flight']:,} on their way were left"
    return text
