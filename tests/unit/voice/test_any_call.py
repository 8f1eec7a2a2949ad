"""Whatever documents say, whatever phones do and whoever interferes: calls end, once and in time, and tell so."""

from __future__ import annotations

from datetime import timedelta

import pytest

from localloop.products.voice.call.events import Brought, HungUp, Pressed
from localloop.products.voice.call.live import Asked
from localloop.products.voice.call.resource import Options, Webhook
from localloop.webhooks import Jar
from tests.support.any_calls import AGENTS, APP, CALLER, check, play
from tests.support.house_of_calls import START, House


@pytest.mark.parametrize("seed", range(0, 120, 20))
def test_any_calls(seed: int) -> None:
    for each in range(seed, seed + 20):
        check(play(each))


def test_keys_that_the_other_side_pressed_before_it_left_begin_no_recording() -> None:
    """They sound for a while yet, when the caller is being recorded already: once, not again at their end."""

    def answer(asked: Asked) -> tuple[Brought, float]:
        text = f"<Dial>{AGENTS[0]}</Dial><Record playBeep='false' timeout='3' action='/done'/>"
        body = f"<Response>{text if asked.url.endswith('/voice') else ''}</Response>"
        return Brought(asked.n, asked.url, "text/xml", body.encode(), Jar()), 0

    house = House(answer)
    house.call(CALLER, Options(webhook=Webhook(url=f"{APP}/voice")))
    house.run(START + timedelta(seconds=5))
    child = next(call.id for call in house.calls.values() if call.parent_id is not None)
    assert house.take(child, Pressed("123"))
    assert house.take(child, HungUp())
    house.run()
    assert len(house.recordings) == 1
