"""What is entered to pay, while its call is kept: under a key, and lost with the key."""

from __future__ import annotations

from localloop.core import clock, sids
from localloop.products.voice.call import live as lives
from localloop.products.voice.call import secrecy
from localloop.products.voice.call.live import Live
from localloop.products.voice.call.resource import Call
from localloop.products.voice.payment import session
from localloop.products.voice.payment.session import Session
from localloop.store.sealing import Sealer
from localloop.twiml.interpreter import Inline, State, events, step
from localloop.twiml.voice import verbs

SEALER = Sealer({"00000001": b"a" * 32})
OTHER = Sealer({"00000002": b"b" * 32})
CARD = "4242424242424242"
AT = clock.now()


def _paying() -> Live:
    """A document that has taken a card, and a part of the date; and a session that has taken the same."""
    source = Inline("<Response><Pay/></Response>")
    state, _ = step(State(), events.Started(seq=1, at=AT, source=source, answered=True, leg="number"))
    for seq, key in enumerate(CARD + "12", 2):
        state, _ = step(state, events.Digit(seq=seq, at=AT, key=key))
    begun = Session(sid="PK1", key="k", pay=verbs.Pay(), callback="", created=AT, updated=AT)
    asked = session.capture(begun, "payment-card-number", AT).session
    paying = session.press(asked, CARD, AT).session
    call = Call(
        account_sid="AC1",
        world_sid="AC1",
        id=sids.new_id(),
        status="in-progress",
        direction="outbound-api",
        from_="+15017122661",
        to="+15005550110",
        date_created=AT,
        date_updated=AT,
    )
    return Live(call=call, root=call.id, at=AT, script=state, payment=paying)


def test_what_is_written_tells_nothing_and_what_is_read_is_whole() -> None:
    live = _paying()
    kept = lives.encode(secrecy.closed(live, SEALER))
    assert not any(CARD[start : start + 4].encode() in kept for start in range(13))
    assert secrecy.opened(lives.decode(kept), SEALER) == live


def test_without_the_key_it_is_asked_for_again() -> None:
    kept = lives.decode(lives.encode(secrecy.closed(_paying(), SEALER)))
    found = secrecy.opened(kept, OTHER)
    assert found.payment is not None
    assert found.payment.missing[0] == "payment-card-number"
    assert found.script is not None
    state = found.script
    for seq, key in enumerate(CARD, state.seq + 1):
        state, _ = step(state, events.Digit(seq=seq, at=AT, key=key))
    assert state.secret is not None
    assert state.secret.card.number == CARD


def test_a_call_that_pays_nothing_is_written_as_it_is() -> None:
    live = Live(call=_paying().call, root=_paying().root, at=AT)
    assert secrecy.closed(live, None) is live
