"""Half a body is none."""

from __future__ import annotations

from typing import Any

import pytest

from localloop.core.errors import ApiError
from localloop.rest.wire import MAX_BODY, Disconnected, Head, Receive, read_body

CLIENT_LEFT = {"type": "http.disconnect"}


def part(body: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


def sent(*events: dict[str, Any]) -> Receive:
    waiting = iter(events)

    async def receive() -> dict[str, Any]:
        return next(waiting)

    return receive


def head() -> Head:
    return Head({"method": "POST", "path": "/", "raw_path": b"/", "query_string": b"", "headers": []})


async def test_parts_are_put_together() -> None:
    assert await read_body(head(), sent(part(b"a", more=True), part(b"b"))) == b"ab"


@pytest.mark.parametrize("events", [(CLIENT_LEFT,), (part(b"Body=good", more=True), CLIENT_LEFT)])
async def test_what_a_client_began_before_it_left_is_not_read(events: tuple[dict[str, Any], ...]) -> None:
    with pytest.raises(Disconnected):
        await read_body(head(), sent(*events))


@pytest.mark.parametrize(
    "events", [(part(b"x" * (MAX_BODY + 1)),), (part(b"x" * MAX_BODY, more=True), part(b"x"))]
)
async def test_too_much_is_413(events: tuple[dict[str, Any], ...]) -> None:
    with pytest.raises(ApiError) as refusal:
        await read_body(head(), sent(*events))
    assert (refusal.value.status, refusal.value.code) == (413, 20413)
