"""How long a sound file is, by its first bytes: WAV, MP3 (constant and variable), and μ-law. Pure."""

from __future__ import annotations

import struct
from typing import Final

_MULAW: Final = ("audio/basic", "audio/x-mulaw", "audio/mulaw", "audio/ulaw")
_RATE: Final = 8000
_UNKNOWN: Final = (0, 0xFFFFFFFF)  # what a WAV that was streamed says of its length
# MPEG 1 and 2, layer III: kbit/s and samples a second by their index in a frame's head (ISO/IEC 11172-3, 13818-3).
_KBITS: Final = {
    1: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_SAMPLES: Final = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_ID3_HEAD: Final = 10


def seconds_of(head: bytes, size: int | None, content_type: str = "") -> float | None:
    """None where that cannot be told. `size` is that of the whole file, None where it is not known."""
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return _wav(head, size)
    if head[:4] == b".snd" and len(head) >= 8 and size is not None:
        return max(0, size - int.from_bytes(head[4:8], "big")) / _RATE
    if content_type.partition(";")[0].strip().lower() in _MULAW:
        return size / _RATE if size is not None else None
    return _mp3(head, size)


def _wav(head: bytes, size: int | None) -> float | None:
    place, bytes_a_second = 12, 0
    while place + 8 <= len(head):
        name, length = head[place : place + 4], int.from_bytes(head[place + 4 : place + 8], "little")
        if name == b"fmt " and place + 20 <= len(head):
            bytes_a_second = int.from_bytes(head[place + 16 : place + 20], "little")
        if name == b"data":
            if length in _UNKNOWN:
                length = size - place - 8 if size is not None else 0
            return length / bytes_a_second if bytes_a_second and length else None
        place += 8 + length + length % 2
    return None


def _mp3(head: bytes, size: int | None) -> float | None:
    start = _behind_tags(head)
    frame = start if head[start : start + 1] == b"\xff" else head.find(b"\xff", start)
    if frame < 0 or frame + 4 > len(head):
        return None
    (bits,) = struct.unpack_from(">I", head, frame)
    version, layer = bits >> 19 & 3, bits >> 17 & 3
    kbits, rate = bits >> 12 & 15, bits >> 10 & 3
    if bits >> 21 != 0x7FF or version == 1 or layer != 1 or kbits in (0, 15) or rate == 3:
        return None
    is_first = version == 3
    samples_a_second = _SAMPLES[version][rate]
    frames = _frames(head, frame, is_first=is_first, is_mono=bits >> 6 & 3 == 3)
    if frames:
        return frames * (1152 if is_first else 576) / samples_a_second
    bytes_a_second = _KBITS[1 if is_first else 2][kbits] * 125
    return (size - frame) / bytes_a_second if size is not None else None


def _behind_tags(head: bytes) -> int:
    """Where the sound begins: an ID3v2 tag says how long it is, in seven bits a byte."""
    if head[:3] != b"ID3" or len(head) < _ID3_HEAD:
        return 0
    length = sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
    return _ID3_HEAD + length + (_ID3_HEAD if head[5] & 0x10 else 0)


def _frames(head: bytes, frame: int, *, is_first: bool, is_mono: bool) -> int:
    """How many there are, where an encoder has written that into the first (Xing, Info, VBRI); else 0."""
    side = (17 if is_mono else 32) if is_first else (9 if is_mono else 17)
    xing = frame + 4 + side
    if head[xing : xing + 4] in (b"Xing", b"Info") and head[xing + 7 : xing + 8] and head[xing + 7] & 1:
        return int.from_bytes(head[xing + 8 : xing + 12], "big")
    vbri = frame + 36
    return int.from_bytes(head[vbri + 14 : vbri + 18], "big") if head[vbri : vbri + 4] == b"VBRI" else 0
