"""How long files are, by their first bytes."""

from __future__ import annotations

import struct

import pytest

from localloop.telephony import audio


def wav(seconds: float, *, rate: int = 8000, said: int | None = None, extra: bytes = b"") -> bytes:
    size = round(seconds * rate * 2)
    head = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, rate * 2, 2, 16) + extra
    data = struct.pack("<4sI", b"data", size if said is None else said) + bytes(size)
    return struct.pack("<4sI4s", b"RIFF", 4 + len(head) + len(data), b"WAVE") + head + data


def mp3(kbits_index: int = 9, *, version: int = 3, tag: bytes = b"", inside: bytes = b"") -> bytes:
    """A frame of layer III, 44.1 kHz or its half, stereo."""
    bits = 0x7FF << 21 | version << 19 | 1 << 17 | 1 << 16 | kbits_index << 12
    return tag + struct.pack(">I", bits) + inside.ljust(400, b"\0")


ID3 = b"ID3\x04\0\0\0\0\x02\x00" + bytes(256)
XING = bytes(32) + b"Xing" + struct.pack(">II", 1, 1000)
VBRI = bytes(32) + b"VBRI" + bytes(10) + struct.pack(">I", 500)


@pytest.mark.parametrize(
    ("file", "size", "kind", "seconds"),
    [
        (wav(2.5), None, "audio/wav", 2.5),
        (wav(1, extra=b"LIST\x03\0\0\0abc\0"), None, "audio/wav", 1.0),
        (wav(2)[:60], None, "audio/wav", 2.0),
        (wav(3, said=0xFFFFFFFF), 44 + 48_000, "audio/wav", 3.0),
        (wav(3, said=0), None, "audio/wav", None),
        (mp3(), 160_000, "audio/mpeg", 10.0),  # 128 kbit/s
        (mp3(tag=ID3), 160_000 + len(ID3), "audio/mpeg", 10.0),
        (mp3(8, version=2), 80_000, "audio/mpeg", 10.0),  # 64 kbit/s
        (mp3(inside=XING), None, "audio/mpeg", 1000 * 1152 / 44_100),
        (mp3(inside=VBRI), None, "audio/mpeg", 500 * 1152 / 44_100),
        (mp3(), None, "audio/mpeg", None),
        (b"\x7f" * 100, 16_000, "audio/basic", 2.0),
        (b".snd" + (32).to_bytes(4, "big") + bytes(24), 16_032, "", 2.0),
        (b"hello", 5, "text/plain", None),
        (b"", 0, "", None),
        (b"\xff\xff\xff\xff", 4, "", None),
    ],
)
def test_lengths(file: bytes, size: int | None, kind: str, seconds: float | None) -> None:
    found = audio.seconds_of(file, size, kind)
    assert found == (None if seconds is None else pytest.approx(seconds))
