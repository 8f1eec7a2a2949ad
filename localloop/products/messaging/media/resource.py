"""One file of a message, as it is kept and shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from localloop.core import sids
from localloop.payloads.part import API_VERSION

UNKNOWN_TYPE: Final = "application/octet-stream"
_TYPES: Final = {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
    "mp4": "video/mp4",
    "mp3": "audio/mpeg",
    "pdf": "application/pdf",
    "vcf": "text/vcard",
    "txt": "text/plain",
}


class Media(Struct, frozen=True, kw_only=True):
    """`url` is where the application, or a phone, said it is; without an `object_id` it is there still."""

    account_sid: str
    id: UUID
    message_id: UUID
    content_type: str
    url: str
    object_id: UUID | None = None
    size: int | None = None
    date_created: datetime
    date_updated: datetime

    @property
    def sid(self) -> str:
        return sids.from_uuid("ME", self.id)


class Attached(Struct, frozen=True):
    """A file that goes with a message to be: where it is said to be, and its bytes if somebody has them."""

    url: str
    content_type: str = ""
    object_id: UUID | None = None
    size: int | None = None


def attached(media: Sequence[Media]) -> tuple[Attached, ...]:
    """The same files, with another message."""
    return tuple(Attached(each.url, each.content_type, each.object_id, each.size) for each in media)


def type_of(url: str) -> str:
    """The likely content type of what is at a URL: its ending says."""
    path = url.partition("?")[0].partition("#")[0]
    return _TYPES.get(path.rpartition(".")[2].lower(), UNKNOWN_TYPE)


def address_of(media: Media, parent_sid: str, public_url: str) -> str:
    """Where an application finds it, as Twilio writes it in `MediaUrl{N}`."""
    account = f"{public_url}/{API_VERSION}/Accounts/{media.account_sid}"
    return f"{account}/Messages/{parent_sid}/Media/{media.sid}"


def shown(media: Media, parent_sid: str) -> Mapping[str, Any]:
    return {
        "sid": media.sid,
        "account_sid": media.account_sid,
        "parent_sid": parent_sid,
        "content_type": media.content_type,
        "date_created": media.date_created,
        "date_updated": media.date_updated,
    }
