"""Files of messages: fetched before the message is sent, kept, copied to who receives them, served, and let go."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from asking import request_of
from http_server import Received, Server, answer, running
from msgspec.structs import replace

from localloop.core import clock
from localloop.core.errors import ApiError
from localloop.products.messaging.media import rules, settings
from localloop.products.messaging.media.addresses import LIFETIME
from localloop.products.messaging.media.settings import Wish
from localloop.rest.request import Caller, Deleted, Raw
from tests.api.messaging.conftest import FROM, TO, Phone

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
FETCH = "api.v2010.FetchMedia"


def file(content: bytes = PNG, kind: str | None = "image/png", *headers: str) -> bytes:
    return answer("200 OK", content, *([f"Content-Type: {kind}"] if kind else []), *headers)


async def wish(phone: Phone, caller: Caller, **chosen: Any) -> None:
    await settings.change(phone.database, caller.account_sid, Wish(**chosen), clock.now())


async def media_of(phone: Phone, caller: Caller, sid: str) -> list[Mapping[str, Any]]:
    return list((await phone.ask.items("api.v2010.ListMedia", caller, MessageSid=sid)).items)


async def where(phone: Phone, caller: Caller, sid: str, media_sid: str) -> str:
    """Where `GET …/Media/ME…` leads to."""
    found = await phone.ask(FETCH, caller, MessageSid=sid, Sid=media_sid)
    assert isinstance(found, Raw)
    assert found.status == 307
    return found.headers["Location"]


async def get(
    phone: Phone, url: str, method: str = "GET", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """Ask the application that serves bytes."""
    parts = urlsplit(url)
    scope = {
        "type": "http",
        "method": method,
        "path": parts.path,
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
    }
    sent: list[Any] = []

    async def receive() -> Any:
        raise AssertionError("nobody has a body")

    async def send(event: Any) -> None:
        sent.append(event)

    await phone.messaging.files()(scope, receive, send)
    fields = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], fields, b"".join(event.get("body", b"") for event in sent[1:])


def stored(tmp_path: Path) -> list[bytes]:
    return [path.read_bytes() for path in (tmp_path / "objects").rglob("*") if path.is_file()]


async def failed(phone: Phone, caller: Caller, *urls: str, **params: Any) -> tuple[int, str]:
    """The code of a message that these files fail, and what the Debugger was told."""
    sent = await phone.send(caller, MediaUrl=list(urls), **params)
    await phone.idle()
    message = await phone.fetch(caller, sent["sid"])
    assert message["status"] == "failed"
    [alert] = await phone.database.fetch(
        "select error_code, facts, request_url from alerts where resource_sid = $1", sent["sid"]
    )
    assert alert["error_code"] == message["error_code"]
    assert alert["request_url"] == alert["facts"]["url"]
    return message["error_code"], alert["facts"]["Msg"]


async def test_fetched_once_and_signed(working: Phone, caller: Caller) -> None:
    async with running(Server(file())) as application:
        sent = await working.send(caller, MediaUrl=[f"{application.url}/cat?x=1"], Body="")
        await working.idle()
        [asked] = application.requests
    assert (asked.method, asked.path) == ("GET", "/cat?x=1")
    assert asked.headers["user-agent"] == "TwilioProxy/1.1"
    assert "x-twilio-signature" in asked.headers
    message = await working.fetch(caller, sent["sid"])
    assert (message["status"], message["num_media"], message["num_segments"]) == ("delivered", "1", "1")
    [media] = await media_of(working, caller, sent["sid"])
    assert (media["content_type"], media["parent_sid"]) == ("image/png", sent["sid"])
    url = await where(working, caller, sent["sid"], media["sid"])
    status, headers, body = await get(working, url)
    assert (status, headers["content-type"], body) == (200, "image/png", PNG)
    assert headers["content-length"] == str(len(PNG))
    assert "sandbox" in headers["content-security-policy"]


async def test_redirects_and_logins_of_the_url(working: Phone, caller: Caller) -> None:
    async def respond(request: Received, writer: asyncio.StreamWriter) -> None:
        if request.path == "/old":
            writer.write(answer("302 Found", b"", "Location: /new"))
        elif "authorization" not in request.headers:
            writer.write(answer("401 Unauthorized", b"", 'WWW-Authenticate: Basic realm="x"'))
        else:
            writer.write(file())

    async with running(Server(respond=respond)) as application:
        url = f"http://user:pass@127.0.0.1:{application.port}/old"
        sent = await working.send(caller, MediaUrl=[url])
        await working.idle()
    assert (await working.fetch(caller, sent["sid"]))["status"] == "delivered"


@pytest.mark.parametrize(
    ("answered", "code", "told"),
    [
        (answer("404 Not Found"), 11200, "got HTTP 404"),
        (answer("200 OK", PNG), 12300, "names no Content-Type"),
        (file(b"<html>", "text/html"), 12300, "text/html"),
        (file(b"<svg/>", "image/svg+xml"), 12300, "image/svg+xml"),
        (file(bytes(rules.LARGEST + 1)), 11751, "more than 5242880 bytes"),
        (file(bytes(rules.LARGEST_OTHER + 1), "application/pdf"), 30019, "512001 bytes"),
        (answer("302 Found", b"", "Location: /again"), 11215, "redirects"),
    ],
)
async def test_a_file_that_will_not_do_fails_the_message(
    working: Phone, caller: Caller, answered: bytes, code: int, told: str
) -> None:
    async with running(Server(answered)) as application:
        got, said = await failed(working, caller, f"{application.url}/file")
    assert got == code
    assert told in said


async def test_nobody_answers_there(working: Phone, caller: Caller) -> None:
    assert (await failed(working, caller, "http://127.0.0.1:9/cat.png"))[0] == 11202


async def test_all_together_are_too_large(working: Phone, caller: Caller, tmp_path: Path) -> None:
    half = bytes(rules.LARGEST // 2 + 1)
    async with running(Server(file(half))) as application:
        code, _ = await failed(working, caller, f"{application.url}/1", f"{application.url}/2")
    assert code == 11751


async def test_a_metadata_address_is_never_asked(working: Phone, caller: Caller) -> None:
    code, _ = await failed(working, caller, "http://169.254.169.254/latest/meta-data")
    assert code == 11205


async def test_as_large_as_it_may_be(working: Phone, caller: Caller) -> None:
    script = [
        file(bytes(rules.LARGEST - rules.LARGEST_OTHER)),
        file(bytes(rules.LARGEST_OTHER), "text/vcard"),
    ]
    async with running(Server(*script)) as application:
        sent = await working.send(caller, MediaUrl=[f"{application.url}/1", f"{application.url}/2"])
        await working.idle()
    assert (await working.fetch(caller, sent["sid"]))["status"] == "delivered"
    kinds = [each["content_type"] for each in await media_of(working, caller, sent["sid"])]
    assert kinds == ["image/png", "text/vcard"]


async def test_the_receiver_has_a_copy_and_the_bytes_go_with_the_last(
    working: Phone, caller: Caller, tmp_path: Path
) -> None:
    await working.own(caller, TO)
    async with running(Server(file())) as application:
        sent = await working.send(caller, MediaUrl=[f"{application.url}/cat"])
        await working.idle()
        assert len(application.requests) == 1
    [came] = [each for each in await working.listed(caller) if each["direction"] == "inbound"]
    [copy] = await media_of(working, caller, came["sid"])
    assert (copy["content_type"], came["num_media"]) == ("image/png", "1")
    assert stored(tmp_path) == [PNG]
    url = await where(working, caller, came["sid"], copy["sid"])
    assert await working.ask("api.v2010.DeleteMessage", caller, Sid=sent["sid"]) == Deleted()
    await working.settled()
    assert (await get(working, url))[2] == PNG
    ids = {"MessageSid": came["sid"], "Sid": copy["sid"]}
    assert await working.ask("api.v2010.DeleteMedia", caller, **ids) == Deleted()
    await working.settled()
    assert stored(tmp_path) == []
    assert (await get(working, url))[0] == 404
    assert await media_of(working, caller, came["sid"]) == []


async def test_media_are_not_deleted_on_their_way(server: Phone, caller: Caller) -> None:
    sent = await server.send(caller, MediaUrl=["https://example.com/cat.png"])
    [media] = await media_of(server, caller, sent["sid"])
    assert media["content_type"] == "image/png"  # by its ending, until it is fetched
    with pytest.raises(ApiError) as early:
        await server.ask("api.v2010.DeleteMedia", caller, MessageSid=sent["sid"], Sid=media["sid"])
    assert (early.value.status, early.value.code) == (409, 20009)


async def test_what_a_server_lets_us_keep_is_not_fetched_again(
    working: Phone, caller: Caller, tmp_path: Path
) -> None:
    def asked(request: Received, writer: asyncio.StreamWriter) -> bytes:
        if request.path == "/fresh":
            return file(PNG, "image/png", "Cache-Control: max-age=60")
        if request.headers.get("if-none-match") == '"v1"':
            return answer("304 Not Modified", b"", 'ETag: "v1"', length=False)
        return file(PNG, "image/png", 'ETag: "v1"')

    async def respond(request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(asked(request, writer))

    async with running(Server(respond=respond)) as application:
        for path in ("/fresh", "/asked"):
            for _ in range(2):
                await working.send(caller, MediaUrl=[f"{application.url}{path}"])
                await working.idle()
        paths = [request.path for request in application.requests]
    assert paths == ["/fresh", "/asked", "/asked"]
    assert len(stored(tmp_path)) == 2
    assert {each["status"] for each in await working.listed(caller)} == {"delivered"}


async def test_a_copy_that_was_let_go_is_fetched_again(working: Phone, caller: Caller) -> None:
    async with running(Server(file(PNG, "image/png", "Cache-Control: max-age=60"))) as application:
        for _ in range(2):
            sent = await working.send(caller, MediaUrl=[f"{application.url}/cat"])
            await working.settled()
            assert (await working.fetch(caller, sent["sid"]))["status"] == "delivered"
            await working.ask("api.v2010.DeleteMessage", caller, Sid=sent["sid"])
            await working.settled()
        assert len(application.requests) == 2


async def test_pictures_of_a_phone_are_fetched_or_stay_where_they_are(working: Phone, caller: Caller) -> None:
    await working.own(caller, FROM)
    async with running(Server(file(PNG, "IMAGE/PNG; x=y"))) as application:
        urls = (f"{application.url}/cat", "http://127.0.0.1:9/dog.gif")
        kept = await working.messaging.receive(caller.world_sid, TO, FROM, "look", urls)
        await working.idle()
    assert kept is not None
    sid = kept.message_sid or ""
    here, there = await media_of(working, caller, sid)
    assert (here["content_type"], there["content_type"]) == ("image/png", "image/gif")
    assert (await get(working, await where(working, caller, sid, here["sid"])))[2] == PNG
    assert await where(working, caller, sid, there["sid"]) == urls[1]
    assert (await working.fetch(caller, sid))["status"] == "received"


async def test_an_account_that_leaves_its_media_where_they_are(working: Phone, caller: Caller) -> None:
    await wish(working, caller, media_fetch=False)
    sent = await working.send(caller, MediaUrl=["http://127.0.0.1:9/cat.png"])
    await working.idle()
    assert (await working.fetch(caller, sent["sid"]))["status"] == "delivered"
    [media] = await media_of(working, caller, sent["sid"])
    assert await where(working, caller, sent["sid"], media["sid"]) == "http://127.0.0.1:9/cat.png"


async def served(working: Phone, caller: Caller) -> tuple[str, str, str]:
    """A message with a file, the file, and where its bytes are."""
    async with running(Server(file())) as application:
        sent = await working.send(caller, MediaUrl=[f"{application.url}/cat"])
        await working.idle()
    [media] = await media_of(working, caller, sent["sid"])
    return sent["sid"], media["sid"], await where(working, caller, sent["sid"], media["sid"])


@pytest.mark.parametrize(
    ("asked", "status", "part"),
    [
        ("bytes=0-9", 206, slice(0, 10)),
        ("bytes=250-", 206, slice(250, None)),
        ("bytes=-10", 206, slice(-10, None)),
        ("bytes=0-99999", 200, slice(None)),
        ("bytes=5-1", 200, slice(None)),
        ("bytes=0-1,5-6", 200, slice(None)),
        ("lines=0-1", 200, slice(None)),
        ("bytes=99999-", 416, slice(0)),
    ],
)
async def test_parts(working: Phone, caller: Caller, asked: str, status: int, part: slice) -> None:
    *_, url = await served(working, caller)
    got, headers, body = await get(working, url, range=asked)
    assert (got, body) == (status, PNG[part])
    if status == 206:
        start = part.indices(len(PNG))[0]
        assert headers["content-range"] == f"bytes {start}-{start + len(body) - 1}/{len(PNG)}"
        assert headers["content-length"] == str(len(body))
    if status == 416:
        assert headers["content-range"] == f"bytes */{len(PNG)}"


async def test_conditions_and_other_methods(working: Phone, caller: Caller) -> None:
    *_, url = await served(working, caller)
    _, headers, _ = await get(working, url)
    assert (await get(working, url, if_none_match=headers["etag"]))[::2] == (304, b"")
    assert (await get(working, url, range="bytes=0-1", if_range='"other"'))[0] == 200
    assert (await get(working, url, range="bytes=0-1", if_range=headers["etag"]))[0] == 206
    status, head, body = await get(working, url, "HEAD")
    assert (status, head["content-length"], body) == (200, str(len(PNG)), b"")
    assert (await get(working, url, "POST"))[0] == 405


async def test_an_address_is_good_for_its_file_and_for_a_while(
    working: Phone, caller: Caller, stranger: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, media_sid, url = await served(working, caller)
    for wrong in (
        url[:-1] + ("0" if url[-1] != "0" else "1"),
        url.replace("Expires=1", "Expires=2"),
        url.replace(caller.account_sid, stranger.account_sid),
        url.partition("?")[0],
        url.replace(media_sid, "ME" + "0" * 32),
        url.replace("Signature=", "Signature=zz"),
    ):
        assert (await get(working, wrong))[0] == 404, wrong
    later = clock.now() + LIFETIME
    monkeypatch.setattr(clock, "now", lambda world="": later)
    assert (await get(working, url))[0] == 404


async def test_who_must_say_who_he_is(working: Phone, caller: Caller) -> None:
    """`HTTP authentication for media`; the main account's choice holds for those that have none."""
    sid, media_sid, _ = await served(working, caller)
    anybody = replace(caller, world_sid="")
    ids = {"MessageSid": sid, "Sid": media_sid}
    assert isinstance(await working.ask(FETCH, anybody, **ids), Raw)
    await wish(working, caller, media_auth=True)
    with pytest.raises(ApiError) as refused:
        await working.ask(FETCH, anybody, **ids)
    assert refused.value.status == 401
    assert isinstance(await working.ask(FETCH, caller, **ids), Raw)


async def test_under_a_name_of_ones_own_only_in_secret(working: Phone, caller: Caller) -> None:
    sid, media_sid, _ = await served(working, caller)
    kept = working.messaging.keeping
    assert kept is not None
    working.messaging.keeping = replace(kept, vanity=frozenset({"media.example.com"}))
    [binding] = [each for each in working.messaging.bindings() if each.resource == "api.v2010.Media"]
    request = request_of(FETCH, caller, MessageSid=sid, Sid=media_sid)

    async def status(scheme: str, who: Caller) -> int:
        urls = replace(request.urls, scheme=scheme, authority="media.example.com")
        asked = replace(request, urls=urls, caller=who, account_sid=who.account_sid)
        try:
            found = await binding.operations["FetchMedia"](asked)
        except ApiError as error:
            return error.status
        assert isinstance(found, Raw)
        return found.status

    anybody = replace(caller, world_sid="")
    assert [await status("http", caller), await status("http", anybody)] == [426, 426]
    assert [await status("https", caller), await status("https", anybody)] == [307, 401]


@pytest.mark.parametrize(
    ("from_", "to", "code"),
    [
        ("+447400123456", TO, 21612),
        ("+61491570156", TO, 21612),
        (FROM, "+61491570156", 21612),
    ],
)
@pytest.mark.parametrize("params", [{"MediaUrl": ["https://example.com/a.png"]}, {"SendAsMms": True}])
async def test_between_which_countries_media_go(
    server: Phone, caller: Caller, from_: str, to: str, code: int, params: dict[str, Any]
) -> None:
    with pytest.raises(ApiError) as refused:
        await server.send(caller, From=from_, To=to, **params)
    assert refused.value.code == code
    assert refused.value.message.endswith("via MMS.")
    assert (await server.send(caller, From=from_, To=to))["status"] == "queued"


async def test_who_may_not_send_media(server: Phone, caller: Caller) -> None:
    await server.own(caller, FROM)
    await server.database.execute("update phone_numbers set mms_enabled = false")
    async with server.database.unit() as unit:
        server.directory.changed(unit)
    with pytest.raises(ApiError) as by_number:
        await server.send(caller, SendAsMms=True)
    await wish(server, caller, mms=False)
    with pytest.raises(ApiError) as by_account:
        await server.send(caller, SendAsMms=True)
    assert (by_number.value.code, by_account.value.code) == (21621, 21622)
    assert (await server.send(caller))["status"] == "queued"


async def test_a_text_as_one_mms(working: Phone, caller: Caller) -> None:
    sent = await working.send(caller, SendAsMms=True, Body="x" * 500)
    assert (sent["sid"][:2], sent["num_segments"], sent["num_media"]) == ("MM", "1", "0")
    await working.idle()
    message = await working.fetch(caller, sent["sid"])
    plain = await working.send(caller, Body="x")
    await working.idle()
    assert message["status"] == "delivered"
    assert float(message["price"]) < float((await working.fetch(caller, plain["sid"]))["price"])


async def test_a_country_whose_handsets_get_no_media(working: Phone, caller: Caller) -> None:
    sent = await working.send(caller, To="+447400123456", SendAsMms=True)
    await working.idle()
    message = await working.fetch(caller, sent["sid"])
    assert (message["status"], message["error_code"]) == ("failed", 30011)
