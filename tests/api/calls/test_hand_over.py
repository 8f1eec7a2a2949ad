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


async def test_who_speaks_sip_asks_us(loop: Loop) -> None:
    """REFER: the caller goes on by the document at the referUrl, and whom he spoke with is let go."""
    await loop.persona("sip:ada@example.com", script=[{"pause": 3}, {"transfer": "sip:bob@example.com"}])
    loop.app.documents["/voice"] = (
        "<Response><Dial referUrl='/refer' action='/after'><Sip>sip:ada@example.com</Sip></Dial></Response>"
    )
    loop.app.documents["/refer"] = "<Response><Say>One moment, Bob is called.</Say></Response>"
    made = await loop.call()
    await loop.go_on(timedelta(minutes=1))
    ended = await loop.ended(made["sid"])
    (refer,) = loop.app.told("/refer")
    assert (refer["ReferTransferTarget"], refer["CallSid"]) == ("sip:bob@example.com", made["sid"])
    assert loop.app.told("/after") == []
    lines = (await loop.ask("GET", f"/lab/v1/Phones/{TO}/Calls/{made['sid']}")).json()["lines"]
    assert [line["text"] for line in lines] == ["One moment, Bob is called."]
    (child,) = (await loop.ask("GET", f"{loop.path}.json?ParentCallSid={made['sid']}")).json()["calls"]
    assert (child["status"], ended["status"]) == ("completed", "completed")


async def test_nobody_is_handed_on_without_a_refer_url(loop: Loop) -> None:
    """The REFER is refused (13802), and both speak on."""
    script = [{"transfer": "sip:bob@example.com"}, {"say": "So I stay."}, {"hang_up": True}]
    await loop.persona("sip:ada@example.com", script=script)
    loop.app.documents["/voice"] = "<Response><Dial><Sip>sip:ada@example.com</Sip></Dial></Response>"
    made = await loop.call()
    await loop.go_on(timedelta(minutes=1))
    await loop.ended(made["sid"])
    lines = (await loop.ask("GET", f"/lab/v1/Phones/{TO}/Calls/{made['sid']}")).json()["lines"]
    assert [line["text"] for line in lines] == ["So I stay."]
    assert await loop.database.fetchval("select count(*) from alerts where error_code = 13802") == 1
