"""Secrets at rest: sealed under a key outside the database, and never opened under a wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest

from localloop.store import Database
from localloop.store.sealing import KeyFileUnusable, MissingKey, Sealer, add_key, unlock

SECRET = b"0123456789abcdef0123456789abcdef"


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "keys"


async def test_first_start_makes_a_private_key_file(database: Database, key_file: Path) -> None:
    sealer = await unlock(database, key_file, create=True)
    assert key_file.stat().st_mode & 0o777 == 0o600
    again = await unlock(database, key_file, create=True)
    assert again.unseal(sealer.seal(SECRET)) == SECRET


async def test_same_secret_never_looks_the_same(database: Database, key_file: Path) -> None:
    sealer = await unlock(database, key_file, create=True)
    first, second = sealer.seal(SECRET), sealer.seal(SECRET)
    assert first != second
    assert SECRET not in first


async def test_without_a_file_production_does_not_start(database: Database, key_file: Path) -> None:
    with pytest.raises(KeyFileUnusable):
        await unlock(database, key_file, create=False)
    assert not key_file.exists()


async def test_lost_key_file_is_missed_and_not_replaced(database: Database, key_file: Path) -> None:
    sealer = await unlock(database, key_file, create=True)
    key_file.unlink()
    with pytest.raises(MissingKey) as error:
        await unlock(database, key_file, create=True)
    assert error.value.ids == sealer.key_ids
    assert not key_file.exists()


async def test_key_file_of_another_database_is_refused(database: Database, key_file: Path) -> None:
    await unlock(database, key_file, create=True)
    key_file.unlink()
    add_key(key_file)
    with pytest.raises(MissingKey):
        await unlock(database, key_file, create=True)


async def test_newest_key_seals_and_all_open(database: Database, key_file: Path) -> None:
    old = await unlock(database, key_file, create=True)
    sealed = old.seal(SECRET)
    add_key(key_file)
    rotated = await unlock(database, key_file, create=True)
    assert rotated.unseal(sealed) == SECRET
    assert not rotated.is_current(sealed)
    fresh = rotated.seal(SECRET)
    assert rotated.is_current(fresh)
    with pytest.raises(MissingKey):
        old.unseal(fresh)


def test_changed_bytes_do_not_open() -> None:
    sealer = Sealer({"01020304": bytes(32)})
    sealed = sealer.seal(SECRET)
    for at in range(len(sealed)):
        changed = bytearray(sealed)
        changed[at] ^= 1
        with pytest.raises((ValueError, MissingKey)):
            sealer.unseal(bytes(changed))
    with pytest.raises(ValueError, match="sealed"):
        sealer.unseal(b"")


async def test_key_file_that_others_may_read_or_that_is_damaged_is_refused(
    database: Database, key_file: Path
) -> None:
    await unlock(database, key_file, create=True)
    key_file.chmod(0o644)
    with pytest.raises(KeyFileUnusable, match="chmod"):
        await unlock(database, key_file, create=True)
    key_file.chmod(0o600)
    key_file.write_text("not a key\n")
    with pytest.raises(KeyFileUnusable, match="damaged"):
        await unlock(database, key_file, create=True)
