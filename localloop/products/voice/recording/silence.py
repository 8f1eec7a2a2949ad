"""Silence of a length, as files that players take: WAV (RIFF, 8 kHz, 16 bit) and MP3. Pure, piece by piece.

Until sound is carried, this is what a recording holds. An MP3 frame whose side information is all zero has no coded
data and decodes to silence (ISO 11172-3 §2.4.1.7, ISO 13818-3 for the low rates), so the file is one frame repeated.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

RATE: Final = 8000  # samples a second
_SAMPLE: Final = 2  # bytes
_PIECE: Final = 64 * 1024
_FRAME_SAMPLES: Final = 576
# MPEG 2.5, layer III, no CRC; 8 kbit/s at 8 kHz, which makes 72 bytes of a frame; mono, or two channels.
_FRAMES: Final = {1: bytes((0xFF, 0xE3, 0x18, 0xC0)), 2: bytes((0xFF, 0xE3, 0x18, 0x00))}
_FRAME_BYTES: Final = 72


def wav_size(seconds: int, channels: int) -> int:
    return 44 + seconds * RATE * _SAMPLE * channels


def wav(seconds: int, channels: int) -> Iterator[bytes]:
    data = seconds * RATE * _SAMPLE * channels
    block = _SAMPLE * channels
    yield b"".join(
        (
            struct.pack("<4sI4s", b"RIFF", 36 + data, b"WAVE"),
            struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, channels, RATE, RATE * block, block, _SAMPLE * 8),
            struct.pack("<4sI", b"data", data),
        )
    )
    yield from _zeros(data)


def mp3_size(seconds: int) -> int:
    return _frames(seconds) * _FRAME_BYTES


def mp3(seconds: int, channels: int) -> Iterator[bytes]:
    frame = _FRAMES[channels].ljust(_FRAME_BYTES, b"\0")
    at_once = _PIECE // _FRAME_BYTES
    left = _frames(seconds)
    while left:
        count = min(left, at_once)
        yield frame * count
        left -= count


def _frames(seconds: int) -> int:
    """Whole ones that last at least as long."""
    return -(-seconds * RATE // _FRAME_SAMPLES)


def _zeros(size: int) -> Iterator[bytes]:
    piece = bytes(_PIECE)
    while size > _PIECE:
        yield piece
        size -= _PIECE
    if size:
        yield bytes(size)
