"""Messages to many phones at a rate, from a process of its own: python flood.py URL SID TOKEN RATE SECONDS."""

from __future__ import annotations

import asyncio
import sys
import time
from base64 import b64encode

import aiohttp

CONNECTIONS = 16
PHONES = 5000


async def flood(url: str, sid: str, token: str, rate: float, seconds: float) -> int:
    """How many were accepted. A sender that is late does not catch up: the rate is a bound, not an average."""
    accepted = 0

    async def send(own: int) -> None:
        nonlocal accepted
        started = due = time.monotonic()
        number = own
        while due - started < seconds:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            form = {"From": "+15551230000", "To": f"+1555124{number % PHONES:04}", "Body": f"Number {number}"}
            async with http.post(f"{url}/2010-04-01/Accounts/{sid}/Messages.json", data=form) as answer:
                accepted += answer.status == 201
            number += CONNECTIONS
            due = max(due + CONNECTIONS / rate, time.monotonic() - 1)

    timeout = aiohttp.ClientTimeout(total=30)
    basic = "Basic " + b64encode(f"{sid}:{token}".encode()).decode()
    async with aiohttp.ClientSession(headers={"Authorization": basic}, timeout=timeout) as http:
        await asyncio.gather(*map(send, range(CONNECTIONS)))
    return accepted


if __name__ == "__main__":
    url, sid, token, rate, seconds = sys.argv[1:]
    print(asyncio.run(flood(url, sid, token, float(rate), float(seconds))))
