"""`localloop lab clock`: the clock of the account's world."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer
from typer import Argument, Option

from localloop.cli.answering import answered
from localloop.cli.options import AsJson, DataFolder

app = typer.Typer(
    name="clock",
    help="Show the world's clock, or steer it.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
_PATH: Final = "/lab/v1/Clock"
_PATIENCE_S: Final = 120
_WORDS: Final = {
    "real": "real time",
    "frozen": "stands still",
    "offset": "runs",
    "auto": "runs, and leaps while somebody waits",
}
Leap = Annotated[bool, Option("--leap", help="At once, without doing what is due in between one by one.")]


@app.callback(invoke_without_command=True)
def show(context: typer.Context, as_json: AsJson = False, data: DataFolder = None) -> None:
    """Show the world's clock, or steer it."""
    if context.invoked_subcommand is None:
        answered(_ask, data or "", None, as_json)


def _mode(name: str, said: str) -> None:
    def steer(as_json: AsJson = False, data: DataFolder = None) -> None:
        answered(_ask, data or "", {"Mode": name}, as_json)

    steer.__doc__ = said
    app.command(name)(steer)


_mode("real", "Give real time back.")
_mode("frozen", "Let it stand at what it shows.")
_mode("offset", "Let it run on from what it shows.")
_mode("auto", "Let it leap to what is due next while somebody waits and nothing happens.")


@app.command("advance")
def advance(
    span: Annotated[str, Argument(metavar="SPAN", help="How far: 90 (seconds), 30d, 1h30m, PT10H.")],
    leap: Leap = False,
    as_json: AsJson = False,
    data: DataFolder = None,
) -> None:
    """Let time pass, and do what is due meanwhile."""
    answered(_ask, data or "", _wish("Advance", span, leap), as_json)


@app.command("set")
def set_to(
    moment: Annotated[
        str, Argument(metavar="WHEN", help="2027-01-01T09:00:00Z: UTC if it says nothing else.")
    ],
    leap: Leap = False,
    as_json: AsJson = False,
    data: DataFolder = None,
) -> None:
    """Let it show a moment."""
    answered(_ask, data or "", _wish("At", moment, leap), as_json)


def _wish(name: str, value: str, leap: bool) -> dict[str, Any]:
    return {name: value, "Steps": "false" if leap else None, "Patience": None if leap else _PATIENCE_S}


def _ask(data: str, wishes: dict[str, Any] | None, as_json: bool) -> None:
    import json

    from localloop.cli.client import connect

    client = connect(data)
    shown = client.get(_PATH) if wishes is None else client.post(_PATH, wishes, timeout=_PATIENCE_S + 10.0)
    print(json.dumps(shown, indent=2) if as_json else _line(shown))


def _line(shown: dict[str, Any]) -> str:
    due = f"; the next thing is due at {shown['next_due']}" if shown["next_due"] else ""
    busy = "; something is under way" if shown["is_busy"] else ""
    return f"{shown['at']}  {_WORDS[shown['mode']]}{due}{busy}"
