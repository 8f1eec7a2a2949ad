"""REST's parameters of participants read: with what they come, what is changed, and the TwiML of their calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast
from xml.sax.saxutils import escape, quoteattr

from localloop.core import errors
from localloop.products.numbers import is_url
from localloop.products.voice.conference import callbacks
from localloop.products.voice.conference.callbacks import Subscription
from localloop.products.voice.conference.room import MOST, Beep, Change, Entry, Method, Recorded

_BEEPS: Final = ("true", "false", "onEnter", "onExit")
_JITTER: Final = ("large", "medium", "small", "off")
_NOT_RECORDED: Final = ("", "false", "do-not-record")
_RECORDED: Final = ("true", "record-from-start")
_EVENTS: Final = frozenset(callbacks.KINDS.values())
# Parameters of `POST …/Calls` that `POST …/Participants` has under the same name.
_CALL_PARAMS: Final[tuple[str, ...]] = (
    *("To", "From", "Timeout", "TimeLimit", "CallerId", "CallReason", "CallToken", "Byoc"),
    *("StatusCallback", "StatusCallbackMethod", "StatusCallbackEvent", "SipAuthUsername", "SipAuthPassword"),
    *("Record", "RecordingChannels", "RecordingTrack", "RecordingStatusCallback", "Trim"),
    *("RecordingStatusCallbackMethod", "RecordingStatusCallbackEvent", "MachineDetection"),
    *("MachineDetectionTimeout", "MachineDetectionSpeechThreshold", "MachineDetectionSilenceTimeout"),
    *("MachineDetectionSpeechEndThreshold", "ClientNotificationUrl"),
)


def entry_of(params: Mapping[str, Any], call_sid: str = "") -> Entry:
    """Raises 20001."""
    _one_of(params, "JitterBufferSize", _JITTER)
    _url(params, "WaitUrl")
    most = params.get("MaxParticipants")
    if most is not None and not 2 <= most <= MOST:
        raise errors.invalid_parameter("MaxParticipants", f"It must be between 2 and {MOST}")
    coach = str(params.get("CallSidToCoach") or "")
    if params.get("Coaching") and not coach:
        raise errors.invalid_parameter("CallSidToCoach", "It is required when Coaching is true")
    return Entry(
        call_sid=call_sid,
        label=str(params.get("Label") or ""),
        muted=bool(params.get("Muted")),
        start_on_enter=params.get("StartConferenceOnEnter") is not False,
        end_on_exit=bool(params.get("EndConferenceOnExit")),
        beep=cast(Beep, _one_of(params, "Beep", _BEEPS)),
        coach=coach if params.get("Coaching", True) else "",
        max_participants=most or MOST,
        region=str(params.get("Region") or ""),
        subscription=_subscription(params),
        recorded=_recorded(params),
    )


def change_of(params: Mapping[str, Any]) -> Change:
    """Raises 20001."""
    coach = params.get("CallSidToCoach")
    if params.get("Coaching") and not coach:
        raise errors.invalid_parameter("CallSidToCoach", "It is required when Coaching is true")
    return Change(
        muted=params.get("Muted"),
        hold=params.get("Hold"),
        hold_url=_url(params, "HoldUrl"),
        hold_method=_method(params, "HoldMethod", "GET"),
        wait_url=_url(params, "WaitUrl"),
        wait_method=_method(params, "WaitMethod", "POST"),
        end_on_exit=params.get("EndConferenceOnExit"),
        beep_on_exit=params.get("BeepOnExit"),
        coaching=params.get("Coaching"),
        coach=str(coach) if coach else None,
    )


def call_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the call: a participant's machine detection never keeps it waiting."""
    found = {name: params[name] for name in _CALL_PARAMS if name in params}
    if params.get("MachineDetection"):
        found["AsyncAmd"] = "true"
        found["AsyncAmdStatusCallback"] = _url(params, "AmdStatusCallback") or ""
        found["AsyncAmdStatusCallbackMethod"] = _method(params, "AmdStatusCallbackMethod", "POST")
    return found


def announcement(params: Mapping[str, Any]) -> tuple[str, Method] | None:
    """Raises 20001."""
    url = _url(params, "AnnounceUrl")
    return (url, _method(params, "AnnounceMethod", "POST")) if url else None


def document(name: str, entry: Entry, params: Mapping[str, Any]) -> str:
    """What the call into a conference runs once it is answered."""
    attributes: dict[str, str] = {
        "startConferenceOnEnter": _flag(entry.start_on_enter),
        "endConferenceOnExit": _flag(entry.end_on_exit),
        "beep": entry.beep,
        "muted": _flag(entry.muted),
        "maxParticipants": str(entry.max_participants),
    }
    attributes |= {
        attribute: value
        for attribute, value in (
            ("participantLabel", entry.label),
            ("coach", entry.coach),
            ("region", entry.region),
        )
        if value
    }
    for wire, attribute in (
        ("WaitUrl", "waitUrl"),
        ("WaitMethod", "waitMethod"),
        ("JitterBufferSize", "jitterBufferSize"),
    ):
        if params.get(wire) is not None:
            attributes[attribute] = str(params[wire])
    written = " ".join(f"{attribute}={quoteattr(value)}" for attribute, value in attributes.items())
    return f"<Response><Dial><Conference {written}>{escape(name)}</Conference></Dial></Response>"


def _subscription(params: Mapping[str, Any]) -> Subscription | None:
    url = _url(params, "ConferenceStatusCallback")
    if not url:
        return None
    said = " ".join(params.get("ConferenceStatusCallbackEvent") or ()).split()
    wanted = tuple(each for each in said if each in _EVENTS)
    return Subscription(url, _method(params, "ConferenceStatusCallbackMethod", "POST"), wanted)


def _recorded(params: Mapping[str, Any]) -> Recorded | None:
    trim = _one_of(params, "ConferenceTrim", ("trim-silence", "do-not-trim"))
    if _one_of(params, "ConferenceRecord", (*_NOT_RECORDED, *_RECORDED)) in _NOT_RECORDED:
        return None
    events = " ".join(params.get("ConferenceRecordingStatusCallbackEvent") or ()).split()
    return Recorded(
        trim=cast(Any, trim),
        callback=_url(params, "ConferenceRecordingStatusCallback") or "",
        callback_method=_method(params, "ConferenceRecordingStatusCallbackMethod", "POST"),
        callback_events=tuple(events) or ("completed",),
    )


def _one_of(params: Mapping[str, Any], name: str, known: tuple[str, ...]) -> str:
    """The first where nothing was said."""
    said = str(params.get(name) or known[0])
    if said not in known:
        raise errors.invalid_parameter(name, f"It must be one of {', '.join(filter(None, known))}")
    return said


def _url(params: Mapping[str, Any], name: str) -> str | None:
    url = params.get(name)
    if url and not is_url(str(url)):
        raise errors.invalid_parameter(name, f"{url} is not a valid URL")
    return None if url is None else str(url)


def _method(params: Mapping[str, Any], name: str, usual: Method) -> Method:
    said = str(params.get(name) or usual).upper()
    return "GET" if said == "GET" else "POST"


def _flag(value: bool) -> str:
    return "true" if value else "false"
