"""Queues one text for every line of a file of numbers, and waits until all are accepted."""

import sys
from pathlib import Path

from celery import group
from tasks import send

TIMEOUT_S = 1_800


def main() -> None:
    path, body = sys.argv[1:]
    recipients = list(dict.fromkeys(Path(path).read_text().split()))
    results = group(send.s(to, body) for to in recipients).apply_async()
    sids = results.get(timeout=TIMEOUT_S)
    print(f"{len(recipients)} recipients, {len(set(sids))} messages")


if __name__ == "__main__":
    main()
