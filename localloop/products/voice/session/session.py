"""One of them as a value: what it is called, who hears of it, and what is told. Pure.

No sound is carried yet. A transcription needs none: what is said on simulated phones is text. Streams and SIPREC
sessions run without anything to send, and what a call is connected to cannot be reached.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeAlias, cast

import msgspec
from msgspec import UNSET, Struct
from msgspec.structs import replace

from localloop.core import sids
from localloop.payloads import session as payloads
from localloop.payloads.part import given
from localloop.twiml.voice import verbs

Wish: TypeAlias = verbs.Stream | verbs.Siprec | verbs.Transcription | verbs.Session
Method: TypeAlias = Literal["GET", "POST"]
Track: TypeAlias = Literal["inbound_track", "outbound_track"]
CONFIDENCE: Final = 0.9  # how sure whoever listens is of what he heard
NO_SOUND: Final = "no sound is carried yet"
NOT_SUPPORTED: Final = 13750
STREAM_UNREACHABLE: Final = 31904
MEDIA_DISCARDED: Final = 31931
RELAY_UNREACHABLE: Final = 64102
AGENT_UNREACHABLE: Final = 32601
NETWORK_FAILED: Final = 39001
_PREFIXES: Final[Mapping[type[Struct], str]] = {
    verbs.Stream: "MZ",
    verbs.Siprec: "SR",
    verbs.Transcription: "GT",
    verbs.Session: "VX",
}


class CallSession(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """It runs. `told`: how many of its events were told."""

    sid: str
    wish: Wish
    since: datetime
    told: int = 0

    @property
    def name(self) -> str:
        return self.wish.name

    @property
    def kind(self) -> str:
        """The noun of its verb."""
        return self.wish.kind if isinstance(self.wish, verbs.Session) else type(self.wish).__name__


class Of(Struct, frozen=True, kw_only=True):
    """Whose it is, and when something happens to it."""

    account_sid: str
    call_sid: str
    at: datetime


class Utterance(Struct, frozen=True):
    """What somebody says: as far as it is heard by now, or whole. Inbound is whoever is at the call's other end."""

    track: Track
    text: str
    is_final: bool = True


class Told(Struct, frozen=True):
    """A callback."""

    url: str
    method: Method
    params: dict[str, str]
    is_first: bool = False


Change: TypeAlias = tuple[CallSession, Told | None]  # as it is then, and who hears of it


def begin(wish: Wish, at: datetime) -> CallSession:
    return CallSession(sid=sids.new(_PREFIXES[type(wish)]), wish=wish, since=at)


def tracks(wish: Wish) -> int:
    """How many are streamed by it."""
    if not isinstance(wish, verbs.Stream):
        return 0
    return 2 if wish.track == "both_tracks" else 1


# What is told ----------------------------------------------------------------------------------------------


def started(now: CallSession, of: Of) -> Change:
    return _tell(now, of, "started")


def stopped(now: CallSession, of: Of) -> Change:
    return _tell(now, of, "stopped")


def failed(now: CallSession, of: Of, reason: str) -> Change:
    """A stream that reaches nobody."""
    return _tell(now, of, "error", reason)


def heard(now: CallSession, of: Of, heard: Utterance) -> Change:
    """Somebody says something; only a transcription listens, to the sides that it was told to."""
    wish = now.wish
    if not isinstance(wish, verbs.Transcription) or wish.track not in (heard.track, "both_tracks"):
        return now, None
    if not heard.is_final and not wish.partial_results:
        return now, None
    return _transcribed(now, of, "content", heard)


def _tell(now: CallSession, of: Of, what: str, reason: str = "") -> Change:
    wish = now.wish
    match wish:
        case verbs.Stream():
            params = _stream_params(now, of, what, reason)
        case verbs.Siprec():
            params = _siprec_params(now, of, what)
        case verbs.Transcription():
            return _transcribed(now, of, what)
        case _:
            return now, None
    url = wish.status_callback
    return now, Told(url, wish.status_callback_method, params, what == "started") if url else None


def _stream_params(now: CallSession, of: Of, what: str, reason: str) -> dict[str, str]:
    return payloads.StreamChange(
        account_sid=of.account_sid,
        call_sid=of.call_sid,
        timestamp=_moment(of.at),
        stream_sid=now.sid,
        stream_name=now.name or now.sid,
        stream_event=cast(Any, f"stream-{what}"),
        stream_error=given(reason),
    ).params()


def _siprec_params(now: CallSession, of: Of, what: str) -> dict[str, str]:
    return payloads.SiprecChange(
        account_sid=of.account_sid,
        call_sid=of.call_sid,
        timestamp=_moment(of.at),
        siprec_sid=now.sid,
        siprec_name=now.name or now.sid,
        siprec_event=cast(Any, f"siprec-{what}"),
    ).params()


def _transcribed(now: CallSession, of: Of, what: str, heard: Utterance | None = None) -> Change:
    """Its events are numbered, whether or not somebody is told."""
    wish = now.wish
    assert isinstance(wish, verbs.Transcription)
    now = replace(now, told=now.told + 1)
    if not wish.status_callback_url:
        return now, None
    event = payloads.TranscriptionChange(
        account_sid=of.account_sid,
        call_sid=of.call_sid,
        timestamp=_moment(of.at),
        transcription_sid=now.sid,
        sequence_id=str(now.told),
        transcription_event=cast(Any, f"transcription-{what}"),
    )
    if what == "started":
        event = _with_settings(event, now, wish)
    elif heard is not None:
        event = _with_words(event, wish, heard)
    url, method = wish.status_callback_url, wish.status_callback_method
    return now, Told(url, method, event.params(), what == "started")


def _with_settings(
    event: payloads.TranscriptionChange, now: CallSession, wish: verbs.Transcription
) -> payloads.TranscriptionChange:
    configuration = {
        "profanityFilter": _written(wish.profanity_filter),
        "speechModel": wish.speech_model,
        "enableAutomaticPunctuation": _written(wish.enable_automatic_punctuation),
        "hints": wish.hints,
    }
    return replace(
        event,
        provider_configuration=msgspec.json.encode(configuration).decode(),
        transcription_engine=wish.transcription_engine,
        name=now.name or now.sid,
        track=wish.track,
        inbound_track_label=given(wish.inbound_track_label),
        outbound_track_label=given(wish.outbound_track_label),
        partial_results=_written(wish.partial_results),
        language_code=wish.language_code,
    )


def _with_words(
    event: payloads.TranscriptionChange, wish: verbs.Transcription, heard: Utterance
) -> payloads.TranscriptionChange:
    data = {"transcript": heard.text, "confidence": CONFIDENCE}
    return replace(
        event,
        language_code=wish.language_code,
        track=heard.track,
        transcription_data=msgspec.json.encode(data).decode(),
        final=_written(heard.is_final),
        stability=UNSET if heard.is_final else str(CONFIDENCE),
    )


# What a call is connected to -------------------------------------------------------------------------------


def unreachable(now: CallSession, at: datetime) -> tuple[int, dict[str, str]]:
    """Whatever a call is connected to wants its sound, or a connection that carries it: by which code the Debugger has
    that it is not there, and what the action is told."""
    match now.kind:
        case "Stream":
            return STREAM_UNREACHABLE, {}
        case "ConversationRelay":
            end = payloads.SessionEnd(
                session_id=now.sid,
                session_status="failed",
                session_duration=str((at - now.since).seconds),
                error_code=str(NETWORK_FAILED),
                error_message="Network connection to WebSocket server failed.",
            )
            return RELAY_UNREACHABLE, end.params()
        case "VirtualAgent":
            end = payloads.SessionEnd(
                virtual_agent_status="failed",
                virtual_agent_error_code=str(AGENT_UNREACHABLE),
                virtual_agent_error=NO_SOUND,
            )
            return AGENT_UNREACHABLE, end.params()
        case _:
            return NOT_SUPPORTED, {}


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _written(flag: bool) -> Literal["true", "false"]:
    return "true" if flag else "false"
