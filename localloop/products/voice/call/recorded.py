"""Recordings that a call's document begins: until they are ended, by silence, or with the call."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec.structs import replace

from localloop.products.voice.call.events import Silent
from localloop.products.voice.call.live import Running
from localloop.products.voice.call.turn import Turn
from localloop.products.voice.recording import take
from localloop.products.voice.recording.take import Of, Wish
from localloop.telephony.simulated.speech import seconds_of
from localloop.twiml.interpreter import commands, events


def start(turn: Turn, wanted: commands.StartRecording) -> None:
    call = turn.call
    of = Of(account_sid=call.account_sid, world_sid=call.world_sid, at=turn.at, call_id=call.id)
    wish = Wish(
        source="StartCallRecordingTwiML" if wanted.source == "StartRecording" else wanted.source,
        channels=2 if wanted.channels == "dual" else 1,
        track=wanted.track,
        trim=wanted.trim,
        callback=wanted.status_callback or "",
        callback_method=wanted.status_callback_method,
        callback_events=wanted.status_callback_event,
        transcribe=wanted.transcribe,
        transcribe_callback=wanted.transcribe_callback or "",
    )
    recording = take.begin(of, wish)
    turn.record(recording)
    running = Running(
        recording.sid,
        turn.at,
        wanted.silence,
        # Of one that goes on beside the document nobody is told how long it is; its phone knows what was heard.
        wanted.trim == "trim-silence" and wanted.source != "StartRecording",
        hears=wanted.track != "inbound",
        silent_at=_after(turn.at, wanted.silence),
    )
    _keep(turn, wanted.n, running)
    _wait(turn, wanted.n, running)


def stop(turn: Turn, n: int) -> None:
    """Its document hears how long it is. Of a recording whose silence is cut off that is what was said."""
    running = turn.live.recordings.get(n)
    if running is None:
        return
    others = {key: each for key, each in turn.live.recordings.items() if key != n}
    turn.live = replace(turn.live, recordings=others)
    turn.stop_recording(running.sid, running.sound if running.is_trimmed else None)
    since, until = running.since, turn.at
    if running.is_trimmed and running.sound is not None:
        since, until = running.sound[0], min(running.sound[1], turn.at)
    seconds = int((until - since).total_seconds())
    turn.expect(
        lambda seq: events.RecordingEnded(
            seq=seq,
            at=turn.at,
            n=n,
            sid=running.sid,
            url=turn.recording_url(running.sid),
            duration=seconds,
            is_absent=seconds < 1,
        )
    )


def spoken(turn: Turn, text: str) -> None:
    """Whoever speaks is recorded, and is not silent until he has ended."""
    ends = turn.at + timedelta(seconds=seconds_of(text))
    for n, running in turn.live.recordings.items():
        now = replace(running, sound=_sound(running, turn.at, ends), silent_at=_after(ends, running.silence))
        _keep(turn, n, now)
        _wait(turn, n, now)


def heard(turn: Turn, text: str) -> None:
    """So is, where that is recorded too, whoever speaks to him."""
    ends = turn.at + timedelta(seconds=seconds_of(text))
    for n, running in turn.live.recordings.items():
        if running.hears:
            _keep(turn, n, replace(running, sound=_sound(running, turn.at, ends)))


def _sound(running: Running, since: datetime, until: datetime) -> tuple[datetime, datetime]:
    first, last = running.sound or (since, until)
    return first, max(last, until)


def silent(turn: Turn, n: int) -> None:
    """Nothing was said for as long as it waits."""
    running = turn.live.recordings.get(n)
    if running is not None and running.silent_at is not None and turn.at >= running.silent_at:
        stop(turn, n)


def _keep(turn: Turn, n: int, running: Running) -> None:
    turn.live = replace(turn.live, recordings={**turn.live.recordings, n: running})


def _wait(turn: Turn, n: int, running: Running) -> None:
    if running.silent_at is not None:
        turn.later(running.silent_at - turn.at, Silent(n))


def _after(moment: datetime, silence: int) -> datetime | None:
    return moment + timedelta(seconds=silence) if silence else None
