"""A version is a Python file that names it and a SQL file beside it that does the work."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy
from alembic import op


def run_file(version: str) -> None:
    """Run the `.sql` beside this version's `.py`."""
    sql = Path(version).with_suffix(".sql").read_text("utf-8")
    op.execute(sqlalchemy.text(sql.replace("\\", "\\\\").replace(":", "\\:")))
