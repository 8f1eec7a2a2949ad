"""Secrets at rest: AES-256-GCM, under a key that lies outside the database.

A sealed value is version (1 byte), key id (4 bytes), nonce (12 bytes), ciphertext and tag. The key file has a
line per key, `id hex`, the newest last: it seals, all of them open.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from localloop.core import clock
from localloop.store.database import Database

_VERSION: Final = b"\x01"
_ID: Final = 4
_NONCE: Final = 12
_HEAD: Final = len(_VERSION) + _ID


class MissingKey(Exception):
    """The database has secrets that no key at hand can open; the text is one line for the person in
    charge."""

    def __init__(self, path: Path | None, ids: list[str]) -> None:
        where = f"the key file {path}" if path else "the key file"
        super().__init__(
            f"{where} does not have the key {', '.join(ids)} under which the database's secrets are sealed: "
            "restore the file, since nothing else can open them"
        )
        self.path, self.ids = path, ids


class KeyFileUnusable(Exception):
    """The key file is there and cannot be used; the text says why."""


class Sealer:
    """Seals with the newest of its keys and opens with any. `keys`: id (8 hex digits) to 32 bytes, newest
    last."""

    def __init__(self, keys: Mapping[str, bytes], path: Path | None = None) -> None:
        if not keys:
            raise ValueError("a sealer needs a key")
        self._ciphers = {bytes.fromhex(name): AESGCM(key) for name, key in keys.items()}
        self._keys = {bytes.fromhex(name): key for name, key in keys.items()}
        self._newest = list(self._ciphers)[-1]
        self._path = path

    @property
    def key_ids(self) -> list[str]:
        """Ids of the keys at hand, the newest last."""
        return [key_id.hex() for key_id in self._ciphers]

    def seal(self, secret: bytes) -> bytes:
        head = _VERSION + self._newest
        nonce = os.urandom(_NONCE)
        return head + nonce + self._ciphers[self._newest].encrypt(nonce, secret, head)

    def unseal(self, sealed: bytes) -> bytes:
        """The secret. Raises MissingKey when its key is not at hand, ValueError when it was tampered with."""
        head, nonce, text = sealed[:_HEAD], sealed[_HEAD : _HEAD + _NONCE], sealed[_HEAD + _NONCE :]
        cipher = self._ciphers.get(head[1:])
        if head[:1] != _VERSION or len(head) != _HEAD:
            raise ValueError("this was not sealed here")
        if cipher is None:
            raise MissingKey(self._path, [head[1:].hex()])
        try:
            return cipher.decrypt(nonce, text, head)
        except InvalidTag:
            raise ValueError("the sealed value was changed") from None

    def sign(self, purpose: str, text: str) -> str:
        """A proof that this text was written here for this purpose. It holds while its key is in the file."""
        return self._newest.hex() + self._proof(self._newest, purpose, text)

    def has_signed(self, purpose: str, text: str, proof: str) -> bool:
        try:
            key_id = bytes.fromhex(proof[: 2 * _ID])
        except ValueError:
            return False
        if key_id not in self._keys:
            return False
        return hmac.compare_digest(proof[2 * _ID :].encode(), self._proof(key_id, purpose, text).encode())

    def _proof(self, key_id: bytes, purpose: str, text: str) -> str:
        """Under a key of the purpose's own: a sealing key seals, and nothing else."""
        key = hmac.digest(self._keys[key_id], f"sign {purpose}".encode(), "sha256")
        return hmac.digest(key, text.encode(), "sha256").hex()

    def is_current(self, sealed: bytes) -> bool:
        """Whether the newest key sealed this; what an older one sealed may be sealed anew."""
        return sealed[1:_HEAD] == self._newest


async def unlock(database: Database, path: Path, *, create: bool) -> Sealer:
    """The sealer of this key file, made with a first key when it is absent and `create` is set.

    Raises MissingKey when the database was sealed with a key that the file lacks.
    """
    needed = [
        row["id"] for row in await database.fetch("select id from sealing_keys order by date_created, id")
    ]
    sealer = _open(path, needed, create)
    missing = [key_id for key_id in needed if key_id not in sealer.key_ids]
    if missing:
        raise MissingKey(path, missing)
    await database.execute(
        "insert into sealing_keys (id, date_created) select id, $2 from unnest($1::text[]) as k (id) "
        "on conflict do nothing",
        sealer.key_ids,
        clock.now(),
    )
    return sealer


def _open(path: Path, needed: list[str], create: bool) -> Sealer:
    if not path.exists():
        if needed or not create:
            raise MissingKey(path, needed) if needed else KeyFileUnusable(f"there is no key file {path}")
        add_key(path)
    return Sealer(_read(path), path)


def add_key(path: Path) -> str:
    """Append a fresh key, which seals from now on (in processes started from now on); returns its id."""
    key_id, key = os.urandom(_ID).hex(), os.urandom(32).hex()
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a", encoding="ascii") as file:
        file.write(f"{key_id} {key}\n")
        file.flush()
        # Secrets sealed under a key that a power cut took are lost.
        os.fsync(file.fileno())
    return key_id


def _read(path: Path) -> dict[str, bytes]:
    if path.stat().st_mode & 0o077:
        raise KeyFileUnusable(f"the key file {path} may be read by others: chmod 600 {path}")
    keys = {}
    for line in path.read_text("ascii").splitlines():
        key_id, _, key = line.strip().partition(" ")
        if not key_id:
            continue
        try:
            keys[bytes.fromhex(key_id).hex()] = _whole(bytes.fromhex(key))
        except ValueError:
            raise KeyFileUnusable(f"the key file {path} is damaged: each line is an id and a key") from None
    if not keys:
        raise KeyFileUnusable(f"the key file {path} has no key")
    return keys


def _whole(key: bytes) -> bytes:
    if len(key) != 32:
        raise ValueError("a key has 32 bytes")
    return key
