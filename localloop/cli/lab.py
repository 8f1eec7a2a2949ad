"""`localloop lab …`: what only a simulator can do. Each piece has a file of its own, and a line here."""

from __future__ import annotations

import typer

from localloop.cli import lab_clock, lab_wait

app = typer.Typer(
    name="lab",
    help="What only a simulator can do: steer time, wait for something.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(lab_clock.app)
app.command("wait")(lab_wait.wait)
