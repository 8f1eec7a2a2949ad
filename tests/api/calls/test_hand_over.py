"""Whoever is called puts the call on hold, or hands it to somebody else: what the platform sees of that."""

from __future__ import annotations

from datetime import timedelta

from tests.api.calls.conftest import TO, Loop

SALES = "+15558675311"


async def test_another_voice_answers_in_the_same_call(loop: Loop) -> None:
    await loop.persona(script=[{"wait": "order"}, {"hold": 20}, {"transfer": SALES}])
    await loop.persona(SALES, after=3, greeting="Sales, hello.", script=[{"wait": "order"}, {"press": "1"}])
    loop.app.documents["/voice"] = (
        "<Response><Gather numDigits='1' timeout='5' action='/chosen'><Say loop='30'>Your order is here.</Say>"
        "</Gather></Response>"
    )
    made = await loop.call()
    await loop.go_on(timedelta(minutes=2))
    ended = await loop.ended(made["sid"])
    assert loop.app.told("/chosen")[0]["Digits"] == "1"
    assert (ended["status"], ended["to"]) == ("completed", TO)
    lines = (await loop.ask("GET", f"/lab/v1/Phones/{TO}/Calls/{made['sid']}")).json()["lines"]
    assert [(line["kind"], line["text"]) for line in lines[:4]] == [
        ("heard", "Your order is here."),
        ("held", "20 s"),
        ("transferred", SALES),
        ("said", "Sales, hello."),
    ]


async def test_the_first_words_of_who_answers_are_heard(loop: Loop) -> None:
    """He begins before he is connected; who is connected meanwhile hears him."""
    await loop.persona(SALES, greeting="Sales, good morning.")
    loop.app.documents["/voice"] = f"<Response><Dial>{SALES}</Dial></Response>"
    made = await loop.call()
    await loop.go_on(timedelta(seconds=20))
    lines = (await loop.ask("GET", f"/lab/v1/Phones/{TO}/Calls/{made['sid']}")).json()["lines"]
    assert [(line["kind"], line["text"]) for line in lines] == [("heard", "Sales, good morning.")]
