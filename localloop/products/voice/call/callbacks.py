"""What applications are told of a call: the parameters of every request about it, and its status callbacks."""

from __future__ import annotations

from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import Any, cast

from msgspec import UNSET, Struct
from msgspec.structs import replace

from localloop.core import e164
from localloop.jobs import NewJob
from localloop.payloads import voice
from localloop.payloads.part import API_VERSION, given
from localloop.payloads.places import call_places, places
from localloop.products.voice.call import lifecycle
from localloop.products.voice.call.lifecycle import Status
from localloop.products.voice.call.resource import Call
from localloop.webhooks import Notification


class Change(Struct, frozen=True, kw_only=True):
    """A status that a call took, with its number among those that are told."""

    status: Status
    at: datetime
    sequence: int
    sip_code: int | None = None
    recording_url: str = ""  # of the call as a whole


def params_of(call: Call, status: Status | None = None) -> dict[str, str]:
    """What every request about a call has (Twilio: "Twilio's request to your application")."""
    told = voice.Call(
        call_sid=call.sid,
        account_sid=call.account_sid,
        from_=call.from_,
        to=call.to,
        call_status=status or call.status,
        api_version=API_VERSION,
        direction=cast(Any, call.direction),
        caller=call.from_,
        called=call.to,
    )
    facts = voice.CallFacts(
        forwarded_from=given(call.options.forwarded_from),
        caller_name=given(call.options.caller_name),
        parent_call_sid=given(call.parent_sid),
        call_token=given(call.options.call_token or None) if call.direction == "inbound" else UNSET,
        answered_by=cast(Any, given(call.answered_by)),
        application_sid=given(call.options.application_sid) if call.from_.startswith("client:") else UNSET,
    )
    return {**told.params(), **facts.params(), **_places(call.from_, call.to), **call.options.params}


@lru_cache(maxsize=4096)
def _places(from_: str, to: str) -> dict[str, str]:
    here, there = e164.place(from_), e164.place(to)
    return {**places(here, there).params(), **call_places(here, there).params()}


def status_params(call: Call, change: Change) -> dict[str, str]:
    """The form of one status callback (Twilio: "Call status callbacks")."""
    has_ended = lifecycle.has_ended(change.status)
    duration = call.duration
    progress = voice.CallProgress(
        timestamp=format_datetime(change.at),
        callback_source="call-progress-events",
        sequence_number=str(change.sequence),
        call_duration=given(str(duration) if has_ended and duration is not None else None),
        duration=given(
            str(minutes(duration)) if change.status == "completed" and duration is not None else None
        ),
        sip_response_code=given(str(change.sip_code) if has_ended and change.sip_code else None),
        recording_sid=given(change.recording_url.rpartition("/")[2] or None),
        recording_url=given(change.recording_url or None),
        recording_duration=given(str(duration) if change.recording_url else None),
    )
    return params_of(call, change.status) | progress.params()


def detected_params(call: Call, after_ms: int) -> dict[str, str]:
    """Who answered, for whoever did not wait for that."""
    return voice.MachineDetected(
        call_sid=call.sid,
        account_sid=call.account_sid,
        answered_by=cast(Any, call.answered_by),
        machine_detection_duration=str(after_ms),
    ).params()


def minutes(seconds: int) -> int:
    """Minutes begun, as they are charged: the first with the answer."""
    return max(1, -(-seconds // 60))


def is_told(call: Call, before: Status, after: Status) -> bool:
    """Whether somebody wants to hear of this change."""
    milestone = lifecycle.milestone(before, after)
    return bool(call.options.progress.url) and milestone in call.options.progress.events


def notification_of(call: Call, change: Change) -> Notification:
    progress = call.options.progress
    return Notification(
        progress.url,
        status_params(call, change),
        call.account_sid,
        call.sid,
        progress.method,
        follows=change.sequence > 0,
        voice=True,
    )


def jobs_of(world_sid: str, notifications: list[Notification], at: datetime) -> list[NewJob]:
    """One job for every two: what is known at the same moment goes out in its order by the same job."""
    pairs = [notifications[start : start + 2] for start in range(0, len(notifications), 2)]
    return [
        (replace(pair[0], next=pair[1]) if len(pair) > 1 else pair[0]).job(world_sid, at) for pair in pairs
    ]
