"""Whose number a call may show, to whom, and with which code it is refused."""

from __future__ import annotations

import pytest

from localloop.products.voice.caller_id import Kind, Refused, Showing, Shown, caller_of, number_to_prove

OWN = "+15017122661"
CALLER = "+14155550100"
CALLED = "+14165550111"


def dial(target: Kind, wanted: str = "", caller: str = CALLER, called: str = CALLED) -> Showing:
    return Showing(target=target, wanted=wanted, caller=caller, called=called)


@pytest.mark.parametrize(
    ("showing", "shown"),
    [
        (dial("number"), CALLER),
        (dial("number", CALLER), CALLER),
        (dial("number", CALLED), CALLED),
        (dial("number", "(415) 555-0100"), CALLER),
        (dial("number", caller="anonymous"), "anonymous"),
        (dial("number", caller="+266696687"), "+266696687"),
        (dial("client"), CALLER),
        (dial("client", "client:ada"), "client:ada"),
        (dial("client", caller="client:ada"), "client:ada"),
        (dial("sip", "Front-Desk_1.a"), "Front-Desk_1.a"),
        (dial("sip", caller="sip:ada@example.com"), "sip:ada@example.com"),
    ],
)
def test_what_needs_no_proof(showing: Showing, shown: str) -> None:
    assert number_to_prove(showing) is None
    assert caller_of(showing) == Shown(shown)


@pytest.mark.parametrize(
    "showing",
    [
        dial("number", OWN),
        dial("number", OWN, caller="client:ada", called="+14165550111"),
        dial("number", OWN, caller="sip:ada@example.com", called="sip:bob@a.sip.twilio.com"),
        Showing(target="number", wanted=OWN),
    ],
)
def test_another_number_must_be_ones_own_or_verified(showing: Showing) -> None:
    assert number_to_prove(showing) == OWN
    assert caller_of(showing, is_proved=True) == Shown(OWN)
    assert caller_of(showing, is_proved=False) == Refused(13214, 21210)


@pytest.mark.parametrize(
    ("showing", "refused"),
    [
        (dial("number", "client:ada"), Refused(13214, 21212)),
        (dial("number", "Front Desk"), Refused(13214, 21212)),
        (dial("number", caller="client:ada"), Refused(13214, 21213)),
        (dial("number", caller="sip:+14155550100@example.com"), Refused(13214, 21213)),
        (dial("number", caller="12"), Refused(13247, 21212)),
        (dial("sip", "Front Desk"), Refused(13214, 21212)),
        (dial("sip", "x" * 256), Refused(13248, 21212)),
        (Showing(target="client"), Refused(13214, 21213)),
    ],
)
def test_what_cannot_be_shown(showing: Showing, refused: Refused) -> None:
    assert caller_of(showing, is_proved=True) == refused


def test_a_client_may_not_show_whom_it_calls() -> None:
    """Only its account's numbers: what it dialled proves nothing."""
    assert number_to_prove(dial("number", CALLED, caller="client:ada")) == CALLED
