"""The parameters of voice webhooks.

Sources: Twilio's "TwiML for Programmable Voice: Twilio's request to your application", the callbacks of its Calls and
Recordings resources, and its pages of Gather, Record and Dial.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, UnsetType, field

from localloop.payloads import part
from localloop.payloads.part import Part, said

_CALL = "CA0f3c1e5a7b9d2f4061728394a5b6c7d8"
_CHILD = "CA1f3c1e5a7b9d2f4061728394a5b6c7d8"
_RECORDING = "RE0f3c1e5a7b9d2f4061728394a5b6c7d8"
_ACCOUNT = "AC00000000000000000000000000000001"
_MESSAGE = "SM0f3c1e5a7b9d2f4061728394a5b6c7d8"
_DATE = "Fri, 02 Jan 2026 03:04:05 +0000"
_TRANSCRIPTION_URL = f"https://api.twilio.com/2010-04-01/Accounts/{_ACCOUNT}/Transcriptions/TR{'0' * 32}"
_RECORDING_URL = f"https://api.twilio.com/2010-04-01/Accounts/{_ACCOUNT}/Recordings/{_RECORDING}"


class Call(Part, frozen=True, kw_only=True):
    """What every request about a call has."""

    call_sid: Annotated[str, said("The call", _CALL, pattern=part.CALL_SID)]
    account_sid: Annotated[str, said("The account that it belongs to", _ACCOUNT, pattern=part.ACCOUNT_SID)]
    from_: Annotated[str, said("Who calls: a number, a client or a SIP address", "+12125550101")]
    to: Annotated[str, said("Who is called", "+13125550100")]
    call_status: Annotated[
        Literal[
            "queued",
            "initiated",
            "ringing",
            "in-progress",
            "completed",
            "busy",
            "failed",
            "no-answer",
            "canceled",
        ],
        said("What has become of it", "ringing"),
    ]
    api_version: Annotated[part.ApiVersion, said("The version of the API", part.API_VERSION)]
    direction: Annotated[
        Literal["inbound", "outbound-api", "outbound-dial"], said("Which way it goes", "inbound")
    ]
    caller: Annotated[str, said("The same as From", "+12125550101")]
    called: Annotated[str, said("The same as To", "+13125550100")]


class CallFacts(Part, frozen=True, kw_only=True):
    """What is told of a call where it is so."""

    forwarded_from: Annotated[
        str | UnsetType, said("Who forwarded it", "+12125550102", when="it was forwarded")
    ] = UNSET
    caller_name: Annotated[
        str | UnsetType, said("The caller's name", "ADA LOVELACE", when="the number looks up names")
    ] = UNSET
    parent_call_sid: Annotated[
        str | UnsetType,
        said("The call that dialled it", _CALL, when="another call dialled it", pattern=part.CALL_SID),
    ] = UNSET
    call_token: Annotated[
        str | UnsetType, said("What lets the call be forwarded as it is", "token", when="it came in")
    ] = UNSET
    stir_verstat: Annotated[
        str | UnsetType,
        said("What the caller's signature proves", "TN-Validation-Passed-A", when="it was signed"),
    ] = UNSET
    stir_passport_token: Annotated[
        str | UnsetType, said("That signature, a JWT", "eyJhbGciOiJFUzI1NiJ9", when="it was signed")
    ] = UNSET
    answered_by: Annotated[
        Literal[
            "human",
            "machine_start",
            "machine_end_beep",
            "machine_end_silence",
            "machine_end_other",
            "fax",
            "unknown",
        ]
        | UnsetType,
        said("Who answered", "human", when="answering machines are looked for"),
    ] = UNSET
    machine_detection_duration: Annotated[
        str | UnsetType,
        said("How long that took, ms", "1200", when="answering machines are looked for", pattern=part.NUMBER),
    ] = UNSET
    sip_call_id: Annotated[
        str | UnsetType, said("The Call-ID of SIP", "a84b4c76e66710", when="it is by SIP")
    ] = UNSET
    sip_domain: Annotated[
        str | UnsetType, said("The domain called", "example.sip.twilio.com", when="it is by SIP")
    ] = UNSET
    sip_domain_sid: Annotated[
        str | UnsetType, said("Its SID", "SD" + "0" * 32, when="it came to a domain of yours")
    ] = UNSET
    sip_source_ip: Annotated[
        str | UnsetType, said("Where it came from", "203.0.113.7", when="it came by SIP")
    ] = UNSET
    application_sid: Annotated[
        str | UnsetType,
        said("The application", "AP" + "0" * 32, when="its client calls, or <Dial> calls it"),
    ] = UNSET
    customer_id: Annotated[
        str | UnsetType,
        said(
            "The customerId of <Application>, else the account", _ACCOUNT, when="<Dial> calls an application"
        ),
    ] = UNSET


class CallProgress(Part, frozen=True, kw_only=True):
    """What the call's status callback adds."""

    timestamp: Annotated[str, said("When, RFC 2822", _DATE, pattern=part.RFC_2822)]
    callback_source: Annotated[
        Literal["call-progress-events"], said("What calls back", "call-progress-events")
    ]
    sequence_number: Annotated[str, said("The order of the call's events, from 0", "0", pattern=part.NUMBER)]
    call_duration: Annotated[
        str | UnsetType,
        said("How long it took, in seconds", "30", when="CallStatus is completed", pattern=part.NUMBER),
    ] = UNSET
    duration: Annotated[
        str | UnsetType,
        said("The same in minutes begun", "1", when="CallStatus is completed", pattern=part.NUMBER),
    ] = UNSET
    sip_response_code: Annotated[
        str | UnsetType,
        said("How the other side ended it", "200", when="the call has ended", pattern="^[1-6][0-9]{2}$"),
    ] = UNSET
    recording_sid: Annotated[
        str | UnsetType,
        said("Its recording", _RECORDING, when="the whole call was recorded", pattern=part.RECORDING_SID),
    ] = UNSET
    recording_url: Annotated[
        str | UnsetType, said("Where that is", _RECORDING_URL, when="the whole call was recorded")
    ] = UNSET
    recording_duration: Annotated[
        str | UnsetType,
        said("Its length in seconds", "30", when="the whole call was recorded", pattern=part.NUMBER),
    ] = UNSET


class Gathered(Part, frozen=True, kw_only=True):
    """What <Gather> adds to the request of its action."""

    digits: Annotated[str | UnsetType, said("The keys pressed", "1234", when="keys were pressed")] = UNSET
    finished_on_key: Annotated[
        str | UnsetType, said("The key that ended it, empty when none did", "#", when="keys were pressed")
    ] = UNSET
    speech_result: Annotated[
        str | UnsetType, said("What was said", "yes please", when="speech was heard")
    ] = UNSET
    confidence: Annotated[
        str | UnsetType,
        said("How sure that is, 0 to 1", "0.9", when="speech was heard", pattern="^(0|1|[01][.][0-9]+)$"),
    ] = UNSET
    msg: Annotated[
        Literal["Gather End"] | UnsetType,
        said("That it is over", "Gather End", when="keys or speech were heard"),
    ] = field(default=UNSET, name="msg")
    language: Annotated[str | UnsetType, said("The language heard", "en-US", when="speech was heard")] = UNSET


class Recorded(Part, frozen=True, kw_only=True):
    """What <Record> adds to the request of its action."""

    recording_sid: Annotated[str, said("The recording", _RECORDING, pattern=part.RECORDING_SID)]
    recording_url: Annotated[str, said("Where it is, without a suffix: WAV", _RECORDING_URL)]
    recording_duration: Annotated[str, said("Its length in seconds", "5", pattern=part.NUMBER)]
    digits: Annotated[str | UnsetType, said("The key that ended it, or hangup", "#", when="not silence")] = (
        UNSET
    )


class Dialled(Part, frozen=True, kw_only=True):
    """What <Dial> adds to the request of its action."""

    dial_call_status: Annotated[
        Literal["completed", "answered", "busy", "no-answer", "failed", "canceled"],
        said("What became of the call dialled", "completed"),
    ]
    dial_call_sid: Annotated[
        str | UnsetType,
        said("The call dialled", _CHILD, when="a call was made", pattern=part.CALL_SID),
    ] = UNSET
    dial_call_duration: Annotated[
        str | UnsetType,
        said("How long it took, in seconds", "30", when="it was answered", pattern=part.NUMBER),
    ] = UNSET
    dial_bridged: Annotated[
        part.Boolean | UnsetType, said("Whether both spoke", "true", when="a call was made")
    ] = UNSET
    recording_url: Annotated[
        str | UnsetType, said("Where its recording is", _RECORDING_URL, when="it was recorded")
    ] = UNSET
    recording_sid: Annotated[
        str | UnsetType,
        said("Its recording", _RECORDING, when="it was recorded", pattern=part.RECORDING_SID),
    ] = UNSET
    recording_duration: Annotated[
        str | UnsetType,
        said("The length of that in seconds", "30", when="it was recorded", pattern=part.NUMBER),
    ] = UNSET
    dial_sip_call_id: Annotated[
        str | UnsetType, said("The Call-ID of SIP", "a84b4c76e66710", when="<Sip> was dialled")
    ] = UNSET
    dial_sip_response_code: Annotated[
        str | UnsetType,
        said("How SIP answered", "200", when="<Sip> was dialled", pattern="^[1-6][0-9]{2}$"),
    ] = UNSET


class RecordingChange(Part, frozen=True, kw_only=True):
    """A recording's status callback."""

    account_sid: Annotated[str, said("The account that it belongs to", _ACCOUNT, pattern=part.ACCOUNT_SID)]
    call_sid: Annotated[
        str | UnsetType,
        said("The call recorded, its first leg", _CALL, when="a call was recorded", pattern=part.CALL_SID),
    ] = UNSET
    recording_sid: Annotated[str, said("The recording", _RECORDING, pattern=part.RECORDING_SID)]
    recording_url: Annotated[str, said("Where it is, without a suffix: WAV", _RECORDING_URL)]
    recording_status: Annotated[
        Literal["in-progress", "completed", "absent", "failed"], said("What has become of it", "completed")
    ]
    recording_channels: Annotated[Literal["1", "2"], said("How many channels it has", "1")]
    recording_start_time: Annotated[str, said("When it began, RFC 2822", _DATE, pattern=part.RFC_2822)]
    recording_source: Annotated[
        Literal[
            "DialVerb",
            "Conference",
            "OutboundAPI",
            "Trunking",
            "RecordVerb",
            "StartCallRecordingAPI",
            "StartCallRecordingTwiML",
            "StartConferenceRecordingAPI",
        ],
        said("What recorded it", "RecordVerb"),
    ]
    recording_track: Annotated[Literal["inbound", "outbound", "both"], said("Which side is in it", "both")]
    recording_duration: Annotated[
        str | UnsetType,
        said("Its length in seconds", "5", when="RecordingStatus is completed", pattern=part.NUMBER),
    ] = UNSET
    error_code: Annotated[
        str | UnsetType,
        said("Why there is none, else 0", "0", when="the recording is over", pattern=part.NUMBER),
    ] = UNSET
    conference_sid: Annotated[
        str | UnsetType,
        said(
            "The conference", "CF" + "0" * 32, when="a conference was recorded", pattern=part.CONFERENCE_SID
        ),
    ] = UNSET


class Transcribed(Part, frozen=True, kw_only=True):
    """What the callback of a recording's transcription adds to what every request about a call has."""

    transcription_sid: Annotated[str, said("The transcription", "TR" + "0" * 32, pattern="^TR[0-9a-f]{32}$")]
    transcription_text: Annotated[str, said("What was said", "Call me back, please")]
    transcription_status: Annotated[
        Literal["completed", "failed"], said("What has become of it", "completed")
    ]
    transcription_url: Annotated[str, said("Where it is", _TRANSCRIPTION_URL)]
    recording_sid: Annotated[str, said("The recording", _RECORDING, pattern=part.RECORDING_SID)]
    recording_url: Annotated[str, said("Where that is, without a suffix: WAV", _RECORDING_URL)]


class MachineDetected(Part, frozen=True, kw_only=True):
    """The callback of an answering machine detection that the call does not wait for."""

    call_sid: Annotated[str, said("The call", _CALL, pattern=part.CALL_SID)]
    account_sid: Annotated[str, said("The account that it belongs to", _ACCOUNT, pattern=part.ACCOUNT_SID)]
    answered_by: Annotated[
        Literal[
            "human",
            "machine_start",
            "machine_end_beep",
            "machine_end_silence",
            "machine_end_other",
            "fax",
            "unknown",
        ],
        said("Who answered", "human"),
    ]
    machine_detection_duration: Annotated[str, said("How long that took, ms", "1200", pattern=part.NUMBER)]


class PartlyHeard(Part, frozen=True, kw_only=True):
    """What <Gather> tells its partialResultCallback while somebody speaks."""

    unstable_speech_result: Annotated[str, said("What is heard by now, and may change", "one tw")]
    stable_speech_result: Annotated[str, said("What will not change any more", "one")]
    stability: Annotated[
        str, said("How sure what may change is, 0 to 1", "0.5", pattern="^(0|1|[01][.][0-9]+)$")
    ]
    sequence_number: Annotated[str, said("The order of what is heard, from 0", "0", pattern=part.NUMBER)]
    language: Annotated[str, said("The language listened for", "en-US")]


class UserMessage(Part, frozen=True, kw_only=True):
    """What a client of a Voice SDK sends during its call, to whoever subscribed to that; its POST is JSON."""

    account_sid: Annotated[str, said("The account that it belongs to", _ACCOUNT, pattern=part.ACCOUNT_SID)]
    call_sid: Annotated[str, said("The call", _CALL, pattern=part.CALL_SID)]
    content: Annotated[str, said("What was sent, JSON", '{"order":"17"}')]
    content_type: Annotated[Literal["application/json"], said("What that is", "application/json")]
    sequence_number: Annotated[str, said("Its number in the call, from 1", "1", pattern=part.NUMBER)]


class Messaged(Part, frozen=True, kw_only=True):
    """What <Sms> and <Message> in a call add to the request of their action."""

    sms_sid: Annotated[
        str | UnsetType, said("The message", _MESSAGE, when="it is sent", pattern=part.MESSAGE_SID)
    ] = UNSET
    sms_status: Annotated[Literal["sending", "invalid"], said("What has become of it", "sending")]
    message_sid: Annotated[
        str | UnsetType, said("The same as SmsSid", _MESSAGE, when="of <Message>", pattern=part.MESSAGE_SID)
    ] = UNSET
    message_status: Annotated[
        Literal["sending", "invalid"] | UnsetType,
        said("The same as SmsStatus", "sending", when="of <Message>"),
    ] = UNSET


class HandedOver(Part, frozen=True, kw_only=True):
    """What the REFER of a SIP leg adds to the request of the document that the caller goes on by."""

    refer_transfer_target: Annotated[str, said("Whom he is handed to", "sip:bob@example.com")]


class Referred(Part, frozen=True, kw_only=True):
    """What <Refer> adds to the request of its action."""

    refer_call_status: Annotated[
        Literal["completed", "failed"], said("Whether the caller was taken elsewhere", "completed")
    ]
    refer_sip_response_code: Annotated[
        str, said("How SIP answered the REFER", "202", pattern="^([1-6][0-9]{2}|0)$")
    ]
    notify_sip_response_code: Annotated[
        str, said("How the call elsewhere went", "200", pattern="^([1-6][0-9]{2}|0)$")
    ]
