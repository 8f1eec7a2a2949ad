"""The eight tutorials of calls with all their tests in one run of pytest: two processes, a server each."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from benchmarks.table import NotRun, Row

BAR_S: Final = 20
NAMES: Final = (
    *("ivr_menu", "voicemail", "call_queue", "conference"),
    *("masked_numbers", "call_screening", "appointment_reminder", "pay_by_phone"),
)
_EXAMPLES: Final = Path(__file__).parents[1] / "examples"
_WITHIN_S: Final = 600


def eight_tutorials() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="tutorials-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        for each in NAMES:
            shutil.copytree(_EXAMPLES / each, folder / each)
        ours = ("PYTEST", "TWILIO", "LOCALLOOP")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        began = time.perf_counter()
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "-p",
                "no:cacheprovider",
                *("-n", "2"),
                "--durations=1",
                "--durations-min=0",
            ],
            cwd=folder,
            env=kept,
            capture_output=True,
            text=True,
            timeout=_WITHIN_S,
            check=False,
        )
        took = time.perf_counter() - began
    passed = re.search(r"(\d+) passed", done.stdout)
    if done.returncode or passed is None:
        raise NotRun(f"they do not pass: {done.stdout[-500:]}")
    start = re.search(r"([\d.]+)s setup", done.stdout)
    started = f", of which a server's start {float(start[1]):.1f} s" if start else ""
    return [
        Row(
            what=f"eight applications that are called, {passed[1]} tests in two processes",
            ours=f"{took:.1f} s{started}",
            bar=f"< {BAR_S} s",
        )
    ]
