"""The hundred documents that are wrong, hostile or huge, in calls: each ends, the Debugger knows why, the fallback is
asked."""

from __future__ import annotations

import pytest

from localloop.products.voice.call.conduct import TIME_LIMIT
from localloop.products.voice.call.events import Brought
from localloop.products.voice.call.live import Asked
from localloop.products.voice.call.resource import Options, Webhook
from localloop.webhooks import Jar
from tests.support.any_calls import APP, CALLER
from tests.support.house_of_calls import House
from tests.unit.twiml.interpreter.test_hostile import BROKEN, NOT_TWIML, ODD

WRONG = {name: (body, kind, code) for name, (body, kind, code) in NOT_TWIML.items()} | {
    name: (body, "text/xml", code) for name, (body, code) in BROKEN.items()
}


def played(body: bytes, content_type: str = "text/xml") -> tuple[House, list[Asked]]:
    """A call that is answered with this first, and with nothing more to do for ever after."""
    asked: list[Asked] = []

    def answer(question: Asked) -> tuple[Brought, float]:
        asked.append(question)
        first = len(asked) == 1
        text, kind = (body, content_type) if first else (b"<Response/>", "text/xml")
        return Brought(question.n, question.url, kind, text, Jar()), 0.1

    house = House(answer)
    house.call(CALLER, Options(webhook=Webhook(url=f"{APP}/voice", fallback_url=f"{APP}/fallback")))
    house.run()
    assert not house.left
    return house, asked


@pytest.mark.parametrize("name", WRONG)
def test_the_fallback_of_a_wrong_one(name: str) -> None:
    body, content_type, code = WRONG[name]
    house, asked = played(body, content_type)
    assert [alert.error_code for alert in house.alerts] == [code]
    assert [each.url for each in asked] == [f"{APP}/voice", f"{APP}/fallback"]
    assert asked[1].parameters == {"ErrorCode": str(code), "ErrorUrl": f"{APP}/voice"}
    assert [call.status for call in house.calls.values()] == ["completed"]


@pytest.mark.parametrize("name", ODD)
def test_an_odd_one_runs_to_its_end(name: str) -> None:
    body, code = ODD[name]
    house, _ = played(body)
    assert {alert.error_code for alert in house.alerts} - {TIME_LIMIT} == ({code} if code else set())
    assert len(house.alerts) <= 100
    assert {call.has_ended for call in house.calls.values()} == {True}
