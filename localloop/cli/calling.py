"""`localloop call`: a call from a phone to a number, what is heard there as it is heard, and keys and words for it."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from msgspec import Struct

from localloop.cli.client import Client, connect

_LOOK_S: Final = 0.2
_REACTION_S: Final = 0.3  # between the end of what is heard and what is done then
_OVER: Final = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
_HEARD: Final = frozenset({"heard", "played"})
_TOLD: Final = {
    "heard": "hears",
    "played": "hears",
    "tones": "hears keys",
    "said": "says",
    "pressed": "presses",
    "held": "holds",
    "transferred": "transfers",
    "received": "gets the message",
    "sent": "sends the message",
}


class Asked(Struct, frozen=True, kw_only=True):
    """Who calls whom, and what is done there: each key or text once something was heard to its end."""

    from_: str
    to: str
    press: Sequence[str] = ()
    say: Sequence[str] = ()


def call(data: str, asked: Asked, as_json: bool) -> bool:
    """Until the call is over; Ctrl-C hangs up. Whether it was answered, and all was done that was asked for."""
    client = connect(data)
    made = client.post(_path(asked.from_), {"To": asked.to})
    acts = [*({"Press": keys} for keys in asked.press), *({"Say": text} for text in asked.say)]
    try:
        over = _followed(client, _path(asked.from_, made["sid"]), acts, shows=not as_json)
    except KeyboardInterrupt:
        over = client.post(_path(asked.from_, made["sid"]), {"Status": "completed"})
    if as_json:
        print(json.dumps(over, indent=2))
    else:
        print(f"{over['sid']}  {over['status']}, {over['duration'] or 0} s")
        for act in acts:
            print(f"it was over before this could be done: {' '.join(act.values())}", file=sys.stderr)
    return over["status"] == "completed" and not acts


def _followed(client: Client, path: str, acts: list[dict[str, str]], *, shows: bool) -> Mapping[str, Any]:
    """Takes away from `acts` what it does."""
    told, due = 0, None
    troubles = _Troubles(client, path.rpartition("/")[2])
    while True:
        now: Mapping[str, Any] = client.get(path)
        alerts = troubles.fresh()
        fresh = now["lines"][told:]
        told += len(fresh)
        for line in fresh:
            if line["kind"] in _HEARD:
                due = time.monotonic() + line["seconds"] + _REACTION_S
            if shows:
                print(f"{_TOLD[line['kind']]:>12}  {line['text']}", flush=True)
        for alert in alerts if shows else ():
            print(f"{alert['detail']['log_level']:>12}  {_told(alert)}", flush=True)
        if now["status"] in _OVER:
            return {**now, "alerts": [_told(each) for each in troubles.all]}
        if acts and due is not None and time.monotonic() >= due:
            client.post(path, acts.pop(0))
            due = None
        time.sleep(_LOOK_S)


class _Troubles:
    """What the Debugger is told of one call, as it comes."""

    def __init__(self, client: Client, call_sid: str) -> None:
        self._client = client
        self._asked = {"ResourceSid": call_sid, "Kind": "alert", "PageSize": 100}
        self.all: list[Mapping[str, Any]] = []

    def fresh(self) -> Sequence[Mapping[str, Any]]:
        known = {each["id"] for each in self.all}
        newest_first = self._client.get("/lab/v1/Log", self._asked)["log"]
        found = [each for each in newest_first[::-1] if each["id"] not in known]
        self.all += found
        return found


def _told(alert: Mapping[str, Any]) -> str:
    detail = alert["detail"]
    line = f", line {detail['line']}" if detail.get("line") else ""
    where = f" ({detail['url']}{line})" if detail.get("url") else ""
    return f"{detail['error_code']} {detail.get('Msg', '')}{where}"


def _path(number: str, sid: str = "") -> str:
    below = f"/{sid}" if sid else ""
    return f"/lab/v1/Phones/{quote(number, safe='+:@')}/Calls{below}"
