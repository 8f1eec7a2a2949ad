"""The lab's resources for calls in the contract's vocabulary: how a phone takes them, and each as the phone has it."""

from __future__ import annotations

from localloop.contract.model import Field, Operation, Param, Path, Resource
from localloop.lab.surface.vocabulary import CREATED, DATES, PAGING, SID, URL
from localloop.lab.surface.waits import MAX_LEAP_S
from localloop.telephony.simulated.persona import TAKES

_NUMBER = Param(name="Number", location="path", required=True)
_PERSONA = (
    Param(name="Takes", location="body", enum=TAKES, field="takes"),
    Param(name="After", location="body", type="number", minimum=0, maximum=600, field="after"),
    Param(name="Rings", location="body", type="integer", minimum=0, maximum=100),
    Param(name="Greeting", location="body", max_length=4096, field="greeting"),
    Param(name="Beep", location="body", type="boolean", field="beep"),
    Param(name="Refer", location="body", type="boolean", field="refer"),
    Param(name="Script", location="body", type="any", field="script"),
)
_VOICE = (
    Field(name="number", type="string"),
    Field(name="takes", type="string", enum=TAKES, initial="answers"),
    Field(name="after", type="number", initial=1.0),
    Field(name="greeting", type="string", initial=""),
    Field(name="beep", type="boolean", initial=True),
    Field(name="refer", type="boolean", initial=True),
    Field(name="script", type="array", initial=[]),
    *DATES,
    URL,
)
_CALL = (
    Field(name="sid", type="string"),
    Field(name="account_sid", type="string"),
    Field(name="number", type="string"),
    Field(name="direction", type="string", enum=("received", "made")),
    Field(name="peer", type="string"),
    Field(name="status", type="string"),
    Field(name="answered_by", type="string"),
    Field(name="duration", type="string"),
    Field(name="lines", type="array", initial=[]),
    CREATED,
    URL,
)
_LINE = (
    Field(name="sid", type="string"),
    Field(name="kind", type="string"),
    Field(name="text", type="string"),
    Field(name="seconds", type="number"),
    Field(name="at", type="string", format="date-time"),
)

_VOICES = Resource(
    key="lab.v1.PhoneVoice",
    name="PhoneVoice",
    kind="lab/PhoneVoice",
    paths=(
        Path(
            template="/v1/Phones/{Number}/Voice",
            role="singleton",
            kind="lab/PhoneVoice",
            parents=(("Number", ""),),
            operations=(
                Operation(
                    id="lab.v1.FetchPhoneVoice",
                    method="GET",
                    verb="fetch",
                    params=(_NUMBER,),
                    fields=_VOICE,
                ),
                Operation(
                    id="lab.v1.UpdatePhoneVoice",
                    method="POST",
                    verb="update",
                    body="form",
                    params=(_NUMBER, *_PERSONA),
                    fields=_VOICE,
                ),
            ),
        ),
    ),
)
_CALLS = Resource(
    key="lab.v1.PhoneCall",
    name="PhoneCall",
    kind="lab/PhoneCall",
    id_field="sid",
    paths=(
        Path(
            template="/v1/Phones/{Number}/Calls",
            role="collection",
            kind="lab/PhoneCall",
            parents=(("Number", ""),),
            operations=(
                Operation(
                    id="lab.v1.ListPhoneCall",
                    method="GET",
                    verb="list",
                    params=(_NUMBER, Param(name="Live", location="query", type="boolean"), *PAGING),
                    fields=_CALL,
                    list_key="calls",
                    paging="meta",
                ),
                Operation(
                    id="lab.v1.CreatePhoneCall",
                    method="POST",
                    verb="create",
                    body="form",
                    status=201,
                    params=(
                        _NUMBER,
                        Param(name="To", location="body", format="phone-number", required=True),
                        Param(name="ForwardedFrom", location="body"),
                        Param(name="Greeting", location="body", max_length=4096),
                        Param(name="Script", location="body", type="any"),
                    ),
                    fields=_CALL,
                ),
            ),
        ),
        Path(
            template="/v1/Phones/{Number}/Calls/{Sid}",
            role="instance",
            kind="lab/PhoneCall",
            id_param="Sid",
            parents=(("Number", ""),),
            operations=(
                Operation(
                    id="lab.v1.FetchPhoneCall",
                    method="GET",
                    verb="fetch",
                    params=(_NUMBER, SID),
                    fields=_CALL,
                ),
                Operation(
                    id="lab.v1.UpdatePhoneCall",
                    method="POST",
                    verb="update",
                    body="form",
                    params=(
                        _NUMBER,
                        SID,
                        Param(name="Press", location="body", pattern="^[0-9A-D#*wW]{1,100}$"),
                        Param(name="Say", location="body", max_length=4096),
                        Param(name="Message", location="body", max_length=10_240),
                        Param(
                            name="Status",
                            location="body",
                            enum=("in-progress", "busy", "rejected", "completed"),
                        ),
                    ),
                    fields=_CALL,
                ),
            ),
        ),
        Path(
            template="/v1/Phones/{Number}/Calls/{Sid}/Wait",
            role="singleton",
            kind="lab/PhoneCall",
            parents=(("Number", ""), ("Sid", "")),
            operations=(
                Operation(
                    id="lab.v1.FetchPhoneCallWait",
                    method="GET",
                    verb="fetch",
                    params=(
                        _NUMBER,
                        SID,
                        Param(name="Matches", location="query", max_length=1000),
                        Param(name="Kind", location="query"),
                        Param(name="After", location="query"),
                        Param(name="Whole", location="query", type="boolean"),
                        Param(name="Timeout", location="query", type="number", minimum=0, maximum=MAX_LEAP_S),
                    ),
                    fields=_LINE,
                ),
            ),
        ),
    ),
)
_LINES = Resource(
    key="lab.v1.PhoneCallLine",
    name="PhoneCallLine",
    kind="lab/PhoneCallLine",
    id_field="sid",
    paths=(
        Path(
            template="/v1/Phones/{Number}/Calls/{Sid}/Lines",
            role="collection",
            kind="lab/PhoneCallLine",
            parents=(("Number", ""), ("Sid", "")),
            operations=(
                Operation(
                    id="lab.v1.ListPhoneCallLine",
                    method="GET",
                    verb="list",
                    params=(_NUMBER, SID, Param(name="After", location="query"), *PAGING),
                    fields=_LINE,
                    list_key="lines",
                    paging="meta",
                ),
            ),
        ),
    ),
)
_OF_WORLD = Resource(
    key="lab.v1.Call",
    name="Call",
    kind="lab/Call",
    id_field="sid",
    paths=(
        Path(
            template="/v1/Calls",
            role="collection",
            kind="lab/Call",
            operations=(
                Operation(
                    id="lab.v1.ListCall",
                    method="GET",
                    verb="list",
                    params=(
                        Param(name="Number", location="query"),
                        Param(name="Status", location="query", enum=("ringing", "in-progress")),
                        *PAGING,
                    ),
                    fields=_CALL,
                    list_key="calls",
                    paging="meta",
                ),
            ),
        ),
    ),
)
_DOCUMENT = Resource(
    key="lab.v1.CallDocument",
    name="CallDocument",
    kind="lab/CallDocument",
    paths=(
        Path(
            template="/v1/Calls/{Sid}/Document",
            role="singleton",
            kind="lab/CallDocument",
            parents=(("Sid", ""),),
            operations=(
                Operation(
                    id="lab.v1.FetchCallDocument",
                    method="GET",
                    verb="fetch",
                    params=(SID,),
                    fields=(
                        Field(name="call_sid", type="string"),
                        Field(name="documents", type="array", initial=[]),
                        Field(name="url", type="string", format="uri", source="url"),
                    ),
                ),
            ),
        ),
    ),
)
RESOURCES = (_VOICES, _CALLS, _LINES, _OF_WORLD, _DOCUMENT)
