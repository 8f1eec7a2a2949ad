"""One text per task. A 429 was certainly not processed, so it alone is tried again, ever more slowly."""

import functools
import os
import random
from pathlib import Path

from celery import Celery
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 30.0

# Folders instead of a broker, so that the example needs nothing else; set BROKER_URL for a real one.
_folder = Path(os.environ.get("BULK_FOLDER", ".bulk")).resolve()
for _name in ("queue", "processed", "results"):
    (_folder / _name).mkdir(parents=True, exist_ok=True)

app = Celery(
    "bulk",
    broker=os.environ.get("BROKER_URL", "filesystem://"),
    backend=os.environ.get("RESULT_BACKEND", f"file://{_folder / 'results'}"),
)
app.conf.broker_transport_options = {
    "data_folder_in": _folder / "queue",
    "data_folder_out": _folder / "queue",
    "control_folder": _folder / "queue",
    "processed_folder": _folder / "processed",
    "store_processed": False,
}


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
