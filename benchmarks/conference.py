"""A conference of 250: what the coming of one costs when few are in it and when it is nearly full, how long it takes
until all have heard somebody, and until all are out.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from http.client import HTTPConnection
from json import loads
from typing import Any, Final
from urllib.parse import urlencode

from msgspec import Struct

from benchmarks import creates, database, processes
from benchmarks.instance import ACCOUNT_SID, BASIC, Instance
from benchmarks.sink import Sink, sink
from benchmarks.table import NotRun, Row
from benchmarks.webhooks import choose

MOST: Final = 250
_WAVE: Final = 50
_WARM: Final = 60
_PATIENCE_S: Final = 120.0
_API: Final = f"/2010-04-01/Accounts/{ACCOUNT_SID}"
_QUIET: Final = "select not exists (select from jobs where leased or run_at < now() + interval '1 s')"
_INSIDE: Final = "select count(*) from conference_participants"
_WRITTEN: Final = "select pg_current_wal_lsn() - '0/0'"
_HEARD: Final = "select count(*) from phone_call_lines where kind = 'heard' and body = '{}'"


class Held(Struct, kw_only=True):
    """How it went. `joins_us` are of fifty each, processor time of everybody for one; `joins_written` the bytes that
    the database wrote down for one."""

    joins_us: list[float]
    joins_written: list[float]
    refused: bool  # the one who came too late
    heard: int  # who heard somebody
    heard_s: float
    heard_muted: int
    left: int  # of the callbacks that somebody left
    ended_s: float


def of_250(_: float) -> list[Row]:
    with Instance(call_rate="0") as instance:
        choose(instance, "failures")
        with sink() as warm:
            _come(instance, "warm", _WARM, warm.ports[0])
            _end(instance, "warm")
        with sink() as arrivals:
            found = hold(instance, arrivals)
    if not found.refused or found.heard != MOST - 1 or found.heard_muted:
        raise NotRun(f"the conference did not go well: {found}")
    return [
        Row(
            what="joining a conference, the first fifty against those after 200, in processor time",
            ours=f"{found.joins_us[-1] / 1000:.1f} ms each",
            theirs=f"{found.joins_us[0] / 1000:.1f} ms each",
            ratio=found.joins_us[0] / found.joins_us[-1],
            bar="≥ 0.85",
        ),
        Row(
            what="— in bytes that the database writes down",
            ours=f"{found.joins_written[-1] / 1000:.1f} kB each",
            theirs=f"{found.joins_written[0] / 1000:.1f} kB each",
            ratio=found.joins_written[0] / found.joins_written[-1],
            bar="≥ 0.85",
        ),
        Row(what="— one speaks and 249 have heard it", ours=f"{found.heard_s:.2f} s"),
        Row(what="— 250 are out, and each knows", ours=f"{found.ended_s:.2f} s"),
    ]


def hold(instance: Instance, arrivals: Sink) -> Held:
    """One conference, from its first participant to its end."""
    port, calls, joins, written = arrivals.ports[0], [], [], []
    for _ in range(MOST // _WAVE):
        before, end = _spent(instance, arrivals), database.ask(instance, _WRITTEN)
        calls += _come(instance, "all", _WAVE, port)
        joins.append((_spent(instance, arrivals) - before) * 1e6 / _WAVE)
        written.append(float(database.ask(instance, _WRITTEN) - end) / _WAVE)
    [late] = _come(instance, "all", 1, port, inside=MOST)
    refused = _ask(instance, "GET", f"{_API}/Calls/{late}.json")["status"] == "completed"
    first = calls[0]
    number = _ask(instance, "GET", f"{_API}/Calls/{first}.json")["to"]
    heard_s = _say(instance, number, first, "good morning")
    heard = database.ask(instance, _HEARD.format("good morning"))
    room = _room(instance, "all")
    _ask(instance, "POST", f"{_API}/Conferences/{room}/Participants/{first}.json", {"Muted": "true"})
    _say(instance, number, first, "nobody hears this")
    ended_s = _end(instance, "all")
    return Held(
        joins_us=joins,
        joins_written=written,
        refused=refused,
        heard=heard,
        heard_s=heard_s,
        heard_muted=database.ask(instance, _HEARD.format("nobody hears this")),
        left=arrivals.report().came - MOST - 3,  # besides joins, the start, the mute and the end
        ended_s=ended_s,
    )


def _come(instance: Instance, name: str, count: int, port: int, inside: int | None = None) -> list[str]:
    """So many calls into it; their SIDs once all is quiet, and so many are in it."""
    wanted = database.ask(instance, _INSIDE) + count if inside is None else inside
    twiml = (
        f"<Response><Dial><Conference waitUrl='' statusCallback='http://127.0.0.1:{port}/'"
        f" statusCallbackEvent='start end join leave mute'>{name}</Conference></Dial></Response>"
    )
    made = []
    for number in range(count):
        wish = {"From": "+15017122661", "To": f"+1212{2000000 + number}", "Twiml": twiml}
        made.append(str(_ask(instance, "POST", f"{_API}/Calls.json", wish)["sid"]))
    _until(lambda: bool(database.ask(instance, _INSIDE) == wanted and database.ask(instance, _QUIET)))
    return made


def _say(instance: Instance, number: str, call: str, words: str) -> float:
    """The seconds until everybody has heard it."""
    began = time.monotonic()
    _ask(instance, "POST", f"/lab/v1/Phones/{number}/Calls/{call}", {"Say": words})
    _until(lambda: bool(database.ask(instance, _QUIET)))
    return time.monotonic() - began


def _end(instance: Instance, name: str) -> float:
    """The seconds until everybody is out."""
    began = time.monotonic()
    _ask(instance, "POST", f"{_API}/Conferences/{_room(instance, name)}.json", {"Status": "completed"})
    _until(lambda: not database.ask(instance, "select exists (select from live_calls)"))
    _until(lambda: bool(database.ask(instance, _QUIET)))
    return time.monotonic() - began


def _room(instance: Instance, name: str) -> str:
    found = _ask(instance, "GET", f"{_API}/Conferences.json?FriendlyName={name}")["conferences"]
    return str(found[0]["sid"])


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not holds():
        if time.monotonic() > deadline:
            raise NotRun("it takes too long")
        time.sleep(0.02)


def _spent(instance: Instance, arrivals: Sink) -> float:
    """Processor time of everybody but the load."""
    return processes.cpu_seconds([*instance.children(), *creates.backends(instance), arrivals.pid])


def _ask(instance: Instance, method: str, path: str, form: dict[str, str] | None = None) -> Any:
    connection = HTTPConnection("127.0.0.1", instance.port, timeout=30)
    try:
        headers = {"Authorization": BASIC, "Content-Type": "application/x-www-form-urlencoded"}
        connection.request(method, path, urlencode(form or {}), headers)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status >= 300:
            raise NotRun(f"{method} {path}: {answer.status} {body[:200]!r}")
        return loads(body)
    finally:
        connection.close()
