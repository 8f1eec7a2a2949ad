"""The page's own tests and types, by the tools that its lock file names."""

from __future__ import annotations

import subprocess

import pytest

from tests.needs import ROOT, needs

UI = ROOT / "localloop" / "console" / "ui"


@needs("vitest")
@pytest.mark.parametrize("script", ["check", "test"])
def test_it_passes(script: str) -> None:
    done = subprocess.run(
        ["npm", "run", "--silent", script], cwd=UI, capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
