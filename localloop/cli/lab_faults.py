"""`localloop lab faults …`: what goes wrong on purpose in the account's world, and what went wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Final
from urllib.parse import quote

import typer
from typer import Argument, Option

from localloop.cli.answering import answered
from localloop.cli.options import AsJson, DataFolder

app = typer.Typer(
    name="faults",
    help="Let things go wrong on purpose: list the rules, add and remove some, see what they did.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
_PATH: Final = "/lab/v1/Faults"
_MOST: Final = 1000


@app.callback(invoke_without_command=True)
def show(context: typer.Context, as_json: AsJson = False, data: DataFolder = None) -> None:
    """List what goes wrong."""
    if context.invoked_subcommand is None:
        answered(_list, data or "", as_json)


@app.command()
def add(
    kind: Annotated[str, Argument(help="webhook-drop, api-error, receipt-lose …; a wrong one is told all.")],
    match: Annotated[
        list[str] | None, Argument(metavar="NAME=VALUE", help="Only where it is so: To=+1555… 'Body=~code'.")
    ] = None,
    probability: Annotated[str | None, Option(metavar="P", help="How often, 0 to 1. [default: 1]")] = None,
    count: Annotated[int | None, Option(metavar="N", help="How often at most.")] = None,
    delay: Annotated[int | None, Option(metavar="MS", help="Milliseconds, of what waits.")] = None,
    status: Annotated[int | None, Option(metavar="HTTP", help="Of api-error and media-error.")] = None,
    error_code: Annotated[int | None, Option(metavar="CODE", help="Of carrier-refuse.")] = None,
    seed: Annotated[int | None, Option(metavar="N", help="The same seed decides the same.")] = None,
    as_json: AsJson = False,
    data: DataFolder = None,
) -> None:
    """Let something go wrong from now on: localloop lab faults add webhook-drop MessageStatus=sent"""
    wishes = {
        "Kind": kind,
        "Probability": probability,
        "Count": count,
        "Delay": delay,
        "Status": status,
        "ErrorCode": error_code,
        "Seed": seed,
    }
    answered(_add, data or "", wishes, match or [], as_json)


@app.command()
def remove(sid: Annotated[str, Argument(metavar="LF…", help="The rule.")], data: DataFolder = None) -> None:
    """Let it go wrong no more; what it did stays on record."""
    answered(_remove, data or "", f"{_PATH}/{quote(sid)}")


@app.command()
def clear(data: DataFolder = None) -> None:
    """Remove every rule that was added."""
    answered(_remove, data or "", _PATH)


@app.command()
def applied(
    resource: Annotated[str | None, Option(metavar="SID", help="Only what struck this message.")] = None,
    as_json: AsJson = False,
    data: DataFolder = None,
) -> None:
    """Show what went wrong, newest first."""
    answered(_applied, data or "", resource, as_json)


@app.command()
def retries(
    duplicates: Annotated[bool, Option("--duplicates", help="Only what was made twice.")] = False,
    as_json: AsJson = False,
    data: DataFolder = None,
) -> None:
    """Show what an application asked again by itself, and what that made."""
    answered(_retries, data or "", duplicates, as_json)


def _list(data: str, as_json: bool) -> None:
    from localloop.cli.client import connect

    rules = connect(data).get(_PATH, {"PageSize": _MOST})["faults"]
    _print(rules, as_json, _rule, "nothing goes wrong on purpose")


def _add(data: str, wishes: Mapping[str, Any], match: list[str], as_json: bool) -> None:
    from localloop.cli.client import Failed, connect

    asked = dict(wishes)
    for pair in match:
        name, equals, value = pair.partition("=")
        if not equals:
            raise Failed(f"{pair!r} is not NAME=VALUE")
        asked[f"Match.{name}"] = value
    told = connect(data).post(_PATH, asked)
    print(json.dumps(told, indent=2) if as_json else _rule(told))


def _remove(data: str, path: str) -> None:
    from localloop.cli.client import connect

    connect(data).delete(path)


def _applied(data: str, resource: str | None, as_json: bool) -> None:
    from localloop.cli.client import connect

    params = {"PageSize": _MOST, **({"ResourceSid": resource} if resource else {})}
    found = connect(data).get("/lab/v1/AppliedFaults", params)["applied_faults"]
    _print(found, as_json, _strike, "nothing went wrong on purpose")


def _retries(data: str, duplicates: bool, as_json: bool) -> None:
    from localloop.cli.client import connect

    params = {"PageSize": _MOST, **({"Duplicates": "true"} if duplicates else {})}
    found = connect(data).get("/lab/v1/Retries", params)["retries"]
    _print(found, as_json, _retry, "nothing was asked again")


def _print(found: list[dict[str, Any]], as_json: bool, line: Any, nothing: str) -> None:
    if as_json:
        print(json.dumps(found, indent=2))
        return
    for each in found:
        print(line(each))
    if not found:
        print(nothing)


def _rule(told: Mapping[str, Any]) -> str:
    asked = " ".join(f"{name}={value}" for name, value in told["match"].items())
    most = f" of {told['count']}" if told["count"] else ""
    often = f"{told['probability']:.1%}, struck {told['applied']}{most}, seed {told['seed']}"
    return f"{told['sid']}  {told['kind']} {asked}".rstrip() + f"  ({often})"


def _strike(told: Mapping[str, Any]) -> str:
    resource = told["resource_sid"] or ""
    return f"{told['date_created']}  {told['kind']}  {told['event']}  attempt {told['attempt']}  {resource}".rstrip()


def _retry(told: Mapping[str, Any]) -> str:
    statuses = " ".join("-" if status is None else str(status) for status in told["statuses"])
    twice = (
        f"  {told['duplicates']} too many: {' '.join(told['resource_sids'])}" if told["duplicates"] else ""
    )
    return (
        f"{told['date_began']}  {told['operation']}  {statuses}{'  a storm' if told['storm'] else ''}{twice}"
    )
