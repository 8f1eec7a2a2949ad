"""The parameters of callbacks of what listens to a call: streams, SIPREC sessions, transcriptions as it goes.

Sources: Twilio's "TwiML Voice: Stream", "Siprec subresource" and "TwiML Voice: Transcription".
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, UnsetType

from localloop.payloads import part
from localloop.payloads.part import Part, said

_CALL = "CA0f3c1e5a7b9d2f4061728394a5b6c7d8"
_ACCOUNT = "AC00000000000000000000000000000001"
_MOMENT = "2026-01-02T03:04:05.678Z"
_ISO = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,15}Z$"
_CONTENT = "TranscriptionEvent is transcription-content"
_STARTED = "TranscriptionEvent is transcription-started"


class _Listening(Part, frozen=True, kw_only=True):
    account_sid: Annotated[str, said("The account that it belongs to", _ACCOUNT, pattern=part.ACCOUNT_SID)]
    call_sid: Annotated[str, said("The call", _CALL, pattern=part.CALL_SID)]
    timestamp: Annotated[str, said("When, ISO 8601", _MOMENT, pattern=_ISO)]


class StreamChange(_Listening, frozen=True, kw_only=True):
    """A stream's status callback."""

    stream_sid: Annotated[str, said("The stream", "MZ" + "0" * 32, pattern="^MZ[0-9a-f]{32}$")]
    stream_name: Annotated[str, said("Its name, or its SID", "agent")]
    stream_event: Annotated[
        Literal["stream-started", "stream-stopped", "stream-error"],
        said("What has become of it", "stream-started"),
    ]
    stream_error: Annotated[
        str | UnsetType, said("What went wrong", "Connection refused", when="StreamEvent is stream-error")
    ] = UNSET


class SiprecChange(_Listening, frozen=True, kw_only=True):
    """A SIPREC session's status callback."""

    siprec_sid: Annotated[str, said("The session", "SR" + "0" * 32, pattern="^SR[0-9a-f]{32}$")]
    siprec_name: Annotated[str, said("Its name, or its SID", "recorder")]
    siprec_event: Annotated[
        Literal["siprec-started", "siprec-stopped"], said("What has become of it", "siprec-started")
    ]


class TranscriptionChange(_Listening, frozen=True, kw_only=True):
    """The status callback of a transcription that is made while the call goes on."""

    transcription_sid: Annotated[str, said("The transcription", "GT" + "0" * 32, pattern="^GT[0-9a-f]{32}$")]
    sequence_id: Annotated[str, said("The order of its events, from 1", "1", pattern=part.NUMBER)]
    transcription_event: Annotated[
        Literal["transcription-started", "transcription-content", "transcription-stopped"],
        said("What has happened", "transcription-content"),
    ]
    provider_configuration: Annotated[
        str | UnsetType, said("How it listens, JSON", '{"profanityFilter":"true"}', when=_STARTED)
    ] = UNSET
    transcription_engine: Annotated[
        Literal["google", "deepgram"] | UnsetType, said("Who listens", "google", when=_STARTED)
    ] = UNSET
    name: Annotated[str | UnsetType, said("Its name, or its SID", "captions", when=_STARTED)] = UNSET
    track: Annotated[
        Literal["inbound_track", "outbound_track", "both_tracks"] | UnsetType,
        said(
            "Whom it hears, or whom it has heard", "inbound_track", when="it has started, or heard somebody"
        ),
    ] = UNSET
    inbound_track_label: Annotated[
        str | UnsetType, said("What whoever calls is called", "caller", when=_STARTED)
    ] = UNSET
    outbound_track_label: Annotated[
        str | UnsetType, said("What whoever is called is called", "agent", when=_STARTED)
    ] = UNSET
    partial_results: Annotated[
        part.Boolean | UnsetType, said("Whether it tells what may change yet", "false", when=_STARTED)
    ] = UNSET
    language_code: Annotated[
        str | UnsetType, said("The language", "en-US", when="it has started, or heard somebody")
    ] = UNSET
    transcription_data: Annotated[
        str | UnsetType,
        said("What was said, JSON", '{"transcript":"Hello.","confidence":0.9}', when=_CONTENT),
    ] = UNSET
    final: Annotated[
        part.Boolean | UnsetType, said("Whether it will not change any more", "true", when=_CONTENT)
    ] = UNSET
    stability: Annotated[
        str | UnsetType,
        said(
            "How sure what may change is, 0 to 1", "0.9", when="partial results are told, and Final is false"
        ),
    ] = UNSET


class SessionEnd(Part, frozen=True, kw_only=True):
    """What <Connect> adds to the request of its action, of what it was connected to."""

    session_id: Annotated[
        str | UnsetType,
        said("The session", "VX" + "0" * 32, when="of <ConversationRelay>", pattern="^VX[0-9a-f]{32}$"),
    ] = UNSET
    session_status: Annotated[
        Literal["failed"] | UnsetType, said("What became of it", "failed", when="of <ConversationRelay>")
    ] = UNSET
    session_duration: Annotated[
        str | UnsetType,
        said("How long it took, in seconds", "0", when="of <ConversationRelay>", pattern=part.NUMBER),
    ] = UNSET
    error_code: Annotated[
        str | UnsetType, said("Why it failed", "39001", when="of <ConversationRelay>", pattern=part.CODE)
    ] = UNSET
    error_message: Annotated[
        str | UnsetType,
        said("The same in words", "Network connection failed.", when="of <ConversationRelay>"),
    ] = UNSET
    virtual_agent_status: Annotated[
        Literal["failed"] | UnsetType, said("What became of it", "failed", when="of <VirtualAgent>")
    ] = UNSET
    virtual_agent_error_code: Annotated[
        str | UnsetType, said("Why it failed", "32601", when="of <VirtualAgent>", pattern=part.CODE)
    ] = UNSET
    virtual_agent_error: Annotated[
        str | UnsetType, said("The same in words", "Provider Error", when="of <VirtualAgent>")
    ] = UNSET
