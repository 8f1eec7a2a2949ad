"""Calls that a call makes: dialled, screened, connected, let go; and what each tells the other."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final, cast

from msgspec.structs import replace

from localloop.core import e164, sids
from localloop.products.voice.call import lifecycle, shared
from localloop.products.voice.call.events import (
    Bridged,
    Heard,
    LegOver,
    LegRefers,
    Name,
    Progressed,
    Released,
    Screened,
)
from localloop.products.voice.call.live import Live, Speech
from localloop.products.voice.call.resource import Call, Detection, Options, Progress
from localloop.products.voice.call.turn import Turn
from localloop.products.voice.caller_id import Refused, Showing, caller_of, kind_of, number_to_prove
from localloop.telephony.simulated.speech import seconds_of
from localloop.twiml.interpreter import commands
from localloop.twiml.voice import verbs

_SECOND: Final = timedelta(seconds=1)
NOT_SUPPORTED: Final = 13224
NO_REFER_URL: Final = 13802
_SIMS: Final = ("DE", "HS")  # of Programmable Wireless, and Super SIM
_FREE: Final = ("sim", "application")  # these are shown whoever calls, as clients are
_PREFIXES: Final = {"client": "client:", "whatsapp": "whatsapp:"}


def place(turn: Turn, wanted: commands.PlaceLegs) -> None:
    """Make a call for each; what can be no call ends at once."""
    for each in wanted.legs:
        call = _call(turn, wanted, each.target)
        if isinstance(call, int):
            turn.send(_name(turn), LegOver(each.leg, "", "failed", code=call))
            continue
        child = Live(
            call=call,
            root=turn.live.root,
            at=turn.at,
            boss=_name(turn),
            leg=each.leg,
            hops=turn.live.hops,
            passed=_passed(turn, each.target),
            passed_to=turn.call.to if each.target.copy_parent_to else "",
        )
        name = Name(call.id, child.root)
        turn.live = replace(turn.live, legs={**turn.live.legs, each.leg: name})
        turn.make(child)


def _call(turn: Turn, wanted: commands.PlaceLegs, target: verbs.Target) -> Call | int:
    """The call to be, or why there is none."""
    parent = turn.call
    to = _address(target)
    if to is None:
        return NOT_SUPPORTED
    kind = "client" if target.kind in _FREE else kind_of(to)
    showing = Showing(target=kind, wanted=wanted.caller_id, caller=parent.from_, called=parent.to)
    unproved = number_to_prove(showing)
    shown = caller_of(showing, is_proved=True)
    if isinstance(shown, Refused):
        return shown.twiml
    return Call(
        account_sid=parent.account_sid,
        world_sid=parent.world_sid,
        id=sids.new_id(),
        status="queued",
        direction="outbound-dial",
        from_=shown.caller,
        to=to,
        parent_id=parent.id,
        options=Options(
            timeout=wanted.timeout,
            progress=_progress(target),
            detection=_detection(target),
            call_reason=wanted.call_reason,
            caller_to_prove=unproved or "",
        ),
        date_created=turn.at,
        date_updated=turn.at,
    )


def _address(target: verbs.Target) -> str | None:
    """Whom to call; None where nobody can be."""
    if target.kind == "sim":
        return f"sim:{target.address}" if sids.is_sid(target.address, *_SIMS) else None
    if target.kind == "application":
        return target.address if sids.is_sid(target.address, "AP") else None
    prefix = _PREFIXES.get(target.kind, "")
    if target.kind == "sip":
        return target.address or (target.uris[0].uri if target.uris else None)
    if target.kind == "number":
        number = e164.parse(target.address)
        return number.e164 if number is not None and number.is_possible else None
    return prefix + target.address.removeprefix(prefix) if target.address else None


def _passed(turn: Turn, target: verbs.Target) -> dict[str, str]:
    """What an application is told of who calls it."""
    if target.kind != "application":
        return {}
    return {**dict(target.parameters), "CustomerId": target.customer_id or turn.call.account_sid}


def _progress(target: verbs.Target) -> Progress:
    events = tuple(each for each in lifecycle.MILESTONES if each in target.status_callback_event)
    return Progress(
        url=target.status_callback or "",
        method=target.status_callback_method,
        events=events or ("completed",),
    )


def _detection(target: verbs.Target) -> Detection | None:
    if not target.machine_detection:
        return None
    return Detection(
        mode=target.machine_detection,
        timeout_s=target.machine_detection_timeout,
        speech_threshold=target.machine_detection_speech_threshold,
        speech_end_threshold=target.machine_detection_speech_end_threshold,
        silence_timeout=target.machine_detection_silence_timeout,
        is_async=True,
        callback=target.amd_status_callback or "",
        callback_method=target.amd_status_callback_method,
    )


# What a call says to those that it made -------------------------------------------------------------------


def screen(turn: Turn, wanted: commands.Screen) -> None:
    _tell(turn, wanted.leg, Screened(wanted.send_digits, wanted.url, wanted.method))


def release(turn: Turn, wanted: commands.EndLegs) -> None:
    shared.give_up(turn)
    for leg in wanted.legs:
        _tell(turn, leg, Released(wanted.reason))


def bridge(turn: Turn, wanted: commands.Bridge) -> None:
    child = turn.live.legs.get(wanted.leg)
    if child is not None:
        turn.live = replace(turn.live, peer=child)
        turn.send(child, Bridged(_name(turn)))
        go_on_speaking(turn)


def _tell(turn: Turn, leg: str, event: Any) -> None:
    child = turn.live.legs.get(leg)
    if child is not None:
        turn.send(child, event)


# What it says to the call that made it --------------------------------------------------------------------


def progressed(turn: Turn, what: str) -> None:
    if turn.live.boss is not None:
        turn.send(turn.live.boss, Progressed(turn.live.leg, turn.call.sid, cast(Any, what)))


def refers(turn: Turn, to: str) -> None:
    """Its other end asks that the call goes on elsewhere: whoever dialled it sees to that."""
    if turn.live.boss is not None:
        turn.send(turn.live.boss, LegRefers(turn.live.leg, to))
    else:
        turn.warn(NO_REFER_URL, "no <Dial> with a referUrl has made this call")


def over(turn: Turn, how: str | None = None, code: int = 0) -> None:
    """It has ended, or goes its own way: whoever dialled it hears that, and whom it was connected to."""
    call, boss = turn.call, turn.live.boss
    if boss is None:
        return
    since = turn.live.bridged_at if turn.live.queue_sid else call.answer_time
    ends = call.end_time or turn.at
    told = LegOver(
        turn.live.leg,
        call.sid,
        cast(Any, how or call.status),
        duration=-((since - ends) // _SECOND) if since is not None else None,
        code=code,
        parameters=_sip_params(turn),
    )
    turn.live = replace(turn.live, boss=None, leg="", peer=None)
    turn.send(boss, told)


def _sip_params(turn: Turn) -> dict[str, str]:
    """What the action of a <Dial> is told besides of a <Sip>."""
    call = turn.call
    if turn.sip_code is None or call.direction != "outbound-dial" or kind_of(call.to) != "sip":
        return {}
    return {"DialSipCallId": f"{call.id.hex}@localloop", "DialSipResponseCode": str(turn.sip_code)}


def _name(turn: Turn) -> Name:
    return Name(turn.call.id, turn.live.root)


def speak(turn: Turn, said: Heard) -> None:
    """Whom it is connected to hears it."""
    live = turn.live
    if live.peer is not None:
        turn.send(live.peer, said)
    elif said.text and (live.boss is not None or live.legs):
        until = turn.at + timedelta(seconds=seconds_of(said.text))
        turn.live = replace(live, speech=Speech(said.text, until, said.trail))
    shared.speak(turn, said)


def go_on_speaking(turn: Turn) -> None:
    """Who says something while he is connected is heard: who answers begins before that."""
    speech, peer = turn.live.speech, turn.live.peer
    turn.live = replace(turn.live, speech=None)
    if speech is not None and peer is not None and turn.at < speech.until:
        turn.send(peer, Heard(speech.text, trail=speech.trail))
