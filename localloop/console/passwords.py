"""Users with a password: argon2id, computed beside the event loop and few at a time."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from localloop.core import clock, errors
from localloop.store import Database

MIN_LENGTH: Final = 8
MAX_LENGTH: Final = 1024
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}")
_AT_ONCE: Final = 2  # each takes 64 MiB and some 50 ms of a core
MOST_WAITING: Final = 20  # a second or so; who comes then is told to come again
_KEEP: Final = """
insert into console_users (name, account_sid, password, date_created) values ($1, $2, $3, $4)
on conflict (name) do update set password = excluded.password
where console_users.account_sid = excluded.account_sid returning name"""
_SIGN_OUT: Final = "delete from console_sessions where user_name = $1"
_FIND: Final = "select account_sid, password from console_users where name = $1"

T = TypeVar("T")


class Users:
    """The users of the console. A name belongs to one account; adding it again changes its password, and signs out
    who came in with the old one."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._hasher = PasswordHasher()
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0
        self._nobody = ""  # what an unknown name is compared with, so that it takes as long as a known one
        self._making_nobody = asyncio.Lock()

    async def keep(self, account_sid: str, name: str, password: str) -> None:
        """Raises ApiError for a name or password that cannot be, and for a name that another account has."""
        if not _NAME.fullmatch(name):
            raise errors.invalid_parameter("name", "Letters, digits and . _ @ + - make a name, 64 at most.")
        if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
            raise errors.invalid_parameter("password", f"It has {MIN_LENGTH} to {MAX_LENGTH} characters.")
        hashed = await self._aside(lambda: self._hasher.hash(password))
        async with self._database.unit() as unit:
            kept = await unit.fetchval(_KEEP, name, account_sid, hashed, clock.now())
            if kept is None:
                raise errors.invalid_parameter("name", "A user of another account has it.")
            await unit.execute(_SIGN_OUT, name)

    async def account_of(self, name: str, password: str) -> str | None:
        """The account of the user whom this proves."""
        row = await self._database.fetchrow(_FIND, name)
        known = row["password"] if row is not None else await self._nobodys()
        is_right = await self._aside(lambda: self._is_right(known, password))
        return row["account_sid"] if row is not None and is_right else None

    async def _nobodys(self) -> str:
        if not self._nobody:
            async with self._making_nobody:
                self._nobody = self._nobody or await self._aside(lambda: self._hasher.hash("nobody's"))
        return self._nobody

    def _is_right(self, known: str, password: str) -> bool:
        try:
            return self._hasher.verify(known, password[: MAX_LENGTH + 1])
        except (VerificationError, InvalidHashError):
            return False

    async def _aside(self, work: Callable[[], T]) -> T:
        """Raises ApiError 429 when too many wait for their turn already."""
        if self._waiting >= MOST_WAITING:
            raise errors.too_many_requests()
        self._waiting += 1
        try:
            async with self._turns:
                return await asyncio.to_thread(work)
        finally:
            self._waiting -= 1
