"""What is entered to pay, between two events of its call: sealed, so that no card is read in the database."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from localloop.products.voice.call.live import Live
from localloop.products.voice.payment.session import Held
from localloop.store.sealing import MissingKey, Sealer
from localloop.twiml.interpreter.activities.pay import Entered


class _Secret(Struct, frozen=True):
    """What a document is being told, and what a session of REST."""

    document: Entered | None = None
    session: Held | None = None


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(_Secret)


def closed(live: Live, sealer: Sealer | None) -> Live:
    """As it may be written."""
    script, payment = live.script, live.payment
    secret = _Secret(
        script.secret if script is not None else None,
        Held(payment.entered, payment.card) if payment is not None and not payment.is_over else None,
    )
    if script is not None and secret.document is not None:
        script = script.without_secret()
    if payment is not None and secret.session is not None:
        payment = payment.holding(Held())
    if secret == _Secret():
        return live if not live.secret else replace(live, secret=b"")
    if sealer is None:
        raise ValueError("what is entered to pay can be kept under a key alone")
    sealed = sealer.seal(_encoder.encode(secret))
    return replace(live, script=script, payment=payment, secret=sealed)


def opened(live: Live, sealer: Sealer | None) -> Live:
    """As it was. What cannot be opened, because it came from another installation, has to be entered again."""
    if not live.secret:
        return live
    secret = _opened(live.secret, sealer)
    script, payment = live.script, live.payment
    if script is not None and script.is_private:
        script = script.with_secret(secret.document)
    if payment is not None and secret.session is not None:
        payment = payment.holding(secret.session)
    return replace(live, script=script, payment=payment, secret=b"")


def _opened(sealed: bytes, sealer: Sealer | None) -> _Secret:
    if sealer is None:
        return _Secret()
    try:
        return _decoder.decode(sealer.unseal(sealed))
    except (MissingKey, ValueError, msgspec.MsgspecError):
        return _Secret()
