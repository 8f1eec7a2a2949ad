"""How a command ends that cannot do what it was asked: one line for the person at the terminal, and a status."""

from __future__ import annotations

import sys
from typing import Any

import typer


def answer(ask: object, *given: object) -> Any:
    """What the call gives; its refusals are one line and exit status 1."""
    from localloop.cli.client import Failed, Refused

    assert callable(ask)
    try:
        return ask(*given)
    except (Failed, Refused) as error:
        fail(error)


def fail(error: Exception, status: int = 1) -> None:
    print(f"localloop: {error}", file=sys.stderr)
    raise typer.Exit(status)
