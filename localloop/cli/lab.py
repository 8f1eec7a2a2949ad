"""`localloop lab …`: what only a simulator can do, from the shell. Each piece is in a file of its own, `lab_*.py`."""

from __future__ import annotations

import typer

from localloop.cli import lab_clock, lab_faults, lab_phones, lab_snapshots, lab_wait

app = typer.Typer(
    name="lab",
    help="What only a simulator can do: steer time, break things, shape phones, wait, put a world away.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(lab_clock.app)
app.add_typer(lab_faults.app)
app.add_typer(lab_phones.app)
app.command("wait")(lab_wait.wait)
lab_snapshots.register(app)
