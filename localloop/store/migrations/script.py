"""Writes the SQL from one revision to the newest: `python -m localloop.store.migrations.script [REVISION]`.

A process of its own, since Alembic and SQLAlchemy take 40 MB and 0.4 s that no server should pay.
"""

from __future__ import annotations

import sys
from pathlib import Path

from alembic import command
from alembic.config import Config


def main() -> None:
    current = sys.argv[1] if len(sys.argv) > 1 else "base"
    config = Config(output_buffer=sys.stdout)
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    command.upgrade(config, f"{current}:head", sql=True)


if __name__ == "__main__":
    main()
