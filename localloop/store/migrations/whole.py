"""The SQL of an empty database: what Alembic would write from the first version to the newest, without asking it.

It takes longer to start than all the rest of a new cluster, and of nothing there is nothing to find out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

VERSIONS: Final = Path(__file__).parent / "versions"
_TABLE: Final = """
CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
"""


def newest() -> str:
    """The number of the last version file."""
    return max(path.name for path in VERSIONS.glob("[0-9]*.py")).partition("_")[0]


def whole() -> str:
    versions = [path.read_text("utf-8") for path in sorted(VERSIONS.glob("[0-9]*.sql"))]
    return "\n".join(
        [_TABLE, *versions, f"INSERT INTO alembic_version (version_num) VALUES ('{newest()}');\n"]
    )
