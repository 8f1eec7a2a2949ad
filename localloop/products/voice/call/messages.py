"""User-defined messages: from the application to the client of a call, and from that to whoever subscribed."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from localloop.core import errors
from localloop.payloads import voice
from localloop.products.voice import letters
from localloop.products.voice.call.events import Messaged, Subscribed, Unsubscribed, UserMessage
from localloop.products.voice.call.turn import Turn
from localloop.products.voice.letters import Made
from localloop.telephony.leg import Line
from localloop.webhooks import Notification

_CLIENT: Final = "client:"


def send(turn: Turn, message: UserMessage) -> None:
    """The client gets it. Raises 20001, 21220."""
    if _is_new(turn, message.key, message.sid):
        turn.note(Line("received", message.content))


def subscribe(turn: Turn, wanted: Subscribed) -> None:
    """Raises 20001, 21220."""
    if _is_new(turn, wanted.key, wanted.subscription.sid):
        now = turn.live.letters
        subscriptions = (*now.subscriptions, wanted.subscription)
        turn.live = replace(turn.live, letters=replace(now, subscriptions=subscriptions))


def unsubscribe(turn: Turn, wanted: Unsubscribed) -> None:
    now = turn.live.letters
    left = tuple(each for each in now.subscriptions if each.sid != wanted.sid)
    turn.live = replace(turn.live, letters=replace(now, subscriptions=left))


def sent(turn: Turn, message: Messaged) -> None:
    """The client sends one. Raises 20001, 21220, 32702, 32703."""
    _check(turn)
    letters.check(message.content)
    now = replace(turn.live.letters, sent=turn.live.letters.sent + 1)
    turn.live = replace(turn.live, letters=now)
    turn.note(Line("sent", message.content))
    told = voice.UserMessage(
        account_sid=turn.call.account_sid,
        call_sid=turn.call.sid,
        content=message.content,
        content_type="application/json",
        sequence_number=str(now.sent),
    ).params()
    for each in now.subscriptions:
        turn.notify(
            Notification(
                each.url,
                told,
                turn.call.account_sid,
                turn.call.sid,
                each.method,
                follows=now.sent > 1,
                voice=True,
                as_json=True,
            )
        )


def _is_new(turn: Turn, key: str, sid: str) -> bool:
    """Whether nothing was made by this key before; from now on something was."""
    _check(turn)
    now = turn.live.letters
    if key and key in now.made:
        return False
    turn.live = replace(turn.live, letters=now.with_made(key or sid, Made(sid, turn.at)))
    return True


def _check(turn: Turn) -> None:
    """Only a call of the Voice SDK has a client who gets messages and sends them."""
    call = turn.call
    if call.has_ended:
        raise errors.call_not_in_progress()
    if not call.from_.startswith(_CLIENT) and not call.to.startswith(_CLIENT):
        raise errors.bad_request("Messages are of calls from and to a client of a Voice SDK.")
