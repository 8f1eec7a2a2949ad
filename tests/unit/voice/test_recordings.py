"""How long a recording has run, with its pauses; what is told of it; and silence that players take for a file."""

from __future__ import annotations

import io
import wave
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace
from schemas import faults

from localloop.core import sids
from localloop.core.errors import ApiError
from localloop.products.voice.recording import lifecycle, silence, take
from localloop.products.voice.recording.take import Of, Recording, Wish

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
URL = "https://loop.example.com"


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def begun(**wish: Any) -> Recording:
    of = Of(account_sid=sids.new("AC"), world_sid=sids.new("AC"), at=NOW, call_id=sids.new_id())
    return take.begin(
        of, Wish(**{"source": "StartCallRecordingAPI", "callback": "https://a.example", **wish})
    )


def finished(now: Recording, seconds: float) -> Recording:
    return take.finish(take.stop(now, after(seconds)), after(seconds))


@pytest.mark.parametrize(("seconds", "duration"), [(1, 1), (61.9, 61), (14_400, 14_400)])
def test_it_lasts_as_long_as_it_ran(seconds: float, duration: int) -> None:
    done = finished(begun(), seconds)
    assert (done.status, done.duration, done.error_code) == ("completed", duration, None)
    assert done.price == Decimal("-0.0025") * -(-duration // 60)


def test_less_than_a_second_is_none() -> None:
    absent = finished(begun(), 0.9)
    assert (absent.status, absent.duration, absent.error_code, absent.price) == ("absent", 0, 16101, None)


@pytest.mark.parametrize(("is_kept", "duration"), [(True, 30), (False, 20)])
def test_a_pause_is_silence_or_left_out(is_kept: bool, duration: int) -> None:
    paused = take.pause(begun(), after(10), silence=is_kept)
    going = take.resume(paused, after(20))
    assert [paused.status, going.status] == ["paused", "in-progress"]
    assert finished(going, 30).duration == duration


def test_one_that_is_stopped_in_its_pause() -> None:
    assert finished(take.pause(begun(), after(10), silence=False), 25).duration == 10
    assert finished(take.pause(begun(), after(10), silence=True), 25).duration == 25


WORDS = (after(4), after(6))


@pytest.mark.parametrize(
    ("trim", "sounds", "duration"),
    [
        ("do-not-trim", [WORDS], 30),
        ("trim-silence", [WORDS], 2),
        ("trim-silence", [(after(-2), after(3)), WORDS], 6),
        ("trim-silence", [WORDS, (after(29), after(33))], 26),
        ("trim-silence", [], 30),  # nothing to be heard: nothing to cut off
    ],
)
def test_silence_is_cut_off_at_both_ends(trim: Any, sounds: Any, duration: int) -> None:
    stopped = take.stop(begun(trim=trim), after(30), sounds=sounds)
    assert take.finish(stopped, after(30)).duration == duration


@pytest.mark.parametrize(("is_kept", "duration"), [(True, 16), (False, 6)])
def test_what_is_said_in_a_pause_is_not_heard(is_kept: bool, duration: int) -> None:
    going = take.resume(take.pause(begun(trim="trim-silence"), after(10), silence=is_kept), after(20))
    sounds = [(after(7), after(9)), (after(12), after(14)), (after(21), after(23)), (after(31), after(32))]
    assert take.finish(take.stop(going, after(30), sounds=sounds), after(30)).duration == duration


def test_what_it_cannot_do_any_more() -> None:
    done = finished(begun(), 10)
    for step in (take.pause, take.resume, take.stop, take.finish):
        with pytest.raises(ApiError) as refused:
            step(done, after(11))
        assert refused.value.code == 21220


def test_every_state_is_reachable() -> None:
    reached = {"in-progress"}.union(*lifecycle.FOLLOWERS.values())
    assert reached == set(lifecycle.FOLLOWERS)
    assert take.stop(begun(), after(2), by_request=True).status == "stopped"


def test_who_wants_to_hear_of_what() -> None:
    everything = ("in-progress", "completed", "absent")
    assert [take.is_told(begun()), take.is_told(finished(begun(), 2))] == [False, True]
    told = begun(callback_events=everything)
    assert [take.is_told(each) for each in (told, take.stop(told, after(2)), finished(told, 0.1))] == [
        True,
        False,
        True,
    ]
    assert not take.is_told(finished(begun(callback=""), 2))


@pytest.mark.parametrize("seconds", [0.1, 5])
def test_what_is_told_fits_its_schema(seconds: float) -> None:
    done = finished(begun(channels=2, track="inbound"), seconds)
    told = dict(take.callback_params(done, URL))
    assert faults("recording-status", told) == []
    assert told["RecordingUrl"] == f"{URL}/2010-04-01/Accounts/{done.account_sid}/Recordings/{done.sid}"
    assert (told["RecordingChannels"], told["RecordingTrack"]) == ("2", "inbound")
    assert told.get("RecordingDuration") == ("5" if seconds == 5 else None)
    assert told.get("ErrorCode") == ("0" if seconds == 5 else "16101")


def test_a_conferences_recording_is_of_no_call() -> None:
    told = take.callback_params(replace(finished(begun(), 5), call_id=None, conference_id=sids.new_id()), URL)
    assert told["ConferenceSid"].startswith("CF")
    assert "CallSid" not in told


# Silence -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "channels"), [(1, 1), (5, 2), (61, 1)])
def test_a_wav_of_the_right_length(seconds: int, channels: int) -> None:
    written = b"".join(silence.wav(seconds, channels))
    assert len(written) == silence.wav_size(seconds, channels)
    with wave.open(io.BytesIO(written)) as read:
        assert (read.getframerate(), read.getsampwidth(), read.getnchannels()) == (8000, 2, channels)
        assert read.getnframes() == seconds * 8000
        assert not any(read.readframes(read.getnframes()))


@pytest.mark.parametrize(("seconds", "channels"), [(1, 1), (5, 2), (61, 1)])
def test_an_mp3_of_the_right_length(seconds: int, channels: int) -> None:
    written = b"".join(silence.mp3(seconds, channels))
    assert len(written) == silence.mp3_size(seconds)
    lasts = 0.0
    while written:
        length, samples, mono = frame(written)
        assert (mono, any(written[4:length])) == (channels == 1, False)
        lasts, written = lasts + samples / 8000, written[length:]
    assert seconds <= lasts < seconds + 0.072


def frame(data: bytes) -> tuple[int, int, bool]:
    """Bytes, samples, and whether it is mono, of the frame that begins here (ISO 11172-3 §2.4.2.3)."""
    head = int.from_bytes(data[:4], "big")
    sync, version, layer = head >> 21, head >> 19 & 3, head >> 17 & 3
    bits, rate = head >> 12 & 15, head >> 10 & 3
    assert (sync, version, layer, bits, rate) == (0x7FF, 0, 1, 1, 2)  # MPEG 2.5, III, 8 kbit/s, 8 kHz
    return 72 * 8000 // 8000 + (head >> 9 & 1), 576, head >> 6 & 3 == 3


def test_four_hours_are_made_piece_by_piece() -> None:
    pieces = silence.wav(14_400, 2)
    assert len(next(pieces)) == 44
    assert max(len(next(pieces)) for _ in range(10)) <= 65_536
