"""Voice Insights, as far as it is where the reports of a call are found: its address, and those of what is below it."""

from __future__ import annotations

from localloop.core import errors
from localloop.products.voice.calls import Calls
from localloop.rest.request import Binding, Item, Request


def binding(calls: Calls) -> Binding:
    async def fetch(request: Request) -> Item:
        sid = request.ids["Sid"]
        if not await calls.exists(request.account_sid, sid):
            raise errors.not_found(request.address)
        return Item(fields={"sid": sid})

    return Binding(resource="insights.v1.Call", operations={"FetchCall": fetch})
