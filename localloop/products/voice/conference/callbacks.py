"""What an application is told of a conference: its status callbacks, of the kinds that somebody wants. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime
from typing import Any, Final, Literal, TypeAlias, cast

from msgspec import UNSET, Struct

from localloop.payloads import conference
from localloop.payloads.part import given

Event: TypeAlias = Literal[
    "conference-start",
    "conference-end",
    "participant-join",
    "participant-leave",
    "participant-mute",
    "participant-unmute",
    "participant-hold",
    "participant-unhold",
    "participant-modify",
    "participant-speech-start",
    "participant-speech-stop",
    "announcement-end",
    "announcement-fail",
]
Left: TypeAlias = Literal[
    "conference_ended_via_api",
    "moderator_ended_conference",
    "participant_updated_via_api",
    "participant_hung_up",
    "participant_add_failed",
]
# What an application subscribes to (statusCallbackEvent), and what it is told then.
KINDS: Final[Mapping[Event, str]] = {
    "conference-start": "start",
    "conference-end": "end",
    "participant-join": "join",
    "participant-leave": "leave",
    "participant-mute": "mute",
    "participant-unmute": "mute",
    "participant-hold": "hold",
    "participant-unhold": "hold",
    "participant-modify": "modify",
    "participant-speech-start": "speaker",
    "participant-speech-stop": "speaker",
    "announcement-end": "announcement",
    "announcement-fail": "announcement",
}
_REASONS: Final[Mapping[str, str]] = {
    "conference-ended-via-api": "Conference ended via API",
    "last-participant-kicked": "Last participant kicked",
    "last-participant-left": "Last participant left",
    "participant-with-end-conference-on-exit-kicked": "Participant with endConferenceOnExit kicked",
    "participant-with-end-conference-on-exit-left": "Participant with endConferenceOnExit left",
}


class Subscription(Struct, frozen=True, omit_defaults=True):
    """Who is told, and of what."""

    url: str
    method: Literal["GET", "POST"] = "POST"
    events: tuple[str, ...] = ()


class Callback(Struct, frozen=True, tag=True):
    """One request. Its answer is of no interest."""

    url: str
    method: Literal["GET", "POST"]
    params: Mapping[str, str]
    sequence: int


class Facts(Struct, frozen=True, kw_only=True):
    """What every callback of a conference says."""

    sid: str
    account_sid: str
    friendly_name: str
    sequence: int
    at: datetime


class Told(Struct, frozen=True, kw_only=True):
    """What one says besides: of a participant, of an announcement, of the end."""

    call_sid: str = ""
    label: str = ""
    muted: bool = False
    hold: bool = False
    coaching: bool = False
    coach: str = ""
    start_on_enter: bool = True
    end_on_exit: bool = False
    reason: Left | None = None
    call_status: str = ""
    announce_url: str = ""
    failure: str = ""
    ending: str = ""
    ended_by: str = ""
    ended_label: str = ""


def is_wanted(subscription: Subscription, event: Event) -> bool:
    return bool(subscription.url) and KINDS[event] in subscription.events


def of(subscription: Subscription, event: Event, facts: Facts, told: Told) -> Callback:
    params = conference.ConferenceChange(
        conference_sid=facts.sid,
        friendly_name=facts.friendly_name,
        account_sid=facts.account_sid,
        timestamp=format_datetime(facts.at),
        sequence_number=str(facts.sequence),
        status_callback_event=event,
    ).params()
    params |= _participant(told) if told.call_sid or told.announce_url else {}
    params |= _end(told) if told.ending else {}
    return Callback(subscription.url, subscription.method, params, facts.sequence)


def _participant(told: Told) -> dict[str, str]:
    has_call = bool(told.call_sid)
    return conference.Participant(
        call_sid=given(told.call_sid),
        muted=_flag(told.muted) if has_call else UNSET,
        hold=_flag(told.hold) if has_call else UNSET,
        coaching=_flag(told.coaching) if has_call else UNSET,
        end_conference_on_exit=_flag(told.end_on_exit) if has_call else UNSET,
        start_conference_on_enter=_flag(told.start_on_enter) if has_call else UNSET,
        participant_label=given(told.label),
        call_sid_to_coach=given(told.coach) if told.coaching else UNSET,
        participant_call_status=cast(Any, given(told.call_status)),
        reason_participant_left=given(told.reason),
        announce_url=given(told.announce_url),
        reason_announcement_failed=given(told.failure),
    ).params()


def _end(told: Told) -> dict[str, str]:
    return conference.ConferenceEnd(
        call_sid_ending_conference=given(told.ended_by),
        participant_label_ending_conference=given(told.ended_label),
        reason_conference_ended=cast(Any, told.ending),
        reason=_REASONS[told.ending],
    ).params()


def _flag(value: bool) -> Literal["true", "false"]:
    return "true" if value else "false"
