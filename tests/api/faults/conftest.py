"""One localloop with an application, for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from faulty import Loop, looping


@pytest.fixture
async def loop(dsn: str, tmp_path: Path) -> AsyncIterator[Loop]:
    async with looping(dsn, tmp_path) as loop:
        yield loop
