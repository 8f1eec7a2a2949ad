"""Queues one text for every line of a file of numbers, some hundred at a time, until all are accepted."""

import sys
from pathlib import Path

from celery import group
from tasks import send

AT_ONCE = 500
TIMEOUT_S = 300


def main() -> None:
    path, body = sys.argv[1:]
    recipients = list(dict.fromkeys(Path(path).read_text().split()))
    sids: set[str] = set()
    for start in range(0, len(recipients), AT_ONCE):
        results = group(send.s(to, body) for to in recipients[start : start + AT_ONCE]).apply_async()
        sids.update(results.get(timeout=TIMEOUT_S))
    print(f"{len(recipients)} recipients, {len(sids)} messages")


if __name__ == "__main__":
    main()
