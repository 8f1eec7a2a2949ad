"""A recording: what a program and the service said to each other, as JSON lines without secrets. No network here."""

from localloop.intercept.recording.exchange import Answer, Exchange, Headers, Request, Sink
from localloop.intercept.recording.file import Damaged, Head, Recording, RecordingFile, read
from localloop.intercept.recording.scrub import Scrubber

__all__ = [
    "Answer",
    "Damaged",
    "Exchange",
    "Head",
    "Headers",
    "Recording",
    "RecordingFile",
    "Request",
    "Scrubber",
    "Sink",
    "read",
]
