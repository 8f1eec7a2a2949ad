"""Two api processes on one machine: what is revoked or counted in one holds in the other, seen over HTTP."""

from __future__ import annotations

import asyncio
import json
import selectors
import socket
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, cast
from urllib.parse import urlsplit

import asyncpg
import pytest
import requests
from installed import Home, Up
from prometheus_client.parser import text_string_to_metric_families

from localloop.core import sids
from localloop.store.postgres import DATABASE, ROLE

CONNECTIONS = 24
ALLOWED_AT_ONCE = 100


@pytest.fixture(scope="module")
def up(home: Home) -> Iterator[Up]:
    (home.folder / "localloop.toml").write_text('api_processes = 2\naccess_log = true\nlog_format = "json"\n')
    up = home.up("--data", str(home.data))
    yield up
    up.destroy()


@pytest.fixture(scope="module")
def connections(up: Up) -> Iterator[list[requests.Session]]:
    """Connections that stay open, some to each process: the kernel deals them out as they come."""
    with ExitStack() as stack:
        opened: list[requests.Session] = []
        while len(opened) < CONNECTIONS or not {"api-1", "api-2"} <= answering(up):
            assert len(opened) < 20 * CONNECTIONS, "one process takes every connection"
            session = stack.enter_context(requests.Session())
            session.trust_env = False
            session.get(f"{up.url}/2010-04-01/Accounts.json", auth=(up.sid, up.token), timeout=20)
            opened.append(session)
        yield opened


def log_of(up: Up) -> list[dict[str, Any]]:
    return [json.loads(line) for line in up.errors.read_text("utf-8").splitlines()]


def answering(up: Up) -> set[str]:
    return {line["process"] for line in log_of(up) if line["event"] == "request"}


def statuses(
    up: Up, connections: list[requests.Session], path: str, auth: tuple[str, str], method: str = "GET"
) -> set[int]:
    return {each.request(method, up.url + path, auth=auth, timeout=20).status_code for each in connections}


def child_of(up: Up) -> tuple[str, str]:
    made = up.ask("/2010-04-01/Accounts.json", {"FriendlyName": "child"})
    return made["sid"], made["auth_token"]


def test_a_deleted_key_opens_no_process(up: Up, connections: list[requests.Session]) -> None:
    keys = f"/2010-04-01/Accounts/{up.sid}/Keys"
    key = up.ask(f"{keys}.json", {"FriendlyName": "short-lived"})
    auth, queues = (key["sid"], key["secret"]), f"/2010-04-01/Accounts/{up.sid}/Queues.json"
    assert statuses(up, connections, queues, auth) == {200}
    connections[0].delete(f"{up.url}{keys}/{key['sid']}.json", auth=(up.sid, up.token), timeout=20)
    assert statuses(up, connections, queues, auth) == {401}


def test_a_promoted_token_ends_the_old_one_in_every_process(
    up: Up, connections: list[requests.Session]
) -> None:
    sid, old = child_of(up)
    own = f"/2010-04-01/Accounts/{sid}.json"

    def rotate(step: str, token: str) -> dict[str, Any]:
        url = f"{up.url}/accounts/v1/AuthTokens/{step}"
        answer = connections[0].post(url, auth=(sid, token), timeout=20)
        made: dict[str, Any] = answer.json()
        return made

    new = rotate("Secondary", old)["secondary_auth_token"]
    assert statuses(up, connections, own, (sid, old)) == {200}
    assert statuses(up, connections, own, (sid, new)) == {200}
    assert rotate("Promote", old)["auth_token"] == new
    assert statuses(up, connections, own, (sid, old)) == {401}
    assert statuses(up, connections, own, (sid, new)) == {200}


def test_a_suspended_account_writes_nowhere_and_a_closed_one_is_gone(
    up: Up, connections: list[requests.Session]
) -> None:
    auth = sid, _ = child_of(up)
    own, queues = f"/2010-04-01/Accounts/{sid}.json", f"/2010-04-01/Accounts/{sid}/Queues.json"
    assert statuses(up, connections, queues, auth) == {200}
    up.ask(own, {"Status": "suspended"})
    assert statuses(up, connections, queues, auth, "POST") == {403}
    assert statuses(up, connections, queues, auth) == {200}
    up.ask(own, {"Status": "closed"})
    assert statuses(up, connections, queues, auth) == {401}


def test_a_bearer_token_dies_with_its_key(up: Up, connections: list[requests.Session]) -> None:
    key = up.ask(f"/2010-04-01/Accounts/{up.sid}/Keys.json", {"FriendlyName": "client"})
    form = {
        "grant_type": "client_credentials",
        "client_id": key["sid"],
        "client_secret": key["secret"],
    }
    token = requests.post(f"{up.url}/oauth/v2/token", form, timeout=20).json()["access_token"]

    def seen() -> set[int]:
        url = f"{up.url}/2010-04-01/Accounts/{up.sid}/Queues.json"
        bearer = {"Authorization": f"Bearer {token}"}
        return {each.get(url, headers=bearer, timeout=20).status_code for each in connections}

    assert seen() == {200}
    keys = f"{up.url}/2010-04-01/Accounts/{up.sid}/Keys"
    connections[-1].delete(f"{keys}/{key['sid']}.json", auth=(up.sid, up.token), timeout=20)
    assert seen() == {401}


def sent(up: Up, auth: tuple[str, str], *, all_but: int = 0) -> socket.socket:
    """A request to make a list of credentials, a plain resource, but for its last bytes."""
    where = urlsplit(up.url)
    assert where.hostname is not None
    secret, body = b64encode(":".join(auth).encode()).decode(), "FriendlyName=0123456"
    head = (
        f"POST /2010-04-01/Accounts/{auth[0]}/SIP/CredentialLists.json HTTP/1.1",
        f"Host: {where.netloc}",
        f"Authorization: Basic {secret}",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body)}",
    )
    connection = socket.create_connection((where.hostname, where.port or 80), timeout=20)
    connection.sendall("\r\n".join((*head, "", body)).encode()[: -all_but or None])
    return connection


@contextmanager
def nothing_is_written(home: Home) -> Iterator[None]:
    """Whoever wants to keep a record waits until this is over."""
    lines = (home.data / "postgres" / "pgdata" / "postmaster.pid").read_text("ascii").split("\n")
    with asyncio.Runner() as runner:
        place: dict[str, Any] = {
            "host": lines[4],
            "port": int(lines[3]),
            "user": ROLE,
            "database": DATABASE,
        }
        database = runner.run(asyncpg.connect(**place, timeout=20))
        try:
            runner.run(
                database.execute("begin; lock table resources in share row exclusive mode", timeout=20)
            )
            yield
        finally:
            runner.run(database.close(timeout=20))


def answered_at_once(connections: Iterable[socket.socket], count: int) -> list[socket.socket]:
    """The first so many that hear something."""
    heard: list[socket.socket] = []
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            selector.register(connection, selectors.EVENT_READ)
        while len(heard) < count:
            ready = selector.select(20)
            assert ready, f"only {len(heard)} answers"
            for key, _ in ready:
                selector.unregister(key.fileobj)
                heard.append(cast(socket.socket, key.fileobj))
    return heard


def test_at_most_a_hundred_requests_of_an_account_in_all_processes_together(home: Home, up: Up) -> None:
    auth = sids.new("AC"), sids.new_secret()
    lists = f"{up.url}/2010-04-01/Accounts/{auth[0]}/SIP/CredentialLists.json"

    def probe() -> tuple[int, int]:
        answer = requests.get(lists, auth=auth, timeout=20)
        return answer.status_code, int(answer.headers["Twilio-Concurrent-Requests"])

    assert probe() == (200, 1)
    with ExitStack() as stack:
        with nothing_is_written(home):
            waiting = [stack.enter_context(sent(up, auth)) for _ in range(ALLOWED_AT_ONCE + 2)]
            for each in answered_at_once(waiting, 2):
                assert each.recv(64).startswith(b"HTTP/1.1 429 ")
                waiting.remove(each)
            assert probe() == (429, ALLOWED_AT_ONCE + 1)
        for each in waiting:
            assert each.recv(64).startswith(b"HTTP/1.1 201 ")
    assert probe() == (200, 1)
    # Of a refused request nothing was processed.
    kept = requests.get(f"{lists}?PageSize=1000", auth=auth, timeout=20).json()["credential_lists"]
    assert len(kept) == ALLOWED_AT_ONCE


def test_a_request_whose_client_left_half_way_is_not_processed(up: Up) -> None:
    auth = sids.new("AC"), sids.new_secret()
    for _ in range(CONNECTIONS):
        sent(up, auth, all_but=3).close()
    with sent(up, auth) as whole:
        assert whole.recv(64).startswith(b"HTTP/1.1 201 ")
    lists = f"{up.url}/2010-04-01/Accounts/{auth[0]}/SIP/CredentialLists.json"
    assert len(requests.get(lists, auth=auth, timeout=20).json()["credential_lists"]) == 1


def test_every_line_about_a_request_has_its_id(up: Up) -> None:
    sid, token = sids.new("AC"), sids.new_secret()
    form = {"From": "+15551230000", "To": "+15551230001", "Body": "hello"}
    path = f"/2010-04-01/Accounts/{sid}/Messages.json"
    answer = requests.post(up.url + path, form, auth=(sid, token), timeout=20)
    assert answer.status_code == 201
    lines = [line for line in log_of(up) if line.get("request_sid") == answer.headers["Twilio-Request-Id"]]
    assert [line["event"] for line in lines] == [
        "account adopted at first use",
        f"+15551230000 is now a number of {sid}",
        "request",
    ]
    assert (lines[-1]["method"], lines[-1]["path"], lines[-1]["status"]) == ("POST", path, 201)


def test_a_plain_resource_is_logged_at_its_first_use(up: Up) -> None:
    for _ in range(3):
        answer = requests.get(f"{up.url}/sync/v1/Services", auth=(up.sid, up.token), timeout=20)
        assert answer.headers["Localloop-Coverage"] == "plain"
    told = [
        line["process"]
        for line in log_of(up)
        if line["event"].startswith("plain operation") and line["operation"] == "sync.v1.ListService"
    ]
    assert told
    assert len(told) == len(set(told)), "once in each process"


def test_prometheus_reads_the_metrics_of_all_processes(up: Up, connections: list[requests.Session]) -> None:
    def counted() -> float:
        text = requests.get(f"{up.url}/metrics", timeout=20).text
        families = {family.name: family for family in text_string_to_metric_families(text)}
        samples = families["localloop_requests"].samples
        return sum(
            sample.value
            for sample in samples
            if sample.name.endswith("_total") and sample.labels["operation"] == "api.v2010.FetchBalance"
        )

    before = counted()
    balance = f"/2010-04-01/Accounts/{up.sid}/Balance.json"
    assert statuses(up, connections, balance, (up.sid, up.token)) == {200}
    assert counted() - before == len(connections)


def test_credentials_of_a_region_are_good_there_alone(up: Up) -> None:
    auth = sids.new("AC"), sids.new_secret()

    def asked(host: str) -> int:
        headers = {"Host": host}
        path = f"/2010-04-01/Accounts/{auth[0]}.json"
        return requests.get(up.url + path, headers=headers, auth=auth, timeout=20).status_code

    assert asked("api.dublin.ie1.twilio.com") == 200
    assert asked("api.ie1.twilio.com") == 200
    assert asked("api.twilio.com") == asked("api.sydney.au1.twilio.com") == 401
    assert asked("api.dublin.xx1.twilio.com") == asked("api.mars.ie1.twilio.com") == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "rebound.example"}, 421),
        ({"Origin": "https://evil.example"}, 403),
        ({"X-Forwarded-For": "192.0.2.1"}, 404),
    ],
)
@pytest.mark.parametrize("path", ["/metrics", "/lab/v1/Phones"])
def test_nobody_from_elsewhere_sees_metrics_or_lab(
    up: Up, path: str, headers: dict[str, str], status: int
) -> None:
    answer = requests.get(up.url + path, headers=headers, auth=(up.sid, up.token), timeout=20)
    assert answer.status_code == status
