"""Durable jobs and per-sender pacing: rows that commit with the state that caused them, run at least once."""

from localloop.jobs.job import Dead, Done, Handler, Job, NewJob, Outcome, Park, Relayed, Retry, Settled
from localloop.jobs.pace import Reservation, Slots, delay, reserve, rewind
from localloop.jobs.queue import cancel, delete, enqueue, release, take
from localloop.jobs.relay import may_relay, relay
from localloop.jobs.throughput import Wish, share
from localloop.jobs.turns import PATIENCE, Claim, Turn, claim
from localloop.jobs.worker import Worker, WorkerOptions

__all__ = [
    "PATIENCE",
    "Claim",
    "Dead",
    "Done",
    "Handler",
    "Job",
    "NewJob",
    "Outcome",
    "Park",
    "Relayed",
    "Reservation",
    "Retry",
    "Settled",
    "Slots",
    "Turn",
    "Wish",
    "Worker",
    "WorkerOptions",
    "cancel",
    "claim",
    "delay",
    "delete",
    "enqueue",
    "may_relay",
    "relay",
    "release",
    "reserve",
    "rewind",
    "share",
    "take",
]
