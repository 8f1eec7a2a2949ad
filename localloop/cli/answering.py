"""What a command that fails says: one line for the person at the terminal, and an exit status."""

from __future__ import annotations

import sys
from typing import Any, NoReturn

import typer


def answered(ask: object, *given: object) -> Any:
    """What `ask` gives; a person's mistake ends the program."""
    from localloop.cli.client import Failed, Refused

    assert callable(ask)
    try:
        return ask(*given)
    except (Failed, Refused) as error:
        fail(error)


def fail(error: Exception, status: int = 1) -> NoReturn:
    print(f"localloop: {error}", file=sys.stderr)
    raise typer.Exit(status)
