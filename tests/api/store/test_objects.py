"""Bytes in a folder and in a bucket that speaks S3 over real sockets; and who holds them, whoever dies in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from localloop.core import clock, sids
from localloop.store import Database
from localloop.store.objects import (
    Lost,
    ObjectPlace,
    Objects,
    ObjectsUnavailable,
    ObjectsUnusable,
    Wanted,
    check,
    hold,
    open_place,
    release,
    sweep,
)
from localloop.store.objects.holding import key_of
from localloop.store.objects.sweeping import UNHELD

ACCOUNT = "AC" + "5" * 32


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of an empty bucket's prefix."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    name = f"pictures-{sids.new_id().hex}"
    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
    client.create_bucket(Bucket=name)
    client.close()
    return f"s3://{name}/of/messages?endpoint={endpoint}"


@pytest.fixture(params=["folder", "bucket"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[ObjectPlace]:
    name = request.getfixturevalue("bucket") if request.param == "bucket" else str(tmp_path / "made" / "here")
    await check(name)
    opened = open_place(name)
    yield opened
    await opened.close()


async def test_what_was_put_is_there_until_it_is_taken_away(place: ObjectPlace) -> None:
    content = bytes(range(256)) * 5_000
    await place.put("ab/one", content)
    await place.put("ab/two", b"")
    await place.put("ab/one", content)
    assert await place.get("ab/one") == content
    assert await place.get("ab/one", 10, 20) == content[10:20]
    assert await place.get("ab/one", 10, 10) == b""
    assert await place.get("ab/one", 1_279_990) == content[-10:]
    assert await place.get("ab/two") == b""
    await place.delete(["ab/one", "cd/none"])
    await place.delete(["ab/one"])
    assert await place.get("ab/one") is None
    assert await place.get("ab/two") == b""


async def test_a_file_is_whole_or_not_there(tmp_path: Path) -> None:
    """Readers never see a half, and what is ours is for nobody else."""
    folder = open_place(tmp_path)
    contents = [bytes([number]) * 100_000 for number in range(8)]
    await asyncio.gather(*(folder.put("x/y", content) for content in contents))
    assert await folder.get("x/y") in contents
    [file] = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert file.stat().st_mode & 0o077 == 0
    assert file.parent.stat().st_mode & 0o077 == 0


async def test_a_place_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(ObjectsUnavailable, match=r"the object store .*file"):
        await open_place(tmp_path / "file" / "x").put("a/b", b"c")
    nobody = open_place("s3://bucket?endpoint=http://127.0.0.1:9")
    with pytest.raises(ObjectsUnavailable, match="object store s3://bucket"):
        await nobody.get("a")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("s3://", "s3://bucket/prefix"),
        ("s3://user:secret@bucket", "logins stand in AWS_"),
        ("s3://bucket?edpoint=http://x", "unknown 'edpoint'"),
    ],
)
async def test_a_name_that_is_none(name: str, reason: str) -> None:
    with pytest.raises(ObjectsUnusable, match=reason) as refused:
        await check(name)
    assert "secret" not in str(refused.value)


@pytest.fixture
def objects(database: Database, tmp_path: Path) -> Objects:
    return Objects(database, open_place(tmp_path))


async def states(objects: Objects) -> list[str]:
    return [row["state"] for row in await objects.database.fetch("select state from objects order by id")]


async def test_bytes_go_with_their_last_holder(objects: Objects) -> None:
    one, other = sids.new_id(), sids.new_id()
    kept = await objects.write(b"picture")
    async with objects.database.unit() as unit:
        await hold(unit, [Wanted(kept, ACCOUNT, one), Wanted(kept, ACCOUNT, other)])
    async with objects.database.unit() as unit:
        assert await release(unit, [Wanted(kept, ACCOUNT, one)]) == []
    assert await sweep(objects) == 0
    assert await objects.read(kept) == b"picture"
    async with objects.database.unit() as unit:
        assert await release(unit, [Wanted(kept, ACCOUNT, other)]) == [kept]
    assert await sweep(objects) == 1
    assert await objects.read(kept) is None
    assert await states(objects) == []


async def test_a_deletion_that_is_undone_deletes_nothing(objects: Objects) -> None:
    holder = sids.new_id()
    kept = await objects.write(b"picture")
    async with objects.database.unit() as unit:
        await hold(unit, [Wanted(kept, ACCOUNT, holder)])

    async def undone() -> None:
        async with objects.database.unit() as unit:
            await release(unit, [Wanted(kept, ACCOUNT, holder)])
            raise RuntimeError("undone")

    with pytest.raises(RuntimeError, match="undone"):
        await undone()
    assert await sweep(objects) == 0
    assert await states(objects) == ["kept"]


async def test_what_nobody_came_to_hold_is_swept_after_an_hour(objects: Objects) -> None:
    """A process died between the bytes and the row that needs them."""
    forgotten = await objects.write(b"orphan", clock.now() - UNHELD - timedelta(minutes=1))
    fresh = await objects.write(b"on its way")
    assert await sweep(objects) == 1
    assert await objects.read(forgotten) is None
    assert await objects.read(fresh) == b"on its way"
    with pytest.raises(Lost):
        async with objects.database.unit() as unit:
            await hold(unit, [Wanted(forgotten, ACCOUNT, sids.new_id())])


async def test_half_a_removal_is_finished_by_the_next(objects: Objects) -> None:
    """A process died after the bytes had gone and before the row had."""
    kept, holder = await objects.write(b"picture"), sids.new_id()
    async with objects.database.unit() as unit:
        await hold(unit, [Wanted(kept, ACCOUNT, holder)])
        await release(unit, [Wanted(kept, ACCOUNT, holder)])
    await objects.place.delete([key_of(kept)])
    assert await sweep(objects) == 1
    assert await states(objects) == []


async def test_who_holds_while_another_lets_go(objects: Objects) -> None:
    """Whichever comes first, the bytes are there for whoever was told that he has them."""
    for _ in range(20):
        kept, old, new = await objects.write(b"picture"), sids.new_id(), sids.new_id()
        async with objects.database.unit() as unit:
            await hold(unit, [Wanted(kept, ACCOUNT, old)])

        async def take(kept: object = kept, new: object = new) -> bool:
            try:
                async with objects.database.unit() as unit:
                    await hold(unit, [Wanted(kept, ACCOUNT, new)])  # type: ignore[arg-type]
            except Lost:
                return False
            return True

        async def leave(kept: object = kept, old: object = old) -> None:
            async with objects.database.unit() as unit:
                await release(unit, [Wanted(kept, ACCOUNT, old)])  # type: ignore[arg-type]
            await sweep(objects)

        has_it, _nothing = await asyncio.gather(take(), leave())
        assert (await objects.read(kept) is not None) == has_it
