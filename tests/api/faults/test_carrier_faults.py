"""What goes wrong at carriers, as the application and the phone see it."""

from __future__ import annotations

from faulty import PHONE, Loop


async def phone_has(loop: Loop) -> list[str]:
    listed = (await loop.ask("GET", f"/lab/v1/Phones/{PHONE}/Messages")).json()["messages"]
    return [each["body"] for each in listed]


async def test_refused_fails_with_its_code(loop: Loop) -> None:
    await loop.fault("carrier-refuse", ErrorCode=30007, match={"Body": "~spam"})
    sid = (await loop.send(Body="spam!"))["sid"]
    await loop.quiet()
    message = await loop.fetch(sid)
    assert (message["status"], message["error_code"]) == ("failed", 30007)
    assert loop.statuses == ["failed"]
    assert await phone_has(loop) == []


async def test_throttled_waits_in_the_queue_in_the_world_s_time(loop: Loop) -> None:
    await loop.fault("carrier-throttle", Delay=30_000, Count=2)
    await loop.freeze()
    sid = (await loop.send())["sid"]
    await loop.quiet()
    seen = [(await loop.fetch(sid))["status"]]
    for _ in range(2):
        await loop.advance(seconds=31)
        seen.append((await loop.fetch(sid))["status"])
    assert seen == ["queued", "queued", "delivered"]
    assert [each["attempt"] for each in await loop.applied()] == [2, 1]


async def test_a_lost_receipt_leaves_it_sent_though_the_phone_has_it(loop: Loop) -> None:
    await loop.fault("receipt-lose")
    sid = (await loop.send())["sid"]
    await loop.quiet()
    assert (await loop.fetch(sid))["status"] == "sent"
    assert loop.statuses == ["sent"]
    assert await phone_has(loop) == ["hello"]


async def test_a_late_receipt_is_late(loop: Loop) -> None:
    await loop.fault("receipt-delay", Delay=3_600_000)
    await loop.freeze()
    await loop.send()
    await loop.quiet()
    assert loop.statuses == ["sent"]
    await loop.advance(hours=1)
    assert loop.statuses == ["sent", "delivered"]


async def test_a_duplicate_receipt_is_heard_by_nobody(loop: Loop) -> None:
    await loop.fault("receipt-duplicate")
    await loop.send()
    await loop.quiet()
    assert loop.statuses == ["sent", "delivered"]
    assert await phone_has(loop) == ["hello"]
    assert [each["event"] for each in await loop.applied()] == ["receipt delivered"]


async def test_a_receipt_overtakes_the_answer_of_the_carrier(loop: Loop) -> None:
    await loop.fault("receipt-reorder")
    sid = (await loop.send())["sid"]
    await loop.quiet()
    assert loop.statuses == ["delivered"]
    message = await loop.fetch(sid)
    assert (message["status"], bool(message["date_sent"]), message["price"]) == (
        "delivered",
        True,
        "-0.00790",
    )


async def test_a_file_that_cannot_be_fetched_fails_its_message(loop: Loop) -> None:
    await loop.fault("media-error", Status=404, match={"MediaUrl": "~gone"})
    await loop.fault("media-drop", match={"MediaUrl": "~dropped"})
    sids = [(await loop.send(MediaUrl=f"{loop.app.url}/{name}.png"))["sid"] for name in ("gone", "dropped")]
    await loop.quiet()
    messages = [await loop.fetch(sid) for sid in sids]
    ends = [(each["status"], each["error_code"]) for each in messages]
    assert ends == [("failed", 11200), ("failed", 11205)]
    assert {each["event"] for each in await loop.applied()} == {"media /gone.png", "media /dropped.png"}
    assert [each.path for each in loop.app.requests if "png" in each.path] == []
