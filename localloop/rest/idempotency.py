"""`Idempotency-Key`: a create is done once, and whoever asks again gets the first answer, for 24 hours of its world.

Where the work is one transaction (records that only are kept, messages) the answer is written in it: either both are
there or neither is. Elsewhere the key is claimed before the work and completed after it; a claim that nobody completed
answers 409, for nobody knows how far its work came. What was refused did nothing, and keeps no key.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any, Final, Protocol, TypeAlias

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from localloop.core import clock, errors, sids
from localloop.core.errors import ApiError
from localloop.rest.request import Answer, Item, Raw, Request
from localloop.store import Database, answers
from localloop.store.answers import KEPT_FOR, KeptAnswer, KeyTaken, Question
from localloop.store.reader import BatchReader
from localloop.store.sealing import MissingKey

HEADER: Final = b"idempotency-key"
LONGEST: Final = 255
RUNNING_FOR: Final = timedelta(minutes=5)  # longer than any create takes
_REPLAYED: Final = {"Idempotency-Replayed": "true"}

# The answer's status, body, content type and headers of its own.
Rendered: TypeAlias = tuple[int, bytes, str, Mapping[str, str]]
Operate: TypeAlias = Callable[[Request], Awaitable[Answer]]


class Seals(Protocol):
    """What is kept of answers is sealed: some hold secrets, many hold texts."""

    def seal(self, secret: str) -> bytes: ...

    def unseal(self, sealed: bytes) -> str: ...


class _Kept(Struct, frozen=True):
    """An answer as it is sealed."""

    status: int
    content_type: str
    headers: dict[str, str]
    body: bytes


class Asked(Struct, frozen=True):
    """A create with a key. `keeps`: the operation writes `Request.once` with its work."""

    key: str
    body: bytes
    request: Request
    keeps: bool
    render: Callable[[Item], Rendered]


class Idempotency:
    """The keys of one process's requests."""

    def __init__(self, database: Database, seals: Seals) -> None:
        self._database = database
        self._seals = seals
        self._reader: BatchReader[Question, KeptAnswer | None] = BatchReader(database, answers.read)
        self._running: set[tuple[str, str]] = set()

    async def close(self) -> None:
        await self._reader.close()

    async def answer(self, asked: Asked, operate: Operate) -> Answer:
        """The first answer again, or that of the work. Raises 409 where the key is another request's or its work runs,
        and whatever the work raises."""
        once = _Once(asked, self._seals)
        place = (once.row.account_sid, once.row.key)
        if place in self._running:
            raise _still_running()
        self._running.add(place)
        try:
            known = await self._known(once)
            if known is not None:
                return known
            if not asked.keeps:
                return await self._claimed(once, operate)
            asked.request.once = once
            try:
                answer = await operate(asked.request)
            except KeyTaken:
                return await self._of_another(once)
            if not once.is_kept:
                await self._keep(once, answer)
            return answer
        finally:
            self._running.discard(place)

    async def _claimed(self, once: _Once, operate: Operate) -> Answer:
        """Work of several steps, under a claim."""
        if not await answers.keep(self._database, [once.row]):
            return await self._of_another(once)
        try:
            answer = await operate(once.asked.request)
        except BaseException as error:
            is_refused = isinstance(error, ApiError) and error.status < 500
            await answers.release_claim(self._database, once.row, is_doubtful=not is_refused)
            raise
        await self._keep(once, answer)
        return answer

    async def _keep(self, once: _Once, answer: Answer) -> None:
        kept = once.kept_of(answer)
        if kept is not None:
            await answers.keep(self._database, [kept])

    async def _of_another(self, once: _Once) -> Answer:
        """Somebody was quicker, in another process perhaps."""
        return await self._known(once) or _raise(_still_running())

    async def _known(self, once: _Once) -> Answer | None:
        row = await self._reader.read((once.row.account_sid, once.row.key, once.asked.request.now))
        if row is None:
            return None
        if row.fingerprint != once.row.fingerprint:
            raise errors.conflict("This Idempotency-Key came with another request, less than 24 hours ago.")
        if row.state == "claimed" and clock.now() - row.claimed_at < RUNNING_FOR:
            raise _still_running()
        if row.state in ("claimed", "unknown"):
            raise errors.conflict(
                "The request that came first with this Idempotency-Key did not end well, and it is not known how far it"
                " came: look whether its work was done, then use another key."
            )
        return self._again(row)

    def _again(self, row: KeptAnswer) -> Raw:
        if row.state == "gone" or row.answer is None:
            raise _gone(row)
        try:
            kept = _decode(self._seals.unseal(row.answer))
        except MissingKey:  # it was thrown away meanwhile
            raise _gone(row) from None
        headers = {**kept.headers, "Content-Type": kept.content_type, **_REPLAYED}
        return Raw(status=kept.status, headers=headers, body=kept.body)


class _Once:
    """The key of one request; what `Request.once` is for the operation."""

    def __init__(self, asked: Asked, seals: Seals) -> None:
        request = asked.request
        self.asked = asked
        self.is_kept = False
        self._seals = seals
        self.row = KeptAnswer(
            account_sid=request.account_sid,
            key=asked.key,
            world_sid=request.world_sid,
            fingerprint=_fingerprint(asked),
            state="claimed",
            claim=sids.uuid_of(request.sid),
            claimed_at=clock.now(),
            expires_at=request.now + KEPT_FOR,
        )

    def kept(self, item: Item) -> KeptAnswer:
        self.is_kept = True
        row = self.kept_of(item)
        assert row is not None
        return row

    def kept_of(self, answer: Answer) -> KeptAnswer | None:
        """None for an answer that creates nothing that could be told again."""
        if isinstance(answer, Item):
            status, body, content_type, headers = self.asked.render(answer)
        elif isinstance(answer, Raw):
            status, body = answer.status, answer.body
            headers = {
                name: value for name, value in answer.headers.items() if name.lower() != "content-type"
            }
            content_type = answer.headers.get("Content-Type", "application/json")
        else:
            return None
        sealed = self._seals.seal(_encode(_Kept(status, content_type, dict(headers), body)))
        named: Mapping[str, Any] = answer.fields if isinstance(answer, Item) else {}
        resource_sid = named.get("message_sid") or named.get("sid")
        return replace(self.row, state="done", answer=sealed, resource_sid=resource_sid)


def key_of(header: str) -> str:
    """Raises 400 for what is no key."""
    key = header.strip()
    if not 0 < len(key) <= LONGEST or not key.isprintable():
        raise errors.invalid_parameter(
            "Idempotency-Key", f"It has 1 to {LONGEST} characters that can be printed."
        )
    return key


def _fingerprint(asked: Asked) -> bytes:
    """Of everything that decides what is made."""
    request = asked.request
    parts = (request.operation.id, request.address, request.headers.get("content-type", ""))
    return sha256("\n".join(parts).encode() + b"\n" + asked.body).digest()


def _still_running() -> ApiError:
    return errors.conflict(
        "The request that came first with this Idempotency-Key still runs: ask again in a moment."
    )


def _gone(row: KeptAnswer) -> ApiError:
    of = f" of {row.resource_sid}" if row.resource_sid else ""
    return errors.conflict(f"The work of this Idempotency-Key was done; its answer{of} is not kept any more.")


def _raise(error: ApiError) -> Answer:
    raise error


def _encode(kept: _Kept) -> str:
    return msgspec.json.encode(kept).decode()


def _decode(text: str) -> _Kept:
    return msgspec.json.decode(text, type=_Kept)
