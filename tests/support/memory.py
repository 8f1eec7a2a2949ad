"""Where files are in memory: the tests make a thousand databases, and none is to outlive them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

_PLACE: Final = Path("/dev/shm")
_ROOM: Final = 2 << 30


def roomy_memory() -> str | None:
    """The folder to make folders in; None, which is the usual one, where there is no such place or too little room."""
    if not (_PLACE.is_dir() and os.access(_PLACE, os.W_OK)):
        return None
    return str(_PLACE) if shutil.disk_usage(_PLACE).free > _ROOM else None
