"""`localloop deliveries`: what became of webhooks, as a table or as JSON, and sending them again."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from msgspec import Struct

from localloop.cli.client import Client, Failed, connect
from localloop.core import clock

_PATH: Final = "/lab/v1/Deliveries"
_REPLAYS: Final = "/lab/v1/DeliveryReplays"
_LOOK_S: Final = 0.5
_PAGE: Final = 200
_AGO: Final[Mapping[str, str]] = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_STAGES: Final = (
    ("resolved", "name resolved"),
    ("connected", "connected"),
    ("secured", "TLS"),
    ("first_byte", "first byte"),
    ("done", "all of it"),
)


class Asked(Struct, frozen=True, kw_only=True):
    """Which deliveries."""

    failed: bool = False
    url: str = ""
    resource: str = ""
    since: str = ""
    until: str = ""

    def params(self) -> dict[str, Any]:
        given = {
            "Status": "failed" if self.failed else "",
            "Url": self.url,
            "ResourceSid": self.resource,
            "Since": moment(self.since, "--since"),
            "Until": moment(self.until, "--until"),
        }
        return {name: value for name, value in given.items() if value}


def list_deliveries(data: str, asked: Asked, limit: int, as_json: bool) -> None:
    """Newest first."""
    rows = connect(data).get(_PATH, {**asked.params(), "PageSize": limit})["deliveries"]
    if as_json:
        return _print_json(rows[:limit])
    if not rows:
        print("no deliveries")
    for row in rows[:limit]:
        print(_line(row))
    return None


def show(data: str, sid: str, as_json: bool) -> None:
    """One, with what was kept of request and answer, its timings, and the attempts at the same webhook."""
    found = connect(data).get(f"{_PATH}/{sid}")
    if as_json:
        return _print_json(found)
    print(_line(found))
    if found["error"]:
        print(f"  {found['error_code']} {found['error']}")
    for alert in found["alerts"]:
        print(f"  alert {alert['sid']}: {alert['error_code']} {alert['error_title']}")
    show_timings(found["timings"])
    show_half("request", found["request"])
    show_half("answer", found["response"])
    if len(found["attempts"]) > 1:
        print("attempts at this webhook:")
        for attempt in found["attempts"]:
            print(f"  {_line(attempt)}")
    return None


def tail(data: str, asked: Asked, as_json: bool) -> None:
    """New ones as they come, until Ctrl-C."""
    client = connect(data)
    seen = {row["sid"] for row in _newest(client, asked)}
    print(f"following the deliveries at {client.url}; Ctrl-C ends it", file=sys.stderr, flush=True)
    try:
        while True:
            fresh = [row for row in _newest(client, asked, seen) if row["sid"] not in seen]
            seen.update(row["sid"] for row in fresh)
            for row in reversed(fresh):
                print(json.dumps(row) if as_json else _line(row), flush=True)
            time.sleep(_LOOK_S)
    except KeyboardInterrupt:
        return


def replay(data: str, sids: Sequence[str], asked: Asked, to: str, as_json: bool) -> None:
    """Send these again; without SIDs, all that failed at an address or in a span of time."""
    client = connect(data)
    if sids and (asked.failed or asked.url or asked.since or asked.until):
        raise Failed("name deliveries by their SIDs, or --failed with --url, --since or --until, not both")
    if not sids and not asked.failed:
        raise Failed("name the deliveries to send again, or say --failed with --url, --since or --until")
    if not sids and not (asked.url or asked.since or asked.until):
        raise Failed("--failed wants --url, --since or --until: which ones?")
    if to and len(sids) != 1:
        raise Failed("--to is for one delivery")
    if sids:
        made = [client.post(_REPLAYS, {"Sid": sid, "Url": to or None}) for sid in sids]
    else:
        span = {name: value for name, value in asked.params().items() if name in ("Url", "Since", "Until")}
        made = [client.post(_REPLAYS, span)]
    if as_json:
        return _print_json(made)
    print(f"{sum(each['replayed'] for each in made)} will be sent again")
    for each in made:
        for reason, count in (each["skipped"] or {}).items():
            print(f"{count} will not: {reason}")
        if each["more"]:
            print("there are more: ask again when these have been sent")
    return None


def moment(text: str, option: str) -> str:
    """A date, or how long ago: 30m, 2h, 7d. Raises Failed."""
    if not text:
        return ""
    number, unit = text[:-1], text[-1:]
    if unit in _AGO and number.isascii() and number.isdigit():
        ago = timedelta(**{_AGO[unit]: int(number[:6])})
        return _iso(clock.now() - ago)
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise Failed(
            f"{option}: wants 30m, 2h, 7d or a date like 2026-01-31T12:00:00Z, not {text!r}"
        ) from None
    return _iso(given if given.tzinfo else given.replace(tzinfo=UTC))


def _iso(given: datetime) -> str:
    return given.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _newest(client: Client, asked: Asked, seen: set[str] | None = None) -> Iterator[dict[str, Any]]:
    """Newest first, page by page as long as a page holds only what was not seen; one page when all is new."""
    address, params = _PATH, {**asked.params(), "PageSize": _PAGE}
    while True:
        page = client.get(address, params)
        yield from page["deliveries"]
        following = page["meta"]["next_page_url"]
        if seen is None or not following or any(row["sid"] in seen for row in page["deliveries"]):
            return
        address, params = following.removeprefix(client.url), {}


def _line(row: Mapping[str, Any]) -> str:
    outcome = row["status_code"] or "no answer"
    what = "callback" if row["kind"] == "notification" else "instructions"
    marks = [f"attempt {row['attempt']}"] if row["attempt"] > 1 else []
    marks += [f"replay of {row['replay_of']}"] if row["replay_of"] else []
    marks += [str(row["error_code"])] if row["error_code"] else []
    told = f" ({', '.join(marks)})" if marks else ""
    taken = f"{row['duration_ms']} ms" if row["duration_ms"] is not None else "-"
    return (
        f"{row['date_created']}  {row['sid']}  {outcome!s:>9}  {taken:>8}  {what} "
        f"{row['method']} {row['request_url']}{told}"
    )


def show_timings(timings: Mapping[str, Any] | None) -> None:
    if not timings:
        return
    kept = " (a kept connection)" if timings.get("reused") else ""
    taken = [f"{name} {timings[key]:g} ms" for key, name in _STAGES if timings.get(key) is not None]
    print(f"  {', '.join(taken)}{kept}")


def show_half(name: str, half: Mapping[str, Any] | None) -> None:
    if half is None:
        print(f"{name}: not kept")
        return
    first = f"{half['method']} {half['url']}" if "method" in half else f"HTTP {half['status']}"
    print(f"{name}: {first}")
    for header, value in half["headers"]:
        print(f"  {header}: {value}")
    for line in half["body"].splitlines():
        print(f"  | {line}")


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False))
