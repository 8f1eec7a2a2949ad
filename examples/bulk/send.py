"""Queues one text for every line of a file of numbers, some hundred at a time, until all are accepted."""

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from celery import group
from celery.worker import state
from tasks import IN_PROCESS, app, send

AT_ONCE = 500
CONCURRENCY = 16
TIMEOUT_S = 300


@contextlib.contextmanager
def worker() -> Iterator[None]:
    """A worker in this process, when no broker leads to workers elsewhere."""
    if app.conf.broker_url != IN_PROCESS:
        yield
        return
    celery_worker = app.WorkController(pool="threads", concurrency=CONCURRENCY)
    thread = threading.Thread(target=celery_worker.start)
    thread.start()
    try:
        yield
    finally:
        state.should_stop = os.EX_OK
        thread.join()


def main() -> None:
    path, body = sys.argv[1:]
    recipients = list(dict.fromkeys(Path(path).read_text().split()))
    sids: set[str] = set()
    with worker():
        for start in range(0, len(recipients), AT_ONCE):
            results = group(send.s(to, body) for to in recipients[start : start + AT_ONCE]).apply_async()
            # This is no task, though a worker in this process makes Celery think so.
            sids.update(results.get(timeout=TIMEOUT_S, interval=0.1, disable_sync_subtasks=False))
    print(f"{len(recipients)} recipients, {len(sids)} messages")


if __name__ == "__main__":
    main()
