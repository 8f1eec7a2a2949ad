"""One running localloop for every test process, and an account of its own for every test."""

from __future__ import annotations

from collections.abc import Iterator

import localloop_process
import pytest
from application import Application, on_a_thread
from localloop_process import Credentials
from redirect import to_localloop
from twilio.rest import Client


@pytest.fixture(scope="session")
def server() -> Iterator[Credentials]:
    """The installed command; the account is the one that it was started with."""
    with localloop_process.running() as started:
        yield started


@pytest.fixture
def account(server: Credentials) -> Credentials:
    """A world that no other test sees."""
    return localloop_process.new_world(server.url)


@pytest.fixture
def client(account: Credentials) -> Iterator[Client]:
    """The official package with nothing changed but where it calls."""
    opened = to_localloop(Client(account.account_sid, account.auth_token), account.url)
    yield opened
    opened.http_client.session.close()


@pytest.fixture
def application() -> Iterator[Application]:
    made = Application()
    with on_a_thread(made.server):
        yield made
