"""Machines of their own for the installed command."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from installed import Home


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    home = Home()
    yield home
    home.remove()
