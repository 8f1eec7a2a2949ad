"""`localloop tail`: what happens in the account's world, as it happens."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from localloop.cli.client import Client, Failed, Refused, connect

_PATH: Final = "/lab/v1/Log"
_AGAIN_S: Final = 1.0
_NOT_NOW: Final = 503
_COLOURS: Final = {
    "request": 36,
    "message": 32,
    "phone": 35,
    "webhook": 34,
    "alert": 31,
    "clock": 33,
    "fault": 31,
}


def tail(data: str, kinds: Sequence[str], about: str, last: int, as_json: bool) -> None:
    """Until somebody stops it; a server that is away is waited for."""
    client = connect(data)
    asked = [("Kind", kind) for kind in kinds] + ([("ResourceSid", about)] if about else [])
    after = ""
    try:
        for happening in _all(client, asked, last):
            after = happening["id"]
            _show(happening, as_json)
        while True:
            for happening in _stream(client, asked, after):
                after = happening["id"]
                _show(happening, as_json)
            time.sleep(_AGAIN_S)
    except KeyboardInterrupt:
        return


def _all(client: Client, asked: Sequence[tuple[str, str]], last: int) -> Sequence[Mapping[str, Any]]:
    """The last that there are, the oldest first."""
    if not last:
        return ()
    found: list[Mapping[str, Any]] = client.get(_PATH, [*asked, ("PageSize", str(last))])["log"]
    return found[::-1]


def _stream(client: Client, asked: Sequence[tuple[str, str]], after: str) -> Iterator[Mapping[str, Any]]:
    """Ends with the connection."""
    params = [*asked, *([("After", after)] if after else [])]
    try:
        with client.stream(_PATH, params) as lines:
            for line in lines:
                if line.startswith(b"data: "):
                    yield json.loads(line[6:])
    except (Failed, OSError):
        return
    except Refused as refused:
        if refused.status != _NOT_NOW:
            raise


def _show(happening: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(happening), flush=True)
        return
    kind = f"{happening['kind']:8}"
    if sys.stdout.isatty():
        kind = f"\x1b[{_COLOURS.get(happening['kind'], 0)}m{kind}\x1b[0m"
    print(f"{happening['at']}  {kind} {happening['title']}", flush=True)
