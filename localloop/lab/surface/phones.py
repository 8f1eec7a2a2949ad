"""Phones, and the numbers that only a simulator gives: short codes and proven caller ids."""

from __future__ import annotations

from localloop.carriers.personas import CHANNELS
from localloop.carriers.phones import BEHAVIORS
from localloop.contract.model import Field, Operation, Param, Path, Resource
from localloop.lab.surface.vocabulary import CREATED, DATES, PAGING, URL
from localloop.lab.surface.waits import MAX_LEAP_S

MAX_DELAY_MS = 86_400_000

_NUMBER = Param(name="Number", location="path", format="phone-number", required=True)

_PHONE = (
    Field(name="number", type="string", format="phone-number"),
    Field(name="behavior", type="string", enum=BEHAVIORS, initial="deliver"),
    Field(name="delay", type="integer", initial=0),
    Field(name="read_delay", type="integer"),
    Field(name="channels", type="array", initial=[]),
    Field(name="rules", type="array", initial=[]),
    Field(name="typing", type="array", initial=[]),
    *DATES,
    URL,
    Field(
        name="links",
        type="object",
        format="uri-map",
        source="links",
        links=(("messages", "/v1/Phones/{Number}/Messages"),),
    ),
)

_PERSONA = (
    Param(
        name="Rules", location="body", type="array", items=Param(name="Rules", location="body", type="any")
    ),
    Param(
        name="Channels",
        location="body",
        type="array",
        items=Param(name="Channels", location="body", enum=(*CHANNELS, "")),
    ),
    Param(name="Reads", location="body", type="boolean"),
    Param(name="ReadDelay", location="body", type="integer", minimum=0, maximum=MAX_DELAY_MS),
)

_MESSAGE = (
    Field(name="sid", type="string"),
    Field(name="number", type="string", format="phone-number"),
    Field(name="direction", type="string", enum=("received", "sent")),
    Field(name="channel", type="string", enum=("sms", "whatsapp", "messenger", "rcs")),
    Field(name="from", type="string"),
    Field(name="to", type="string"),
    Field(name="body", type="string"),
    Field(name="media", type="array", initial=[]),
    Field(name="content", type="object"),
    Field(name="codes", type="array", initial=[]),
    Field(name="links", type="array", initial=[]),
    Field(name="message_sid", type="string"),
    CREATED,
)

_SHORT_CODE = (
    Field(name="sid", type="string"),
    Field(name="account_sid", type="string"),
    Field(name="short_code", type="string"),
    CREATED,
)

_CALLER_ID = (
    Field(name="sid", type="string"),
    Field(name="account_sid", type="string"),
    Field(name="phone_number", type="string", format="phone-number"),
    Field(name="friendly_name", type="string"),
    *DATES,
)

_TEXT = Param(name="Sid", location="path", required=True)
_SAID = (
    Param(name="Press", location="body", max_length=1000),
    Param(name="ProfileName", location="body", max_length=200),
    Param(name="Latitude", location="body", type="number", minimum=-90, maximum=90),
    Param(name="Longitude", location="body", type="number", minimum=-180, maximum=180),
    Param(name="Address", location="body", max_length=1000),
    Param(name="Label", location="body", max_length=1000),
    Param(name="ReplyTo", location="body"),
    Param(name="Forwarded", location="body", type="boolean"),
)
_DIRECTION = Param(name="Direction", location="query", enum=("received", "sent"))

RESOURCES = (
    Resource(
        key="lab.v1.Phone",
        name="Phone",
        kind="lab/Phone",
        id_field="number",
        id_source="param",
        paths=(
            Path(
                template="/v1/Phones",
                role="collection",
                kind="lab/Phone",
                operations=(
                    Operation(
                        id="lab.v1.ListPhone",
                        method="GET",
                        verb="list",
                        params=PAGING,
                        fields=_PHONE,
                        list_key="phones",
                        paging="meta",
                    ),
                ),
            ),
            Path(
                template="/v1/Phones/{Number}",
                role="instance",
                kind="lab/Phone",
                id_param="Number",
                operations=(
                    Operation(
                        id="lab.v1.FetchPhone",
                        method="GET",
                        verb="fetch",
                        params=(_NUMBER,),
                        fields=_PHONE,
                    ),
                    Operation(
                        id="lab.v1.UpdatePhone",
                        method="POST",
                        verb="update",
                        body="form",
                        params=(
                            _NUMBER,
                            Param(name="Behavior", location="body", enum=BEHAVIORS, field="behavior"),
                            Param(
                                name="Delay",
                                location="body",
                                type="integer",
                                minimum=0,
                                maximum=MAX_DELAY_MS,
                                field="delay",
                            ),
                            *_PERSONA,
                        ),
                        fields=_PHONE,
                    ),
                ),
            ),
        ),
    ),
    Resource(
        key="lab.v1.PhoneMessage",
        name="PhoneMessage",
        kind="lab/PhoneMessage",
        id_field="sid",
        paths=(
            Path(
                template="/v1/Phones/{Number}/Messages",
                role="collection",
                kind="lab/PhoneMessage",
                parents=(("Number", ""),),
                operations=(
                    Operation(
                        id="lab.v1.ListPhoneMessage",
                        method="GET",
                        verb="list",
                        params=(_NUMBER, _DIRECTION, *PAGING),
                        fields=_MESSAGE,
                        list_key="messages",
                        paging="meta",
                    ),
                    Operation(
                        id="lab.v1.CreatePhoneMessage",
                        method="POST",
                        verb="create",
                        body="form",
                        status=201,
                        params=(
                            _NUMBER,
                            Param(name="To", location="body", format="phone-number", required=True),
                            Param(name="Body", location="body"),
                            *_SAID,
                            Param(
                                name="MediaUrl",
                                location="body",
                                type="array",
                                items=Param(name="MediaUrl", location="body", format="uri"),
                            ),
                        ),
                        fields=_MESSAGE,
                    ),
                ),
            ),
            Path(
                template="/v1/Phones/{Number}/Messages/{Sid}",
                role="instance",
                kind="lab/PhoneMessage",
                id_param="Sid",
                parents=(("Number", ""),),
                operations=(
                    Operation(
                        id="lab.v1.FetchPhoneMessage",
                        method="GET",
                        verb="fetch",
                        params=(_NUMBER, _TEXT),
                        fields=_MESSAGE,
                    ),
                    Operation(
                        id="lab.v1.UpdatePhoneMessage",
                        method="POST",
                        verb="update",
                        body="form",
                        params=(
                            _NUMBER,
                            _TEXT,
                            Param(name="Status", location="body", enum=("read",), required=True),
                        ),
                        fields=_MESSAGE,
                    ),
                ),
            ),
            Path(
                template="/v1/Phones/{Number}/Messages/Wait",
                role="singleton",
                kind="lab/PhoneMessage",
                parents=(("Number", ""),),
                operations=(
                    Operation(
                        id="lab.v1.FetchPhoneMessageWait",
                        method="GET",
                        verb="fetch",
                        params=(
                            _NUMBER,
                            _DIRECTION,
                            Param(name="Matches", location="query", max_length=1000),
                            Param(
                                name="Timeout",
                                location="query",
                                type="number",
                                minimum=0,
                                maximum=MAX_LEAP_S,
                            ),
                            Param(name="Since", location="query", format="date-time"),
                            Param(name="After", location="query"),
                            Param(name="Has", location="query", enum=("code", "link")),
                            Param(name="Order", location="query", enum=("newest", "oldest")),
                        ),
                        fields=_MESSAGE,
                    ),
                ),
            ),
        ),
    ),
    Resource(
        key="lab.v1.ValidationCode",
        name="ValidationCode",
        kind="lab/ValidationCode",
        paths=(
            Path(
                template="/v1/Phones/{Number}/ValidationCodes",
                role="collection",
                kind="lab/ValidationCode",
                parents=(("Number", ""),),
                operations=(
                    Operation(
                        id="lab.v1.CreateValidationCode",
                        method="POST",
                        verb="create",
                        body="form",
                        status=201,
                        params=(_NUMBER, Param(name="Code", location="body", required=True)),
                        fields=_CALLER_ID,
                    ),
                ),
            ),
        ),
    ),
    Resource(
        key="lab.v1.ShortCode",
        name="ShortCode",
        kind="lab/ShortCode",
        paths=(
            Path(
                template="/v1/ShortCodes",
                role="collection",
                kind="lab/ShortCode",
                operations=(
                    Operation(
                        id="lab.v1.CreateShortCode",
                        method="POST",
                        verb="create",
                        body="form",
                        status=201,
                        params=(
                            Param(name="ShortCode", location="body", required=True),
                            Param(name="IsoCountry", location="body", pattern="^[A-Za-z]{2}$"),
                        ),
                        fields=_SHORT_CODE,
                    ),
                ),
            ),
        ),
    ),
)
