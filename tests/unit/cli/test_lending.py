"""What `run` starts for a program, it also stops: from the first moment on."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from localloop.cli import lending


def test_what_was_started_is_stopped_though_it_could_not_be_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[subprocess.Popen[bytes]] = []

    class Watched(subprocess.Popen[bytes]):
        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, **named)
            begun.append(self)

    monkeypatch.setattr(subprocess, "Popen", Watched)
    (tmp_path / "run" / "server.pid").mkdir(parents=True)  # where the note of its process should go
    with pytest.raises(IsADirectoryError), lending.borrowed(str(tmp_path), os.environ, ephemeral=False):
        pass
    (server,) = begun
    assert server.returncode is not None
