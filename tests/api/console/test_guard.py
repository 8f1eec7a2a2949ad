"""What pages of others, and what applications put into the world, can do to the console: nothing."""

from __future__ import annotations

import asyncio
from urllib.parse import quote

import pytest

from localloop import console
from tests.api.console.conftest import FROM, TO, Page, Server

PATHS = [
    "/console",
    "/console/",
    "/console/messages/SM1",
    "/console/assets/x.js",
    "/console/enter?code=x",
    "/console/api/session",
    "/console/api/messages",
    "/console/api/deliveries",
    "/console/api/phones",
    "/console/api/catalogue",
    "/console/api/feed",
    "/console/api/rest/2010-04-01/Accounts.json",
    "/console/api/nothing",
]
READS = [
    *("session", "messages", "messages/SM" + "0" * 32, "deliveries", "deliveries/WH" + "0" * 32, "phones"),
    *("phones/+15558675310", "catalogue", "feed", "rest/2010-04-01/Accounts.json"),
]


@pytest.mark.parametrize("path", PATHS)
async def test_a_foreign_host_is_refused(standing: Server, reader: Page, path: str) -> None:
    headers = {"Host": "evil.example"}
    async with reader.http.get(f"{standing.url}{path}", headers=headers, allow_redirects=False) as answer:
        assert answer.status == 421


@pytest.mark.parametrize("path", PATHS)
async def test_a_foreign_origin_is_refused(standing: Server, reader: Page, path: str) -> None:
    for origin in ("http://evil.example", "null", "http://127.0.0.1:1"):
        headers = {"Origin": origin}
        async with reader.http.get(f"{standing.url}{path}", headers=headers, allow_redirects=False) as answer:
            assert answer.status == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_a_page_of_another_site_reads_nothing(standing: Server, reader: Page, site: str) -> None:
    """An image or a script of another page, another port of this machine included, sends no Origin."""
    for path in READS:
        assert await reader.status("GET", path, headers={"Sec-Fetch-Site": site}) == 403


@pytest.mark.parametrize("path", READS)
async def test_who_is_not_signed_in_reads_nothing(standing: Server, path: str) -> None:
    stranger = await standing.browser()
    refusal = await stranger.refused("GET", path)
    assert (refusal["status"], refusal["code"]) == (401, 20003)


@pytest.mark.parametrize("token", ["", "wrong", "ä"])
async def test_writes_want_the_csrf_token(server: Server, page: Page, token: str) -> None:
    headers = {"X-CSRF-Token": token} if token else {}
    page.csrf = ""
    path = f"rest/2010-04-01/Accounts/{page.account_sid}/Messages.json"
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        data = {"To": TO, "From": FROM, "Body": "forged"}
        assert await page.status(method, path, data=data, headers=headers) == 403
    assert await page.status("DELETE", "session", headers=headers) == 403
    assert not await server.database.fetchval("select count(*) from messages")
    assert await page.status("GET", "session") == 200


async def test_another_sessions_csrf_token_is_wrong(server: Server, page: Page) -> None:
    other = await server.page()
    page.csrf = other.csrf
    assert await page.status("DELETE", "session") == 403


@pytest.mark.parametrize(
    "path", ["/console/", "/console/x", "/console/api/session", "/console/enter", "/console/api/feed"]
)
async def test_every_answer_is_guarded(standing: Server, reader: Page, path: str) -> None:
    async with reader.http.get(f"{standing.url}{path}") as answer:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "'unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"


async def test_refusals_are_guarded_too(standing: Server, reader: Page) -> None:
    async with reader.http.get(f"{standing.url}/console/", headers={"Host": "evil.example"}) as answer:
        assert answer.status == 421
        assert "default-src 'self'" in answer.headers["content-security-policy"]


async def test_stored_markup_stays_data(server: Server, page: Page) -> None:
    markup = '<script src="//evil"></script>"\u2028</script>'
    sid = await page.send(Body=markup)
    await server.idle()
    for path in ("messages", f"messages/{sid}", "phones", f"phones/{TO}", "deliveries"):
        async with page.request("GET", path) as answer:
            assert answer.headers["content-type"] == "application/json"
            assert answer.headers["x-content-type-options"] == "nosniff"
    assert (await page.get(f"messages/{sid}"))["message"]["body"] == markup
    assert (await page.get(f"phones/{TO}"))["messages"][0]["body"] == markup


async def test_what_the_api_answers_is_never_a_page_of_ours(reader: Page) -> None:
    path = f"rest/2010-04-01/Accounts/{reader.account_sid}/Messages.json"
    async with reader.request("GET", path) as answer:
        assert (
            answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"
        )


@pytest.mark.parametrize(
    "path",
    [
        "../app.py",
        "..%2fapp.py",
        "%2e%2e/app.py",
        "assets/../../app.py",
        "/etc/passwd",
        "a%00b",
        "..\\app.py",
    ],
)
async def test_no_path_leads_out_of_the_page(standing: Server, reader: Page, path: str) -> None:
    reader, writer = await _connect(standing)
    writer.write(f"GET /console/{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
    answered = await reader.read()
    writer.close()
    assert b"Starlette" not in answered
    assert b"root:" not in answered


async def _connect(server: Server) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", int(server.url.rpartition(":")[2]))


async def test_only_this_machine_reaches_it(standing: Server) -> None:
    """From elsewhere there is no console, whatever the host is called."""
    answers = []

    async def send(message: dict[str, object]) -> None:
        answers.append(message)

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b""}

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/console/",
        "raw_path": b"/console/",
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1")],
        "client": ("192.0.2.7", 1),
    }
    await standing.surface(scope, receive, send)
    assert answers[0]["status"] == 404


async def test_what_a_proxy_passes_on_came_from_elsewhere(standing: Server, reader: Page) -> None:
    for path in ("/console/", "/console/api/session"):
        async with reader.http.get(
            f"{standing.url}{path}", headers={"X-Forwarded-For": "192.0.2.7"}
        ) as answer:
            assert answer.status == 404


ODD = [
    "\u0000",
    "\uffff",
    "'",
    '"',
    "\\",
    "%",
    "%00",
    "..",
    "-1",
    "9" * 400,
    "ä" * 300,
    "x" * 5000,
    "[]",
    "{}",
    "\n",
]


@pytest.mark.parametrize(
    "path",
    ["messages", "deliveries", "phones", f"phones/{TO}", "catalogue", "session", "feed"],
)
async def test_no_parameter_is_a_bug(reader: Page, path: str) -> None:
    for name in ("q", "before", "limit"):
        for value in (
            *ODD,
            *(f"{term}:{odd}" for term in ("since", "sid", "error", "to", "url") for odd in ODD),
        ):
            assert await reader.status("GET", path, params={name: value}) < 500, (name, value)


async def test_no_path_is_a_bug(reader: Page) -> None:
    for path in ("messages", "deliveries", "phones", "rest", "rest/2010-04-01/Accounts", ""):
        for value in ODD[:10]:
            assert await reader.status("GET", f"{path}/{quote(value)}") < 500, (path, value)


@pytest.mark.parametrize(
    "q",
    [
        "since:0001-01-01",
        "since:9999-12-31",
        "until:0001-01-01T00:00:00+14:00",
        "until:999999w",
        "since:9999-12-31T23:59-14:00",
    ],
)
async def test_the_calendars_ends_are_no_bug(reader: Page, q: str) -> None:
    for path in ("messages", "deliveries"):
        assert await reader.status("GET", path, params={"q": q}) in (200, 400)


def test_the_console_says_what_it_offers() -> None:
    assert set(console.__all__) <= set(vars(console))
