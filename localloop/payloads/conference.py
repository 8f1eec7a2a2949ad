"""The parameters of a conference's status callback.

Source: Twilio's "TwiML Voice: <Conference>", attribute statusCallback.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, UnsetType

from localloop.payloads import part
from localloop.payloads.part import Part, said

_CALL = "CA0f3c1e5a7b9d2f4061728394a5b6c7d8"
_CONFERENCE = "CF0f3c1e5a7b9d2f4061728394a5b6c7d8"
_PARTICIPANT = "a participant or an announcement is told of"
_END = "StatusCallbackEvent is conference-end"
_LEAVE = "StatusCallbackEvent is participant-leave"


class ConferenceChange(Part, frozen=True, kw_only=True):
    """What every callback has."""

    conference_sid: Annotated[str, said("The conference", _CONFERENCE, pattern=part.CONFERENCE_SID)]
    friendly_name: Annotated[str, said("Its name", "Room 1")]
    account_sid: Annotated[
        str, said("The account that it belongs to", "AC" + "0" * 31 + "1", pattern=part.ACCOUNT_SID)
    ]
    timestamp: Annotated[
        str, said("When, RFC 2822", "Fri, 02 Jan 2026 03:04:05 +0000", pattern=part.RFC_2822)
    ]
    sequence_number: Annotated[str, said("The order of the conference's events", "1", pattern=part.NUMBER)]
    status_callback_event: Annotated[
        Literal[
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
        ],
        said("What happened", "participant-join"),
    ]


class Participant(Part, frozen=True, kw_only=True):
    """Whom it is about."""

    call_sid: Annotated[
        str | UnsetType, said("The participant's call", _CALL, when=_PARTICIPANT, pattern=part.CALL_SID)
    ] = UNSET
    muted: Annotated[
        part.Boolean | UnsetType, said("Whether nobody hears it", "false", when=_PARTICIPANT)
    ] = UNSET
    hold: Annotated[part.Boolean | UnsetType, said("Whether it is on hold", "false", when=_PARTICIPANT)] = (
        UNSET
    )
    coaching: Annotated[
        part.Boolean | UnsetType, said("Whether it coaches another", "false", when=_PARTICIPANT)
    ] = UNSET
    end_conference_on_exit: Annotated[
        part.Boolean | UnsetType, said("Whether its leaving ends all", "false", when=_PARTICIPANT)
    ] = UNSET
    start_conference_on_enter: Annotated[
        part.Boolean | UnsetType, said("Whether its coming starts all", "true", when=_PARTICIPANT)
    ] = UNSET
    participant_label: Annotated[
        str | UnsetType, said("Its label", "host", when="the participant has one")
    ] = UNSET
    call_sid_to_coach: Annotated[
        str | UnsetType, said("Whom it coaches", _CALL, when="Coaching is true", pattern=part.CALL_SID)
    ] = UNSET
    participant_call_status: Annotated[
        Literal["no-answer", "busy", "in-progress", "failed", "canceled", "completed"] | UnsetType,
        said("What has become of its call", "completed", when=_LEAVE),
    ] = UNSET
    reason_participant_left: Annotated[
        Literal[
            "conference_ended_via_api",
            "moderator_ended_conference",
            "participant_updated_via_api",
            "participant_hung_up",
            "participant_add_failed",
        ]
        | UnsetType,
        said("Why it left", "participant_hung_up", when=_LEAVE),
    ] = UNSET
    announce_url: Annotated[
        str | UnsetType,
        said("The announcement", "https://example.com/announcement", when="an announcement is told of"),
    ] = UNSET
    reason_announcement_failed: Annotated[
        str | UnsetType,
        said("Why it failed", "HTTP retrieval failure", when="StatusCallbackEvent is announcement-fail"),
    ] = UNSET


class ConferenceEnd(Part, frozen=True, kw_only=True):
    """How it ended."""

    call_sid_ending_conference: Annotated[
        str | UnsetType, said("The call that ended it", _CALL, when="a call did", pattern=part.CALL_SID)
    ] = UNSET
    participant_label_ending_conference: Annotated[
        str | UnsetType, said("The label of that", "host", when="a participant with one did")
    ] = UNSET
    reason_conference_ended: Annotated[
        Literal[
            "conference-ended-via-api",
            "last-participant-kicked",
            "last-participant-left",
            "participant-with-end-conference-on-exit-kicked",
            "participant-with-end-conference-on-exit-left",
        ]
        | UnsetType,
        said("Why it ended", "last-participant-left", when=_END),
    ] = UNSET
    reason: Annotated[str | UnsetType, said("The same in words", "Last participant left", when=_END)] = UNSET
