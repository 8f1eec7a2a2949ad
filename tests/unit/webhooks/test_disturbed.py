"""What is written of a job whose notifications go wrong on purpose."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from localloop.core import clock
from localloop.jobs import Job
from localloop.webhooks import Disturbance, Notification, disturbed
from localloop.webhooks.deliveries import Entry
from localloop.webhooks.endpoints import Postponed
from localloop.webhooks.tampering import Tamper, Trick

ACCOUNT, MESSAGE = "AC" + "0" * 32, "SM" + "1" * 32


class Nothing:
    """A database in which no notification is held."""

    async def fetchval(self, sql: str, *args: Any) -> bool:
        return False

    async def fetch(self, sql: str, *args: Any) -> list[Any]:
        return []


class Swaps:
    """The first gives way to the one that follows."""

    def touches(self, world_sid: str) -> bool:
        return True

    async def decide(self, going: Any, tricks: frozenset[Trick]) -> Disturbance | None:
        is_first = going.params["MessageStatus"] == "sent" and "reorder" in tricks
        return Disturbance("reorder", "FR1", timedelta(minutes=1)) if is_first else None


def told(status: str, **more: Any) -> Notification:
    return Notification("http://127.0.0.1:9/", {"MessageStatus": status}, ACCOUNT, MESSAGE, **more)


async def test_who_gave_way_and_then_finds_no_room_waits_and_the_other_is_not_sent_again() -> None:
    sent: list[str] = []

    async def send(notification: Notification, _tamper: Tamper | None) -> Entry | None:
        if notification.params["MessageStatus"] == "sent":
            raise Postponed(1.0)
        sent.append(str(notification.params["MessageStatus"]))
        return Entry(rows=((1,),))

    notification = told("sent", next=told("delivered"))
    job = Job(1, ACCOUNT, ACCOUNT, "webhook", None, notification, clock.now(), 1)
    database: Any = Nothing()
    entry = await disturbed.sent(disturbed.Way(send, Swaps(), database), notification, job)
    assert sent == ["delivered"]
    assert entry is not None
    assert (len(entry.rows), entry.job) == (1, job)
    [waiting] = entry.then
    assert isinstance(waiting.payload, Notification)
    assert (waiting.payload.params["MessageStatus"], waiting.payload.purpose) == ("sent", "late")
