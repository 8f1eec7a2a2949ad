"""Machines of their own for the installed command."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from installed import Home

collect_ignore = ["plugin_project"]  # test_pytest_plugin.py runs them, in a run of their own


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    home = Home()
    yield home
    home.remove()
