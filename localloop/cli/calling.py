"""`localloop call`: a call from a phone to a number, what is heard there as it is heard, and keys and words for it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from msgspec import Struct

from localloop.cli.client import Client, connect

_LOOK_S: Final = 0.2
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
}


class Asked(Struct, frozen=True, kw_only=True):
    """Who calls whom, and what is done there: each key or text once something was heard."""

    from_: str
    to: str
    press: Sequence[str] = ()
    say: Sequence[str] = ()


def call(data: str, asked: Asked, as_json: bool) -> None:
    """Until the call is over; Ctrl-C hangs up."""
    client = connect(data)
    made = client.post(_path(asked.from_), {"To": asked.to})
    try:
        over = _followed(client, asked, made, shows=not as_json)
    except KeyboardInterrupt:
        over = client.post(_path(asked.from_, made["sid"]), {"Status": "completed"})
    if as_json:
        print(json.dumps(over, indent=2))
    else:
        print(f"{over['sid']}  {over['status']}, {over['duration'] or 0} s")


def _followed(client: Client, asked: Asked, made: Mapping[str, Any], *, shows: bool) -> Mapping[str, Any]:
    path = _path(asked.from_, made["sid"])
    acts = [{"Press": keys} for keys in asked.press] + [{"Say": text} for text in asked.say]
    told = heard = 0
    troubles = _Troubles(client, made["sid"])
    while True:
        now: Mapping[str, Any] = client.get(path)
        alerts = troubles.fresh()
        fresh = now["lines"][told:]
        told += len(fresh)
        heard += sum(line["kind"] in _HEARD for line in fresh)
        if shows:
            for line in fresh:
                print(f"{_TOLD[line['kind']]:>12}  {line['text']}", flush=True)
            for alert in alerts:
                print(f"{alert['detail']['log_level']:>12}  {_told(alert)}", flush=True)
        if now["status"] in _OVER:
            return {**now, "alerts": [_told(each) for each in troubles.all]}
        if heard and acts:
            client.post(path, acts.pop(0))
            heard = 0
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
