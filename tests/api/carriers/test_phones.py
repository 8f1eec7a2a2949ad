"""The tables behind the simulated phones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from localloop.carriers import phones
from localloop.carriers.carrier import Accepted, Receipt, Submission
from localloop.carriers.loopback import Loopback, received
from localloop.carriers.phones import Phone, PhoneMessage, Selection, Setting
from localloop.core import clock, sids
from localloop.store import Database

WORLD = "AC" + "0" * 32
OTHER = "AC" + "1" * 32
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
A, B, C = "+15550000001", "+15550000002", "+15550000003"


def submission(to: str = A, body: str = "hello", world: str = WORLD) -> Submission:
    return Submission(sids.new("SM"), WORLD, world, "+15550009999", to, body, ("http://h/cat.png",))


async def put(database: Database, *messages: PhoneMessage) -> None:
    async with database.unit() as unit:
        await phones.keep(unit, messages)


async def test_a_phone_is_behind_every_number(database: Database) -> None:
    assert await phones.get_phone(database, WORLD, A) == Phone(A)
    assert await phones.list_phones(database, WORLD) == []


async def test_behaviour_is_kept_per_world(database: Database) -> None:
    await phones.set_phone(database, WORLD, A, Setting("30005", 20), NOW)
    later = NOW + timedelta(minutes=1)
    assert await phones.set_phone(database, WORLD, A, Setting(delay_ms=30), later) == Phone(
        A, "30005", 30, NOW, later
    )
    assert await phones.get_phones(database, [(OTHER, A), (WORLD, A)]) == [
        Phone(A),
        Phone(A, "30005", 30, NOW, later),
    ]


@pytest.mark.parametrize("wrong", [{"behavior": "explode"}, {"delay_ms": -1}, {"delay_ms": 86_400_001}])
def test_no_phone_does_everything(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"behavior|delay"):
        Setting(**wrong)


async def test_list_has_the_configured_and_the_used(database: Database) -> None:
    await phones.set_phone(database, WORLD, C, Setting("slow"), NOW)
    await phones.set_phone(database, WORLD, B, Setting("slow"), NOW)
    await put(database, *(received(submission(number, str(n)), NOW) for number in (A, B) for n in range(3)))
    await put(database, received(submission("+15550000009", world=OTHER), NOW))
    listed = await phones.list_phones(database, WORLD)
    assert [(phone.number, phone.behavior) for phone in listed] == [(A, "deliver"), (B, "slow"), (C, "slow")]
    assert [phone.number for phone in await phones.list_phones(database, WORLD, limit=2)] == [A, B]
    assert [phone.number for phone in await phones.list_phones(database, WORLD, after=B)] == [C]


async def test_messages_page_newest_first(database: Database) -> None:
    texts = [received(submission(body=f"text {n}"), NOW) for n in range(5)]
    texts.append(
        PhoneMessage(world_sid=WORLD, number=A, direction="sent", peer=B, body="reply", date_created=NOW)
    )
    await put(database, *texts)
    newest = texts[::-1]
    assert await phones.list_messages(database, WORLD, A) == newest
    assert await phones.list_messages(database, WORLD, A, Selection(limit=2)) == newest[:2]
    assert (
        await phones.list_messages(database, WORLD, A, Selection(after=newest[1].id, limit=2)) == newest[2:4]
    )
    assert (
        await phones.list_messages(database, WORLD, A, Selection(before=newest[4].id, limit=2)) == newest[2:4]
    )
    assert await phones.list_messages(database, WORLD, A, Selection(direction="sent")) == newest[:1]
    assert await phones.get_message(database, WORLD, A, texts[0].id) == texts[0]
    assert await phones.get_message(database, WORLD, B, texts[0].id) is None
    assert await phones.list_messages(database, OTHER, A) == []


async def test_a_unit_that_fails_puts_nothing_on_a_phone(database: Database) -> None:
    async def broken() -> None:
        async with database.unit() as unit:
            await phones.keep(unit, [received(submission(), NOW)])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await broken()
    assert await phones.list_messages(database, WORLD, A) == []


async def test_loopback_tells_the_receipt_at_submission(database: Database) -> None:
    clock.set_world(WORLD, clock.frozen(NOW))
    await phones.set_phone(database, WORLD, B, Setting("30007", 1_000), NOW)
    carrier = Loopback(database)
    good, bad = submission(A), submission(B)
    assert await carrier.submit(good) == Accepted(Receipt(good.message_sid, WORLD, "delivered", NOW))
    assert await carrier.submit(bad) == Accepted(
        Receipt(bad.message_sid, WORLD, "undelivered", NOW + timedelta(seconds=1), 30007)
    )
    await carrier.close()
