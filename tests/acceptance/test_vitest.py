"""The recipe for Vitest runs as it is copied, with the packages of Node that this machine has."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from installed import COMMAND, Home

from tests.needs import ROOT, find, needs

WITHIN_S = 180


@needs("node", "twilio-node", "vitest")
def test_the_recipe(home: Home) -> None:
    folder = home.folder / "vitest"
    shutil.copytree(ROOT / "examples" / "vitest", folder, ignore=shutil.ignore_patterns("node_modules"))
    (folder / "node_modules").mkdir()
    for name, package in (("vitest", find("vitest")), ("twilio", find("twilio-node"))):
        (folder / "node_modules" / name).symlink_to(package)

    done = subprocess.run(
        [find("node"), folder / "node_modules" / "vitest" / "vitest.mjs", "run"],
        cwd=folder,
        env={**home.environment, "PATH": f"{Path(COMMAND).parent}:{os.environ['PATH']}", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "9 passed (9)" in done.stdout
    assert not (home.folder / "state" / "localloop" / "running.json").exists()
