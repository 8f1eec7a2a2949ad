"""A recording as a value: how long it has run, with its pauses, and what it turns out to be. Pure.

Sources: Twilio's Recording resource, and the errors 16101 and 21220.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from typing import Any, Final, Literal, TypeAlias, cast
from uuid import UUID

from msgspec import UNSET, Struct, structs

from localloop.core import errors, sids
from localloop.payloads import voice
from localloop.payloads.part import given
from localloop.products.voice import price
from localloop.products.voice.recording import lifecycle
from localloop.products.voice.recording.lifecycle import Status

TOO_SHORT: Final = 16101
_MILLISECOND: Final = timedelta(milliseconds=1)

Source: TypeAlias = Literal[
    "DialVerb",
    "Conference",
    "OutboundAPI",
    "Trunking",
    "RecordVerb",
    "StartCallRecordingAPI",
    "StartCallRecordingTwiML",
    "StartConferenceRecordingAPI",
]
Method: TypeAlias = Literal["GET", "POST"]


class Wish(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How something is to be recorded, and who hears of it."""

    source: Source
    channels: int = 1
    track: Literal["inbound", "outbound", "both"] = "both"
    trim: Literal["trim-silence", "do-not-trim"] = "do-not-trim"
    callback: str = ""
    callback_method: Method = "POST"
    callback_events: tuple[str, ...] = ("completed",)
    transcribe: bool = False
    transcribe_callback: str = ""


class Stretch(Struct, frozen=True, omit_defaults=True):
    """Of a recording: taken, or kept as silence while it is paused. The last one goes on until it has an end."""

    since: datetime
    until: datetime | None = None
    is_silent: bool = False


Sounds: TypeAlias = Sequence[tuple[datetime, datetime]]  # when something was to be heard


class Recording(Struct, frozen=True, kw_only=True):
    """One row. `taken_ms` is known once it is over."""

    id: UUID
    account_sid: str
    world_sid: str
    call_id: UUID | None = None
    conference_id: UUID | None = None
    status: Status = "in-progress"
    wish: Wish
    start_time: datetime
    stretches: tuple[Stretch, ...] = ()
    taken_ms: int = 0
    duration: int | None = None  # seconds, once it is over
    price: Decimal | None = None
    error_code: int | None = None
    date_created: datetime
    date_updated: datetime

    @property
    def sid(self) -> str:
        return sids.from_uuid("RE", self.id)

    @property
    def call_sid(self) -> str | None:
        return sids.from_uuid("CA", self.call_id) if self.call_id else None

    @property
    def conference_sid(self) -> str | None:
        return sids.from_uuid("CF", self.conference_id) if self.conference_id else None


class Of(Struct, frozen=True, kw_only=True):
    """What is recorded, and when that begins."""

    account_sid: str
    world_sid: str
    at: datetime
    call_id: UUID | None = None
    conference_id: UUID | None = None


def begin(of: Of, wish: Wish, id: UUID | None = None) -> Recording:
    return Recording(
        id=id or sids.new_id(),
        account_sid=of.account_sid,
        world_sid=of.world_sid,
        call_id=of.call_id,
        conference_id=of.conference_id,
        wish=wish,
        start_time=of.at,
        stretches=(Stretch(of.at),),
        date_created=of.at,
        date_updated=of.at,
    )


def pause(now: Recording, at: datetime, *, silence: bool = True) -> Recording:
    """`silence`: the pause is in the recording, as silence; else it is skipped. Raises 21220."""
    more = (Stretch(at, is_silent=True),) if silence else ()
    return structs.replace(_become(now, "paused", at), stretches=(*_closed(now, at), *more))


def resume(now: Recording, at: datetime) -> Recording:
    """Raises 21220."""
    return structs.replace(_become(now, "in-progress", at), stretches=(*_closed(now, at), Stretch(at)))


def stop(now: Recording, at: datetime, *, by_request: bool = False, sounds: Sounds = ()) -> Recording:
    """No more is taken; what was is made ready. Raises 21220.

    Silence is cut off, where that is wanted, before the first of `sounds` and after the last; of one in which nothing
    is to be heard, nothing is.
    """
    after = _become(now, "stopped" if by_request else "processing", at)
    stretches = _closed(now, at)
    edges = _edges(stretches, sounds) if now.wish.trim == "trim-silence" else None
    return structs.replace(after, stretches=stretches, taken_ms=_taken(stretches, edges))


def finish(now: Recording, at: datetime) -> Recording:
    """Ready; one of less than a second is none (16101). Raises 21220."""
    seconds = now.taken_ms // 1000
    if seconds < 1:
        absent = _become(now, "absent", at)
        return structs.replace(absent, duration=0, error_code=TOO_SHORT)
    done = _become(now, "completed", at)
    return structs.replace(done, duration=seconds, price=price.extra_price("recording", seconds))


def _become(now: Recording, status: Status, at: datetime) -> Recording:
    if not lifecycle.may_follow(now.status, status):
        raise errors.call_not_in_progress()
    return structs.replace(now, status=status, date_updated=at)


def _closed(now: Recording, at: datetime) -> tuple[Stretch, ...]:
    """With the end of the stretch that goes on."""
    return tuple(structs.replace(each, until=each.until or max(at, each.since)) for each in now.stretches)


def _edges(stretches: Sequence[Stretch], sounds: Sounds) -> tuple[datetime, datetime] | None:
    """When something is first to be heard in what was taken, and last."""
    audible = [
        (max(since, each.since), min(until, each.until))
        for each in stretches
        if each.until is not None and not each.is_silent
        for since, until in sounds
        if since < each.until and until > each.since
    ]
    return (min(since for since, _ in audible), max(until for _, until in audible)) if audible else None


def _taken(stretches: Sequence[Stretch], edges: tuple[datetime, datetime] | None) -> int:
    """In milliseconds."""
    taken = timedelta()
    for each in stretches:
        assert each.until is not None
        since, until = each.since, each.until
        if edges is not None:
            since, until = max(since, edges[0]), min(until, edges[1])
        taken += max(until - since, timedelta())
    return taken // _MILLISECOND


def media_url(now: Recording, public_url: str) -> str:
    """Without a suffix: WAV."""
    return f"{public_url}/2010-04-01/Accounts/{now.account_sid}/Recordings/{now.sid}"


def is_told(now: Recording) -> bool:
    """Whether somebody wants to hear of this state."""
    wish = now.wish
    return bool(wish.callback) and now.status in lifecycle.TOLD and now.status in wish.callback_events


def callback_params(now: Recording, public_url: str) -> Mapping[str, str]:
    """The form of a recording's status callback."""
    is_done = now.status == "completed"
    return voice.RecordingChange(
        account_sid=now.account_sid,
        call_sid=given(now.call_sid),
        conference_sid=given(now.conference_sid),
        recording_sid=now.sid,
        recording_url=media_url(now, public_url),
        recording_status=cast(Any, now.status),
        recording_channels="2" if now.wish.channels == 2 else "1",
        recording_start_time=format_datetime(now.start_time),
        recording_source=now.wish.source,
        recording_track=now.wish.track,
        recording_duration=str(now.duration) if is_done and now.duration is not None else UNSET,
        # 0 of one that can be heard is observed, not documented.
        error_code=str(now.error_code or 0) if is_done or now.error_code else UNSET,
    ).params()
