"""`localloop lab phones …`: what simulated phones do by themselves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer
from typer import Argument, Option

from localloop.cli.answering import answered

app = typer.Typer(
    name="phones",
    help="Simulated phones: what they do by themselves.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
Data = Annotated[str | None, Option("--data", metavar="DIR", help="The data folder of the localloop meant.")]


@app.command()
def load(
    file: Annotated[Path, Argument(help="Phones and their rules, in TOML.")],
    data: Data = None,
) -> None:
    """Give phones their personas: how they deliver, what they answer, by which channels they are reached."""
    answered(_load, data or "", file)


@app.command()
def show(
    number: Annotated[str, Argument(help="The simulated phone: +15551230001")], data: Data = None
) -> None:
    """Show how a phone behaves, as JSON."""
    answered(_show, data or "", number)


def _load(data: str, file: Path) -> None:
    """All that the file says is read before anything is set."""
    from localloop.cli.client import Failed, Refused, connect
    from localloop.testing.personas import BadPersona
    from localloop.testing.personas import load as read

    try:
        personas = read(file)
    except BadPersona as error:
        raise Failed(str(error)) from None
    client = connect(data)
    for number, persona in personas.items():
        try:
            client.post(_path(number), persona.params())
            if persona.calls is not None:
                client.post(f"{_path(number)}/Voice", persona.calls.params())
        except Refused as refused:
            raise Failed(f"{number}: {refused}") from None
        print(f"{number}: {_words(len(persona.rules))}")


def _words(rules: int) -> str:
    return f"{rules} rule{'' if rules == 1 else 's'}"


def _show(data: str, number: str) -> None:
    from localloop.cli.client import connect

    told = connect(data).get(_path(number))
    shown = ("number", "behavior", "delay", "channels", "read_delay", "rules")
    print(json.dumps({name: told[name] for name in shown}, indent=2, ensure_ascii=False))


def _path(number: str) -> str:
    return f"/lab/v1/Phones/{quote(number, safe='+')}"
