"""A call as it is kept and shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Literal, TypeAlias
from uuid import UUID

from msgspec import Struct, field

from localloop.core import e164, money, sids
from localloop.payloads.part import API_VERSION
from localloop.products.voice.call import lifecycle
from localloop.products.voice.call.lifecycle import Milestone, Status

Direction: TypeAlias = Literal[
    "inbound", "outbound-api", "outbound-dial", "trunking-terminating", "trunking-originating"
]
Method: TypeAlias = Literal["GET", "POST"]
_SECOND: Final = timedelta(seconds=1)


class Webhook(Struct, frozen=True, omit_defaults=True):
    """Where to ask, and where when that fails; an empty url is none."""

    url: str = ""
    method: Method = "POST"
    fallback_url: str = ""
    fallback_method: Method = "POST"


class Progress(Struct, frozen=True, omit_defaults=True):
    """Who is told of a call's changes, and of which."""

    url: str = ""
    method: Method = "POST"
    events: tuple[Milestone, ...] = ("completed",)


class Detection(Struct, frozen=True, omit_defaults=True):
    """How answering machines are looked for. Times in milliseconds but for `timeout_s`."""

    mode: Literal["Enable", "DetectMessageEnd"] = "Enable"
    timeout_s: int = 30
    speech_threshold: int = 2400
    speech_end_threshold: int = 1200
    silence_timeout: int = 5000
    is_async: bool = False
    callback: str = ""
    callback_method: Method = "POST"


class Recorded(Struct, frozen=True, omit_defaults=True):
    """How the whole call is recorded."""

    channels: Literal["mono", "dual"] = "mono"
    track: Literal["inbound", "outbound", "both"] = "both"
    trim: Literal["trim-silence", "do-not-trim"] = "trim-silence"
    callback: str = ""
    callback_method: Method = "POST"
    callback_events: tuple[str, ...] = ("completed",)


class Options(Struct, frozen=True, omit_defaults=True):
    """What a call was asked to do beyond its columns. Kept as JSON; defaults are left out."""

    webhook: Webhook = Webhook()
    twiml: str = ""  # in place of the webhook's url
    progress: Progress = Progress()
    application_sid: str | None = None
    timeout: int = 60  # seconds of ringing
    time_limit: int = 14_400
    is_trial: bool = False  # of an account that only tries
    send_digits: str = ""
    detection: Detection | None = None
    recorded: Recorded | None = None
    caller_id: str = ""  # shown to the callee instead of From
    call_reason: str = ""
    caller_to_prove: str = ""  # what a call that another dials shows, if that is the account's own
    call_token: str = ""
    byoc: str = ""
    sip_username: str = ""
    forwarded_from: str | None = None
    caller_name: str | None = None
    group_sid: str | None = None
    trunk_sid: str | None = None
    params: Mapping[str, str] = {}  # more of the request for its first document: of a client, of SIP


class Call(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One row. Its ends are E.164, `client:…`, `sip:…` or what a caller who hides shows."""

    account_sid: str
    world_sid: str
    id: UUID
    status: Status
    direction: Direction
    from_: str = field(name="from")
    to: str
    parent_id: UUID | None = None
    phone_number_sid: str | None = None
    start_time: datetime | None = None  # when it was dialled, or came in
    answer_time: datetime | None = None
    end_time: datetime | None = None
    price: Decimal | None = None
    answered_by: str | None = None
    queue_ms: int = 0
    options: Options = Options()
    date_created: datetime
    date_updated: datetime

    @property
    def sid(self) -> str:
        return sids.from_uuid("CA", self.id)

    @property
    def parent_sid(self) -> str | None:
        return sids.from_uuid("CA", self.parent_id) if self.parent_id is not None else None

    @property
    def has_ended(self) -> bool:
        return lifecycle.has_ended(self.status)

    @property
    def duration(self) -> int | None:
        """Seconds begun since it was answered; 0 of one that never was, None until it has ended."""
        if self.end_time is None:
            return None
        if self.answer_time is None:
            return 0
        return -((self.answer_time - self.end_time) // _SECOND)


class Shown(Struct, frozen=True, kw_only=True):
    """The fields of the API's answer, by their wire names; the house tests hold them against the contract."""

    sid: str
    account_sid: str
    answered_by: str | None
    api_version: str
    caller_name: str | None
    date_created: datetime
    date_updated: datetime
    direction: str
    duration: str | None
    end_time: datetime | None
    forwarded_from: str | None
    from_: str = field(name="from")
    from_formatted: str
    group_sid: str | None
    parent_call_sid: str | None
    phone_number_sid: str | None
    price: str | None
    price_unit: str
    queue_time: str
    start_time: datetime | None
    status: str
    to: str
    to_formatted: str
    trunk_sid: str | None


def shown(call: Call) -> Mapping[str, Any]:
    """The answer's fields. Durations and prices are strings on the wire (Twilio's API reference)."""
    duration = call.duration
    return {
        "sid": call.sid,
        "account_sid": call.account_sid,
        "answered_by": call.answered_by,
        "api_version": API_VERSION,
        "caller_name": call.options.caller_name,
        "date_created": call.date_created,
        "date_updated": call.date_updated,
        "direction": call.direction,
        "duration": None if duration is None else str(duration),
        "end_time": call.end_time,
        "forwarded_from": call.options.forwarded_from,
        "from": call.from_,
        "from_formatted": formatted(call.from_),
        "group_sid": call.options.group_sid,
        "parent_call_sid": call.parent_sid,
        "phone_number_sid": call.phone_number_sid,
        "price": None if call.price is None else money.price_text(call.price),
        "price_unit": money.CURRENCY,
        "queue_time": str(call.queue_ms),
        "start_time": call.start_time,
        "status": lifecycle.shown(call.status),
        "to": call.to,
        "to_formatted": formatted(call.to),
        "trunk_sid": call.options.trunk_sid,
    }


def formatted(address: str) -> str:
    """An end of a call as people write it: `(415) 555-0123`; what is no number stays."""
    return e164.national(address) if e164.is_e164(address) else address
