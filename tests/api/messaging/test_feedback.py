"""Feedback: what the application says came of a message (facts §3.8)."""

from __future__ import annotations

from typing import Any

import pytest

from localloop.core.errors import ApiError
from localloop.rest.request import Caller
from tests.api.messaging.conftest import Phone


async def feedback(server: Phone, caller: Caller, sid: str, **params: Any) -> dict[str, Any]:
    return await server.ask.item("api.v2010.CreateMessageFeedback", caller, params, MessageSid=sid)


async def test_the_last_word_counts(server: Phone, caller: Caller) -> None:
    sent = await server.send(caller, ProvideFeedback=True)
    first = await feedback(server, caller, sent["sid"], Outcome="unconfirmed")
    last = await feedback(server, caller, sent["sid"], Outcome="confirmed")
    assert (first["outcome"], last["outcome"]) == ("unconfirmed", "confirmed")
    assert last["date_created"] == first["date_created"] == sent["date_created"]
    assert last["date_updated"] > first["date_updated"]
    assert (last["message_sid"], last["account_sid"]) == (sent["sid"], caller.account_sid)


async def test_without_an_outcome_it_is_confirmed(working: Phone, caller: Caller) -> None:
    sent = await working.send(caller)
    assert (await feedback(working, caller, sent["sid"]))["outcome"] == "confirmed"
    await working.idle()
    assert (await working.fetch(caller, sent["sid"]))["status"] == "delivered"


async def test_only_on_ones_own_messages(server: Phone, caller: Caller, stranger: Caller) -> None:
    sent = await server.send(caller, ProvideFeedback=True)
    for asked in (stranger, caller):
        sid = sent["sid"] if asked is stranger else "SM" + "0" * 32
        with pytest.raises(ApiError) as refused:
            await feedback(server, asked, sid, Outcome="confirmed")
        assert refused.value.code == 20404
