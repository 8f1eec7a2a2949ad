"""The debugger's webhook: https://www.twilio.com/docs/usage/troubleshooting/debugging-event-webhooks."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from localloop.payloads import part
from localloop.payloads.part import Part, said


class Event(Part, frozen=True, kw_only=True):
    """A condition that was met."""

    sid: Annotated[
        str, said("The event, an alert of the Monitor API", "NO" + "0" * 32, pattern="^NO[0-9a-f]{32}$")
    ]
    account_sid: Annotated[
        str, said("The account that it met", "AC" + "0" * 31 + "1", pattern=part.ACCOUNT_SID)
    ]
    timestamp: Annotated[str, said("When, ISO 8601", "2026-01-02T03:04:05.678Z", pattern="^[0-9]{4}-.*T.*Z$")]
    level: Annotated[Literal["ERROR", "WARNING"], said("How bad it is", "ERROR")]
    payload_type: Annotated[Literal["application/json"], said("The type of Payload", "application/json")]
    payload: Annotated[
        str,
        said(
            "What was met, as JSON",
            '{"resource_sid":null,"service_sid":null,"error_code":"11200","more_info":'
            '{"Msg":"HTTP retrieval failure","ErrorCode":"11200","LogLevel":"ERROR"}}',
        ),
    ]
    parent_account_sid: Annotated[
        str | UnsetType,
        said(
            "The main account",
            "AC" + "0" * 31 + "2",
            when="AccountSid is a subaccount",
            pattern=part.ACCOUNT_SID,
        ),
    ] = UNSET


class Asked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The request that it came of."""

    url: str
    method: str
    headers: dict[str, str] | UnsetType = UNSET
    parameters: dict[str, Any] | UnsetType = UNSET


class Answered(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was answered."""

    status_code: int | UnsetType = UNSET
    headers: dict[str, str] | UnsetType = UNSET
    body: str | UnsetType = UNSET


class Exchange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The webhook, or the request, that it came of."""

    type: Literal["application/json"] = "application/json"
    request: Asked
    response: Answered | UnsetType = UNSET


class Detail(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The JSON in Payload."""

    resource_sid: Annotated[str | None, Meta(description="The resource that it is about")]
    service_sid: Annotated[str | None, Meta(description="The service that this belongs to")]
    error_code: Annotated[str, Meta(description="Twilio's code", pattern=part.CODE)]
    more_info: Annotated[
        dict[str, str], Meta(description="What an alert says: Msg, ErrorCode, LogLevel and more")
    ]
    webhook: Annotated[Exchange | UnsetType, Meta(description="The exchange that it came of, if any")] = UNSET
