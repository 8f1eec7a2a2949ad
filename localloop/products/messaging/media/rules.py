"""What may be sent with a message: types, sizes, and what is told when it may not.

Sources: Twilio's "Accepted Content Types for Media" and "Sending Media Messages"; codes of the error dictionary.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

KILOBYTE: Final = 1024
LARGEST: Final = 5 * KILOBYTE * KILOBYTE  # of a picture, and of all files of a message together
LARGEST_OTHER: Final = 500 * KILOBYTE
LARGEST_OF_CHANNEL: Final = 16 * KILOBYTE * KILOBYTE

NOT_RETRIEVED: Final = 11200
TOO_LARGE: Final = 11751
WRONG_TYPE: Final = 12300
TOO_LARGE_FOR_CARRIER: Final = 30019
CHANNEL_NOT_RETRIEVED: Final = 63019
CHANNEL_WRONG_TYPE: Final = 63021
CHANNEL_TOO_LARGE: Final = 63034

# Carriers take these as they are; Twilio makes them smaller where a handset needs it.
PICTURES: Final = frozenset({"image/jpeg", "image/jpg", "image/png", "image/gif"})
TYPES: Final = PICTURES | frozenset(
    """
    audio/basic audio/L24 audio/mp4 audio/mpeg audio/ogg audio/vnd.rn-realaudio audio/vnd.wave audio/3gpp
    audio/3gpp2 audio/ac3 audio/webm audio/amr-nb audio/amr audio/aac audio/wav audio/x-wav audio/opus
    video/mpeg video/mp4 video/quicktime video/webm video/3gpp video/3gpp2 video/3gpp-tt video/H261 video/H263
    video/H263-1998 video/H263-2000 video/H264
    image/webp image/bmp image/tiff image/heic image/heif
    text/vcard text/x-vcard text/csv text/rtf text/richtext text/calendar text/directory
    application/pdf application/vcard application/vnd.apple.pkpass
    """.lower().split()
)
_OF_CHANNELS: Final = frozenset(
    """
    application/msword application/vnd.ms-excel application/vnd.ms-powerpoint
    application/vnd.openxmlformats-officedocument.wordprocessingml.document
    application/vnd.openxmlformats-officedocument.spreadsheetml.sheet
    application/vnd.openxmlformats-officedocument.presentationml.presentation
    """.split()
)


def is_channel(address: str) -> bool:
    """`whatsapp:+1…` and its like: their own limits, and their own codes."""
    return ":" in address


def largest(address: str) -> int:
    """Bytes of one file to this address, at most; what is longer is not read to its end."""
    return LARGEST_OF_CHANNEL if is_channel(address) else LARGEST


def refusal(address: str, content_type: str, size: int) -> int | None:
    """The code of what is wrong with one file to this address; None for a good one."""
    kind = essence(content_type)
    if is_channel(address):
        if kind not in TYPES and kind not in _OF_CHANNELS:
            return CHANNEL_WRONG_TYPE
        return CHANNEL_TOO_LARGE if size > LARGEST_OF_CHANNEL else None
    if kind not in TYPES:
        return WRONG_TYPE
    if size > LARGEST:
        return TOO_LARGE
    return TOO_LARGE_FOR_CARRIER if kind not in PICTURES and size > LARGEST_OTHER else None


def refusal_of_all(address: str, sizes: Sequence[int]) -> int | None:
    """The same of all files of a message together."""
    return TOO_LARGE if not is_channel(address) and sum(sizes) > LARGEST else None


def not_retrieved(address: str, code: int) -> int:
    """The message's code for a file that could not be had: the fetch's own, or that of channels."""
    return CHANNEL_NOT_RETRIEVED if is_channel(address) else code


def essence(content_type: str) -> str:
    """`image/png` of `Image/PNG; charset=binary`."""
    return content_type.partition(";")[0].strip().lower()
