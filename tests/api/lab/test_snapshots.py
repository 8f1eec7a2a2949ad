"""A world is put away and taken out again; a fork and its parent go their ways."""

from __future__ import annotations

from typing import Any

from serving import Client

from tests.api.lab.conftest import Lab

FROM, TO = "+15017122661", "+15558675310"


async def ok(client: Client, method: str, path: str, data: dict[str, Any] | None = None) -> Any:
    reply = await client(method, path, data)
    assert reply.status in (200, 201, 204), (method, path, reply.status, reply.body)
    return reply.json() if reply.body else None


def of(client: Client, what: str) -> str:
    return f"/2010-04-01/Accounts/{client.account_sid}/{what}.json"


async def send(client: Client, body: str) -> str:
    sent = await ok(client, "POST", of(client, "Messages"), {"To": TO, "From": FROM, "Body": body})
    return str(sent["sid"])


async def bodies(client: Client) -> set[str]:
    return {each["body"] for each in (await ok(client, "GET", of(client, "Messages")))["messages"]}


async def test_what_came_later_is_gone(lab: Lab) -> None:
    client = lab.client
    kept = await send(client, "before")
    await lab.idle()
    saved = await ok(client, "POST", "/lab/v1/Snapshots", {"UniqueName": "clean"})
    assert saved["resources"]["messages"] == 1
    await send(client, "after")
    await ok(client, "DELETE", of(client, f"Messages/{kept}"))
    bought = await ok(client, "POST", of(client, "IncomingPhoneNumbers"), {"PhoneNumber": "+15005550006"})
    assert bought["sid"]
    await lab.idle()
    restored = await ok(client, "POST", "/lab/v1/Snapshots/clean/Restore")
    assert restored["sid"] == saved["sid"]
    assert await bodies(client) == {"before"}
