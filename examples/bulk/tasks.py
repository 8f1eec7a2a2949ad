"""One text per task. A 429 was certainly not processed, so it alone is tried again, ever more slowly."""

import functools
import os
import random

from celery import Celery
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 30.0
IN_PROCESS = "memory://"

# Without BROKER_URL everything happens in one process, so that the example needs nothing else.
app = Celery(
    "bulk",
    broker=os.environ.get("BROKER_URL", IN_PROCESS),
    backend=os.environ.get("RESULT_BACKEND", "cache+memory://"),
)
app.set_default()  # for the threads of a worker as well
app.conf.worker_prefetch_multiplier = 1
if app.conf.broker_url == IN_PROCESS:
    app.conf.broker_transport_options = {"polling_interval": 0.01}  # a second, by default


@functools.cache
def twilio() -> Client:
    client = Client(os.environ["TWILIO_ACCOUNT_SID"], os.environ["TWILIO_AUTH_TOKEN"])
    if url := os.environ.get("LOCALLOOP_URL"):
        client.api.base_url = url
    return client


def pause_after(refusals: int) -> float:
    """Exponential backoff with jitter, in seconds."""
    longest = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**refusals)
    return random.uniform(longest / 2, longest)


@app.task(bind=True, max_retries=None)
def send(self, to: str, body: str) -> str:
    """The SID of the message."""
    try:
        return twilio().messages.create(from_=os.environ["BULK_FROM"], to=to, body=body).sid
    except TwilioRestException as refused:
        if refused.status != 429:
            raise
        raise self.retry(exc=refused, countdown=pause_after(self.request.retries)) from refused
