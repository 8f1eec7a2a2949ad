"""The published schemas as judges: what a webhook says has to be declared, and of its form.

The schemas allow what they do not name, as new parameters may come at any time; here nothing undeclared passes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from localloop.payloads.kinds import KINDS
from localloop.payloads.schema import schema_of

# By a parameter that only this kind has.
_MARKS = {
    "PayloadType": "debugger",
    "SmsMessageSid": "sms",
    "MessageStatus": "status",
    "click_time": "click",
    "CallbackSource": "voice-status",
    "RecordingStatus": "recording-status",
    "StatusCallbackEvent": "conference",
    "PaymentSid": "pay-status",
    "UsageTriggerSid": "usage-trigger",
    "DateCreated": "payment",
    "Result": "pay",
    "DialCallStatus": "dial",
    "ContentType": "user-message",
    "StreamSid": "stream-status",
    "SiprecSid": "siprec-status",
    "TranscriptionEvent": "realtime-transcription",
    "TranscriptionSid": "transcription",
    "SessionId": "connect",
    "VirtualAgentStatus": "connect",
    "QueueResult": "enqueue",
    "QueuePosition": "queue-wait",
    "DequeingCallSid": "queue-whisper",
    "RecordingSid": "record",
    "UnstableSpeechResult": "gather-partial",
    "ReferCallStatus": "refer",
    "ReferTransferTarget": "dial-refer",
    "Digits": "gather",
    "SpeechResult": "gather",
    "Called": "voice",
    "MachineDetectionDuration": "amd-status",
    "CallSid": "voice",
}


def kind_of(params: Mapping[str, str]) -> str | None:
    """Which kind of webhook this is."""
    if "SmsStatus" in params and "CallSid" in params:
        return "call-message"
    return next((kind for mark, kind in _MARKS.items() if mark in params), None)


def faults(kind: str, params: Mapping[str, str], *, complete: bool = True) -> list[str]:
    """What its schema says against these parameters; not `complete`: others may be among them."""
    found = [_said(error) for error in _validator(kind, complete).iter_errors(params)]
    if kind == "debugger" and not found:
        payload = _validator(kind, complete).schema["properties"]["Payload"]
        schema = {**payload["contentSchema"], "$defs": schema_of(KINDS[kind])["$defs"]}
        found = [
            f"Payload: {_said(error)}"
            for error in Draft202012Validator(schema).iter_errors(json.loads(params["Payload"]))
        ]
    return found


@cache
def _validator(kind: str, complete: bool) -> Draft202012Validator:
    schema: dict[str, Any] = schema_of(KINDS[kind])
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator({**schema, "additionalProperties": False} if complete else schema)


def _said(error: Any) -> str:
    where = "".join(f"{each}: " for each in error.absolute_path)
    return f"{where}{error.message}"
