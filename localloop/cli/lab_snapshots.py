"""`localloop lab snapshot`, `restore`, `fork`, `reset`, `export` and `load`: the account's whole world."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Argument, Option

from localloop.cli.answering import answered
from localloop.cli.options import AsJson, DataFolder

if TYPE_CHECKING:
    from localloop.testing.snapshots import Snapshot, Snapshots

Named = Annotated[str, Argument(metavar="NAME", help="The snapshot, by its name or SID.")]
Perhaps = Annotated[
    str | None, Argument(metavar="[NAME]", help="A snapshot; without it, the world as it is.")
]
File = Annotated[Path, Argument(metavar="FILE")]


def register(app: typer.Typer) -> None:
    for command in (snapshot, snapshots, restore, fork, reset, export, load):
        app.command(command.__name__)(command)


def snapshot(
    name: Annotated[str | None, Argument(metavar="[NAME]", help="By which it is found again.")] = None,
    delete: Annotated[bool, Option("--delete", help="Forget the one of this name.")] = False,
    as_json: AsJson = False,
    data: DataFolder = None,
) -> None:
    """Save the world as it is now."""
    if delete:
        _do(data, lambda held: held.delete(_demanded(name)))
    else:
        _do(data, lambda held: _show(held.save(name), as_json))


def snapshots(as_json: AsJson = False, data: DataFolder = None) -> None:
    """List what was saved, newest first."""

    def show(held: Snapshots) -> None:
        for each in held:
            _show(each, as_json)

    _do(data, show)


def restore(name: Named, as_json: AsJson = False, data: DataFolder = None) -> None:
    """Make the world what it was; what came later is gone."""
    _do(data, lambda held: _show(held.restore(name), as_json))


def fork(name: Perhaps = None, as_json: AsJson = False, data: DataFolder = None) -> None:
    """Make another world like it, and print its credentials for a shell."""

    def show(held: Snapshots) -> None:
        made = held.fork(name)
        if as_json:
            print(json.dumps({"account_sid": made.account_sid, "auth_token": made.auth_token}))
            return
        print(f"export TWILIO_ACCOUNT_SID={made.account_sid}")
        print(f"export TWILIO_AUTH_TOKEN={made.auth_token}")

    _do(data, show)


def reset(data: DataFolder = None) -> None:
    """Set the world back to its start."""
    _do(data, lambda held: held.reset())


def export(
    file: File,
    name: Perhaps = None,
    secrets: Annotated[bool, Option("--secrets", help="With tokens and API keys, in plain text.")] = False,
    data: DataFolder = None,
) -> None:
    """Write the world to a file that another localloop can load."""
    _do(data, lambda held: held.export(file, name, secrets=secrets))


def load(file: File, as_json: AsJson = False, data: DataFolder = None) -> None:
    """Make the world what a file holds; what was there is gone, its account and token remain."""

    def show(held: Snapshots) -> None:
        loaded = held.load(file)
        if as_json:
            print(json.dumps(loaded, indent=2))
            return
        print(f"loaded {sum(loaded['resources'].values()):,} rows")
        for each in loaded["accounts"]:
            print(f"  account {each['sid']}  {each['auth_token']}")

    _do(data, show)


def _do(data: str | None, act: Callable[[Snapshots], object]) -> None:
    answered(_ask, data or "", act)


def _ask(data: str, act: Callable[[Snapshots], object]) -> None:
    from localloop.cli.client import Failed, Refused, connect
    from localloop.testing.lab import Lab, LabError
    from localloop.testing.snapshots import Snapshots

    client = connect(data)
    lab = Lab(client.url, client.account_sid, client.auth_token)
    try:
        act(Snapshots(lab))
    except LabError as error:
        if not error.status:
            raise Failed(error.message) from None
        raise Refused(error.status, error.code, error.message) from None
    except OSError as error:
        raise Failed(str(error)) from None
    finally:
        lab.close()


def _demanded(name: str | None) -> str:
    from localloop.cli.client import Failed

    if not name:
        raise Failed("which one? `localloop lab snapshots` lists them")
    return name


def _show(saved: Snapshot, as_json: bool) -> None:
    if as_json:
        shown: dict[str, Any] = {"sid": saved.sid, "name": saved.name, "resources": dict(saved.resources)}
        print(json.dumps({**shown, "date_created": saved.date_created.isoformat()}))
        return
    count = sum(saved.resources.values())
    print(
        f"{saved.date_created:%Y-%m-%d %H:%M:%S}  {saved.sid}  {count:>8,} rows  {saved.name or ''}".rstrip()
    )
