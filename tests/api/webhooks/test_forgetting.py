"""What must not be kept is nowhere: redacted and deleted texts, credentials, what is typed to pay.

"Nowhere" is every table and every file of a localloop but PostgreSQL's own, which forgets with its next vacuum, and
the simulated phone's, whose owner may keep what was texted.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from urllib.parse import quote_plus

import pytest
import structlog
from http_server import Received, Server, answer, running

from localloop.cli import logs
from localloop.core import clock
from localloop.jobs import enqueue
from localloop.store import Database
from localloop.testing import request_for
from localloop.webhooks import FORGET, Notification
from tests.api.webhooks.conftest import Loop
from tests.api.webhooks.test_alerts import own

TEXT = "xyzzy plugh & 1234"
PHONE = "+15558675310"
OK = answer("204 No Content", length=False)
THEIRS = frozenset({"phone_messages"})  # the simulated phone's own


async def holding(database: Database, text: str) -> set[str]:
    """The tables with a row that holds this text, in whatever way it may be written."""
    ways = [text, quote_plus(text), text.encode().hex(), quote_plus(text).encode().hex()]
    ways += [each.encode().hex() for each in (quote_plus(quote_plus(text)),)]
    tables = await database.fetch(
        "select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where n.nspname = 'public' and c.relkind in ('r', 'p')"
    )
    found = set()
    for name in [row["name"] for row in tables]:
        sql = f'select exists (select from "{name}" t, unnest($1::text[]) w where strpos(t::text, w) > 0)'
        if await database.fetchval(sql, ways):
            found.add(name)
    return found - THEIRS


def files_with(folder: Path, text: str) -> list[Path]:
    return [
        path
        for path in folder.rglob("*")
        if path.is_file() and any(way.encode() in path.read_bytes() for way in (text, quote_plus(text)))
    ]


async def echo(request: Received, writer: asyncio.StreamWriter) -> None:
    """An application that fails, and says what it was given."""
    said = request.body + request.path.encode()
    writer.write(answer("500 Oops", said, "Content-Type: text/plain", f"X-Said: {quote_plus(TEXT)}"))


@pytest.fixture
def log() -> Iterator[StringIO]:
    """Logs as `localloop up --verbose` writes them, and what was written."""
    configured, root, level = (
        structlog.get_config(),
        logging.getLogger(),
        logging.getLogger("localloop").level,
    )
    handlers, root_level = root.handlers, root.level
    logs.configure("json", verbose=True)
    lines = StringIO()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(lines))
    yield lines
    structlog.configure(**configured)
    root.handlers, root.level = handlers, root_level
    logging.getLogger("localloop").setLevel(level)


@pytest.mark.parametrize("forgotten_by", ["redaction", "deletion"])
@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_a_text_is_forgotten(log: StringIO, loop: Loop, method: str, forgotten_by: str) -> None:
    """A text came in, was told to the application twice, to the Debugger, and waits to be told again."""
    await loop.choose(Retries="extended")
    async with running(Server(respond=echo)) as server:
        await loop.choose(DebuggerUrl=f"{server.url}/debugger")
        urls = {"SmsUrl": f"{server.url}/sms", "SmsFallbackUrl": f"{server.url}/fallback"}
        number = await own(loop.ask, **urls, SmsMethod=method, SmsFallbackMethod=method)
        said = {"To": number, "Body": TEXT}
        sent = (await loop.ask("POST", f"/lab/v1/Phones/{PHONE}/Messages", said)).json()
        await loop.until("count(*) = 2 from alerts")
        await loop.until("count(*) = 1 from messages where status = 'received'")
        await loop.until("count(*) = 2 from jobs where key like 'webhook-debugger:%' and not leased")
        sid = sent["message_sid"]
        assert await holding(loop.database, TEXT) >= {"messages", "deliveries", "alerts", "jobs"}
        path = f"/2010-04-01/Accounts/{loop.ask.account_sid}/Messages/{sid}.json"
        if forgotten_by == "redaction":
            assert (await loop.ask("POST", path, {"Body": ""})).status == 200
        else:
            assert (await loop.ask("DELETE", path)).status == 204
        assert await holding(loop.database, TEXT) == set()
    assert files_with(loop.runtime, TEXT) == []
    assert "11200" in log.getvalue()
    assert TEXT not in log.getvalue()
    assert quote_plus(TEXT) not in log.getvalue()


async def test_what_is_recorded_too_late_is_forgotten_as_well(loop: Loop) -> None:
    """An exchange that was under way is written after the redaction: a job comes back for it."""
    sent = (
        await loop.ask(
            "POST",
            f"/2010-04-01/Accounts/{loop.ask.account_sid}/Messages.json",
            {"To": PHONE, "From": "+15017122661", "Body": TEXT},
        )
    ).json()
    await loop.quiet()
    path = f"/2010-04-01/Accounts/{loop.ask.account_sid}/Messages/{sent['sid']}.json"
    assert (await loop.ask("POST", path, {"Body": ""})).status == 200
    async with running(Server(respond=echo)) as server:
        told = request_for("sms", Body=TEXT)
        late = Notification(f"{server.url}/x", told.params, loop.ask.account_sid, sent["sid"])
        async with loop.database.unit() as unit:
            await enqueue(unit, [late.job(loop.ask.account_sid, clock.now())])
        await loop.until("exists (select from deliveries)")
        await loop.quiet()
    assert "deliveries" in await holding(loop.database, TEXT)
    await loop.database.execute(
        "update jobs set run_at = $1, due_at = $1 where kind = $2", clock.now(), FORGET
    )
    await loop.until("not exists (select from jobs where kind = $1)", FORGET)
    assert await holding(loop.database, TEXT) == set()


@pytest.mark.invented_webhooks
@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_what_is_typed_to_pay_and_logins_are_never_kept(loop: Loop, method: str) -> None:
    """The application gets it; the record has a blank, also where a Gather was typed full of a card's digits."""
    card, typed, code = "4111111111111111", "4012 8888 8888 1881", "919"
    params = {"PaymentCardNumber": card, "SecurityCode": code, "Digits": typed, "CallSid": "CA1"}
    denied = answer("401 Unauthorized", b"", 'WWW-Authenticate: Basic realm="x"')
    hops = Server(denied, answer("500 Oops", b"", "Location: http://user:hunter2@127.0.0.1/"))
    async with running(hops) as server:
        url = f"http://user:hunter2@127.0.0.1:{server.port}/pay#rc=0"
        made = Notification(url, params, loop.ask.account_sid, "CA1", method)
        async with loop.database.unit() as unit:
            await enqueue(unit, [made.job(loop.ask.account_sid, clock.now())])
        await loop.until("count(*) = 1 from deliveries")
        await loop.quiet()
        asked = server.requests[1]
    assert "authorization" in asked.headers
    assert card in (asked.path + asked.body.decode())
    for secret in (card, typed, "dXNlcjpodW50ZXIy", "hunter2"):
        assert await holding(loop.database, secret) == set(), secret
    detail = await loop.database.fetchval("select detail::text from deliveries")
    assert code not in detail.replace("\\u", "")
    assert "CA1" in detail


@pytest.mark.invented_webhooks
async def test_digits_that_are_no_card_are_kept(loop: Loop) -> None:
    async with running(Server(answer("500 Oops"))) as server:
        made = Notification(f"{server.url}/x", {"Digits": "4111111111111112"}, loop.ask.account_sid, "CA1")
        async with loop.database.unit() as unit:
            await enqueue(unit, [made.job(loop.ask.account_sid, clock.now())])
        await loop.until("count(*) = 1 from deliveries")
        await loop.quiet()
    assert "deliveries" in await holding(loop.database, "4111111111111112")
