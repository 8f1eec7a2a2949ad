"""The composition root: the only place that wires everything.

`prepare` readies a migrated database once; `run_api`, `run_worker` and `run_single` are the lives of processes, each
called in a process of its own by the supervisor. `open_api` and `open_worker` are their insides, for tests as well.
"""

from localloop.server.api import BESIDES, bindings, open_api
from localloop.server.parts import Place
from localloop.server.prepare import new_console_link, prepare
from localloop.server.processes import Interception, Listening, run_api, run_single, run_worker
from localloop.server.seeding import read as read_seed_file
from localloop.server.standing import STANDING
from localloop.server.surface import Surface
from localloop.server.worker import open_worker

__all__ = [
    "BESIDES",
    "STANDING",
    "Interception",
    "Listening",
    "Place",
    "Surface",
    "bindings",
    "new_console_link",
    "open_api",
    "open_worker",
    "prepare",
    "read_seed_file",
    "run_api",
    "run_single",
    "run_worker",
]
