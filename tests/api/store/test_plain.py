"""Plain records: kept, found, listed from a position, changed without undoing others, and removed with
descendants."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import orjson
import pytest

from localloop.core import sids
from localloop.store import Database, Unit
from localloop.store.listing import Select, position_of
from localloop.store.plain import BadCursor, Filter, Listing, NameTaken, PlainStore, Record

ACCOUNT = "AC" + "1" * 32
OTHER = "AC" + "2" * 32
KIND = "sync/Document"
MOMENT = datetime(2026, 3, 1, 12, 30, 15, 250_000, tzinfo=UTC)


@pytest.fixture
async def store(database: Database) -> AsyncIterator[PlainStore]:
    opened = PlainStore(database)
    yield opened
    await opened.close()


def record(data: Mapping[str, Any] | None = None, **fields: Any) -> Record:
    sid = sids.new("ET")
    defaults = {
        "account_sid": ACCOUNT,
        "kind": KIND,
        "sid": sid,
        "position": sids.uuid_of(sid),
        "data": dict(data or {}),
        "date_created": MOMENT,
        "date_updated": MOMENT,
    }
    return Record(**(defaults | fields))


def child(of: Record, kind: str = "sync/Permission", **fields: Any) -> Record:
    return record(kind=kind, parent_sid=of.sid, parents=(*of.parents, of.sid), **fields)


async def keep(store: PlainStore, *records: Record) -> None:
    await asyncio.gather(*(store.create(each) for each in records))


async def ids(store: PlainStore, **listing: Any) -> list[str]:
    rows, _, _ = await store.page(Listing(account_sid=ACCOUNT, kind=KIND, **listing))
    return [row.sid for row in rows]


async def test_record_comes_back_as_it_was(store: PlainStore) -> None:
    kept = record({"text": "ünï", "number": 1.5, "list": [1, {"a": None}], "none": None, "yes": True})
    await store.create(kept)
    assert await store.get(ACCOUNT, KIND, kept.sid) == kept
    assert await store.get(OTHER, KIND, kept.sid) is None
    assert await store.get(ACCOUNT, "sync/List", kept.sid) is None


async def test_same_id_under_two_parents(store: PlainStore) -> None:
    first, second = record(), record()
    items = [child(parent, kind="sync/MapItem", sid="colour") for parent in (first, second)]
    await keep(store, first, second, *items)
    assert await store.get(ACCOUNT, "sync/MapItem", "colour", first.sid) == items[0]
    assert await store.get(ACCOUNT, "sync/MapItem", "colour", second.sid) == items[1]
    with pytest.raises(NameTaken) as taken:
        await store.create(child(first, kind="sync/MapItem", sid="colour"))
    assert (taken.value.field, taken.value.name) == ("sid", "colour")


async def test_unique_name_is_found_and_guarded_among_siblings(store: PlainStore) -> None:
    holder = record()
    await store.create(holder, {"unique_name": "mine"})
    assert await store.by_name(ACCOUNT, KIND, "", "mine") == holder
    assert await store.by_name(ACCOUNT, KIND, None, "mine") == holder
    assert await store.by_name(ACCOUNT, KIND, None, "other") is None
    with pytest.raises(NameTaken) as taken:
        await store.create(record(), {"unique_name": "mine"})
    assert (taken.value.field, taken.value.name) == ("unique_name", "mine")
    await store.create(record(account_sid=OTHER), {"unique_name": "mine"})
    await store.create(child(holder, kind=KIND), {"unique_name": "mine"})


async def test_of_many_at_once_one_gets_the_name(store: PlainStore) -> None:
    contenders = [record() for _ in range(40)]
    bystanders = [record() for _ in range(40)]
    answers = await asyncio.gather(
        *(store.create(each, {"unique_name": "mine"}) for each in contenders),
        *(store.create(each) for each in bystanders),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, NameTaken) for answer in answers[:40]) == 39
    assert answers[40:] == [None] * 40
    kept = set(await ids(store, limit=1000))
    assert {each.sid for each in bystanders} <= kept
    assert len(kept) == 41


async def test_pages_in_both_orders_and_directions(store: PlainStore) -> None:
    rows = [record() for _ in range(7)]
    await keep(store, *rows)
    newest_first = [row.sid for row in reversed(rows)]

    async def page(**listing: Any) -> tuple[list[str], bool, bool]:
        found, more, earlier = await store.page(Listing(account_sid=ACCOUNT, kind=KIND, limit=3, **listing))
        return [row.sid for row in found], more, earlier

    assert await page() == (newest_first[:3], True, False)
    assert await page(after=newest_first[2]) == (newest_first[3:6], True, True)
    assert await page(after=str(rows[1].position)) == (newest_first[6:], False, True)
    assert await page(before=newest_first[6]) == (newest_first[3:6], True, True)
    assert await page(before=newest_first[3]) == (newest_first[:3], True, False)
    oldest_first = newest_first[::-1]
    assert await page(descending=False) == (oldest_first[:3], True, False)
    assert await page(descending=False, after=oldest_first[3]) == (oldest_first[4:], False, True)
    assert await page(descending=False, before=oldest_first[3]) == (oldest_first[:3], True, False)
    with pytest.raises(BadCursor):
        await page(after="nonsense")


async def test_rows_added_while_paging_neither_repeat_nor_hide(store: PlainStore) -> None:
    rows = [record() for _ in range(4)]
    await keep(store, *rows)
    first = await ids(store, limit=2)
    await keep(store, record(), record())
    assert first + await ids(store, limit=2, after=first[-1]) == [row.sid for row in reversed(rows)]


async def test_listing_by_home_parent_and_as_a_view(store: PlainStore) -> None:
    conference, call = record(), record()
    both = record(parent_sid=call.sid, parents=(conference.sid, call.sid))
    one = record(parent_sid=call.sid, parents=(call.sid,))
    await keep(store, conference, call, both, one)
    assert await ids(store, parent=call.sid) == [one.sid, both.sid]
    assert await ids(store, parent=conference.sid) == []
    assert await ids(store, parent=conference.sid, home=False) == [both.sid]
    assert len(await ids(store)) == 4


@pytest.mark.parametrize(
    ("wanted", "kept"),
    [
        (Filter("status", "=", "open"), "ac"),
        (Filter("status", "=", ["open", "closed"]), "abc"),
        (Filter("active", "=", True), "a"),
        (Filter("size", "=", 10), "c"),
        (Filter("size", ">", 9), "c"),
        (Filter("size", "<=", Decimal("9.5")), "ab"),
        (Filter("links.web", "=", "x"), "b"),
        (Filter("tags", "=", "red"), "ab"),
        (Filter("at", "=", date(2026, 1, 2)), "b"),
        (Filter("at", ">=", date(2026, 1, 2)), "bc"),
        (Filter("at", "<=", date(2026, 1, 2)), "ab"),
        (Filter("at", "<", datetime(2026, 1, 2, 10, tzinfo=UTC)), "a"),
        (Filter("missing", "=", "x"), ""),
        (Filter("status", "=", []), ""),
    ],
)
async def test_filters_on_data(store: PlainStore, wanted: Filter, kept: str) -> None:
    rows = {
        "a": {"status": "open", "active": True, "size": 2, "tags": ["red"], "at": "2026-01-01T23:59:59Z"},
        "b": {
            "status": "closed",
            "size": 9,
            "links": {"web": "x"},
            "tags": ["red", "blue"],
            "at": "2026-01-02T10:00:00Z",
        },
        "c": {"status": "open", "active": False, "size": 10, "at": "2026-01-03T00:00:00Z"},
    }
    await keep(store, *(record(data | {"name": name}) for name, data in rows.items()))
    found, _, _ = await store.page(
        Listing(account_sid=ACCOUNT, kind=KIND, filters=(wanted,), descending=False)
    )
    assert "".join(row.data["name"] for row in found) == kept


@pytest.mark.parametrize(
    ("comparison", "value", "kept"),
    [
        ("=", MOMENT.date(), 1),
        ("<", MOMENT.date(), 0),
        ("<=", MOMENT.date(), 1),
        (">", MOMENT.date(), 0),
        (">=", MOMENT.date(), 1),
        (">", MOMENT.date() - timedelta(days=1), 1),
        ("=", MOMENT.replace(microsecond=0), 1),
        ("<=", MOMENT.replace(microsecond=0), 1),
        ("<", MOMENT.replace(microsecond=0), 0),
        (">", MOMENT.replace(microsecond=0), 0),
        (">=", MOMENT.replace(microsecond=0) + timedelta(seconds=1), 0),
    ],
)
async def test_filters_on_dates(store: PlainStore, comparison: Any, value: Any, kept: int) -> None:
    await store.create(record())
    assert (
        len(await ids(store, filters=(Filter("date_created", comparison, value, column="date_created"),)))
        == kept
    )


async def test_update_counts_versions_and_keeps_what_it_does_not_name(store: PlainStore) -> None:
    before = record({"a": 1, "b": 1, "c": 1})
    await store.create(before)
    later = MOMENT + timedelta(hours=1)
    first = await store.update(before, {"a": 2, "b": 1, "c": 1}, at=later)
    # Made from the same state as the first: it changes b, drops c, and must not bring the old a back.
    second = await store.update(before, {"a": 1, "b": 3}, at=later)
    assert first is not None
    assert second == msgspec.structs.replace(before, data={"a": 2, "b": 3}, version=2, date_updated=later)


async def test_of_twenty_writers_with_the_same_version_one_wins(store: PlainStore) -> None:
    before = record({"a": 0})
    await store.create(before)
    written = await asyncio.gather(
        *(store.update(before, {"a": n}, at=MOMENT, expected=0) for n in range(1, 21))
    )
    assert sum(row is not None for row in written) == 1
    assert await store.update(before, {"a": 99}, at=MOMENT, expected=0) is None


async def test_name_moves_with_the_record(store: PlainStore) -> None:
    one, two = record({"unique_name": "one"}), record({"unique_name": "two"})
    await store.create(one, {"unique_name": "one"})
    await store.create(two, {"unique_name": "two"})
    with pytest.raises(NameTaken):
        await store.update(one, {"unique_name": "two"}, {"unique_name": "two"}, at=MOMENT)
    assert await store.get(ACCOUNT, KIND, one.sid) == one
    renamed = await store.update(one, {"unique_name": "three"}, {"unique_name": "three"}, at=MOMENT)
    assert renamed is not None
    assert await store.by_name(ACCOUNT, KIND, None, "three") == renamed
    await store.create(record(), {"unique_name": "one"})
    await store.update(two, {"unique_name": ""}, {}, at=MOMENT)
    await store.create(record(), {"unique_name": "two"})


async def test_delete_takes_names_and_descendants_along(store: PlainStore, database: Database) -> None:
    top, spared = record(), record()
    middle = child(top, kind="sync/Map")
    bottom = child(middle, kind="sync/MapItem")
    await keep(store, spared, middle)
    await store.create(top, {"unique_name": "top"})
    await store.create(bottom, {"unique_name": "bottom"})
    await store.create(child(spared, kind="sync/Map"), {"unique_name": "other"})
    assert not await store.delete(*top.key, expected=7)
    assert await store.delete(*top.key, expected=0)
    assert not await store.delete(*top.key)
    assert await store.get(ACCOUNT, "sync/MapItem", bottom.sid) is None
    assert await ids(store) == [spared.sid]
    assert [row["name"] for row in await database.fetch("select name from resource_names")] == ["other"]
    assert await database.fetchval("select count(*) from resources") == 2


@pytest.mark.parametrize("shape", ["newest of a kind", "oldest of a parent", "page 200", "a small view"])
async def test_a_page_costs_a_few_index_pages(database: Database, shape: str) -> None:
    """100 thousand rows; a page reads dozens of blocks, not thousands."""
    await database.execute(
        "insert into resources select $1, $2, 'ET' || n, case when n % 2 = 0 then 'p' else 'q' end, "
        "array[case when n % 2 = 0 then 'p' else 'q' end, 'v' || n / 100], "
        "lpad(to_hex(n), 32, '0')::uuid, 0, '{\"a\": 1}', $3, $3 from generate_series(1, 100000) n",
        ACCOUNT,
        KIND,
        MOMENT,
    )
    await database.execute("analyze resources")
    listing = {
        "newest of a kind": Listing(account_sid=ACCOUNT, kind=KIND),
        "oldest of a parent": Listing(account_sid=ACCOUNT, kind=KIND, parent="p", descending=False),
        "page 200": Listing(account_sid=ACCOUNT, kind=KIND, after=f"{90_000:032x}"),
        "a small view": Listing(account_sid=ACCOUNT, kind=KIND, parent="v77", home=False),
    }[shape]
    async with database.unit() as unit:
        # As it is planned after many runs, when the arguments no longer count; views are planned each time.
        mode = "force_generic_plan" if listing.home else "force_custom_plan"
        await unit.execute(f"set local plan_cache_mode = {mode}")
        rows, blocks = await _cost(unit, listing)
    assert rows == 51
    assert blocks < 150


async def _cost(unit: Unit, listing: Listing) -> tuple[int, int]:
    """Rows returned and blocks touched."""
    select = Select(listing)
    if listing.after:
        select.beyond(position_of(listing.after), not listing.descending)
    sql, args = select.statement("sid, data", not listing.descending, listing.limit + 1)
    plan = orjson.loads(await unit.fetchval(f"explain (analyze, buffers, format json) {sql}", *args))[0][
        "Plan"
    ]
    return plan["Actual Rows"], plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
