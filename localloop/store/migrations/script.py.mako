"""${message}"""

from localloop.store.migrations.statements import run_file

revision = "${up_revision}"
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    run_file(__file__)
