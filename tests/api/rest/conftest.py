"""The engine as it is served, on a fresh database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from serving import Client, served

from localloop.store import Database


@pytest.fixture
async def client(database: Database) -> AsyncIterator[Client]:
    async with served(database) as client:
        yield client


@pytest.fixture(scope="module")
async def standing(standing_database: Database) -> AsyncIterator[Client]:
    """One for all tests of a module that leave nothing behind."""
    async with served(standing_database) as client:
        yield client
