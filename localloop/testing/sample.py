"""A full set of parameters for a kind of webhook: what was asked for, and what fits it for all the rest.

SIDs are fresh, names that say the same say the same (MessageSid, SmsSid), and what follows from another follows from
it: FromCity from From, NumSegments from Body, ErrorCode from a status that is a failure.
"""

from __future__ import annotations

import difflib
import math
import mimetypes
import os
import re
from collections.abc import Callable, Iterable, Mapping
from email.utils import format_datetime
from typing import Final, TypeAlias

from localloop.core import clock, geo, segments, sids
from localloop.core.geo import Place
from localloop.payloads.kinds import KINDS, Declared, Kind, declared
from localloop.payloads.places import call_places, places

Value: TypeAlias = str | int | float | bool | None

# The account where neither the test nor TWILIO_ACCOUNT_SID names one.
ACCOUNT_SID: Final = "AC00000000000000000000000000000001"
_FRESH: Final = (
    "MessageSid",
    "CallSid",
    "RecordingSid",
    "ConferenceSid",
    "PaymentSid",
    "UsageTriggerSid",
    "Sid",
)
_API: Final = "https://api.twilio.com/2010-04-01/Accounts"
_SEQUENCE: Final = {"queued": 0, "initiated": 0, "ringing": 1, "in-progress": 2}


class NotDeclared(ValueError):
    """There is no such kind, parameter or value; the text says what there is."""


def kinds() -> tuple[str, ...]:
    """The names of what can be simulated."""
    return tuple(KINDS)


def parameters(kind: str) -> tuple[str, ...]:
    """The names of a kind's parameters; N stands for a number from 0."""
    return tuple(_shown(each) for each in declared(kind_of(kind).name))


def kind_of(name: str) -> Kind:
    """Raises NotDeclared."""
    if name not in KINDS:
        raise NotDeclared(f"there is no webhook {name!r}{_near(name, KINDS)}; there are {', '.join(KINDS)}")
    return KINDS[name]


def sample(kind: Kind, changes: Mapping[str, Value]) -> dict[str, str]:
    """Every parameter that such a webhook has, with these changes; None leaves one out. Raises NotDeclared."""
    written = {name: _written(value) for name, value in changes.items()}
    _check(kind, written)
    draft = _Draft(kind, written)
    for rule in _RULES[kind.name]:
        rule(draft)
    return draft.finished()


class _Draft:
    """Parameters in the making: what was asked for stays as it is."""

    def __init__(self, kind: Kind, changes: Mapping[str, str | None]) -> None:
        self._kind = kind
        self._changes = changes
        self._values = {
            each.parameter.name: each.parameter.example for each in declared(kind.name) if each.is_required
        }
        self._values |= kind.usual
        for name in _FRESH:
            if name in self._values:
                self._values[name] = sids.new(self._values[name][:2])
        if "AccountSid" in self._values:
            self._values["AccountSid"] = os.environ.get("TWILIO_ACCOUNT_SID") or ACCOUNT_SID
        for name, value in changes.items():
            self._values[name] = value or ""

    def __getitem__(self, name: str) -> str:
        return self._values.get(name, "")

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def names(self) -> Iterable[str]:
        return tuple(self._values)

    def fill(self, **values: str) -> None:
        """These, unless something else was asked for."""
        self._values |= {name: value for name, value in values.items() if name not in self._changes}

    def same(self, *names: str) -> None:
        """All of them say what the first one that was asked for says."""
        asked = [name for name in names if self._changes.get(name) is not None]
        value = self[asked[0] if asked else names[0]]
        self.fill(**dict.fromkeys(names, value))

    def finished(self) -> dict[str, str]:
        """In the order in which they are declared, without what was to be left out."""
        order = {each.parameter.name: at for at, each in enumerate(declared(self._kind.name))}
        names = sorted(self._values, key=lambda name: (order.get(_base(name), len(order)), _number(name)))
        return {name: self._values[name] for name in names if self._changes.get(name, "") is not None}


def _message(draft: _Draft) -> None:
    media = [_number(name) for name in draft.names() if _base(name) in ("MediaUrl", "MediaContentType")]
    count = max(media, default=-1) + 1
    if draft["NumMedia"].isdecimal() and not count:
        count = min(int(draft["NumMedia"]), 10)
    if count:
        draft.fill(NumMedia=str(count), MessageSid="MM" + draft["MessageSid"][2:])
    draft.same("MessageSid", "SmsSid", "SmsMessageSid")
    draft.fill(NumSegments=str(segments.count(draft["Body"]).parts))
    if draft["From"].startswith("whatsapp:+"):
        draft.fill(WaId=draft["From"].removeprefix("whatsapp:+"), ProfileName="Ada")
    for number in range(count):
        medium = f"{_API}/{draft['AccountSid']}/Messages/{draft['MessageSid']}/Media/{sids.new('ME')}"
        guessed, _ = mimetypes.guess_type(draft[f"MediaUrl{number}"].partition("?")[0])
        if f"MediaUrl{number}" not in draft:
            draft.fill(**{f"MediaUrl{number}": medium})
        draft.fill(**{f"MediaContentType{number}": guessed or "image/jpeg"})


def _places(draft: _Draft) -> None:
    draft.fill(**places(_place(draft["From"]), _place(draft["To"])).params())


def _change(draft: _Draft) -> None:
    draft.same("MessageSid", "SmsSid")
    draft.same("MessageStatus", "SmsStatus")
    status = draft["MessageStatus"]
    if status in ("failed", "undelivered"):
        draft.fill(ErrorCode="30003")
    if status in ("delivered", "undelivered"):
        draft.fill(RawDlrDoneDate=f"{clock.now():%y%m%d%H%M}")


def _channel_change(draft: _Draft) -> None:
    channel, mark, address = draft["To"].partition(":")
    if mark:
        draft.fill(ChannelPrefix=channel, ChannelToAddress=f"{address[:-4]}XXXX")
        draft.fill(ChannelInstallSid=sids.new("XE"))


def _call(draft: _Draft) -> None:
    draft.same("From", "Caller")
    draft.same("To", "Called")
    _places(draft)
    draft.fill(**call_places(_place(draft["From"]), _place(draft["To"])).params())


def _progress(draft: _Draft) -> None:
    status = draft["CallStatus"]
    draft.fill(Timestamp=_now(), SequenceNumber=str(_SEQUENCE.get(status, 3)))
    if status == "completed":
        draft.fill(CallDuration="30", SipResponseCode="200")
        seconds = draft["CallDuration"]
        draft.fill(Duration=str(math.ceil(int(seconds) / 60)) if seconds.isdecimal() else "1")
    if draft["RecordingSid"]:
        draft.fill(RecordingUrl=_recording(draft), RecordingDuration=draft["CallDuration"] or "30")


def _gathered(draft: _Draft) -> None:
    if draft["SpeechResult"]:
        draft.fill(Confidence="0.9", Language="en-US")
    elif "SpeechResult" not in draft:
        draft.fill(Digits="1")


def _recorded(draft: _Draft) -> None:
    draft.fill(RecordingUrl=_recording(draft), Digits="#")


def _dialled(draft: _Draft) -> None:
    draft.fill(DialCallSid=sids.new("CA"))
    is_bridged = draft["DialCallStatus"] in ("completed", "answered")
    draft.fill(DialBridged="true" if is_bridged else "false")
    if is_bridged:
        draft.fill(DialCallDuration="30")


def _enqueued(draft: _Draft) -> None:
    if draft["QueueResult"] not in ("queue-full", "error", "system-error"):
        draft.fill(QueueSid=sids.new("QU"), QueueTime="12")


def _recording_change(draft: _Draft) -> None:
    if "ConferenceSid" not in draft:
        draft.fill(CallSid=sids.new("CA"))
    draft.fill(RecordingUrl=_recording(draft), RecordingStartTime=_now())
    if draft["RecordingStatus"] == "completed":
        draft.fill(RecordingDuration="5")
    if draft["RecordingStatus"] in ("absent", "failed"):
        draft.fill(ErrorCode="16108")


def _transcribed(draft: _Draft) -> None:
    transcription = draft["TranscriptionSid"]
    draft.fill(
        RecordingUrl=_recording(draft),
        TranscriptionUrl=f"{_API}/{draft['AccountSid']}/Transcriptions/{transcription}",
    )


def _paid(draft: _Draft) -> None:
    if draft["Result"] == "payment-connector-error":
        draft.fill(PayErrorCode="64011", PaymentError="The card was declined", ConnectorError="card_declined")
    if draft["Result"] != "success":
        return
    if "PaymentConfirmationCode" not in draft:
        draft.fill(PaymentToken="tok_" + sids.new("CA")[2:])
    if draft["PaymentMethod"] == "ach-debit":
        draft.fill(BankAccountNumber="xxxxxxxx89", BankRoutingNumber="021000021")
        draft.fill(BankAccountType="consumer-checking")
    else:
        draft.fill(PaymentMethod="credit-card", SecurityCode="xxx")
        draft.fill(PaymentCardNumber="xxxxxxxxxxxx4242", PaymentCardType="visa", ExpirationDate="1230")


def _conference(draft: _Draft) -> None:
    event = draft["StatusCallbackEvent"]
    draft.fill(Timestamp=_now())
    if event == "conference-end":
        draft.fill(ReasonConferenceEnded="last-participant-left", Reason="Last participant left")
        if draft["ReasonConferenceEnded"] != "conference-ended-via-api":
            draft.fill(CallSidEndingConference=sids.new("CA"))
    if event.startswith("conference-"):
        return
    draft.fill(CallSid=sids.new("CA"), Coaching="true" if draft["CallSidToCoach"] else "false")
    draft.fill(EndConferenceOnExit="false", StartConferenceOnEnter="true")
    draft.fill(
        Muted="true" if event == "participant-mute" else "false",
        Hold="true" if event == "participant-hold" else "false",
    )
    if event == "participant-leave":
        draft.fill(ParticipantCallStatus="completed", ReasonParticipantLeft="participant_hung_up")
    if event.startswith("announcement-"):
        draft.fill(AnnounceUrl="https://example.com/announcement")
    if event == "announcement-fail":
        draft.fill(ReasonAnnouncementFailed="HTTP retrieval failure")


def _fired(draft: _Draft) -> None:
    account, now = draft["AccountSid"], clock.now()
    records = {"daily": "/Daily", "monthly": "/Monthly", "yearly": "/Yearly", "alltime": "/AllTime"}
    record = f"/Usage/Records{records.get(draft['Recurring'], '')}.json?Category={draft['UsageCategory']}"
    draft.fill(
        DateFired=_now(),
        CurrentValue=draft["TriggerValue"],
        UsageRecordUri=f"/2010-04-01/Accounts/{account}{record}",
        IdempotencyToken=f"{account}-FIRES-{draft['UsageTriggerSid']}-{now:%Y-%m-%d}",
    )


def _event(draft: _Draft) -> None:
    draft.fill(Timestamp=clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z"))


def _messaged(draft: _Draft) -> None:
    if draft["SmsStatus"] == "sending":
        draft.fill(SmsSid=sids.new("SM"))


def _disconnected(draft: _Draft) -> None:
    if "VirtualAgentStatus" in draft:
        draft.fill(VirtualAgentErrorCode="32601", VirtualAgentError="Provider Error")
        return
    draft.fill(SessionId=sids.new("VX"), SessionStatus="failed", SessionDuration="0")
    draft.fill(ErrorCode="39001", ErrorMessage="Network connection to WebSocket server failed.")


def _streamed(draft: _Draft) -> None:
    _event(draft)
    if draft["StreamEvent"] == "stream-error":
        draft.fill(StreamError="Connection refused")


def _heard(draft: _Draft) -> None:
    """A transcription, as it goes on."""
    _event(draft)
    event = draft["TranscriptionEvent"]
    if event == "transcription-content":
        draft.fill(LanguageCode="en-US", Track="inbound_track", Final="true")
        draft.fill(TranscriptionData='{"transcript":"Hello.","confidence":0.9}')
        if draft["Final"] == "false":
            draft.fill(Stability="0.9")
    if event == "transcription-started":
        draft.fill(ProviderConfiguration='{"profanityFilter":"true"}', TranscriptionEngine="google")
        draft.fill(Name="captions", Track="both_tracks", PartialResults="false", LanguageCode="en-US")


def _fallback(draft: _Draft) -> None:
    if "ErrorCode" in draft or "ErrorUrl" in draft:
        if "ErrorCode" not in draft:
            draft.fill(ErrorCode="11200")
        if "ErrorUrl" not in draft:
            draft.fill(ErrorUrl="https://example.com/")


_RULES: Final[Mapping[str, tuple[Callable[[_Draft], None], ...]]] = {
    "sms": (_message, _places, _fallback),
    "status": (_change, _channel_change),
    "voice": (_call, _fallback),
    "gather": (_call, _gathered, _fallback),
    "record": (_call, _recorded, _fallback),
    "dial": (_call, _dialled, _fallback),
    "enqueue": (_call, _enqueued, _fallback),
    "queue-wait": (_call, _fallback),
    "queue-whisper": (_call, _fallback),
    "call-message": (_call, _messaged, _fallback),
    "connect": (_call, _disconnected),
    "refer": (_call, _fallback),
    "dial-refer": (_call, _fallback),
    "gather-partial": (_call,),
    "pay": (_call, _paid, _fallback),
    "voice-status": (_call, _progress),
    "recording-status": (_recording_change,),
    "transcription": (_call, _transcribed),
    "amd-status": (),
    "user-message": (),
    "stream-status": (_streamed,),
    "siprec-status": (_event,),
    "realtime-transcription": (_heard,),
    "click": (),
    "conference": (_conference,),
    "payment": (),
    "pay-status": (),
    "usage-trigger": (_fired,),
    "debugger": (_event,),
}


def _recording(draft: _Draft) -> str:
    return f"{_API}/{draft['AccountSid']}/Recordings/{draft['RecordingSid']}"


def _now() -> str:
    return format_datetime(clock.now())


def _place(address: str) -> Place:
    """As for what is really sent; the whole numbering plan is loaded for numbers beyond North America only."""
    area = geo.area_code_of(address)
    if area is None or area.kind != "geographic":
        from localloop.core import e164

        return e164.place(address)
    return Place(area.city, area.region, area.postal_code, area.country)


def _written(value: Value) -> str | None:
    """As a form has it."""
    if value is None or isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, bool) else str(value)


def _check(kind: Kind, changes: Mapping[str, str | None]) -> None:
    known = {each.parameter.name: each for each in declared(kind.name)}
    for name, value in changes.items():
        found = known.get(name) or known.get(_base(name))
        if found is None or found.is_numbered != (name != found.parameter.name):
            shown = [_shown(each) for each in known.values()]
            raise NotDeclared(
                f"the webhook {kind.name!r} has no parameter {name!r}{_near(name, shown)}; "
                f"it has {', '.join(shown)}"
            )
        if value is not None and found.parameter.values and value not in found.parameter.values:
            raise NotDeclared(f"{name} is one of {', '.join(found.parameter.values)}, not {value!r}")


def _shown(each: Declared) -> str:
    return f"{each.parameter.name}N" if each.is_numbered else each.parameter.name


def _near(name: str, names: Iterable[str]) -> str:
    """The name that may be meant: `body` is Body, `from_` is From."""
    lowered = {each.lower(): each for each in names}
    near = difflib.get_close_matches(name.lower().replace("_", ""), lowered, n=1, cutoff=0.75)
    return f" (is it {lowered[near[0]]}?)" if near else ""


_NUMBERED: Final = re.compile(r"(Media(?:Url|ContentType))([0-9]+)")


def _base(name: str) -> str:
    found = _NUMBERED.fullmatch(name)
    return found[1] if found else name


def _number(name: str) -> int:
    found = _NUMBERED.fullmatch(name)
    return int(found[2]) if found else 0
