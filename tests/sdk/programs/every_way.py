"""Twilio's Python package, synchronous and not, at a product of its own host, and page by page."""

from __future__ import annotations

import asyncio

from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.rest import Client


def synchronously() -> None:
    client = Client()
    for number in range(3):
        client.messages.create(from_="+15551230000", to="+15551230001", body=f"sync {number}")
    print("listed", len([m for m in client.messages.list(page_size=1) if m.body.startswith("sync")]))
    print("verify", client.verify.v2.services.create(friendly_name="mine").url)
    client.verify.v2.services.create(friendly_name="another")
    print("paged", len(client.verify.v2.services.list(page_size=1)) >= 2)


async def asynchronously() -> None:
    async with AsyncTwilioHttpClient() as http:
        client = Client(http_client=http)
        message = await client.messages.create_async(from_="+15551230000", to="+15551230001", body="async")
        print("async", message.status)


synchronously()
asyncio.run(asynchronously())
