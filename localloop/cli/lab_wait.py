"""`localloop lab wait`: until something is so in the account's world, or to be told what came closest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final

from typer import Argument, Option

from localloop.cli.answering import answered
from localloop.cli.options import AsJson, DataFolder

_KINDS: Final = {
    "messages": "Messages",
    "texts": "PhoneMessages",
    "deliveries": "Deliveries",
    "alerts": "Alerts",
    "calls": "Calls",
}
# An automatic clock may have much to pass through.
_PATIENCE_S: Final = 300.0


def wait(
    kind: Annotated[str, Argument(metavar="KIND", help="messages, texts, deliveries, alerts or calls.")],
    fields: Annotated[
        list[str] | None,
        Argument(metavar="[NAME=VALUE]...", help="By Twilio's names: To=+1555…, Body=~code."),
    ] = None,
    timeout: Annotated[
        float, Option(help="Seconds, of the world's time where its clock is automatic.")
    ] = 10.0,
    at_least: Annotated[int | None, Option(help="How many shall match.")] = None,
    at_most: Annotated[int | None, Option(help="And no more; waits the whole time.")] = None,
    exactly: Annotated[int | None, Option(help="Both.")] = None,
    since: Annotated[str, Option(metavar="WHEN", help="Not what is older, in the world's time.")] = "",
    as_json: AsJson = False,
    data: DataFolder = None,
) -> None:
    """Wait for messages, texts on phones, deliveries, alerts or calls; exit status 1 when they do not come."""
    controls = {"AtLeast": at_least, "AtMost": at_most, "Exactly": exactly, "Since": since or None}
    answered(_wait, data or "", kind, fields or (), {"Timeout": timeout, **controls}, as_json)


def _wait(data: str, kind: str, fields: Sequence[str], controls: dict[str, Any], as_json: bool) -> None:
    import json

    from localloop.cli.client import Failed, connect

    if kind not in _KINDS:
        raise Failed(f"there is nothing to wait for named {kind!r}: {', '.join(_KINDS)}")
    if wrong := [field for field in fields if "=" not in field]:
        raise Failed(f"{wrong[0]!r} is no NAME=VALUE")
    params = [(name, value) for name, value in controls.items() if value is not None]
    params += [("Match", field) for field in fields]
    path = f"/lab/v1/Waits/{_KINDS[kind]}"
    found = connect(data).get(path, params, timeout=controls["Timeout"] + _PATIENCE_S)
    if as_json:
        print(json.dumps(found, indent=2))
        return
    for item in found["items"]:
        print(_line(item))


def _line(item: dict[str, Any]) -> str:
    told = (
        f"{name}={value}"
        for name, value in item.items()
        if name not in ("sid", "at") and value not in (None, "", [])
    )
    return f"{item['at']}  {item['sid']}  {'  '.join(told)}"
