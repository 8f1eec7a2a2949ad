"""Pictures attached to a text from a phone."""

from __future__ import annotations

from io import BytesIO

import pytest

from localloop.rest.wire import MAX_BODY
from tests.api.console.conftest import FROM, TO, Page, Server

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


async def upload(page: Page, content: bytes) -> str:
    async with page.request("POST", "pictures", data=content) as answer:
        assert answer.status == 201, await answer.text()
        url: str = (await answer.json())["url"]
        return url


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0" + bytes(9), "image/jpeg"),
        (b"GIF89a" + bytes(9), "image/gif"),
        (b"RIFF\n\n\n\nWEBP" + bytes(9), "image/webp"),
    ],
)
async def test_a_picture_is_found_by_who_knows_its_address(
    server: Server, page: Page, content: bytes, kind: str
) -> None:
    url = await upload(page, content)
    application = await server.browser()
    async with application.http.get(url) as answer:
        assert (answer.status, answer.headers["content-type"]) == (200, kind)
        assert await answer.read() == content
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in answer.headers["content-security-policy"]


async def test_it_goes_with_a_text(server: Server, page: Page) -> None:
    url = await upload(page, PNG)
    await page.send()
    text = await page.post(f"lab/v1/Phones/{TO}/Messages", To=FROM, Body="look", MediaUrl=url)
    await server.idle()
    media = (await page.get(f"messages/{text['message_sid']}"))["media"]
    assert [(item["url"], item["content_type"]) for item in media] == [(url, "image/png")]


@pytest.mark.parametrize(
    "content", [b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<html>", b"MZ" + bytes(99)]
)
async def test_nothing_but_pictures_is_taken(page: Page, content: bytes) -> None:
    headers = {"content-type": "image/png"}
    assert await page.status("POST", "pictures", data=content, headers=headers) == 415


async def test_what_is_too_large_is_refused(page: Page) -> None:
    content = BytesIO(PNG + bytes(MAX_BODY))
    assert await page.status("POST", "pictures", data=content) == 413


async def test_attaching_wants_a_session_and_its_token(server: Server, page: Page) -> None:
    stranger = await server.browser()
    assert await stranger.status("POST", "pictures", data=PNG) == 401
    page.csrf = ""
    assert await page.status("POST", "pictures", data=PNG) == 403


async def test_an_unknown_picture_is_not_found(server: Server, page: Page) -> None:
    for name in ("x", "x" * 32 + ".png", "x" * 32 + ".svg"):
        async with page.http.get(f"{server.url}/console/pictures/{name}") as answer:
            assert answer.status == 404
